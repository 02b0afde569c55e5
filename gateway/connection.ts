/**
 * One WebSocket, from its upgrade to its close: frames in, frames out. Its session has a life of its own: the connection
 * is its receiver while it lasts, or, where the session can be resumed, what its receiver sends to.
 *
 *   greeting ──▶ open ──▶ closing        greeting: nobody has said who they are
 *       └───────────────────▲
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { type CloseCode, closeCodes, mayResume } from '../shared/close-codes.js'
import type { ErrorData } from '../shared/errors.js'
import type { ResumeReply, ResumeRequest } from '../shared/wire/resume.js'
import { cutReason, judgeFrame } from './closing.js'
import type { GatewayEvent } from './event.js'
import { encodeFrame } from './frames.js'
import type { Intake } from './intake.js'
import { Liveness } from './liveness.js'
import type { Metrics } from './metrics.js'
import type { ClientAddress, ResolvedOptions } from './options.js'
import { Outgoing } from './outgoing.js'
import type { PomeloMessages } from './pomelo-messages.js'
import { PomeloProtocol } from './pomelo-protocol.js'
import type { IncomingRequest, Protocol, ProtocolHost } from './protocol.js'
import type { Registry } from './registry.js'
import type { ResumableConnection, ResumableReceiver } from './resumable-receiver.js'
import type { Resumption } from './resumption.js'
import type { RouteTable } from './routes.js'
import type { Receiver, Session } from './session.js'
import type { SharedBudget } from './shared-budget.js'
import { TextProtocol } from './text-protocol.js'

export interface ConnectionInit {
  readonly webSocket: WebSocket
  /** The socket below it: to write several frames at once. */
  readonly socket: Socket
  readonly address: ClientAddress
  /** What the client asked for at the upgrade; '' for nothing. */
  readonly subprotocol: string
  readonly options: ResolvedOptions
  readonly registry: Registry
  readonly routes: RouteTable
  readonly intake: Intake
  readonly metrics: Metrics
  readonly budget: SharedBudget
  readonly resumption: Resumption
  readonly onClose: (connection: Connection) => void
}

export class Connection implements Receiver, ResumableConnection, ProtocolHost {
  readonly #init: ConnectionInit
  #state: 'greeting' | 'open' | 'closing' = 'greeting'
  #protocol: Protocol | undefined
  #session: Session | undefined
  /** Of a session that can be resumed: its receiver. */
  #resumable: ResumableReceiver | undefined
  /** Whether the client has broken the rules of WebSocket, as ws found. */
  #hasViolated = false
  readonly #liveness: Liveness
  readonly #outgoing: Outgoing

