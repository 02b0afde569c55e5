/**
 * The client of a session that can be resumed. It outlives its connections: while there is none, what is sent
 * is kept, and the next one gets all that the last did not. Counts what goes to the client and what comes
 * from it.
 *
 *   attached ⇄ detached        over: the session has ended
 *       └──▶ over ◀──┘
 */
import { closeCodes } from '../../shared/close-codes.js'
import { type ErrorData, errors } from '../../shared/errors.js'
import { deliveries } from '../../shared/events/event.js'
import type { GatewayEvent } from '../events/event.js'
import { encodeFrame } from '../events/frames.js'
import type { ClientAddress } from '../options/options.js'
import type { PomeloMessages } from '../protocols/pomelo-messages.js'
import type { Ending } from '../sessions/registry.js'
import type { Receiver, Session } from '../sessions/session.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Backlog } from './backlog.js'
import type { Farewell } from './farewells.js'

/** What it needs of the connection that its client has at the moment. */
export interface ResumableConnection {
  readonly address: ClientAddress
  sendFrame(frame: string): void
  sendEvent(event: GatewayEvent, frame: string): boolean
  /** Sends what `next` gives, piece by piece, until it gives nothing. */
  feed(next: () => string): void
  pause(): void
  resume(): void
  end(code: number, kickReason: string | null): void
}

/** Who looks after those whose clients are away. */
export interface ResumableKeeper {
  detached(receiver: ResumableReceiver): void
  attached(receiver: ResumableReceiver): void
  /** While its client is away: it takes more memory, or less. */
  resized(receiver: ResumableReceiver): void
  /** Its session is over, or is to be. */
  ended(receiver: ResumableReceiver, farewell: Farewell): void
  endSession(session: Session, ending: Ending): void
  /** More was sent than is kept for its client, and what it needs next is gone. */
  overflowed(receiver: ResumableReceiver): void
  confirmed(receiver: ResumableReceiver): void
}

export interface ResumableInit {
  readonly messages: PomeloMessages
  readonly backlog: Backlog
  /** Whom the host has taken its client for. */
  readonly uid: string | null
  /** What the counts belong to. */
  readonly epoch: string
  /** Characters that are written at once while the client catches up. */
  readonly pieceLength: number
  readonly metrics: Metrics
  readonly keeper: ResumableKeeper
}

/**
 * Bytes of memory that a session takes whose client is away, whatever it holds; measured, and held by a test.
 */
const cost = 2_048

export class ResumableReceiver implements Receiver {
  readonly #init: ResumableInit
  #messages: PomeloMessages
  #state: 'attached' | 'detached' | 'over' = 'detached'
  #connection: ResumableConnection | undefined
  #address: ClientAddress = { ip: '', port: 0 }
  /** Undefined until it has begun. */
  session: Session | undefined
  /** Data messages of the client that were taken in. */
  #received = 0
  #isPausing = false
  /** Counted messages that were given to a connection, and so may have come. */
  #given = 0
  /** While the client catches up: `latest` events that it is still to be given, by place. */
  #missing: Set<string> | undefined
  /** Why the client is away. */
  #dropped: Ending | undefined

  constructor(init: ResumableInit) {
    this.#init = init
    this.#messages = init.messages
  }

  get address(): ClientAddress {
    return this.#address
  }

  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  get readsRich(): boolean {
    return this.#messages.readsRich
  }

  get epoch(): string {
    return this.#init.epoch
  }

  /** Whether that is the user whose client may come back: who it was when the session began, or is by now. */
  isOf(uid: string | null): boolean {
    return this.describeUser()(uid)
  }

  /** The same for later, without what the session takes of memory. */
  describeUser(): (uid: string | null) => boolean {
    const first = this.#init.uid
    const last = this.session?.uid ?? null
    return uid => uid === first || (uid !== null && uid === last)
  }

  /** Bytes of memory that it takes with its session, of what is theirs alone. */
  get bytes(): number {
    return cost + this.#init.backlog.ownBytes + this.session!.bytes
  }

  /** Data messages of the client that were taken in. */
  get received(): number {
    return this.#received
  }

  /** How the session ends if the client does not come back. */
  get dropped(): Ending | undefined {
    return this.#dropped
  }

  countReceived(): void {
    this.#received++
  }

  reply(id: number, body: string): void {
    this.#sendCounted(encodeFrame(this.#messages.reply(id, body), false))
  }

  error(id: number, error: ErrorData): void {
    this.#sendCounted(encodeFrame(this.#messages.error(id, error), false))
  }

