/**
 * Accounting of all bytes that a socket delivers, and of frames that are not requests.
 *
 * A request pays for the bytes that it took. The rest adds up here until it is worth settling: headers of
 * frames, white space, heartbeats, a handshake, fragments. The connection charges the session for it; the
 * session's rate limits decide what happens then.
 */
import { TokenBucket } from '../limits/token-bucket.js'

export interface TrafficLimits {
  /** Frames per second of one connection that are not requests; 0 allows any number. */
  readonly maxFramesPerSecond: number
  /** Bytes of the largest message. */
  readonly maxMessageBytes: number
}

/**
 * Number of unpaid bytes at which they are settled. Settling the six bytes of each request's frame header one
 * by one would cost an extra step per request.
 */
const settledAt = 1_024

/** Bytes that may have been read ahead besides one incomplete message: two reads by Node. */
const readAhead = 131_072

/**
 * Factor by which a byte of a fragment's header counts. A header has at least six bytes, and a fragment costs
 * as much time as 200 bytes of a body (1.5 µs, measured).
 */
const fragmentWeight = 32

export class Traffic {
  readonly #limits: TrafficLimits
  /** Bytes that the socket had read before the first message: those of the upgrade. */
  readonly #start: number
  /** Bytes of the messages and control frames that were reported here, each with one header. */
  #reported = 0
  /** Bytes that the socket had read without a report, as of the last `compare`. */
  #unreported = 0
  #unpaid = 0
  /** Bytes that the socket had read when the connection was closing. */
  #closingAt: number | undefined
  /** Created by the first frame that is not a request. */
  #frames: TokenBucket | undefined

  /** @param read the bytes that the socket has read so far; they are not counted */
  constructor(limits: TrafficLimits, read: number) {
    this.#limits = limits
    this.#start = read
  }

  /** Reports a message or a control frame with a payload of `length` bytes. */
  came(length: number): void {
    const bytes = length + headerSize(length)
    this.#reported += bytes
    this.#unpaid += bytes
  }

  /** Deducts bytes that a request has paid for. */
  paid(bytes: number): void {
    this.#unpaid -= bytes
  }

  /**
   * Counts a frame, or a package within one, that is not a request. Returns false if that was one too many.
   */
  countFrame(now: number): boolean {
    const { maxFramesPerSecond } = this.#limits
    if (maxFramesPerSecond === 0) return true
    this.#frames ??= new TokenBucket(maxFramesPerSecond, now)
    return this.#frames.spend(1, now) === 0
  }

  /**
   * Whether a client sends on and on, although its connection is closing: more than one message, and what was
   * read ahead. `read`: the bytes that the socket has read so far; counted from the first call on.
   */
  goesOn(read: number): boolean {
    this.#closingAt ??= read
    return read - this.#closingAt > this.#limits.maxMessageBytes + readAhead
  }

  /** Whether enough bytes are unpaid to settle them. */
  get isDue(): boolean {
    return this.#unpaid >= settledAt
  }

  /** Removes and returns the unpaid bytes. */
  settle(): number {
    const bytes = this.#unpaid
    this.#unpaid = 0
    return bytes
  }

  /**
   * Compares the reported bytes with those that the socket has read. The difference is headers of fragments,
   * and at most one incomplete message. Returns whether more unreported bytes have come since the last call.
   * They count as a sign of life, because on a slow network one message may take longer than two heartbeats.
   */
  compare(read: number): boolean {
    const { maxMessageBytes } = this.#limits
    const unreported = read - this.#start - this.#reported
    const hasCome = unreported > this.#unreported
    // All that exceeds one message and the bytes read ahead must be headers of fragments.
    const headers = Math.max(0, unreported - maxMessageBytes - readAhead)
    this.#unreported = unreported - headers
    this.#reported += headers
    this.#unpaid += headers * fragmentWeight
    return hasCome
  }
}

/** Returns the bytes of the header of a client's frame: RFC 6455 §5.2. */
function headerSize(length: number): number {
  return length < 126 ? 6 : length < 65_536 ? 8 : 14
}
