/**
 * Pomelo's protocol, as its clients speak it: packages in binary messages.
 *
 * It has a handshake with a route dictionary, and heartbeats that the client times. The gateway accepts
 * several packages in one message, but sends only one per message, since many clients read only the first.
 *
 *   awaiting handshake ──▶ judging ──▶ awaiting ack ──▶ open
 *                             └──▶ refused
 *
 *   judging: the `onHandshake` hook and then authentication decide whether the client is let in, and its
 *   session is settled
 */
import { isThenable } from '../../shared/check.js'
import { closeCodes } from '../../shared/close-codes.js'
import { type ErrorData, errors } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import { escapeNonAscii } from '../../shared/utf8.js'
import { formatHandshake, type HandshakeRequest, parseHandshake } from '../../shared/wire/handshake.js'
import { decodeMessage, messageKinds } from '../../shared/wire/message.js'
import {
  decodePackages,
  type PackageKind,
  packageHeaderSize,
  packageKinds
} from '../../shared/wire/package.js'
import { decodeCount, encodeCount, type ResumeReply } from '../../shared/wire/resume.js'
import type { GatewayEvent } from '../events/event.js'
import { encodeFrame } from '../events/frames.js'
import type { HandshakeAnswer, ResolvedOptions } from '../options/options.js'
import { type HandshakeRefusal, refuseForNow } from '../sessions/authentication.js'
import type { RouteTable } from '../sessions/routes.js'
import { encodeBytes, PomeloMessages } from './pomelo-messages.js'
import type { Protocol, ProtocolHost } from './protocol.js'

/** The `type` that our own client names in its handshake. */
const ownType = 'sallyport'

/** The services that all Pomelo connections of a gateway share. */
export interface PomeloParts {
  readonly options: Pick<
    ResolvedOptions,
    'heartbeat' | 'maxBodyBytes' | 'maxBodyDepth' | 'log' | 'onHandshake'
  >
  readonly routes: RouteTable
}

type PomeloState = 'awaiting handshake' | 'judging' | 'awaiting ack' | 'open' | 'refused'

export class PomeloProtocol implements Protocol {
  readonly name = 'pomelo'
  readonly #host: ProtocolHost
  readonly #parts: PomeloParts
  #state: PomeloState = 'awaiting handshake'
  /**
   * Encodes messages for this client, in the plainest form until the handshake tells which forms the client
   * reads.
   */
  #messages = new PomeloMessages({ emptyBody: '{}', errorFlag: false, rich: false, counts: false })
  /** Whether both sides count messages, for a resume; counts then replace the heartbeats. */
  #counts = false
  /** Number of routes in the dictionary that the client has. */
  #knownRoutes = 0

  constructor(host: ProtocolHost, parts: PomeloParts) {
    this.#host = host
    this.#parts = parts
  }

  get isReady(): boolean {
    return this.#state === 'open'
  }

  get readsRich(): boolean {
    return this.#messages.readsRich
  }

  start(): void {
    // No data may flow before the client acknowledges the handshake.
    this.#host.cork()
  }

