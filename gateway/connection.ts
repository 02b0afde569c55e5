/**
 * One WebSocket, from its upgrade to its close: frames in, frames out, and how long it may be silent, unread or
 * behind. Its session has a life of its own; the connection is its receiver while it lasts.
 *
 *   greeting ──▶ open ──▶ closing        greeting: nobody has said who they are
 *       └───────────────────▲
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { type CloseCode, closeCodes } from '../shared/close-codes.js'
import { type ErrorData, errors, GatewayError } from '../shared/errors.js'
import type { GatewayEvent } from './event.js'
import { encodeFrame } from './frames.js'
import type { Intake } from './intake.js'
import type { Metrics } from './metrics.js'
import type { ClientAddress, ResolvedOptions } from './options.js'
import { Outgoing } from './outgoing.js'
import { PomeloProtocol } from './pomelo-protocol.js'
import type { IncomingRequest, Protocol, ProtocolHost } from './protocol.js'
import type { Registry } from './registry.js'
import type { RouteTable } from './routes.js'
import type { SendBudget } from './send-budget.js'
import type { Receiver, Session } from './session.js'
import { TextProtocol } from './text-protocol.js'

/** Longest text of a close frame: RFC 6455 §5.5 allows control frames 125 bytes, two of which are the code. */
const longestReason = 123

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
  readonly budget: SendBudget
  readonly onClose: (connection: Connection) => void
}

export type ConnectionState = 'greeting' | 'open' | 'closing'

export class Connection implements Receiver, ProtocolHost {
  readonly #init: ConnectionInit
  #openedAt: number
  #state: ConnectionState = 'greeting'
  #protocol: Protocol | undefined
  #session: Session | undefined
  /** When something was last heard of the client. */
  #heardAt: number
  #beatAt: number
  #pausedAt: number | undefined
  readonly #outgoing: Outgoing

