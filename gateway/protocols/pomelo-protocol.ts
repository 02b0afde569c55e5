/**
 * Pomelo's protocol, as its clients speak it: packages in binary messages, a handshake with a route
 * dictionary, and heartbeats that the client times. The gateway sends one package in each message, since many
 * clients read only the first; it reads several.
 *
 *   handshake ──▶ shaking ──▶ ack ──▶ open        shaking: the game's hook is asked, and who the client is
 *                    └──▶ refused
 */
import { describeValue } from '../../shared/check.js'
import { closeCodes } from '../../shared/close-codes.js'
import { type ErrorData, errors } from '../../shared/errors.js'
import { formatHandshake, type HandshakeRequest, parseHandshake } from '../../shared/wire/handshake.js'
import { decodeMessage, messageKinds } from '../../shared/wire/message.js'
import {
  decodePackages,
  type PackageKind,
  packageHeaderSize,
  packageKinds
} from '../../shared/wire/package.js'
import { decodeCount, encodeCount } from '../../shared/wire/resume.js'
import type { GatewayEvent } from '../events/event.js'
import type { HandshakeAnswer, ResolvedOptions } from '../options/options.js'
import { type HandshakeRefusal, refuseForNow } from '../sessions/authentication.js'
import type { RouteTable } from '../sessions/routes.js'
import { encodeBytes, PomeloMessages } from './pomelo-messages.js'
import type { Protocol, ProtocolHost } from './protocol.js'

/** What our own client says it is. */
const ownType = 'sallyport'

/** What all connections of a gateway share. */
export interface PomeloParts {
  readonly options: Pick<
    ResolvedOptions,
    'heartbeat' | 'maxBodyBytes' | 'maxBodyDepth' | 'log' | 'onHandshake'
  >
  readonly routes: RouteTable
}

type PomeloState = 'handshake' | 'shaking' | 'ack' | 'open' | 'refused'

export class PomeloProtocol implements Protocol {
  readonly name = 'pomelo'
  readonly #host: ProtocolHost
  readonly #parts: PomeloParts
  #state: PomeloState = 'handshake'
  /** How this client is written to; as the plainest until it has shaken hands. */
  #messages = new PomeloMessages({ emptyBody: '{}', errorFlag: false, rich: false, counts: false })
  /** Whether both sides count: heartbeats say how far. */
  #counts = false
  /** How many of the gateway's routes the client was told the codes of. */
  #told = 0

  constructor(host: ProtocolHost, parts: PomeloParts) {
    this.#host = host
    this.#parts = parts
    // No data flows before the client's ack.
    host.cork()
  }

  get isReady(): boolean {
    return this.#state === 'open'
  }

  get readsRich(): boolean {
    return this.#messages.readsRich
  }

