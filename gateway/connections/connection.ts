/**
 * One WebSocket, from its upgrade to its close: frames in, frames out. Owned by Connections.
 *
 * The session has a life of its own. Without resume, the connection is the session's receiver. With resume, a
 * ResumableReceiver stands between the two and outlives the connection.
 *
 *   handshaking ──▶ open ──▶ closing        handshaking: there is no session yet
 *       └───────────────────▲
 *
 * Public members are grouped by caller: the gateway, the protocol, the session. The last group ends the
 * connection: the first call moves it to `closing`, and a later call does not close it again.
 *
 *   end        called by                                   the client sees           its session
 *   ───────────────────────────────────────────────────────────────────────────────────────────────────────
 *   end        the session's end, or its move to another   a kick frame, if there    has ended or moved; in a
 *              connection; Connections, in a drain         is a reason, and a close  drain as for `close`
 *   close      the protocol; the clock and the limits      a close frame with        kept, if the code allows
 *              here; Connections, at shutdown              code and reason           a resume; else it ends
 *   fail       a part that could not handle a frame        `judgeFrame`'s close      as for `close`
 *   terminate  the clock and Connections, as a last step   a cut TCP connection      as for `#closed`
 *   #closed    the socket, once, after any of the above    nothing more              if still attached: ends
 *              or when the client has left or is lost                                after 1000, else kept
 */
import type { CloseCode } from '../../shared/close-codes.js'
import type { ErrorData } from '../../shared/errors.js'
import type { GatewayEvent } from '../events/event.js'
import type { OpenedSocket } from '../http/listener.js'
import { WebSocketViolation } from '../http/web-socket.js'
import type { ClientAddress, Credentials } from '../options/options.js'
import { chooseProtocol } from '../protocols/choose-protocol.js'
import type { IncomingRequest, Protocol, ProtocolHost } from '../protocols/protocol.js'
import type { ReceiverState } from '../sessions/receiver.js'
import { cutReason, describeClose, type Excess, endings, judgeFrame } from './close-reason.js'
import type { ConnectionParts } from './connection-parts.js'
import { type AttachedConnection, ConnectionSession } from './connection-session.js'
import { Liveness } from './liveness.js'
import { Outgoing } from './outgoing.js'
import { RoundTrip } from './round-trip.js'
import { Traffic } from './traffic.js'

export class Connection implements AttachedConnection, ProtocolHost {
  readonly #opened: OpenedSocket
  readonly #parts: ConnectionParts
  #state: 'handshaking' | 'open' | 'closing' = 'handshaking'
  /** The client's protocol; undefined until the subprotocol or the first message tells it. */
  #protocol: Protocol | undefined
  /** The client's identity and its session. */
  readonly connectionSession: ConnectionSession
  readonly #liveness: Liveness
  readonly #traffic: Traffic
  readonly #outgoing: Outgoing
  #roundTrip: RoundTrip | undefined