  constructor(init: ConnectionInit) {
    this.#init = init
    const now = init.options.now()
    this.#openedAt = now
    this.#heardAt = now
    this.#beatAt = now
    const { webSocket, socket, metrics, budget } = init
    const maxBytes = init.options.maxSendBytes
    const onBehind = () => this.#fallBehind()
    this.#outgoing = new Outgoing({ webSocket, socket, metrics, budget, maxBytes, onBehind })
    webSocket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary))
    webSocket.on('ping', () => this.#hear())
    webSocket.on('pong', () => this.#hear())
    // What ws refuses (a frame too large, bad UTF-8) it closes itself, with the code that the RFC has for it.
    webSocket.on('error', error =>
      init.options.log.debug('A socket failed', { ip: init.address.ip, error: error.message })
    )
    webSocket.on('close', code => this.#closed(code))
    if (init.subprotocol === 'sallyport.json') {
      this.#protocol = new TextProtocol(this)
      this.open()
    }
  }

  get state(): ConnectionState {
    return this.#state
  }

  get address(): ClientAddress {
    return this.#init.address
  }

  get readsRich(): boolean {
    return this.#protocol?.readsRich === true
  }

  /** Bytes that the kernel has not taken yet. */
  get sendBytesWaiting(): number {
    return this.#outgoing.bytesWaiting
  }

  open(user?: unknown): void {
    if (this.#state !== 'greeting') return
    this.#state = 'open'
    this.#session = this.#init.registry.open(this, { protocol: this.#protocol!.name, user })
  }

  request(request: IncomingRequest): void {
    if (this.#session === undefined) return
    // ws counts a whole message, which may hold several packages with their headers.
    if (request.body.length > this.#init.options.maxBodyBytes) {
      this.#init.metrics.count('framesMalformed')
      return this.close(closeCodes.tooLarge, 'body too large')
    }
    this.#init.intake.take(this.#session, request, this.#heardAt)
  }

  refuse(): void {
    this.close(closeCodes.handshakeRefused, 'handshake refused')
  }

  hold(): void {
    this.#outgoing.hold()
  }

  release(): void {
    this.#outgoing.release()
  }

  reply(id: number, body: string): void {
    this.#protocol!.reply(id, body)
  }

  error(id: number, error: ErrorData): void {
    this.#protocol!.error(id, error)
  }

  event(event: GatewayEvent): void {
    this.#protocol!.event(event)
  }

  end(code: number, kickReason: string | null): void {
    if (kickReason !== null) this.#protocol!.kick(kickReason)
    this.close(code as CloseCode, kickReason ?? '')
  }

  /** Stops reading the socket, so that TCP holds the client back. */
  pause(): void {
    if (this.#pausedAt !== undefined || this.#state === 'closing') return
    this.#pausedAt = this.#init.options.now()
    this.#init.metrics.count('socketsPaused')
    this.#init.webSocket.pause()
  }

  resume(): void {
    if (this.#pausedAt === undefined) return
    this.#pausedAt = undefined
    // Silence while the gateway did not listen is not the client's.
    this.#hear()
    this.#init.webSocket.resume()
  }

  ping(): void {
    if (this.#state !== 'closing') this.#init.webSocket.ping()
  }

  send(payload: string, isText: boolean): void {
    if (this.#state !== 'closing') this.#outgoing.add(encodeFrame(payload, isText))
  }

  sendEvent(event: GatewayEvent, frame: string): void {
    if (this.#state !== 'closing') this.#outgoing.addEvent(event, frame)
  }

  /** Closes the connection; its session ends with it. */
  close(code: CloseCode, reason: string): void {
    if (this.#state === 'closing') return
    this.#outgoing.write()
    this.#outgoing.close()
    this.#state = 'closing'
    // A socket that is not read would not see the other side's close.
    if (this.#pausedAt !== undefined) this.#init.webSocket.resume()
    this.#init.webSocket.close(code, cut(reason))
    this.#endSession(code, reason)
  }

  /** Ends the socket without a word. */
  terminate(): void {
    this.#init.webSocket.terminate()
  }

  /** Takes so many milliseconds as not passed: nobody listened to the client then. */
  forgive(ms: number): void {
    this.#heardAt += ms
    this.#openedAt += ms
    if (this.#pausedAt !== undefined) this.#pausedAt += ms
  }

  /** Looks at the clock: ends what has been silent, unread or unfinished for too long. Called now and then. */
  look(now: number): void {
    const { heartbeat, handshakeTimeout, maxPause } = this.#init.options
    const { metrics } = this.#init
    if (this.#state === 'closing') return
    if (this.#protocol?.isReady !== true && now - this.#openedAt >= handshakeTimeout) {
      return this.close(closeCodes.handshakeTimeout, 'handshake not finished in time')
    }
    if (this.#pausedAt !== undefined && now - this.#pausedAt >= maxPause) {
      metrics.count('connectionsClosedSlow')
      return this.close(closeCodes.slow, 'requests not taken for too long')
    }
    this.#outgoing.check()
    if (this.state === 'closing') return
    if (heartbeat === 0 || this.#pausedAt !== undefined) return
    if (now - this.#heardAt >= heartbeat * 2) {
      metrics.count('connectionsClosedSilent')
      return this.close(closeCodes.silent, 'silent for too long')
    }
    if (now - this.#beatAt >= heartbeat) {
      this.#beatAt = now
      this.#protocol?.beat()
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
    if (isBinary || subprotocol === 'pomelo') {
      const { heartbeat, onHandshake, log } = options
      this.#protocol = new PomeloProtocol({ host: this, routes, heartbeat, onHandshake, log })
    } else {
      this.#protocol = new TextProtocol(this)
      this.open()
    }
  }

  #refuseFrame(error: unknown): void {
    const { metrics, options, address } = this.#init
    metrics.count('framesMalformed')
    const isViolation = error instanceof GatewayError && error.code === errors.protocolViolated.code
    const isMalformed = error instanceof GatewayError && error.code === errors.frameMalformed.code
    if (!isViolation && !isMalformed)
      options.log.error('A frame could not be handled', { ip: address.ip, error })
    else options.log.info('A frame was refused', { ip: address.ip, error: error.message })
    const reason = error instanceof GatewayError ? error.message : 'frame refused'
    this.close(isViolation ? closeCodes.protocolViolated : closeCodes.frameMalformed, reason)
  }

  #fallBehind(): void {
    this.#init.metrics.count('connectionsClosedSlow')
    this.close(closeCodes.slow, 'too far behind')
  }

  #hear(): void {
    this.#heardAt = this.#init.options.now()
  }

  #closed(code: number): void {
    this.#state = 'closing'
    this.#outgoing.close()
    this.#endSession(
      code,
      code === 1000 || code === 1001 || code === 1005 ? 'client closed' : `connection lost (${code})`
    )
    this.#init.onClose(this)
  }

  #endSession(code: number, reason: string): void {
    const session = this.#session
    this.#session = undefined
    if (session !== undefined) this.#init.registry.end(session, { code, reason, kickReason: null })
  }
}

/** Cuts a text to what a close frame holds, without cutting a character in two. */
function cut(reason: string): string {
  if (Buffer.byteLength(reason) <= longestReason) return reason
  const bytes = Buffer.from(reason).subarray(0, longestReason)
  return new TextDecoder().decode(bytes, { stream: true })
}