  receive(bytes: Buffer): void {
    for (const { kind, start, end } of decodePackages(bytes)) {
      if (this.#state === 'refused') return
      this.#receivePackage(bytes, kind, start, end)
    }
  }

  reply(id: number, body: string): void {
    this.#host.send(this.#messages.reply(id, body), false)
  }

  error(id: number, error: ErrorData): void {
    this.#host.send(this.#messages.error(id, error), false)
  }

  event(event: GatewayEvent): boolean {
    return this.#host.sendEvent(event, this.#messages.eventFrame(event).text)
  }

  kick(reason: string): void {
    this.#host.send(this.#messages.kick(reason), false)
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
        if (!this.#host.countFrame()) return
        return this.#sendPackage(packageKinds.heartbeat)
      case packageKinds.handshake:
        if (this.#state !== 'handshake') throw errors.protocolViolated('a second handshake')
        expectSize(end - start, this.#parts.options.maxBodyBytes)
        return this.#receiveHandshake(bytes.subarray(start, end))
      case packageKinds.handshakeAck:
        if (this.#state !== 'ack') throw errors.protocolViolated('an ack of no handshake')
        return this.#receiveAck()
      case packageKinds.kick:
        throw errors.protocolViolated('a kick from a client')
      case packageKinds.received:
        if (this.#state !== 'open' || !this.#counts)
          throw errors.protocolViolated('a count from a client that has not asked to be resumed')
        if (!this.#host.countFrame()) return
        return this.#receiveCount(decodeCount(bytes, start, end))
    }
  }

  #receiveMessage(bytes: Buffer, start: number, end: number): void {
    const { kind, id, route, gzipped, bodyStart } = decodeMessage(bytes, start, end)
    if (kind !== messageKinds.request && kind !== messageKinds.notify) {
      throw errors.protocolViolated('a message of a kind that only the gateway sends')
    }
    const body = bytes.toString('latin1', bodyStart, end)
    const size = packageHeaderSize + end - start
    this.#host.request({ route, told: this.#told, id, gzipped, rich: this.#messages.readsRich, body, size })
  }

  #receiveHandshake(body: Buffer): void {
    let request: HandshakeRequest
    try {
      request = parseHandshake(body, this.#parts.options.maxBodyDepth)
    } catch (error) {
      this.#refuseHandshake(500, undefined)
      throw error
    }
    this.#state = 'shaking'
    const { type, version, user } = request
    try {
      const answer = this.#parts.options.onHandshake({ type, version, user, address: this.#host.address })
      if (!isThenable(answer)) return this.#answer(request, answer)
      Promise.resolve(answer)
        .then(settled => this.#answer(request, settled))
        .catch(error => this.#hookFailed(error))
    } catch (error) {
      this.#hookFailed(error)
    }
  }

  #hookFailed(error: unknown): void {
    const { ip } = this.#host.address
    this.#parts.options.log.error('The handshake hook failed', { ip, error })
    this.#refuse(refuseForNow())
  }

  /** Throws where the hook's answer is none. */
  #answer(request: HandshakeRequest, answer: HandshakeAnswer): void {
    if (this.#state !== 'shaking' || !this.#host.isConnected) return
    if (typeof answer?.accept !== 'boolean') {
      throw new TypeError(
        `Expected onHandshake to answer { accept: true } or { accept: false }, got ${describeValue(answer)}`
      )
    }
    if (!answer.accept) return this.#refuseHandshake(answer.outdated === true ? 501 : 500, answer.user)
    // What is no JSON is found here: later there is a session.
    JSON.stringify(answer.user)
    const { type, version, user } = request
    this.#host.connectionSession.authenticate({ type, version, user }, refusal => {
      if (refusal !== undefined) return this.#refuse(refusal)
      this.#accept(request, answer.user)
    })
  }

  #accept(request: HandshakeRequest, told: unknown): void {
    const host = this.#host
    const { routes, options } = this.#parts
    const { type, dictVersion, errorFlag, richBodies: rich, user } = request
    this.#told = routes.size
    this.#counts = request.resume !== undefined && host.connectionSession.keepsSessions
    const emptyBody = type === ownType || rich ? '' : '{}'
    this.#messages = new PomeloMessages({ emptyBody, errorFlag, rich, counts: this.#counts })
    const resume = this.#counts
      ? host.connectionSession.prepareResume(request.resume!, this.#messages)
      : undefined
    if (!host.isConnected) return
    const refusal = host.connectionSession.judge()
    if (refusal !== undefined) return this.#refuse(refusal)
    const reply = formatHandshake({
      code: 200,
      heartbeat: options.heartbeat / 1000,
      dict: dictVersion === routes.version ? undefined : routes.dictionary,
      dictVersion: routes.version,
      useDict: true,
      resume,
      richBodies: rich,
      maxBodyBytes: options.maxBodyBytes,
      user: told
    })
    this.#state = 'ack'
    this.#sendPackage(packageKinds.handshake, reply)
    host.open(user)
  }

  #refuse({ code, reason, user }: HandshakeRefusal): void {
    if (code === closeCodes.handshakeRefused) return this.#refuseHandshake(500, user, reason)
    // An answer that is no 200 says to a client that it need not come back.
    this.#state = 'refused'
    this.kick(reason)
    this.#host.refuse({ code, reason })
  }

  #refuseHandshake(code: 500 | 501, user: unknown, reason = 'handshake refused'): void {
    const reply = formatHandshake({ code, user })
    this.#state = 'refused'
    this.#sendPackage(packageKinds.handshake, reply)
    this.#host.refuse({ code: closeCodes.handshakeRefused, reason })
  }

  #receiveAck(): void {
    this.#state = 'open'
    // The first heartbeat is the gateway's: it starts the client's clock. Who counts has another one.
    if (this.#parts.options.heartbeat > 0 && !this.#counts) this.#sendPackage(packageKinds.heartbeat)
    this.#host.uncork()
  }

  #receiveCount(count: number): void {
    const received = this.#host.connectionSession.acknowledge(count)
    this.#sendPackage(packageKinds.received, encodeCount(received))
  }

  #sendPackage(kind: PackageKind, body?: string | Uint8Array): void {
    this.#host.send(encodeBytes(kind, body), false)
  }
}

/** What is answered with an error where a request asks ends the connection here: nothing else can be said yet. */
function expectSize(size: number, maxBytes: number): void {
  if (size > maxBytes) throw errors.bodyTooLarge(`${size} bytes`, maxBytes)
}

function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}
