/**
 * Messages for one client that may not have arrived. A backlog holds the counted messages after the last
 * acknowledged one, in order, and the newest `latest` event of each key. Its memory is bounded: when there is
 * too much, the oldest messages are dropped, and a client that has not received those can't resume any more.
 */
import type { EventFrame } from '../events/event-frame.js'
import { type FrameCost, latestCost, messageCost } from '../events/frame-cost.js'
import type { SharedBudget } from '../limits/shared-budget.js'

export interface BacklogLimits {
  /**
   * Bytes of memory that one backlog may take. A frame that backlogs share counts in full for each of them.
   */
  readonly maxBacklogBytes: number
  /** Counted messages that one backlog may hold. */
  readonly maxBacklogMessages: number
  /** Bytes that may wait to be sent to one client: far more than one piece for it. */
  readonly maxSendBytes: number
}

/** Characters of a piece for a client that catches up, at most, and as a part of what may wait for it. */
const longestPiece = 65_536
const piecePart = 1 / 4

/** The frame of a message for this client alone, or of an event that clients share. */
export type KeptFrame = string | EventFrame

/** What a backlog holds, for another gateway. Frames are texts of one character for each byte. */
export interface BacklogState {
  readonly sent: number
  readonly gone: number
  readonly latestFloor: number
  readonly acknowledged: number
  readonly frames: readonly string[]
  /** `latest` events, oldest first. */
  readonly latest: readonly LatestState[]
}

export interface LatestState {
  readonly key: string
  readonly frame: string
  readonly after: number
}

interface Latest {
  frame: KeptFrame
  /** Number of counted messages that were sent before it. */
  after: number
}

/** The list is compacted once this many frames at its front were dropped, and at least half of all. */
const mostGone = 256

export class Backlog {
  readonly #limits: BacklogLimits
  readonly #budget: SharedBudget
  /** Frames of counted messages. Those before `#first` were dropped. */
  #frames: KeptFrame[] = []
  #first = 0
  /** `latest` events by key, oldest first. Created with the first. */
  #latest: Map<string, Latest> | undefined
  #bytes = 0
  #ownBytes = 0
  #sent = 0
  /** Number of counted messages that were dropped from the front. */
  #gone = 0
  /**
   * Number of a counted message. A client with this message has missed none of the `latest` events that were
   * dropped for lack of room.
   */
  #latestFloor = 0
  #acknowledged = 0

  constructor(limits: BacklogLimits, budget: SharedBudget) {
    this.#limits = limits
    this.#budget = budget
  }

  /** Number of counted messages so far. */
  get sent(): number {
    return this.#sent
  }

