/**
 * The send queue of one client, with backpressure. Owned by its connection.
 *
 * The frames of one round of the event loop leave in one write. A reply that expects another may wait for it
 * (flush-round.ts). While the client has not read the last write, later frames wait in the queue. There,
 * events are replaced or dropped according to their delivery. Frames arrive in the order in which they were
 * sent. When the connection ends, waiting frames are dropped; written ones stay in the socket until the
 * client reads them.
 *
 *   corked ──▶ open ──▶ over        corked: no handshake yet; only the protocol's own frames leave
 *      └─────────────────▲
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { deliveries } from '../../shared/events/event.js'
import type { GatewayEvent } from '../events/event.js'
import { latestCost, messageCost } from '../events/frame-cost.js'
import type { SharedBudget } from '../limits/shared-budget.js'
import type { Metrics } from '../telemetry/metrics.js'
import { type FlushRound, flushRound } from './flush-round.js'

/** Number of waiting characters at which they are written, even before the round is over. */
const longestRound = 65_536

export interface OutgoingInit {
  readonly webSocket: Pick<WebSocket, 'readyState' | 'bufferedAmount' | 'OPEN' | 'CLOSED'>
  /** The socket below the WebSocket, to write several frames at once. */
  readonly socket: Pick<Socket, 'write'>
  readonly metrics: Metrics
  readonly budget: SharedBudget
  /** Default: the round of the whole process. */
  readonly round?: FlushRound
  /**
   * Bytes that may wait behind the current write. The current write itself does not count: it may be as large
   * as the largest message, and a client that reads it must not count as slow.
   */
  readonly maxBytes: number
  /** Called once, when more bytes wait than are allowed. */
  readonly onBehind: () => void
}

export class Outgoing {
  readonly #init: OutgoingInit
  readonly #round: FlushRound
  #state: 'corked' | 'open' | 'over' = 'open'
  /** The newest frames, joined: one character for each byte. */
  #frames = ''
  /** Number of frames in `#frames`. */
  #frameCount = 0
  /**
   * The frames that wait before `#frames`, in order; undefined until a `latest` event waits. A `latest` event
   * is stored under its key, and the frames between two such events are stored together under a number. A
   * newer event with the same key replaces the older one, and goes to the end.
   */
  #older: Map<string | number, string> | undefined
  #olderBytes = 0
  #olderCount = 0
  /** The source of the pieces that are sent before any waiting frame: see `feed`. */
  #next: (() => string) | undefined
  /** When the queue is flushed: at the end of this round, or a little later. */
  #flushes: 'soon' | 'late' | undefined
  /** Whether a write is under way: its callback tells when the kernel has accepted it. */
  #isWriting = false
  /** Bytes of the current write. */
  #bytesWriting = 0
  /** Whether a write was unfinished at the end of an earlier round. */
  #isStuck = false
  /** Bytes that the shared budget was last charged with. */
  #charged = 0

  constructor(init: OutgoingInit) {
    this.#init = init
    this.#round = init.round ?? flushRound
  }

  /** Bytes that the kernel has not accepted yet, and the bytes of memory that waiting frames occupy. */
  get bytesWaiting(): number {
    const { webSocket } = this.#init
    const written = webSocket.readyState === webSocket.CLOSED ? 0 : webSocket.bufferedAmount
    return written + this.#newestBytes + this.#olderBytes
  }

