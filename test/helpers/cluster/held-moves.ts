/** Gateways between which sessions move, and a move that can be held at each word of its protocol. */
import type { Test } from 'tap'
import { type Client, connect } from '../../../client/node.js'
import { LocalNetwork, type Schedule } from '../../../gateway/cluster/bus/local-network.js'
import { subjectsOf } from '../../../gateway/cluster/bus/subjects.js'
import { type ItemReader, readEncoded } from '../../../gateway/cluster/link/batch-text.js'
import { type FrameKind, frameKinds, type Item } from '../../../gateway/cluster/link/links.js'
import {
  formatHead,
  messageKinds,
  readData,
  readFrame,
  readHead
} from '../../../gateway/cluster/link/messages.js'
import type { Gateway, GatewayOptions } from '../../../gateway/index.js'
import { startCluster } from '../cluster.js'
import { startProxy } from '../gateway.js'
import { fixture } from '../paths.js'
import { until } from '../until.js'

/** The name on the bus of whoever sends what no gateway does. */
const intruder = 'intruder'

/** Milliseconds that stand for a message which is held, before the number of its direction. */
const held = 1e9
const ways = ['ab', 'ac', 'ba', 'bc', 'ca', 'cb', 'claims']
const claims = ways.indexOf('claims')

const quick = { backOff: { least: 1, most: 20 }, heartbeat: 200, heartbeatTimeout: 5_000 }

export interface Address {
  readonly frontendId: string
  readonly sid: number
  readonly uid: string
}

/** A player whose session others act on while it moves. */
export interface Victim {
  readonly address: Address
  readonly client: Client
  readonly hits: string[]
  goTo(gateway: Gateway): void
  /** Whether the client knows that its session is over: it has closed, or has a new one. */
  hasEnded(): boolean
}

/** A frame between two gateways, by its first word. */
export type Said = `${FrameKind} ${Item}`

export class HeldMoves {
  readonly network: LocalNetwork
  gateways: readonly Gateway[] = []
  /** The log of each gateway. */
  #lines: readonly (readonly { readonly message: string }[])[] = []
  /** Directions in which messages are held, such as `ab`, with the arrivals that wait. */
  readonly #blocked = new Map<string, (() => void)[]>()
  /** What is to be held once it is said. */
  #blockAt: { readonly way: string; readonly said: Said } | undefined
  /** How often each frame was said in each direction. */
  readonly #said = new Map<string, Set<string>>()
  readonly #words = new Set<string>()
  readonly #heads = new Map<string, string>()

  static async start(
    t: Test,
    options: Partial<GatewayOptions> = {},
    names: readonly string[] = ['a', 'b', 'c']
  ): Promise<HeldMoves> {
    const moves = new HeldMoves()
    const handlers = fixture('handlers-moves')
    const busOf = (name: string) => moves.network.join(name)
    const { gateways } = await startCluster(t, handlers, { names, options, busOf })
    moves.gateways = gateways.map(({ gateway }) => gateway)
    moves.#lines = gateways.map(({ lines }) => lines)
    return moves
  }

  constructor() {
    const schedule: Schedule = (ms, run) => {
      if (ms >= held) return this.#keep(ms - held, run)
      if (ms > 0) {
        const timer = setTimeout(run, ms)
        return () => clearTimeout(timer)
      }
      const immediate = setImmediate(run)
      return () => clearImmediate(immediate)
    }
    this.network = new LocalNetwork({ schedule })
    const { link } = subjectsOf('sallyport')
    const prefix = link(0).slice(0, -1)
    this.network.fault = ({ kind, from, to, subject, bytes }) => {
      if (kind === 'append' && this.areClaimsHeld && to.includes('claims')) return { delay: held + claims }
      if (kind !== 'message' || !subject.startsWith(prefix) || from === intruder) return undefined
      const way = `${from}${to}`
      return this.#isHeld(way, bytes!) ? { delay: held + ways.indexOf(way) } : undefined
    }
  }

  /** Holds all messages of these directions from now on. `claims`: all entries of claims. */
  block(...ways: readonly string[]): void {
    for (const way of ways) this.#blocked.set(way, [])
  }

  /** Whether entries of claims are held. */
  get areClaimsHeld(): boolean {
    return this.#blocked.has('claims')
  }

