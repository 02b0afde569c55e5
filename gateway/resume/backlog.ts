/**
 * What was sent to one client and may not have arrived. That is: the counted messages after the last
 * acknowledged one, in order, and the newest `latest` event of each key. Bounded: when there is too much, the
 * oldest messages are dropped, and a client that has not received those can't resume any more.
 */
import type { EventFrame } from '../events/event-frame.js'
import { type FrameCost, latestCost, messageCost } from '../events/frame-cost.js'
import type { SharedBudget } from '../limits/shared-budget.js'

export interface BacklogLimits {
  /** Bytes of memory that one backlog may take, as if it kept all by itself. */
  readonly maxBacklogBytes: number
  /** Counted messages that it may hold. */
  readonly maxBacklogMessages: number
}

/** A frame that is this client's alone, or an event's. */
export type KeptFrame = string | EventFrame

interface Latest {
  frame: KeptFrame
  /** Counted messages that were sent before it. */
  after: number
}

/** Messages at the front of the list that are gone before it is made anew. */
const mostGone = 256

export class Backlog {
  readonly #limits: BacklogLimits
  readonly #budget: SharedBudget
  /** Frames; those before `#first` are gone. Made with the first. */
  #frames: KeptFrame[] = []
  #first = 0
  /** By key, oldest first. */
  #latest: Map<string, Latest> | undefined
  #bytes = 0
  #ownBytes = 0
  #sent = 0
  /** Counted messages that were dropped from the front. */
  #gone = 0
  /**
   * Number of a counted message. Once the client has it, no `latest` event that was dropped here can be
   * missing.
   */
  #latestFloor = 0
  #acknowledged = 0

  constructor(limits: BacklogLimits, budget: SharedBudget) {
    this.#limits = limits
    this.#budget = budget
  }

  /** Counted messages so far. */
  get sent(): number {
    return this.#sent
  }

  /** Messages that the client has acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Messages that a client must have received to resume: those up to here are not kept any more. */
  get floor(): number {
    return Math.max(this.#gone, this.#latestFloor)
  }

  /** Bytes of memory that it would take if it kept all by itself. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of memory that are freed with it: without the frames that are kept for others too. */
  get ownBytes(): number {
    return this.#ownBytes
  }

  /** Keys of `latest` events that may be missing, oldest first. */
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
      // Behind all that were sent before.
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

  /** Drops what the client has received: its first `count` messages. Idempotent. */
  acknowledge(count: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, count)
    while (this.#gone < count && this.#first < this.#frames.length) this.#dropFirst()
    // Whatever was sent before a received message was received too.
    for (const [key, { after }] of this.#latest ?? []) {
      if (after >= count) break
      this.#forget(key)
    }
  }

  clear(): void {
    while (this.#first < this.#frames.length) this.#dropFirst()
    for (const key of this.#latest?.keys() ?? []) this.#forget(key)
    this.#latest = undefined
  }

  #makeRoom(): void {
    while (this.#isTooLarge && this.#first < this.#frames.length) this.#dropFirst()
    if (!this.#isTooLarge) return
    // The `latest` events alone are too much. A client that receives the next message has received them too.
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