  /** Holds back events until `uncork`. The protocol's own frames still leave. */
  cork(): void {
    if (this.#state === 'open') this.#state = 'corked'
  }

  uncork(): void {
    if (this.#state !== 'corked') return
    this.#state = 'open'
    this.#flush()
  }

  /**
   * Sends a reply, or a frame of the protocol's own. `isMoreNear`: another frame is expected soon, and this
   * one may wait for it while the event loop is busy.
   */
  add(frame: string, isMoreNear = false): void {
    if (this.#state === 'over') return
    if (this.#state === 'corked') return this.#writeFrames(frame)
    this.#append(frame)
    if (isMoreNear) this.#flushLate()
    else this.#flushSoon()
  }

  /** Sends an event. Returns false if it was dropped. */
  addEvent(event: GatewayEvent, frame: string): boolean {
    if (this.#state === 'over') return false
    if (event.delivery === deliveries.volatile && this.#isBehind) {
      this.#init.metrics.count('eventsDropped')
      return false
    }
    if (event.delivery === deliveries.latest) this.#replace(event.latestKey, frame)
    else this.#append(frame)
    // A client that was behind already before this round is checked at each event. Other clients are checked
    // at the end of the round, since they may be kicked or catch up until then.
    if (this.#isStuck || this.#state === 'corked') this.#flush()
    else {
      if (!this.#isWriting && this.#frames.length + this.#olderBytes >= longestRound) this.write()
      this.#flushSoon()
    }
    return true
  }

  /**
   * Sends the pieces that `next` returns, each when the client has read the one before, until `next` returns
   * ''. Frames that are added meanwhile follow. Pieces are needed because a client that resumes may have
   * missed more bytes than may wait in the queue.
   */
  feed(next: () => string): void {
    this.#next = next
    if (this.#state === 'open') this.#flush()
  }

  /** Writes all waiting frames to the socket. */
  write(): void {
    if (this.#state !== 'open') return
    let frames = ''
    for (const older of this.#older?.values() ?? []) frames += older
    frames += this.#frames
    this.#forget()
    if (frames !== '') this.#writeFrames(frames)
  }

  /**
   * Closes the queue and calls `onBehind` if too many bytes wait: for this client, or for all clients
   * together while this one has more than an equal share.
   */
  check(): void {
    this.#charge()
    if (this.#state === 'over') return
    const { maxBytes, onBehind, budget } = this.#init
    const waiting = this.#charged
    const isWithin = waiting - this.#bytesWriting <= maxBytes
    if (isWithin && !(budget.isExceeded && budget.isGreedy(waiting))) return
    this.close()
    onBehind()
  }

  /** Ends sending, and drops all waiting frames. Called again when the socket has closed. */
  close(): void {
    this.#state = 'over'
    this.#next = undefined
    this.#forget()
    this.#charge()
  }

  get #isBehind(): boolean {
    return this.#state === 'corked' || this.#isWriting || this.#init.webSocket.bufferedAmount > 0
  }

  get #newestBytes(): number {
    return this.#frames.length + this.#frameCount * messageCost.own
  }

  #append(frame: string): void {
    this.#frames += frame
    this.#frameCount++
  }

  #replace(key: string, frame: string): void {
    this.#older ??= new Map()
    if (this.#frames !== '') {
      this.#older.set(++this.#olderCount, this.#frames)
      this.#olderBytes += this.#newestBytes + latestCost.shared
      this.#frames = ''
      this.#frameCount = 0
    }
    const before = this.#older.get(key)
    if (before !== undefined) {
      this.#init.metrics.count('eventsReplaced')
      this.#olderBytes -= key.length + before.length + latestCost.own
      this.#older.delete(key)
    }
    this.#older.set(key, frame)
    this.#olderBytes += key.length + frame.length + latestCost.own
  }

  #forget(): void {
    this.#frames = ''
    this.#frameCount = 0
    this.#older = undefined
    this.#olderBytes = 0
    this.#olderCount = 0
  }

  #writeFrames(frames: string): void {
    const { webSocket, socket } = this.#init
    // After a close frame, ours or our answer to the client's, no data may follow.
    if (webSocket.readyState !== webSocket.OPEN) return
    socket.write(frames, 'latin1')
    this.#watchWrite()
  }

  /** Continues when the kernel has accepted the current write, unless it has accepted it already. */
  #watchWrite(): void {
    const { webSocket, socket } = this.#init
    if (this.#isWriting || webSocket.bufferedAmount === 0) return
    this.#isWriting = true
    this.#bytesWriting = webSocket.bufferedAmount
    socket.write('', this.#written)
  }

  #charge(): void {
    const waiting = this.bytesWaiting
    if (waiting === this.#charged) return
    this.#init.budget.change(waiting - this.#charged)
    this.#charged = waiting
  }

  #flushSoon(): void {
    if (this.#flushes === 'soon') return
    this.#flushes = 'soon'
    this.#round.add(this.#flushNow)
  }

  #flushLate(): void {
    this.#round.busy()
    if (this.#flushes !== undefined) return
    this.#flushes = 'late'
    this.#round.addLate(this.#flushNow)
  }

  #flush(): void {
    const { webSocket } = this.#init
    // The WebSocket is closing: nothing more can be delivered.
    if (webSocket.readyState !== webSocket.OPEN) this.#forget()
    else if (this.#isWriting || webSocket.bufferedAmount > 0) this.#watchWrite()
    else this.#writeNext()
    this.#isStuck = this.#isWriting
    this.check()
  }

  /** Writes pieces of `feed` as long as the kernel accepts them, and then all waiting frames. */
  #writeNext(): void {
    while (this.#next !== undefined && this.#state === 'open') {
      const piece = this.#next()
      if (piece === '') this.#next = undefined
      else this.#writeFrames(piece)
      if (this.#isWriting) return
    }
    this.write()
  }

  readonly #flushNow = (): void => {
    // Flushed already: it had been added late before it was added soon.
    if (this.#flushes === undefined) return
    this.#flushes = undefined
    this.#flush()
  }

  // Also called with an error, when the socket closes first.
  readonly #written = (): void => {
    this.#isWriting = false
    this.#bytesWriting = 0
    this.#flush()
  }
}