  /** `credentials` are kept only until the client has been authenticated. */
  constructor(opened: OpenedSocket, parts: ConnectionParts, credentials: Credentials) {
    this.#opened = opened
    this.#parts = parts
    const { webSocket, socket } = opened
    const { options, metrics, budget, trafficLimits } = parts
    this.#liveness = new Liveness(options, options.monotonic(), opened.since)
    this.#traffic = new Traffic(trafficLimits, socket.bytesRead)
    this.connectionSession = new ConnectionSession(this, parts, credentials)
    const { maxBodyBytes, maxSendBytes: maxBytes } = options
    const onBehind = () => this.#exceeded('behind')
    this.#outgoing = new Outgoing({ webSocket, socket, metrics, budget, maxBytes, onBehind })
    webSocket.on('message', (data: Buffer, isBinary: boolean) => this.#receiveMessage(data, isBinary))
    webSocket.on('ping', (data: Buffer) => {
      if (this.#receiveControl(data) && this.isConnected) webSocket.pong(data)
    })
    webSocket.on('pong', (data: Buffer) => this.#receiveControl(data))
    webSocket.on('violated', (code: CloseCode) => this.fail(new WebSocketViolation(code, maxBodyBytes)))
    const { ip } = opened.address
    webSocket.on('error', error => options.log.debug('A socket failed', { ip, error: error.message }))
    webSocket.on('close', code => this.#closed(code))
    if (opened.subprotocol === 'sallyport.json') this.#chooseProtocol(false)
  }

  // Members for the gateway: called by Connections and its clock.

  /** Whether the connection has no session yet. */
  get isHandshaking(): boolean {
    return this.#state === 'handshaking'
  }

  /** Bytes that wait in the send queue or in the socket. */
  get sendBytesWaiting(): number {
    return this.#outgoing.bytesWaiting
  }

  /** Leaves a stall of the gateway, in milliseconds, out of every time that is measured here. */
  forgive(ms: number): void {
    this.#liveness.forgive(ms)
  }

  /** Closes the connection after a timeout, or sends a due heartbeat. Called by the clock of Connections. */
  look(now: number): void {
    this.#outgoing.check()
    const isReady = this.#protocol?.isReady === true
    if (!this.isConnected)
      return this.#liveness.lingers(now, isReady) ? this.terminate() : this.#receiveLate()
    if (this.#traffic.compare(this.#opened.socket.bytesRead)) this.#liveness.hear(now)
    this.connectionSession.pay(this.#traffic, this.#liveness.heardAt)
    if (this.#parts.timeLimits.areOff) this.#liveness.restartPause(now)
    const finding = this.#liveness.look(now, isReady)
    if (finding === 'beat') this.#protocol?.beat()
    else if (finding !== undefined) this.#exceeded(finding)
  }

  // Members for the protocol: ProtocolHost. The session calls some too, such as `isConnected` and `pause`.

  get address(): ClientAddress {
    return this.#opened.address
  }

  get isConnected(): boolean {
    // After the client's goodbye, ws only waits for the end of the TCP connection.
    return this.#state !== 'closing' && !this.#opened.webSocket.isClosing
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
    if (this.#state !== 'closing') this.#exceeded('flooded')
    return false
  }

  request(request: IncomingRequest): void {
    const { session } = this.connectionSession
    if (session === undefined) return
    this.connectionSession.countReceived()
    this.#traffic.paid(request.size)
    this.#parts.intake.receive(session, request, this.#liveness.heardAt)
  }

  ping(): void {
    if (this.isConnected) this.#opened.webSocket.ping()
  }

  cork(): void {
    this.#outgoing.cork()
  }

  uncork(): void {
    this.#outgoing.uncork()
    this.connectionSession.confirm()
  }

  /** Stops reading the socket, so that TCP's flow control holds the client back. */
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

  sendFrame(frame: string, isMoreNear = false): void {
    this.#outgoing.add(frame, isMoreNear)
  }

  // Members for the session: the interface Receiver without resume, ResumableConnection with resume.

  get readsRich(): boolean {
    return this.#protocol?.readsRich === true
  }

  inspect(isWatched: boolean): ReceiverState {
    if (isWatched) (this.#roundTrip ??= new RoundTrip(this.#opened.webSocket)).measure()
    return { sendBytes: this.sendBytesWaiting, backlog: null, roundTrip: this.#roundTrip?.last ?? null }
  }

  reply(id: number, body: string, isMoreNear: boolean): void {
    this.#outgoing.add(this.#protocol!.encodeReply(id, body), isMoreNear)
  }

  error(id: number, error: ErrorData): void {
    this.#outgoing.add(this.#protocol!.encodeError(id, error))
  }

  event(event: GatewayEvent): boolean {
    return this.#outgoing.addEvent(event, this.#protocol!.encodeEvent(event))
  }

  sendEvent(event: GatewayEvent, frame: string): boolean {
    return this.#outgoing.addEvent(event, frame)
  }

  feed(next: () => string): void {
    this.#outgoing.feed(next)
  }

  // Members that end the connection: see the table above.

  end(code: number, kickReason: string | null): void {
    this.#close(code as CloseCode, kickReason ?? '', kickReason)
  }

  close(code: CloseCode, reason: string): void {
    this.#close(code, reason, null)
  }

  /** Closes the connection because a frame could not be handled, or asked for something forbidden. */
  fail(error: unknown): void {
    const { metrics, options } = this.#parts
    const { address } = this.#opened
    metrics.count('framesMalformed')
    const { code, reason, isOurs } = judgeFrame(error)
    if (isOurs) options.log.error('A frame could not be handled', { ip: address.ip, error })
    else options.log.info('A frame was refused', { ip: address.ip, error: reason })
    this.close(code, reason)
  }

  /** Cuts the TCP connection, without a close frame. */
  terminate(): void {
    this.#opened.webSocket.terminate()
  }

  #close(code: CloseCode, reason: string, kickReason: string | null): void {
    if (this.#state === 'closing') return
    try {
      // While the protocol is unknown, the client only reads the reason in the close frame.
      if (kickReason !== null && this.#protocol !== undefined)
        this.#outgoing.add(this.#protocol.encodeKick(kickReason))
      this.#outgoing.write()
    } finally {
      this.#outgoing.close()
      this.#state = 'closing'
      this.#parts.onClosing(this, code, reason)
      // While the socket is paused, the client's close frame would not be seen.
      if (this.#liveness.isPaused) this.#opened.webSocket.resume()
      this.#opened.webSocket.close(code, cutReason(reason))
      this.connectionSession.leave(code, reason)
    }
  }

  #closed(code: number): void {
    this.#state = 'closing'
    this.#outgoing.close()
    this.connectionSession.lose(code, describeClose(code))
    this.#parts.onClose(this, code)
  }

  // Listeners of the socket, and their helpers.

  #receiveMessage(data: Buffer, isBinary: boolean): void {
    this.#liveness.hear(this.#parts.options.monotonic())
    if (this.#state === 'closing') return this.#receiveLate()
    this.#traffic.came(data.length)
    if (this.#protocol === undefined) this.#chooseProtocol(isBinary)
    this.receive(data)
    this.connectionSession.pay(this.#traffic, this.#liveness.heardAt)
  }

  /** Counts a ping or a pong. Returns false if that was one too many: the connection is closed then. */
  #receiveControl(data: Buffer): boolean {
    this.#liveness.hear(this.#parts.options.monotonic())
    if (this.#state === 'closing') this.#receiveLate()
    this.#opened.webSocket.countControl()
    this.#traffic.came(data.length)
    this.connectionSession.pay(this.#traffic, this.#liveness.heardAt)
    return this.countFrame()
  }

  /** Cuts a client that sends on and on while its connection is closing. ws would read that for seconds. */
  #receiveLate(): void {
    if (this.#traffic.goesOn(this.#opened.socket.bytesRead)) this.terminate()
  }

  /** Closes the connection because of a limit, and counts that. */
  #exceeded(excess: Excess): void {
    const { code, reason, metric } = endings[excess]
    this.#parts.metrics.count(metric)
    this.close(code, reason)
  }

  #chooseProtocol(isBinary: boolean): void {
    const { subprotocol } = this.#opened
    this.#protocol = chooseProtocol({ subprotocol, isBinary }, this, this.#parts)
    this.#protocol.start()
  }
}
