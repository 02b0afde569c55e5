/**
 * The send queue of one client, with backpressure. Owned by its connection.
 *
 * The frames of a tick leave in one write. While the client has not read the last write, later frames wait
 * here, where events are replaced or dropped according to their delivery. Frames arrive in the order in which
 * they were sent. When the connection ends, what waits here is dropped; what was written stays in the socket
 * until the client reads it.
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

/** Characters of frames that are written at once, before the tick is over. */
const longestTick = 65_536

export interface OutgoingInit {
  readonly webSocket: Pick<WebSocket, 'readyState' | 'bufferedAmount' | 'OPEN' | 'CLOSED'>
  /** The socket below it, to write several frames at once. */
  readonly socket: Pick<Socket, 'write'>
  readonly metrics: Metrics
  readonly budget: SharedBudget
  /**
   * Bytes that may wait behind the current write. That write itself may be as large as a message can be, so
   * that a client which reads does not count as slow for one large message.
   */
  readonly maxBytes: number
  /** Called once, when more waits than is allowed. */
  readonly onBehind: () => void
}

export class Outgoing {
  readonly #init: OutgoingInit
  #state: 'corked' | 'open' | 'over' = 'open'
  /** The newest frames, joined: one character for each byte. */
  #frames = ''
  /** Number of frames in `#frames`. */
  #frameCount = 0
  /**
   * The frames before `#frames`, in order, once a `latest` event is among them. Such an event stands under
   * its key, and the frames between two of them under a number. A newer event with the same key replaces the
   * older one, and goes to the end.
   */
  #older: Map<string | number, string> | undefined
  #olderBytes = 0
  #olderCount = 0
  /** Returns the next piece of what is sent before all that waits here: see `feed`. */
  #next: (() => string) | undefined
  #isFlushSoon = false
  /** Whether a callback will tell when the kernel has taken the current write. */
  #isWriting = false
  /** Bytes of the current write. */
  #bytesWriting = 0
  /** Whether a write was unfinished at the end of an earlier tick. */
  #isStuck = false
  /** Bytes that the shared budget was last charged with. */
  #charged = 0

  constructor(init: OutgoingInit) {
    this.#init = init
  }

  /** Bytes that the kernel has not taken yet, and bytes of memory of the frames that wait here. */
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

  /** Sends a reply, or a frame of the protocol's own. */
  add(frame: string): void {
    if (this.#state === 'over') return
    if (this.#state === 'corked') return this.#writeFrames(frame)
    this.#append(frame)
    this.#flushSoon()
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
    // A client that was behind before this tick is checked at each event; any other at the end of the tick,
    // since it may be kicked or catch up until then.
    if (this.#isStuck || this.#state === 'corked') this.#flush()
    else {
      if (!this.#isWriting && this.#frames.length + this.#olderBytes >= longestTick) this.write()
      this.#flushSoon()
    }
    return true
  }

  /**
   * Sends what `next` returns, piece by piece as the client reads it, until `next` returns ''. All that is
   * added meanwhile follows. In pieces, because a client that resumes may have missed more than may wait
   * here.
   */
  feed(next: () => string): void {
    this.#next = next
    if (this.#state === 'open') this.#flush()
  }

  /** Writes all that waits here to the socket. */
  write(): void {
    if (this.#state !== 'open') return
    let frames = ''
    for (const older of this.#older?.values() ?? []) frames += older
    frames += this.#frames
    this.#forget()
    if (frames !== '') this.#writeFrames(frames)
  }

  /**
   * Closes the queue and calls `onBehind` if more waits than is allowed, here or for all clients together.
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

  /** Ends sending, and drops what waits here. Called again when the socket has closed. */
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

  /** Goes on when the kernel has taken the current write, if it has not done so yet. */
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
    if (this.#isFlushSoon) return
    this.#isFlushSoon = true
    process.nextTick(this.#flushNow)
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

  /** Writes pieces of `feed` as long as the kernel takes them, and then all that waits here. */
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
    this.#isFlushSoon = false
    this.#flush()
  }

  // Also called with an error, when the socket closes first.
  readonly #written = (): void => {
    this.#isWriting = false
    this.#bytesWriting = 0
    this.#flush()
  }
}
