/**
 * Pomelo's protocol, as its clients speak it: packages in binary messages, a handshake with a route dictionary, and
 * heartbeats that the client times. The gateway sends one package in each message, since many clients read only
 * the first; it reads several.
 *
 *   handshake ──▶ shaking ──▶ ack ──▶ open        shaking: the game's hook is asked
 *                    └──▶ refused
 */
import { describeValue } from '../shared/check.js'
import { type ErrorData, errors } from '../shared/errors.js'
import type { Logger } from '../shared/log.js'
import { wrapPlain } from '../shared/rich-body.js'
import {
  formatHandshake,
  formatKick,
  type HandshakeRequest,
  parseHandshake
} from '../shared/wire/handshake.js'
import { decodeMessage, messageHeaderSize, messageKinds, writeMessageHeader } from '../shared/wire/message.js'
import {
  decodePackages,
  encodePackage,
  type PackageKind,
  packageKinds,
  writePackageHeader
} from '../shared/wire/package.js'
import type { GatewayEvent } from './event.js'
import { encodeFrame } from './frames.js'
import type { HandshakeAnswer, HandshakeInfo } from './options.js'
import { encodeJson, type Protocol, type ProtocolHost } from './protocol.js'
import type { RouteTable } from './routes.js'

/** What our own client says it is. */
const ownType = 'sallyport'

export interface PomeloInit {
  readonly host: ProtocolHost
  readonly routes: RouteTable
  /** Milliseconds; 0: none. */
  readonly heartbeat: number
  readonly log: Logger
  readonly onHandshake: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
}

type PomeloState = 'handshake' | 'shaking' | 'ack' | 'open' | 'refused'

/** Bytes of a body that surely fit into a package, and characters of an error's message where all of it is too long. */
const maxBody = 16_000_000
const longestMessage = 1_000

/** Where the headers of one message are written before they become text: the longest have a route of 255 bytes. */
const headers = Buffer.alloc(512)

export class PomeloProtocol implements Protocol {
  readonly name = 'pomelo'
  readonly #init: PomeloInit
  #state: PomeloState = 'handshake'
  /** Whether the client reads bit 5 of a reply's flags as "this is an error". */
  #errorFlag = false
  /**
   * What is sent for a body that there is none of. Pomelo's servers send an empty object, and its clients count on
   * it: they parse every body, and an empty text is no JSON.
   */
  #emptyBody = '{}'
  /** Whether bodies are in superjson's form, both ways. */
  #isRich = false
  /** Codes that the client was told. */
  #codes = 0

  constructor(init: PomeloInit) {
    this.#init = init
    // No data flows before the client's ack.
    init.host.hold()
  }

  get isReady(): boolean {
    return this.#state === 'open'
  }

  get readsRich(): boolean {
    return this.#isRich
  }

