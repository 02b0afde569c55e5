/**
 * What one client is sent. The frames of a tick leave in one write; while the client has not taken what was written,
 * the next wait here, and there they are replaced or dropped as each event wants it. Whatever arrives, arrives in the
 * order in which it was sent. What waits here costs nothing once the connection ends; what was written is the
 * socket's until its client takes it.
 *
 *   held ──▶ open ──▶ over        held: the client is not ready for data; only the protocol's own frames leave
 *     └────────────────▲
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { deliveries } from '../../shared/events/event.js'
import type { GatewayEvent } from '../events/event.js'
import { latestCost, messageCost } from '../events/frame-cost.js'
import type { SharedBudget } from '../limits/shared-budget.js'
import type { Metrics } from '../telemetry/metrics.js'

/** Characters after which a tick's frames are written before the tick is over. */
const longestTick = 65_536

export interface OutgoingInit {
  readonly webSocket: Pick<WebSocket, 'readyState' | 'bufferedAmount' | 'OPEN' | 'CLOSED'>
  /** The socket below it: to write several frames at once. */
  readonly socket: Pick<Socket, 'write'>
  readonly metrics: Metrics
  readonly budget: SharedBudget
  /**
   * Bytes that may wait behind the write that is on its way. That one may be as large as a message can be: whoever
   * reads is not behind for one large message.
   */
  readonly maxBytes: number
  /** More waits than may. Called once. */
  readonly onBehind: () => void
}

export class Outgoing {
  readonly #init: OutgoingInit
  #state: 'corked' | 'open' | 'over' = 'open'
  /** The newest frames, each byte as one character; and how many they are. */
  #frames = ''
  #frameCount = 0
  /**
   * Those before them, if a `latest` event is among them: such an event by its place, what came between two of them by
   * a number. One whose place is taken again goes to the end.
   */
  #older: Map<string | number, string> | undefined
  #olderBytes = 0
  #olderCount = 0
  /** Gives the next piece of what goes before all that waits here. */
  #next: (() => string) | undefined
  #isFlushSoon = false
  /** Whether the socket will say when the client has taken what was written. */
  #isWatching = false
  /** Bytes of the write that it is to say that of. */
  #onItsWay = 0
  /** Whether that was so at the end of an earlier tick. */
  #isStuck = false
  /** What the budget of the gateway was last told. */
  #told = 0

  constructor(init: OutgoingInit) {
    this.#init = init
  }

  /** Bytes that the kernel has not taken yet, and of memory those that wait for their turn. */
  get bytesWaiting(): number {
    const { webSocket } = this.#init
    const written = webSocket.readyState === webSocket.CLOSED ? 0 : webSocket.bufferedAmount
    return written + this.#newestBytes + this.#olderBytes
  }