  receive(bytes: Buffer): void {
    for (const { kind, start, end } of decodePackages(bytes)) {
      if (this.#state === 'refused') return
      this.#receivePackage(bytes, kind, start, end)
    }
  }

  /** Does nothing: in this protocol the client begins each heartbeat, and the gateway answers it at once. */
  beat(): void {}

  encodeReply(id: number, body: string): string {
    return encodeFrame(this.#messages.reply(id, body), false)
  }

  encodeError(id: number, error: ErrorData): string {
    return encodeFrame(this.#messages.error(id, error), false)
  }

  encodeEvent(event: GatewayEvent): string {
    return this.#messages.eventFrame(event).text
  }

  encodeKick(reason: string): string {
    return encodeFrame(this.#messages.kick(reason), false)
  }

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
        if (this.#state !== 'awaiting handshake') throw errors.protocolViolated('a second handshake')
        expectSize(end - start, this.#parts.options.maxBodyBytes)
        return this.#receiveHandshake(bytes.subarray(start, end))
      case packageKinds.handshakeAck:
        if (this.#state !== 'awaiting ack') throw errors.protocolViolated('an ack of no handshake')
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
    const { kind, id, route, gzipped, traceparent, bodyStart } = decodeMessage(bytes, start, end)
    if (kind !== messageKinds.request && kind !== messageKinds.notify) {
      throw errors.protocolViolated('a message of a kind that only the gateway sends')
    }
    const body = bytes.toString('latin1', bodyStart, end)
    const size = packageHeaderSize + end - start
    const [knownRoutes, rich] = [this.#knownRoutes, this.#messages.readsRich]
    this.#host.request({ route, knownRoutes, id, gzipped, rich, traceparent, body, size })
  }

  #receiveHandshake(body: Buffer): void {
    let request: HandshakeRequest
    try {
      request = parseHandshake(body, this.#parts.options.maxBodyDepth)
    } catch (error) {
      this.#refuseHandshake(500, undefined, (error as Error).message)
      throw error
    }
    this.#state = 'judging'
    const { type, version, user } = request
    let answer: HandshakeAnswer | PromiseLike<HandshakeAnswer>
    let isLate: boolean
    try {
      answer = this.#parts.options.onHandshake({ type, version, user, address: this.#host.address })
      isLate = isThenable(answer)
    } catch (error) {
      return this.#hookFailed(error)
    }
    if (!isLate) return this.#answer(request, answer as HandshakeAnswer)
    Promise.resolve(answer)
      .then(
        settled => this.#answer(request, settled),
        error => this.#hookFailed(error)
      )
      .catch(error => this.#host.fail(error))
  }

  #hookFailed(error: unknown): void {
    const { ip } = this.#host.address
    this.#parts.options.log.error('The handshake hook failed', { ip, error })
    this.#refuse(refuseForNow('the gateway could not judge the handshake'))
  }

  /** Acts on the hook's answer. */
  #answer(request: HandshakeRequest, given: HandshakeAnswer): void {
    if (this.#state !== 'judging' || !this.#host.isConnected) return
    let answer: HandshakeAnswer
    try {
      answer = readAnswer(given)
    } catch (error) {
      return this.#hookFailed(error)
    }
    if (!answer.accept) return this.#refuseHandshake(answer.outdated === true ? 501 : 500, answer.user)
    const { type, version, user } = request
    this.#host.connectionSession.authenticate({ type, version, user }, refusal => {
      if (refusal !== undefined) return this.#refuse(refusal)
      this.#settle(request, answer.user)
    })
  }

  #settle(request: HandshakeRequest, userForClient: unknown): void {
    const { connectionSession } = this.#host
    const { type, errorFlag, richBodies: rich } = request
    this.#counts = request.resume !== undefined && connectionSession.keepsSessions
    const emptyBody = type === ownType || rich ? '' : '{}'
    const { eventCodes } = this.#parts.routes
    this.#messages = new PomeloMessages({ emptyBody, errorFlag, rich, counts: this.#counts, eventCodes })
    const asked = this.#counts ? request.resume : undefined
    connectionSession.settle(asked, this.#messages, (refusal, resume) => {
      if (refusal !== undefined) return this.#refuse(refusal)
      this.#accept(request, resume, userForClient)
    })
  }

  #accept(request: HandshakeRequest, resume: ResumeReply | undefined, userForClient: unknown): void {
    const host = this.#host
    const { routes, options } = this.#parts
    const { dictVersion, richBodies: rich, user } = request
    this.#knownRoutes = routes.size
    const reply = formatHandshake({
      code: 200,
      heartbeat: options.heartbeat / 1000,
      dict: dictVersion === routes.version ? undefined : routes.dictionary,
      dictVersion: routes.version,
      useDict: true,
      resume,
      richBodies: rich,
      traced: request.traced,
      maxBodyBytes: options.maxBodyBytes,
      user: userForClient
    })
    this.#state = 'awaiting ack'
    this.#sendPackage(packageKinds.handshake, reply)
    host.open(user)
  }

  #refuse({ code, reason, user }: HandshakeRefusal): void {
    if (code === closeCodes.handshakeRefused) return this.#refuseHandshake(500, user, reason)
    // No handshake reply is sent: any code other than 200 tells the client not to come back.
    this.#state = 'refused'
    this.#host.sendFrame(this.encodeKick(reason))
    this.#host.close(code, reason)
  }

  #refuseHandshake(code: 500 | 501, user: unknown, reason = 'handshake refused'): void {
    const reply = formatHandshake({ code, user })
    this.#state = 'refused'
    this.#sendPackage(packageKinds.handshake, reply)
    this.#host.close(closeCodes.handshakeRefused, reason)
  }

  #receiveAck(): void {
    this.#state = 'open'
    // The gateway sends the first heartbeat, which starts the client's heartbeat timer. A client that counts
    // messages has a timer of its own.
    if (this.#parts.options.heartbeat > 0 && !this.#counts) this.#sendPackage(packageKinds.heartbeat)
    this.#host.uncork()
  }

  #receiveCount(count: number): void {
    const received = this.#host.connectionSession.acknowledge(count)
    this.#sendPackage(packageKinds.received, encodeCount(received))
  }

  #sendPackage(kind: PackageKind, body?: string | Uint8Array): void {
    this.#host.sendFrame(encodeFrame(encodeBytes(kind, body), false))
  }
}

/** Throws if a handshake is too large. The error closes the connection, since no reply is possible yet. */
function expectSize(size: number, maxBytes: number): void {
  if (size > maxBytes) throw errors.bodyTooLarge(`${size} bytes`, maxBytes)
}

/**
 * Maximum size of the `user` in an answer of `onHandshake`, in bytes of JSON as it is sent: in ASCII. The
 * rest of the reply, such as the dictionary, goes into the same package.
 */
const maxUserBytes = 8_388_608

/**
 * Returns an answer of `onHandshake`, with a copy of its `user`: the original may change until it is sent.
 * Throws if the answer is invalid, or its `user` can't be written as JSON of that size.
 */
function readAnswer(given: HandshakeAnswer): HandshakeAnswer {
  const accept = given?.accept
  if (typeof accept !== 'boolean') {
    throw new TypeError(
      `Expected onHandshake to answer { accept: true } or { accept: false }, got ${describeValue(given)}`
    )
  }
  // A value without a JSON form, such as a function, has no text.
  const json: string | undefined = JSON.stringify(given.user)
  if (json !== undefined && escapeNonAscii(json).length > maxUserBytes)
    throw new RangeError(
      `Expected the user of onHandshake to take at most ${maxUserBytes} bytes as JSON in ASCII`
    )
  const user: unknown = json === undefined ? undefined : JSON.parse(json)
  return accept
    ? { accept, user }
    : { accept, user, outdated: (given as { outdated?: boolean }).outdated === true }
}