  /** Holds the first batch of a direction with this word, and all behind it. */
  blockAt(way: string, said: Said): void {
    this.#blockAt = { way, said }
  }

  /** Has the messages arrive that were held in these directions, in order. In all, if none is given. */
  release(...ways: readonly string[]): void {
    // What was said then may be sent again.
    if (ways.length === 0 || ways.includes(this.#blockAt?.way ?? '')) this.#blockAt = undefined
    for (const way of ways.length > 0 ? ways : [...this.#blocked.keys()]) {
      for (const run of this.#blocked.get(way) ?? []) setImmediate(run)
      this.#blocked.delete(way)
    }
  }

  /** Whether a word was said in a direction. */
  hasSaid(way: string, said: Said): boolean {
    return this.#words.has(`${way} ${said}`)
  }

  /** Resolves once so many sessions were asked for, and none of these words has arrived. */
  async untilAsked(way: string, count: number): Promise<void> {
    await until(`${count} sessions are asked for`, () => (this.#said.get(way)?.size ?? 0) >= count)
    this.#said.delete(way)
  }

  /** Ends the link between two gateways, as a message does that can't be read. */
  async loseLink(from: number, to: number): Promise<void> {
    const [one, other] = [this.gateways[from]!, this.gateways[to]!]
    const way = `${one.options.frontendId}${other.options.frontendId}`
    const subject = subjectsOf('sallyport').link(other.cluster!.start)
    const head = this.#heads.get(way)!
    // A new link may be there within a millisecond, so the log tells of the end.
    const countEnds = () =>
      this.#lines[to]!.filter(({ message }) => /the link to it ends$/.test(message)).length
    const before = countEnds()
    const bus = this.network.join(intruder)
    bus.publish(subject, Buffer.from(`${head}what?`))
    await until('the link has ended', () => countEnds() > before)
    await bus.close()
  }

  /** Joins a player at a gateway, by a proxy that can send them to another one. */
  async join(
    t: Test,
    first: Gateway,
    uid: string,
    channels: readonly string[],
    isBound = true
  ): Promise<Victim> {
    const proxy = await startProxy(t, first.address.port)
    const client = await connect(proxy.url, quick)
    t.teardown(() => client.close())
    const hits: string[] = []
    client.on('hit', body => hits.push(body as string))
    let isNew = false
    const sid = (await client.request('operator.settle', { uid: isBound ? uid : null, channels })) as number
    const address = { frontendId: first.options.frontendId, sid, uid }
    const goTo = (gateway: Gateway) => {
      proxy.port = gateway.address.port
      proxy.cut('reset')
    }
    client.onState(change => {
      if (change.state === 'open' && !change.resumed) isNew = true
    })
    return { address, client, hits, goTo, hasEnded: () => isNew || client.state === 'closed' }
  }

  #keep(index: number, run: () => void): () => void {
    this.#blocked.get(ways[index]!)!.push(run)
    return () => {}
  }

  #isHeld(way: string, bytes: Uint8Array): boolean {
    const reader = readEncoded(Buffer.from(bytes))
    const head = readHead(reader)
    if (head.kind === messageKinds.data) {
      this.#heads.set(way, formatHead(head))
      readData(reader)
      for (const { kind, items } of framesOf(reader)) this.#note(way, kind, items)
    }
    return this.#blocked.has(way)
  }

  #note(way: string, kind: number, items: readonly Item[]): void {
    if (kind === frameKinds.take) {
      const asked = this.#said.get(way) ?? new Set()
      this.#said.set(way, asked.add(String(items[1])))
    }
    const { way: at, said } = this.#blockAt ?? {}
    const word = kind === frameKinds.export ? items[1] : items[0]
    const name = Object.entries(frameKinds).find(([, number]) => number === kind)![0]
    this.#words.add(`${way} ${name} ${word}`)
    if (at === way && !this.#blocked.has(way) && said === `${name} ${word}`) this.block(way)
  }
}

function framesOf(reader: ItemReader): { readonly kind: number; readonly items: readonly Item[] }[] {
  const frames = []
  while (!reader.isAtEnd) {
    const { kind, characters } = readFrame(reader)
    frames.push({ kind, items: reader.items(characters) })
  }
  return frames
}