  receive(bytes: Buffer): void {
    for (const { kind, start, end } of decodePackages(bytes)) {
      if (this.#state === 'refused') return
      this.#receivePackage(bytes, kind, start, end)
    }
  }

  reply(id: number, body: string): void {
    if (body.length > maxBody) return this.error(id, errors.replyNotSerializable('', `${body.length} bytes`))
    this.#sendMessage({ kind: messageKinds.reply, id }, body === '' ? this.#emptyBody : body)
  }

  error(id: number, { code, message, data }: ErrorData): void {
    // `code` is the number that clients of Pinus look at; an error of the game may bring its own.
    const number = /^\d{1,9}$/.test(code) ? Number(code) : 500
    let body = this.#encode({ code: number, error: code, message, data })
    if (body.length > maxBody)
      body = this.#encode({ code: number, error: code, message: message.slice(0, longestMessage) })
    this.#sendMessage({ kind: messageKinds.reply, id, isError: this.#errorFlag }, body)
  }

  event(event: GatewayEvent): void {
    const { name, body } = event
    const text = body === '' ? this.#emptyBody : body
    const frame = this.#isRich
      ? event.frame('pomelo rich', () => encodeEvent(name, event.richBody))
      : event.frame(`pomelo ${text === '' ? 'empty' : ''}`, () => encodeEvent(name, text))
    this.#init.host.sendEvent(event, frame)
  }

  kick(reason: string): void {
    this.#sendPackage(packageKinds.kick, formatKick(reason))
  }

  /** Heartbeats are the client's to begin: each of its own is answered at once. */
  beat(): void {}

  #receivePackage(bytes: Buffer, kind: PackageKind, start: number, end: number): void {
    switch (kind) {
      case packageKinds.data:
        if (this.#state !== 'open')
          throw errors.protocolViolated('data before the handshake was acknowledged')
        return this.#receiveMessage(bytes, start, end)
      case packageKinds.heartbeat:
        if (this.#state !== 'open')
          throw errors.protocolViolated('a heartbeat before the handshake was acknowledged')
        return this.#sendPackage(packageKinds.heartbeat)
      case packageKinds.handshake:
        if (this.#state !== 'handshake') throw errors.protocolViolated('a second handshake')
        return this.#receiveHandshake(bytes.subarray(start, end))
      case packageKinds.handshakeAck:
        if (this.#state !== 'ack') throw errors.protocolViolated('an ack of no handshake')
        return this.#receiveAck()
      case packageKinds.kick:
        throw errors.protocolViolated('a kick from a client')
    }
  }

  #receiveMessage(bytes: Buffer, start: number, end: number): void {
    const { kind, id, route, gzipped, bodyStart } = decodeMessage(bytes, start, end)
    if (kind !== messageKinds.request && kind !== messageKinds.notify) {
      throw errors.protocolViolated('a message of a kind that only the gateway sends')
    }
    if (typeof route === 'number' && (route < 1 || route > this.#codes)) {
      throw errors.frameMalformed(`the route code ${route} is in no dictionary`)
    }
    const body = bytes.toString('latin1', bodyStart, end)
    this.#init.host.request({ route, id, gzipped, rich: this.#isRich, body })
  }

  #receiveHandshake(body: Buffer): void {
    let request: HandshakeRequest
    try {
      request = parseHandshake(body)
    } catch (error) {
      this.#refuse(500, undefined)
      throw error
    }
    this.#state = 'shaking'
    this.#errorFlag = request.errorFlag
    const { type, version, user } = request
    this.#isRich = request.richBodies
    if (type === ownType || this.#isRich) this.#emptyBody = ''
    try {
      const answer = this.#init.onHandshake({ type, version, user, address: this.#init.host.address })
      if (!isThenable(answer)) return this.#answer(request, answer)
      Promise.resolve(answer)
        .then(settled => this.#answer(request, settled))
        .catch(error => this.#hookFailed(error))
    } catch (error) {
      this.#hookFailed(error)
    }
  }

  #hookFailed(error: unknown): void {
    const { log, host } = this.#init
    log.error('The handshake hook failed', { ip: host.address.ip, error })
    this.#refuse(500, undefined)
  }

  /** Throws where the hook's answer is none. */
  #answer({ dictVersion, user }: HandshakeRequest, answer: HandshakeAnswer): void {
    if (this.#state !== 'shaking') return
    if (typeof answer?.accept !== 'boolean') {
      throw new TypeError(
        `Expected onHandshake to answer { accept: true } or { accept: false }, got ${describeValue(answer)}`
      )
    }
    if (!answer.accept) return this.#refuse(answer.outdated === true ? 501 : 500, answer.user)
    const { routes, heartbeat, host } = this.#init
    this.#codes = routes.size
    const reply = formatHandshake({
      code: 200,
      heartbeat: heartbeat / 1000,
      dict: dictVersion === routes.version ? undefined : routes.dictionary,
      dictVersion: routes.version,
      useDict: true,
      richBodies: this.#isRich,
      user: answer.user
    })
    this.#state = 'ack'
    this.#sendPackage(packageKinds.handshake, reply)
    host.open(user)
  }

  #refuse(code: 500 | 501, user: unknown): void {
    const reply = formatHandshake({ code, user })
    this.#state = 'refused'
    this.#sendPackage(packageKinds.handshake, reply)
    this.#init.host.refuse()
  }

  #receiveAck(): void {
    this.#state = 'open'
    // The first heartbeat is the gateway's: it starts the client's clock.
    if (this.#init.heartbeat > 0) this.#sendPackage(packageKinds.heartbeat)
    this.#init.host.release()
  }

  /** A body of our own as its bytes. */
  #encode(value: unknown): string {
    const body = encodeJson(value)
    return this.#isRich ? wrapPlain(body) : body
  }

  #sendPackage(kind: PackageKind, body = ''): void {
    const bytes = encodePackage(kind, Buffer.from(body))
    this.#init.host.send(Buffer.from(bytes).toString('latin1'), false)
  }

  #sendMessage(head: MessageHead, body: string): void {
    this.#init.host.send(encodeData(head, body), false)
  }
}

function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}

interface MessageHead {
  readonly kind: 2 | 3
  readonly id?: number
  readonly route?: string
  readonly isError?: boolean
}

/** An event in its frame. */
function encodeEvent(name: string, body: string): string {
  return encodeFrame(encodeData({ kind: messageKinds.event, route: name }, body), false)
}

/** A message in its package. Its bytes, each as one character. */
function encodeData(head: MessageHead, body: string): string {
  const size = messageHeaderSize(head) + body.length
  const end = writeMessageHeader(headers, writePackageHeader(headers, 0, packageKinds.data, size), head)
  return headers.toString('latin1', 0, end) + body
}
