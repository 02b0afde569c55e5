/**
 * One WebSocket, from its upgrade to its close: frames in, frames out. Its session has a life of its own: the connection
 * is its receiver while it lasts, or, where the session can be resumed, what its receiver sends to.
 *
 *   handshaking ──▶ open ──▶ closing        handshaking: nobody has said who they are
 *       └───────────────────▲
 */
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'
import type { ErrorData } from '../../shared/errors.js'
import type { GatewayEvent } from '../events/event.js'
import { encodeFrame } from '../events/frames.js'
import type { OpenedSocket } from '../http/listener.js'
import { WebSocketViolation } from '../http/web-socket.js'
import type { Intake } from '../intake/intake.js'
import type { SharedBudget } from '../limits/shared-budget.js'
import type { ClientAddress, Credentials, ResolvedOptions } from '../options/options.js'
import { PomeloProtocol } from '../protocols/pomelo-protocol.js'
import type { IncomingRequest, Protocol, ProtocolHost } from '../protocols/protocol.js'
import { TextProtocol } from '../protocols/text-protocol.js'
import type { Resumption } from '../resume/resumption.js'
import type { Authentication, HandshakeRefusal } from '../sessions/authentication.js'
import type { Registry } from '../sessions/registry.js'
import type { RouteTable } from '../sessions/routes.js'
import type { Metrics } from '../telemetry/metrics.js'
import { cutReason, describeClose, endings, judgeFrame } from './close-reason.js'
import { type AttachedConnection, ConnectionSession } from './connection-session.js'
import { Liveness } from './liveness.js'
import { Outgoing } from './outgoing.js'
import { Traffic, type TrafficLimits } from './traffic.js'

/** What all connections of a gateway share. */
export interface ConnectionParts {
  readonly authentication: Authentication
  readonly options: ResolvedOptions
  readonly registry: Registry
  readonly routes: RouteTable
  readonly intake: Intake
  readonly metrics: Metrics
  readonly budget: SharedBudget
  readonly resumption: Resumption
  readonly trafficLimits: TrafficLimits
  readonly onClose: (connection: Connection) => void
}

export class Connection implements AttachedConnection, ProtocolHost {
  readonly #opened: OpenedSocket
  readonly #parts: ConnectionParts
  #state: 'handshaking' | 'open' | 'closing' = 'handshaking'
  #protocol: Protocol | undefined
  /** Who the client is, and its session. */
  readonly connectionSession: ConnectionSession
  readonly #liveness: Liveness
  readonly #traffic: Traffic
  readonly #outgoing: Outgoing