  /** Keeps all but the protocol's own frames until `release`. */
  cork(): void {
    if (this.#state === 'open') this.#state = 'corked'
  }

  uncork(): void {
    if (this.#state !== 'corked') return
    this.#state = 'open'
    this.#flush()
  }

  /** Sends a reply, or what the protocol itself has to say. */
  add(frame: string): void {
    if (this.#state === 'over') return
    if (this.#state === 'corked') return this.#give(frame)
    this.#append(frame)
    this.#flushSoon()
  }

  /** Gives whether the event was not dropped. */
  addEvent(event: GatewayEvent, frame: string): boolean {
    if (this.#state === 'over') return false
    if (event.delivery === deliveries.volatile && this.#isBehind) {
      this.#init.metrics.count('eventsDropped')
      return false
    }
    if (event.delivery === deliveries.latest) this.#replace(event.latestKey, frame)
    else this.#append(frame)
    // Whoever was behind before this tick began is judged at each event, and others at the tick's end: they may be
    // kicked in it, or take it all.
    if (this.#isStuck || this.#state === 'corked') this.#flush()
    else {
      if (!this.#isWatching && this.#frames.length + this.#olderBytes >= longestTick) this.write()
      this.#flushSoon()
    }
    return true
  }

  /**
   * Sends what `next` gives, piece by piece as the client takes it, until it gives nothing; all else that is added
   * meanwhile follows. So much may have to be caught up with that the client would fall behind by it.
   */
  feed(next: () => string): void {
    this.#next = next
    if (this.#state === 'open') this.#flush()
  }

  /** Gives the socket all that waits here. */
  write(): void {
    if (this.#state !== 'open') return
    let frames = ''
    for (const older of this.#older?.values() ?? []) frames += older
    frames += this.#frames
    this.#forget()
    if (frames !== '') this.#give(frames)
  }

  /** Whether more waits than may; if so, whoever made this is told, once. */
  check(): void {
    this.#tell()
    if (this.#state === 'over') return
    const { maxBytes, onBehind, budget } = this.#init
    const waiting = this.#told
    const isWithin = waiting - this.#onItsWay <= maxBytes
    if (isWithin && !(budget.isExceeded && budget.isGreedy(waiting))) return
    this.close()
    onBehind()
  }

  /** Nothing is sent any more, and what waits here is dropped. To be called again when the socket is closed. */
  close(): void {
    this.#state = 'over'
    this.#next = undefined
    this.#forget()
    this.#tell()
  }

  get #isBehind(): boolean {
    return this.#state === 'corked' || this.#isWatching || this.#init.webSocket.bufferedAmount > 0
  }

  get #newestBytes(): number {
    return this.#frames.length + this.#frameCount * messageCost.own
  }

  #append(frame: string): void {
    this.#frames += frame
    this.#frameCount++
  }

  #replace(place: string, frame: string): void {
    this.#older ??= new Map()
    if (this.#frames !== '') {
      this.#older.set(++this.#olderCount, this.#frames)
      this.#olderBytes += this.#newestBytes + latestCost.shared
      this.#frames = ''
      this.#frameCount = 0
    }
    const before = this.#older.get(place)
    if (before !== undefined) {
      this.#init.metrics.count('eventsReplaced')
      this.#olderBytes -= place.length + before.length + latestCost.own
      this.#older.delete(place)
    }
    this.#older.set(place, frame)
    this.#olderBytes += place.length + frame.length + latestCost.own
  }

  #forget(): void {
    this.#frames = ''
    this.#frameCount = 0
    this.#older = undefined
    this.#olderBytes = 0
    this.#olderCount = 0
  }

  #give(frames: string): void {
    const { webSocket, socket } = this.#init
    // Once a close frame has left, by us or in answer to the client's, no data may follow.
    if (webSocket.readyState !== webSocket.OPEN) return
    socket.write(frames, 'latin1')
    this.#watch()
  }

  /** Goes on when the client has taken what was written, if it has not yet. */
  #watch(): void {
    const { webSocket, socket } = this.#init
    if (this.#isWatching || webSocket.bufferedAmount === 0) return
    this.#isWatching = true
    this.#onItsWay = webSocket.bufferedAmount
    socket.write('', this.#taken)
  }

  #tell(): void {
    const waiting = this.bytesWaiting
    if (waiting === this.#told) return
    this.#init.budget.change(waiting - this.#told)
    this.#told = waiting
  }

  #flushSoon(): void {
    if (this.#isFlushSoon) return
    this.#isFlushSoon = true
    process.nextTick(this.#flushNow)
  }

  #flush(): void {
    const { webSocket } = this.#init
    // The client has said goodbye: what it did not get by now it will not get.
    if (webSocket.readyState !== webSocket.OPEN) this.#forget()
    else if (this.#isWatching || webSocket.bufferedAmount > 0) this.#watch()
    else this.#writeNext()
    this.#isStuck = this.#isWatching
    this.check()
  }

  /** Writes what is to be fed, as long as the kernel takes it, and then all that waits here. */
  #writeNext(): void {
    while (this.#next !== undefined && this.#state === 'open') {
      const piece = this.#next()
      if (piece === '') this.#next = undefined
      else this.#give(piece)
      if (this.#isWatching) return
    }
    this.write()
  }

  readonly #flushNow = (): void => {
    this.#isFlushSoon = false
    this.#flush()
  }

  // Called with an error too, when the socket is closed first.
  readonly #taken = (): void => {
    this.#isWatching = false
    this.#onItsWay = 0
    this.#flush()
  }
}