  constructor(init: ConnectionInit) {
    this.#init = init
    this.#liveness = new Liveness(init.options, init.options.now())
    const { webSocket, socket, metrics, budget } = init
    const maxBytes = init.options.maxSendBytes
    const onBehind = () => this.#fallBehind()
    this.#outgoing = new Outgoing({ webSocket, socket, metrics, budget, maxBytes, onBehind })
    webSocket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary))
    webSocket.on('ping', () => this.#hear())
    webSocket.on('pong', () => this.#hear())
    // What ws refuses (a frame too large, bad UTF-8) it closes itself, with the code that the RFC has for it.
    webSocket.on('error', (error: NodeJS.ErrnoException) => {
      this.#hasViolated ||= error.code?.startsWith('WS_ERR_') === true
      init.options.log.debug('A socket failed', { ip: init.address.ip, error: error.message })
    })
    webSocket.on('close', code => this.#closed(code))
    if (init.subprotocol === 'sallyport.json') this.#greet(false)
  }

  get address(): ClientAddress {
    return this.#init.address
  }

  get isConnected(): boolean {
    return this.#state !== 'closing'
  }

  get keepsSessions(): boolean {
    return this.#init.resumption.isOn
  }

  get readsRich(): boolean {
    return this.#protocol?.readsRich === true
  }

  /** Bytes that the kernel has not taken yet. */
  get sendBytesWaiting(): number {
    return this.#outgoing.bytesWaiting
  }

  prepareResume(asked: ResumeRequest, messages: PomeloMessages): ResumeReply {
    const { receiver, reply } = this.#init.resumption.admit(asked, messages)
    this.#resumable = receiver
    return reply
  }

  open(user?: unknown): void {
    if (this.#state !== 'greeting') return
    this.#state = 'open'
    const { registry } = this.#init
    const client = { protocol: this.#protocol!.name, user }
    const resumable = this.#resumable
    resumable?.attach(this)
    if (resumable?.session !== undefined) {
      this.#session = resumable.session
      registry.resume(resumable.session, client)
    } else {
      this.#session = registry.open(resumable ?? this, client)
      if (resumable !== undefined) resumable.session = this.#session
    }
  }

  acknowledge(count: number): number {
    return this.#resumable!.acknowledge(count)
  }

  request(request: IncomingRequest): void {
    if (this.#session === undefined) return
    this.#resumable?.countReceived()
    // ws counts a whole message, which may hold several packages with their headers.
    if (request.body.length > this.#init.options.maxBodyBytes) {
      this.#init.metrics.count('framesMalformed')
      return this.close(closeCodes.tooLarge, 'body too large')
    }
    this.#init.intake.take(this.#session, request, this.#liveness.heardAt)
  }

  refuse(): void {
    this.close(closeCodes.handshakeRefused, 'handshake refused')
  }

  hold(): void {
    this.#outgoing.hold()
  }

  release(): void {
    this.#outgoing.release()
    this.#resumable?.confirm()
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
    if (kickReason !== null) this.#protocol!.kick(kickReason)
    this.close(code as CloseCode, kickReason ?? '')
  }

  /** Stops reading the socket, so that TCP holds the client back. */
  pause(): void {
    if (this.#liveness.isPaused || this.#state === 'closing') return
    this.#liveness.pause(this.#init.options.now())
    this.#init.metrics.count('socketsPaused')
    this.#init.webSocket.pause()
  }

  resume(): void {
    if (!this.#liveness.isPaused) return
    this.#liveness.resume(this.#init.options.now())
    this.#init.webSocket.resume()
  }

  ping(): void {
    if (this.#state !== 'closing') this.#init.webSocket.ping()
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
  close(code: CloseCode, reason: string): void {
    if (this.#state === 'closing') return
    this.#outgoing.write()
    this.#outgoing.close()
    this.#state = 'closing'
    // A socket that is not read would not see the other side's close.
    if (this.#liveness.isPaused) this.#init.webSocket.resume()
    this.#init.webSocket.close(code, cutReason(reason))
    this.#leaveSession(code, reason)
  }

  /** Ends the socket without a word. */
  terminate(): void {
    this.#init.webSocket.terminate()
  }

  /** Takes so many milliseconds as not passed. */
  forgive(ms: number): void {
    this.#liveness.forgive(ms)
  }

  /** Looks at the clock: ends what has been silent, unread or unfinished for too long. Called now and then. */
  look(now: number): void {
    this.#outgoing.check()
    if (!this.isConnected) return
    const { metrics } = this.#init
    switch (this.#liveness.look(now, this.#protocol?.isReady === true)) {
      case 'unfinished':
        return this.close(closeCodes.handshakeTimeout, 'handshake not finished in time')
      case 'unread':
        metrics.count('connectionsClosedSlow')
        return this.close(closeCodes.slow, 'requests not taken for too long')
      case 'silent':
        metrics.count('connectionsClosedSilent')
        return this.close(closeCodes.silent, 'silent for too long')
      case 'beat':
        return this.#protocol?.beat()
    }
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#hear()
    if (this.#state === 'closing') return
    try {
      if (this.#protocol === undefined) this.#greet(isBinary)
      this.#protocol!.receive(data)
    } catch (error) {
      this.#refuseFrame(error)
    }
  }

  /** The first message tells which protocol its client speaks. */
  #greet(isBinary: boolean): void {
    const { options, routes, subprotocol } = this.#init
    const isPomelo = isBinary || subprotocol === 'pomelo'
    this.#protocol = isPomelo
      ? new PomeloProtocol({ ...options, host: this, routes })
      : new TextProtocol(this)
    if (!isPomelo) this.open()
  }

  #refuseFrame(error: unknown): void {
    const { metrics, options, address } = this.#init
    metrics.count('framesMalformed')
    const { code, reason, isOurs } = judgeFrame(error)
    if (isOurs) options.log.error('A frame could not be handled', { ip: address.ip, error })
    else options.log.info('A frame was refused', { ip: address.ip, error: reason })
    this.close(code, reason)
  }

  #fallBehind(): void {
    this.#init.metrics.count('connectionsClosedSlow')
    this.close(closeCodes.slow, 'too far behind')
  }

  #hear(): void {
    this.#liveness.hear(this.#init.options.now())
  }

  #closed(code: number): void {
    this.#state = 'closing'
    this.#outgoing.close()
    const isGoodbye = code === 1000 || code === 1001 || code === 1005
    this.#leaveSession(code, isGoodbye ? 'client closed' : `connection lost (${code})`)
    this.#init.onClose(this)
  }

  #leaveSession(code: number, reason: string): void {
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return
    const ending = { code, reason, kickReason: null }
    if (this.#resumable === undefined) return this.#init.registry.end(session, ending)
    this.#resumable.drop(this, ending, this.#hasViolated || !mayResume(code))
  }
}
