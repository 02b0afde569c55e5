/**
 * A gateway of the first version of the links' protocol, written out by hand and without any code of the
 * product: what this release writes and reads, the next ones must go on to write and read.
 */
import { connect, type NatsConnection } from '@nats-io/transport-node'

export interface PinnedPeerInit {
  readonly nats: string
  readonly frontendId: string
  readonly protocol?: { readonly least: number; readonly most: number }
}

/** The subjects of the cluster `sallyport`, whose name is written in base64url. */
const prefix = 'sp.c2FsbHlwb3J0'

/** Milliseconds between two hellos. */
const helloEvery = 200

export class PinnedPeer {
  /** Far above those that a store gives in a test. */
  readonly start = 2_000_000
  /** The starts of other gateways by their names, as their hellos say. */
  readonly heard = new Map<string, number>()
  /** Frames that came, as the kind and the text of the items. */
  readonly frames: { readonly kind: number; readonly text: string }[] = []
  readonly #init: PinnedPeerInit
  readonly #connection: NatsConnection
  readonly #timer: NodeJS.Timeout
  #epoch = 0
  #sent = 0
  #taken = 0
  /** Number of the last batch that the other end has acked. */
  acked = 0
  /** Whether the other end has begun the link: before that, nobody knows its epoch. */
  isLinked = false

  private constructor(init: PinnedPeerInit, connection: NatsConnection) {
    this.#init = init
    this.#connection = connection
    const decoder = new TextDecoder('latin1')
    connection.subscribe(`${prefix}.hello`, {
      callback: (_error, { data }) => {
        const hello = JSON.parse(new TextDecoder().decode(data)) as { frontendId: string; start: number }
        this.heard.set(hello.frontendId, hello.start)
      }
    })
    connection.subscribe(`${prefix}.g.${this.start}`, {
      callback: (_error, { data }) => this.#receive(decoder.decode(data))
    })
    this.#sayHello()
    this.#timer = setInterval(() => this.#sayHello(), helloEvery)
  }

  static async join(init: PinnedPeerInit): Promise<PinnedPeer> {
    const connection = await connect({ servers: init.nats, noEcho: true })
    return new PinnedPeer(init, connection)
  }

  /** Sends a batch of one frame: the kind, the length of its items as text, the items. */
  send(to: string, kind: number, items: string): void {
    this.#sent++
    const data = `${this.#sent};${this.#taken};0;0;${Math.floor(performance.now())};`
    this.#say(to, 0, `${data}${kind};${items.length};${items}`)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#connection.close()
  }

  #sayHello(): void {
    const { frontendId, protocol = { least: 1, most: 1 } } = this.#init
    const load = { connections: 0, sessions: 0, queueDelay: 0, eventLoopDelay: 0, heapUsed: 0 }
    const { start } = this
    const hello = {
      frontendId,
      start,
      state: 'up',
      version: '0.1.0',
      protocol,
      renewal: 0,
      load,
      greets: false
    }
    this.#connection.publish(`${prefix}.hello`, JSON.stringify(hello))
  }

  /** Each message begins with the version, its kind, the sender's start, and the number of the link. */
  #say(to: string, kind: number, text: string): void {
    const head = `1;${kind};${this.start};${this.#epoch};`
    const bytes = Buffer.from(head + text, 'latin1')
    this.#connection.publish(`${prefix}.g.${this.heard.get(to)!}`, bytes)
  }

  #receive(text: string): void {
    const [, version, kind, from, epoch, rest] = /^(\d+);(\d+);(\d+);(\d+);(.*)$/s.exec(text)!
    if (version !== '1') throw new Error(`A message of version ${version}`)
    const [to] = [...this.heard].find(([, start]) => start === Number(from)) ?? []
    if (to === undefined) return
    this.#epoch = Number(epoch)
    this.isLinked = true
    if (kind === '1') {
      this.acked = Number(/^(\d+);/.exec(rest!)![1])
      return
    }
    if (kind !== '0') return
    const [whole, number, ack] = /^(\d+);(\d+);\d+;\d+;\d+;/.exec(rest!)!
    this.acked = Math.max(this.acked, Number(ack))
    if (Number(number) === this.#taken + 1) {
      this.#taken++
      this.#takeFrames(rest!.slice(whole.length))
    }
    this.#say(to, 1, `${this.#taken};0;${Math.floor(performance.now())};`)
  }

  #takeFrames(text: string): void {
    for (let at = 0; at < text.length; ) {
      const [whole, kind, length] = /^(\d+);(\d+);/.exec(text.slice(at))!
      const from = at + whole.length
      at = from + Number(length)
      this.frames.push({ kind: Number(kind), text: text.slice(from, at) })
    }
  }
}