  /** Number of messages that the client has acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /**
   * Number of messages that a client must have received to resume: messages up to this number are not kept.
   */
  get floor(): number {
    return Math.max(this.#gone, this.#latestFloor)
  }

  /** Number of messages that are kept. */
  get messages(): number {
    return this.#frames.length - this.#first + (this.#latest?.size ?? 0)
  }

  /** Bytes of memory, with shared frames counted in full. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of memory that are freed when the backlog is cleared, without the frames of shared events. */
  get ownBytes(): number {
    return this.#ownBytes
  }

  /** Keys of the `latest` events that the client may have missed, oldest first. */
  get latestKeys(): string[] {
    return [...(this.#latest?.keys() ?? [])]
  }

  /** Keeps the next counted message. */
  add(frame: KeptFrame): void {
    this.#sent++
    this.#frames.push(frame)
    this.#retain(frame, messageCost, 0)
    this.#makeRoom()
  }

  /**
   * Keeps an event that is not counted, and drops the previous one with the same key. Returns whether there
   * was one.
   */
  keep(key: string, frame: KeptFrame): boolean {
    this.#latest ??= new Map()
    const latest = this.#latest.get(key)
    if (latest === undefined) {
      this.#latest.set(key, { frame, after: this.#sent })
    } else {
      this.#release(latest.frame, latestCost, key.length)
      latest.frame = frame
      latest.after = this.#sent
      // Deleted first, so that the key moves to the end of the map.
      this.#latest.delete(key)
      this.#latest.set(key, latest)
    }
    this.#retain(frame, latestCost, key.length)
    this.#makeRoom()
    return latest !== undefined
  }

  /** Returns the frame of a counted message, by its number from 1. The number must be above `floor`. */
  frame(number: number): string {
    return textOf(this.#frames[this.#first + number - this.#gone - 1]!)
  }

  latest(key: string): string | undefined {
    const latest = this.#latest?.get(key)
    return latest && textOf(latest.frame)
  }

  /**
   * Returns the frames after the message `given`, and then those of the keys in `missing`, which it removes
   * there; no more once they make a piece. `given`: the last message in the text.
   */
  takePiece(given: number, missing: Set<string>): { text: string; given: number } {
    const length = Math.min(longestPiece, this.#limits.maxSendBytes * piecePart)
    let text = ''
    while (given < this.#sent && text.length < length) text += this.frame(++given)
    for (const key of missing) {
      if (text.length >= length) break
      missing.delete(key)
      text += this.latest(key) ?? ''
    }
    return { text, given }
  }

  /**
   * Drops the first `count` messages, and the `latest` events before them: the client has received them.
   * Idempotent.
   */
  acknowledge(count: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, count)
    while (this.#gone < count && this.#first < this.#frames.length) this.#dropFirst()
    // An event that was sent before a received message was received too.
    for (const [key, { after }] of this.#latest ?? []) {
      if (after >= count) break
      this.#forget(key)
    }
  }

  /** Returns what it holds, for another gateway. */
  exportState(): BacklogState {
    return {
      sent: this.#sent,
      gone: this.#gone,
      latestFloor: this.#latestFloor,
      acknowledged: this.#acknowledged,
      frames: this.#frames.slice(this.#first).map(textOf),
      latest: [...(this.#latest ?? [])].map(([key, { frame, after }]) => ({
        key,
        frame: textOf(frame),
        after
      }))
    }
  }

  /** Takes in what a backlog of another gateway holds. For a new backlog only. */
  importState({ sent, gone, latestFloor, acknowledged, frames, latest }: BacklogState): void {
    this.#sent = sent
    this.#gone = gone
    this.#latestFloor = latestFloor
    this.#acknowledged = acknowledged
    this.#frames = [...frames]
    for (const frame of frames) this.#retain(frame, messageCost, 0)
    for (const { key, frame, after } of latest) {
      this.#latest ??= new Map()
      this.#latest.set(key, { frame, after })
      this.#retain(frame, latestCost, key.length)
    }
    this.#makeRoom()
  }

  clear(): void {
    while (this.#first < this.#frames.length) this.#dropFirst()
    for (const key of this.#latest?.keys() ?? []) this.#forget(key)
    this.#latest = undefined
  }

  #makeRoom(): void {
    while (this.#isTooLarge && this.#first < this.#frames.length) this.#dropFirst()
    if (!this.#isTooLarge) return
    // The `latest` events alone take too much. They were sent before the next message, so a client that has
    // received that message has received them too.
    this.clear()
    this.#latestFloor = this.#sent + 1
  }

  get #isTooLarge(): boolean {
    const { maxBacklogBytes, maxBacklogMessages } = this.#limits
    if (this.#bytes > maxBacklogBytes || this.#frames.length - this.#first > maxBacklogMessages) return true
    return this.#budget.isExceeded && this.#bytes > 0 && this.#budget.isGreedy(this.#bytes)
  }

  #dropFirst(): void {
    this.#release(this.#frames[this.#first]!, messageCost, 0)
    this.#frames[this.#first++] = ''
    this.#gone++
    if (this.#first === this.#frames.length) {
      this.#frames.length = 0
      this.#first = 0
    } else if (this.#first >= mostGone && this.#first * 2 >= this.#frames.length) {
      this.#frames.splice(0, this.#first)
      this.#first = 0
    }
  }

  #forget(key: string): void {
    const before = this.#latest?.get(key)
    if (before === undefined) return
    this.#latest!.delete(key)
    this.#release(before.frame, latestCost, key.length)
  }

  #retain(frame: KeptFrame, cost: FrameCost, keyLength: number): void {
    const bytes = textOf(frame).length + keyLength + cost.own
    if (typeof frame === 'string') return this.#change(bytes, bytes)
    frame.retain(this.#budget)
    this.#change(bytes, keyLength + cost.shared)
  }

  #release(frame: KeptFrame, cost: FrameCost, keyLength: number): void {
    const bytes = textOf(frame).length + keyLength + cost.own
    if (typeof frame === 'string') return this.#change(-bytes, -bytes)
    frame.release(this.#budget)
    this.#change(-bytes, -keyLength - cost.shared)
  }

  #change(bytes: number, ownBytes: number): void {
    this.#bytes += bytes
    this.#ownBytes += ownBytes
    this.#budget.change(ownBytes)
  }
}

function textOf(frame: KeptFrame): string {
  return typeof frame === 'string' ? frame : frame.text
}