  event(event: GatewayEvent): boolean {
    if (this.#state === 'over') return false
    const { backlog, metrics } = this.#init
    const frame = this.#messages.eventFrame(event)
    const { text } = frame
    const kept = event.isShared ? frame : text
    const live = this.#missing === undefined ? this.#connection : undefined
    if (event.delivery === deliveries.volatile) {
      if (live !== undefined) return live.sendEvent(event, text)
      metrics.count('eventsDropped')
      return false
    }
    if (event.delivery === deliveries.latest) {
      const { latestKey } = event
      if (backlog.keep(latestKey, kept) && live === undefined) metrics.count('eventsReplaced')
      this.#missing?.delete(latestKey)
      this.#missing?.add(latestKey)
    } else {
      backlog.add(kept)
      if (live !== undefined) this.#given++
    }
    if (live !== undefined) live.sendEvent(event, text)
    else this.#keptForLater()
    return true
  }

  pause(): void {
    this.#isPausing = true
    this.#connection?.pause()
  }

  resume(): void {
    this.#isPausing = false
    this.#connection?.resume()
  }

  end(code: number, kickReason: string | null): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    const connection = this.#connection
    this.#connection = undefined
    try {
      this.#init.keeper.ended(this, { code, kickReason })
      this.#init.backlog.clear()
    } finally {
      connection?.end(code, kickReason)
    }
  }

  /** Whether a client that has got so many of this session's messages can be given the rest. */
  judge(received: number): 'resumable' | 'lost' | 'mismatch' {
    const { backlog } = this.#init
    if (received > this.#given || received < backlog.acknowledged) return 'mismatch'
    return received < backlog.floor ? 'lost' : 'resumable'
  }

  /** The client is back on another connection. The one that it had, if it was not seen to drop, is closed. */
  takeOver(received: number, messages: PomeloMessages): void {
    const { backlog, keeper } = this.#init
    const connection = this.#connection
    this.#connection = undefined
    connection?.end(closeCodes.resumed, null)
    this.#messages = messages
    backlog.acknowledge(received)
    this.#given = received
    this.#missing = new Set(backlog.latestKeys)
    if (this.#state === 'detached') keeper.attached(this)
  }

  /** From now on what is sent goes there; first what the client has missed. */
  attach(connection: ResumableConnection): void {
    this.#state = 'attached'
    this.#connection = connection
    this.#address = connection.address
    this.#dropped = undefined
    if (this.#isPausing) connection.pause()
    if (this.#missing !== undefined) connection.feed(this.#takePiece)
  }

  /** The client has acknowledged the handshake: it has its new token. */
  confirm(): void {
    this.#init.keeper.confirmed(this)
  }

  /**
   * The client has got so many counted messages. Gives how many of its own were taken in.
   *
   * @throws `PROTOCOL_VIOLATED`
   */
  acknowledge(count: number): number {
    if (count > this.#given)
      throw errors.protocolViolated(`${count} messages were counted, ${this.#given} were sent`)
    this.#init.backlog.acknowledge(count)
    return this.#received
  }

  /** The connection is gone. `isFinal`: the client will not come back, or may not. */
  drop(connection: ResumableConnection, ending: Ending, isFinal: boolean): void {
    if (this.#connection !== connection || this.session === undefined) return
    this.#connection = undefined
    this.#missing = undefined
    const { keeper } = this.#init
    // One that has not acknowledged its handshake may have got the token all the same.
    if (isFinal) return keeper.endSession(this.session, ending)
    this.#state = 'detached'
    this.#dropped = ending
    keeper.detached(this)
    this.#endIfLost()
  }

  #sendCounted(frame: string): void {
    if (this.#state === 'over') return
    this.#init.backlog.add(frame)
    if (this.#missing === undefined && this.#connection !== undefined) {
      this.#given++
      this.#connection.sendFrame(frame)
    } else {
      this.#keptForLater()
    }
  }

  /** Something is kept that its client is not given now. */
  #keptForLater(): void {
    this.#endIfLost()
    if (this.#state === 'detached' && this.session !== undefined) this.#init.keeper.resized(this)
  }

  /** Whoever is away, or behind, for so long that what it needs next is gone can't go on. */
  #endIfLost(): void {
    if (this.session === undefined || this.#init.backlog.floor <= this.#given) return
    this.#init.keeper.overflowed(this)
  }

  /** What the client is to be given next; '' when it has caught up, and gets all else as it is sent. */
  readonly #takePiece = (): string => {
    const { backlog, pieceLength } = this.#init
    const missing = this.#missing
    if (missing === undefined) return ''
    let piece = ''
    while (this.#given < backlog.sent && piece.length < pieceLength) piece += backlog.frame(++this.#given)
    for (const key of missing) {
      if (piece.length >= pieceLength) return piece
      missing.delete(key)
      piece += backlog.latest(key) ?? ''
    }
    if (this.#given === backlog.sent) this.#missing = undefined
    return piece
  }
}