  /** `credentials` are not kept for longer than they are needed. */
  constructor(opened: OpenedSocket, parts: ConnectionParts, credentials: Credentials) {
    this.#opened = opened
    this.#parts = parts
    const { webSocket, socket } = opened
    const { options, metrics, budget, trafficLimits } = parts
    this.#liveness = new Liveness(options, options.monotonic(), opened.since)
    this.#traffic = new Traffic(trafficLimits, socket.bytesRead)
    this.connectionSession = new ConnectionSession(this, parts, credentials)
    const [maxBytes, onBehind] = [options.maxSendBytes, this.#fallBehind]
    this.#outgoing = new Outgoing({ webSocket, socket, metrics, budget, maxBytes, onBehind })
    webSocket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary))
    webSocket.on('ping', (data: Buffer) => {
      if (this.#hearFrame(data) && this.isConnected) webSocket.pong(data)
    })
    webSocket.on('pong', (data: Buffer) => this.#hearFrame(data))
    webSocket.on('violated', (code: CloseCode) => {
      this.fail(new WebSocketViolation(code, options.maxBodyBytes))
    })
    const { ip } = opened.address
    webSocket.on('error', error => options.log.debug('A socket failed', { ip, error: error.message }))
    webSocket.on('close', code => this.#closed(code))
    if (opened.subprotocol === 'sallyport.json') this.#greet(false)
  }

  get address(): ClientAddress {
    return this.#opened.address
  }

  get isConnected(): boolean {
    return this.#state !== 'closing'
  }

  /** Whether it has no session yet. */
  get isHandshaking(): boolean {
    return this.#state === 'handshaking'
  }

  get readsRich(): boolean {
    return this.#protocol?.readsRich === true
  }

  /** Bytes that the kernel has not taken yet. */
  get sendBytesWaiting(): number {
    return this.#outgoing.bytesWaiting
  }

  open(user?: unknown): void {
    if (this.#state !== 'handshaking') return
    this.#state = 'open'
    this.connectionSession.open({ protocol: this.#protocol!.name, user })
  }

  receive(data: Buffer): void {
    if (this.#state === 'closing') return
    try {
      this.#protocol!.receive(data)
    } catch (error) {
      this.fail(error)
    }
  }

  countFrame(): boolean {
    if (this.#traffic.countFrame(this.#liveness.heardAt)) return true
    if (this.#state !== 'closing') {
      this.#parts.metrics.count('connectionsFlooded')
      this.close(closeCodes.flooded, 'flooded')
    }
    return false
  }

  request(request: IncomingRequest): void {
    const { session } = this.connectionSession
    if (session === undefined) return
    this.connectionSession.countReceived()
    this.#traffic.paid(request.size)
    this.#parts.intake.receive(session, request, this.#liveness.heardAt)
  }

  refuse({ code, reason }: Pick<HandshakeRefusal, 'code' | 'reason'>): void {
    this.close(code, reason)
  }

  /** What a frame asked for could not be done, or may not be: ends the connection. */
  fail(error: unknown): void {
    const { metrics, options } = this.#parts
    const { address } = this.#opened
    metrics.count('framesMalformed')
    const { code, reason, isOurs } = judgeFrame(error)
    if (isOurs) options.log.error('A frame could not be handled', { ip: address.ip, error })
    else options.log.info('A frame was refused', { ip: address.ip, error: reason })
    this.close(code, reason)
  }

  cork(): void {
    this.#outgoing.cork()
  }

  uncork(): void {
    this.#outgoing.uncork()
    this.connectionSession.confirm()
  }

  feed(next: () => string): void {
    this.#outgoing.feed(next)
  }

  reply(id: number, body: string): void {
    this.#protocol!.reply(id, body)
  }

  error(id: number, error: ErrorData): void {
    this.#protocol!.error(id, error)
  }

  event(event: GatewayEvent): boolean {
    return this.#protocol!.event(event)
  }

  end(code: number, kickReason: string | null): void {
    this.close(code as CloseCode, kickReason ?? '', kickReason)
  }

  /** Stops reading the socket, so that TCP holds the client back. */
  pause(): void {
    if (this.#liveness.isPaused || this.#state === 'closing') return
    this.#liveness.pause(this.#parts.options.monotonic())
    this.#parts.metrics.count('socketsPaused')
    this.#opened.webSocket.pause()
  }

  resume(): void {
    if (!this.#liveness.isPaused) return
    this.#liveness.resume(this.#parts.options.monotonic())
    this.#opened.webSocket.resume()
  }

  ping(): void {
    if (this.#state !== 'closing') this.#opened.webSocket.ping()
  }

  send(payload: string, isText: boolean): void {
    this.sendFrame(encodeFrame(payload, isText))
  }

  sendFrame(frame: string): void {
    if (this.#state !== 'closing') this.#outgoing.add(frame)
  }

  sendEvent(event: GatewayEvent, frame: string): boolean {
    return this.#state !== 'closing' && this.#outgoing.addEvent(event, frame)
  }

  /** Closes the connection. Its session ends with it, unless the client may come back to it. */
  close(code: CloseCode, reason: string, kickReason: string | null = null): void {
    if (this.#state === 'closing') return
    try {
      // A client that has said nothing speaks no protocol yet: it reads the reason of the close.
      if (kickReason !== null) this.#protocol?.kick(kickReason)
      this.#outgoing.write()
    } finally {
      this.#outgoing.close()
      this.#state = 'closing'
      // A socket that is not read would not see the other side's close.
      if (this.#liveness.isPaused) this.#opened.webSocket.resume()
      this.#opened.webSocket.close(code, cutReason(reason))
      this.connectionSession.leave(code, reason)
    }
  }

  /** Ends the socket without a word. */
  terminate(): void {
    this.#opened.webSocket.terminate()
  }

  /** Takes so many milliseconds as not passed. */
  forgive(ms: number): void {
    this.#liveness.forgive(ms)
  }

  /** Looks at the clock: ends what has been silent, unread or unfinished for too long. Called now and then. */
  look(now: number): void {
    this.#outgoing.check()
    const isReady = this.#protocol?.isReady === true
    // Who has not shaken hands is not waited for: what is to be said was said.
    if (!this.isConnected) return !isReady && this.#liveness.lingers(now) ? this.terminate() : undefined
    if (this.#traffic.compare(this.#opened.socket.bytesRead)) this.#liveness.hear(now)
    this.#settle()
    const finding = this.#liveness.look(now, isReady)
    if (finding === undefined) return
    if (finding === 'beat') return this.#protocol?.beat()
    const { code, reason, metric } = endings[finding]
    if (metric !== undefined) this.#parts.metrics.count(metric)
    this.close(code, reason)
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#liveness.hear(this.#parts.options.monotonic())
    if (this.#state === 'closing') return
    this.#traffic.came(data.length)
    if (this.#protocol === undefined) this.#greet(isBinary)
    this.receive(data)
    this.#settle()
  }

  /** Has the session pay for what no request has paid for. Before there is one, that is a handshake at most. */
  #settle(): void {
    if (!this.#traffic.isDue) return
    const { session } = this.connectionSession
    if (session === undefined) return
    this.#parts.intake.pay(session, this.#traffic.settle(), this.#liveness.heardAt)
  }

  /** The first message tells which protocol its client speaks. */
  #greet(isBinary: boolean): void {
    if (isBinary || this.#opened.subprotocol === 'pomelo') {
      this.#protocol = new PomeloProtocol(this, this.#parts)
    } else {
      const protocol = new TextProtocol(this)
      this.#protocol = protocol
      protocol.start()
    }
  }

  readonly #fallBehind = (): void => {
    this.#parts.metrics.count('connectionsClosedSlow')
    this.close(closeCodes.slow, 'too far behind')
  }

  /** Gives whether there may be one more. */
  #hearFrame(data: Buffer): boolean {
    this.#liveness.hear(this.#parts.options.monotonic())
    this.#opened.webSocket.countControl()
    this.#traffic.came(data.length)
    this.#settle()
    return this.countFrame()
  }

  #closed(code: number): void {
    this.#state = 'closing'
    this.#outgoing.close()
    this.connectionSession.lose(code, describeClose(code))
    this.#parts.onClose(this)
  }
}
