/**
 * The receiver of a session that can be resumed. It outlives the client's connections: while there is none,
 * messages are kept in the backlog. The next connection first delivers the messages that may not have arrived
 * over the last one. Counts messages in both directions.
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
import type { Receiver, ReceiverState } from '../sessions/receiver.js'
import type { Ending } from '../sessions/registry-events.js'
import type { Session } from '../sessions/session.js'
import {
  cost,
  type EventHold,
  movedAway,
  type ResumableConnection,
  type ResumableInit,
  type ResumableState,
  type ResumeUsers
} from './resumable-parts.js'

export class ResumableReceiver implements Receiver {
  readonly #init: ResumableInit
  #messages: PomeloMessages
  #state: 'attached' | 'detached' | 'over' = 'detached'
  #connection: ResumableConnection | undefined
  #address: ClientAddress = { ip: '', port: 0 }
  /** The session; undefined until it has begun. */
  session: Session | undefined
  /** Keeps events until earlier ones have come; undefined: none are waited for. */
  hold: EventHold | undefined
  /** Data messages of the client that were taken in. */
  #received = 0
  #isPausing = false
  /** Whether the client has answered the handshake. Until then it is read, since nothing flows before. */
  #isConfirmed = false
  /** Counted messages that were passed to a connection, and so may have arrived. */
  #given = 0
  /** While the client catches up: keys of the `latest` events still to be sent. */
  #missing: Set<string> | undefined
  /** Events since the state was exported, which the other gateway is to have. */
  #late: GatewayEvent[] | undefined
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

  /** The number of its session. */
  get sid(): number {
    return this.#init.sid
  }

  get epoch(): string {
    return this.#init.epoch
  }

  get users(): ResumeUsers {
    return [this.#init.uid, this.session?.uid ?? null]
  }

  /** Bytes of memory of the receiver and its session, without frames that are shared with others. */
  get bytes(): number {
    return cost + this.#init.backlog.ownBytes + this.session!.bytes
  }

  get received(): number {
    return this.#received
  }

  /** How it ends if the client does not come back. */
  get dropped(): Ending | undefined {
    return this.#dropped
  }

  countReceived(): void {
    this.#received++
  }

  reply(id: number, body: string, isMoreNear: boolean): void {
    this.#sendCounted(encodeFrame(this.#messages.reply(id, body), false), isMoreNear)
  }

  error(id: number, error: ErrorData): void {
    this.#sendCounted(encodeFrame(this.#messages.error(id, error), false))
  }

  event(event: GatewayEvent): boolean {
    if (this.#state === 'over') return false
    if (this.hold?.take(event) === true) return true
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
    this.#late?.push(event)
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

  inspect(isWatched: boolean): ReceiverState {
    const { bytes, messages } = this.#init.backlog
    const state = this.#connection?.inspect(isWatched) ?? { sendBytes: null, roundTrip: null }
    return { ...state, backlog: { bytes, messages } }
  }

  pause(): void {
    this.#isPausing = true
    if (this.#isConfirmed) this.#connection?.pause()
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
      // Who is slow shall come back, and a kick would tell it not to.
      if (code === closeCodes.slow) connection?.close(code, 'too far behind')
      else connection?.end(code, kickReason)
    }
  }

  /** Returns whether a client that has received this many messages can be sent the rest. */
  judge(received: number): 'resumable' | 'lost' | 'mismatch' {
    const { backlog } = this.#init
    if (received > this.#given || received < backlog.acknowledged) return 'mismatch'
    return received < backlog.floor ? 'lost' : 'resumable'
  }

  /** The client is back on another connection. Closes the old one if its loss was not noticed. */
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

  /** Sends to this connection from now on, first what the client has missed. */
  attach(connection: ResumableConnection): void {
    this.#state = 'attached'
    this.#connection = connection
    this.#address = connection.address
    this.#dropped = undefined
    this.#isConfirmed = false
    if (this.#missing !== undefined) connection.feed(this.#takePiece)
  }

  /** The client has acknowledged the handshake: it has its new token. */
  confirm(): void {
    this.#init.keeper.confirmed(this)
    this.#isConfirmed = true
    if (this.#isPausing) this.#connection?.pause()
  }

  /**
   * The client has received `count` counted messages. Returns how many of its messages were received.
   *
   * @throws `PROTOCOL_VIOLATED`
   */
  acknowledge(count: number): number {
    if (count > this.#given)
      throw errors.protocolViolated(`${count} messages were counted, ${this.#given} were sent`)
    this.#init.backlog.acknowledge(count)
    return this.#received
  }

  /** The connection is gone. `isFinal`: the client will not come back, or is not allowed to. */
  drop(connection: ResumableConnection, ending: Ending, isFinal: boolean): void {
    if (this.#connection !== connection || this.session === undefined) return
    this.#connection = this.#missing = undefined
    const { keeper } = this.#init
    if (isFinal) return keeper.endSession(this.session, ending)
    // A client that has not acknowledged its handshake may have received the token, so it can come back too.
    this.#state = 'detached'
    this.#dropped = ending
    keeper.detached(this)
    this.#endIfLost()
  }

  /** Closes the client's connection, if there is one: the client has come back at another gateway. */
  letGo(): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.#connection = this.#missing = undefined
    this.#state = 'detached'
    this.#dropped = movedAway
    connection.end(closeCodes.resumed, null)
  }

  /** Returns its state for another gateway. Events that still come are also added to `late`. */
  exportState(late: GatewayEvent[]): ResumableState {
    this.#late = late
    const [dropped, backlog] = [this.#dropped ?? movedAway, this.#init.backlog.exportState()]
    const counts = { epoch: this.epoch, received: this.#received, given: this.#given }
    return { ...this.exportClient(), ...counts, dropped, backlog }
  }

  /** Returns what does not depend on its messages. */
  exportClient(): Pick<ResumableState, 'uid' | 'form' | 'address'> {
    return { uid: this.#init.uid, form: this.#messages.form, address: this.#address }
  }

  stay(): void {
    this.#late = undefined
  }

  discard(): void {
    this.#state = 'over'
    this.session = undefined
    this.#init.backlog.clear()
  }

  /** Takes in the state of another gateway. */
  importState({ address, received, given, dropped, backlog }: ResumableState): void {
    this.#init.backlog.importState(backlog)
    this.#address = address
    this.#received = received
    this.#given = given
    this.#dropped = dropped
  }

  #sendCounted(frame: string, isMoreNear = false): void {
    if (this.#state === 'over') return
    this.#init.backlog.add(frame)
    if (this.#missing !== undefined || this.#connection === undefined) return this.#keptForLater()
    this.#given++
    this.#connection.sendFrame(frame, isMoreNear)
  }

  #keptForLater(): void {
    this.#endIfLost()
    if (this.#state === 'detached' && this.session !== undefined) this.#init.keeper.resized(this)
  }

  /** Ends the session if the backlog has dropped a message that the client needs next. */
  #endIfLost(): void {
    if (this.session !== undefined && this.#init.backlog.floor > this.#given)
      this.#init.keeper.overflowed(this)
  }

  /** Returns the next piece for a client that catches up; '' when it has, and is sent messages at once. */
  readonly #takePiece = (): string => {
    const { backlog } = this.#init
    if (this.#missing === undefined) return ''
    const { text, given } = backlog.takePiece(this.#given, this.#missing)
    this.#given = given
    if (given === backlog.sent && this.#missing.size === 0) this.#missing = undefined
    return text
  }
}
