/**
 * A raw Pomelo client for tests: it sends any package at any time, also against the protocol. Its codec is
 * the reference package, so that it shares no code with the gateway's.
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { ResumeReply } from '../../shared/wire/resume.js'
import { pomeloProtocol } from './pomelo-protocol.js'

const { Package, Message } = pomeloProtocol

export const packageTypes = { handshake: 1, ack: 2, heartbeat: 3, data: 4, kick: 5 } as const
export const messageTypes = { request: 0, notify: 1, reply: 2, event: 3 } as const

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
type Body = any

export interface Reply {
  readonly id: number
  /** The body's JSON; undefined if there is none. */
  readonly body: Body
  /** The bytes of the body, as they came. */
  readonly bytes: Buffer
  /** Whether it is an error: bit 5 of the message's flag. */
  readonly isError: boolean
}

export interface HandshakeAnswer {
  readonly code: number
  readonly sys?: {
    readonly heartbeat?: number
    readonly dict?: Readonly<Record<string, number>>
    readonly dictVersion: string
    readonly useDict: boolean
    readonly resume?: ResumeReply
  }
  readonly user?: Body
}

export interface PomeloPlayerOptions {
  /** The subprotocol to ask for. */
  readonly subprotocol?: string
  /** Members of the handshake's `sys` beside type and version. */
  readonly sys?: Readonly<Record<string, unknown>>
  readonly user?: unknown
  /** The local address of this machine from which it connects. */
  readonly localAddress?: string
}

export class PomeloPlayer {
  readonly ws: WebSocket
  /** All packages that came, in order. */
  readonly packages: { readonly type: number; readonly body: Buffer }[] = []
  /** Number of packages in each WebSocket message. */
  readonly counts: number[] = []
  readonly events: [route: string | number, body: Body][] = []
  readonly kicks: Body[] = []
  readonly replies: Reply[] = []
  heartbeats = 0
  readonly closed: Promise<{ code: number; reason: string }>
  /** The gateway's answer to the handshake; undefined until it came. */
  answer: HandshakeAnswer | undefined
  readonly #watchers = new Set<() => void>()
  #isClosed = false
  #lastId = 0

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary))
    ws.on('error', () => {})
    this.closed = new Promise(resolve => {
      ws.on('close', (code, reason) => {
        this.#isClosed = true
        this.#changed()
        resolve({ code, reason: String(reason) })
      })
    })
  }

  /** Opens a socket without shaking hands. */
  static async open(url: string, subprotocol?: string, localAddress?: string): Promise<PomeloPlayer> {
    const ws = new WebSocket(url, subprotocol === undefined ? [] : [subprotocol], { localAddress })
    // Created before the socket is open, so that no message is missed.
    const player = new PomeloPlayer(ws)
    await once(ws, 'open')
    return player
  }

  /** Opens a socket, shakes hands and acknowledges. */
  static async join(url: string, options: PomeloPlayerOptions = {}): Promise<PomeloPlayer> {
    const player = await PomeloPlayer.open(url, options.subprotocol, options.localAddress)
    const { code } = await player.shakeHands(options)
    if (code !== 200) throw new Error(`The handshake was answered with ${code}`)
    player.send(packageTypes.ack)
    return player
  }

  shakeHands({ sys, user }: PomeloPlayerOptions = {}): Promise<HandshakeAnswer> {
    return this.shakeHandsWith(
      JSON.stringify({ sys: { type: 'js-websocket', version: '0.0.1', ...sys }, user })
    )
  }

  /** Shakes hands with any text. */
  async shakeHandsWith(text: string): Promise<HandshakeAnswer> {
    this.send(packageTypes.handshake, text)
    return this.until(() => this.answer)
  }

  /** Sends one package. */
  send(type: number, body?: string | Uint8Array): void {
    this.ws.send(encodePackage(type, body))
  }

  /** Sends a request, and resolves with its reply, an error reply too. */
  request(route: string | number, body?: Body): Promise<Reply> {
    const id = ++this.#lastId
    this.send(packageTypes.data, encodeMessage(messageTypes.request, id, route, body))
    return this.reply(id)
  }

  /** Resolves with the first reply to a request. */
  reply(id: number): Promise<Reply> {
    return this.until(() => this.replies.find(each => each.id === id))
  }

  notify(route: string | number, body?: Body): void {
    this.send(packageTypes.data, encodeMessage(messageTypes.notify, 0, route, body))
  }

  /**
   * Resolves with the result of `find` as soon as it is not undefined. Rejects if the connection closes
   * before.
   */
  until<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find()
        if (found === undefined && !this.#isClosed) return
        this.#watchers.delete(look)
        if (found !== undefined) resolve(found)
        else reject(new Error('The connection closed before what was waited for came'))
      }
      this.#watchers.add(look)
      look()
    })
  }

  leave(): void {
    this.ws.terminate()
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary) throw new Error(`A Pomelo client got text: ${data}`)
    const decoded = Package.decode(data)
    const packages = Array.isArray(decoded) ? decoded : [decoded]
    this.counts.push(packages.length)
    for (const { type, body } of packages) this.#receivePackage(type, Buffer.from(body ?? []))
    this.#changed()
  }

  #receivePackage(type: number, body: Buffer): void {
    this.packages.push({ type, body })
    if (type === packageTypes.handshake) this.answer = JSON.parse(body.toString())
    if (type === packageTypes.kick) this.kicks.push(JSON.parse(body.toString()))
    if (type === packageTypes.data) this.#receiveMessage(body)
    // The player does not answer by itself: the gateway answers each heartbeat, so the exchange would never
    // end.
    if (type === packageTypes.heartbeat) this.heartbeats++
  }

  #receiveMessage(bytes: Buffer): void {
    const message = Message.decode(bytes)
    const body = Buffer.from(message.body)
    const value = body.length === 0 ? undefined : JSON.parse(body.toString())
    if (message.type === messageTypes.event) this.events.push([message.route!, value])
    // The reference decodes an id by 32-bit shifts, which make large ids negative.
    else this.replies.push({ id: message.id >>> 0, body: value, bytes: body, isError: isError(bytes) })
  }

  #changed(): void {
    for (const look of this.#watchers) look()
  }
}

function isError(bytes: Buffer): boolean {
  return (bytes[0]! & 0x20) !== 0
}

export function encodePackage(type: number, body?: string | Uint8Array): Uint8Array {
  return Package.encode(type, typeof body === 'string' ? Buffer.from(body) : body)
}

/** Encodes a message. A body of bytes is sent as it is, any other as its JSON. */
export function encodeMessage(
  type: number,
  id: number,
  route: string | number,
  body?: Body,
  isGzipped = false
): Uint8Array {
  const bytes =
    body === undefined ? null : body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body))
  return Message.encode(id, type, typeof route === 'number', route, bytes, isGzipped)
}
