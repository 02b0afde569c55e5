/**
 * What one socket brings beside its requests: frames, by number, and bytes, all of them. A request pays for the bytes
 * that it took; what is left (headers of frames, white space, heartbeats, a handshake, fragments) adds up here until
 * it is worth settling. Who has to pay, and what happens to those who can't, is decided elsewhere.
 */
import { TokenBucket } from '../limits/token-bucket.js'

export interface TrafficLimits {
  /** Frames of one connection that are no requests, a second; 0: any number. */
  readonly maxFramesPerSecond: number
  /** Bytes of the largest message. */
  readonly maxMessageBytes: number
}

/** Unpaid bytes from which on they are settled: so the six bytes before each request cost nothing by themselves. */
const settledAt = 1_024

/** Bytes that may have been read of what no message was made of yet, beside a message in pieces: two of Node's reads. */
const readAhead = 131_072

/**
 * What a byte of a fragment's header counts. It takes six of them to have a fragment, and a fragment costs as much time
 * as 200 bytes of a body (1.5 µs, measured).
 */
const fragmentWeight = 32

export class Traffic {
  readonly #limits: TrafficLimits
  /** What the socket had read when the first message was yet to come: its upgrade. */
  readonly #start: number
  /** Bytes of the messages and control frames that came, each with one header. */
  #told = 0
  /** What the socket had read at the last look, and nobody had told of. */
  #untold = 0
  #unpaid = 0
  /** undefined: no frame has come that was no request. */
  #frames: TokenBucket | undefined

  /** `read`: bytes that the socket has read so far. */
  constructor(limits: TrafficLimits, read: number) {
    this.#limits = limits
    this.#start = read
  }

  /** A message came, or a control frame, with so many bytes in it. */
  came(length: number): void {
    const bytes = length + headerSize(length)
    this.#told += bytes
    this.#unpaid += bytes
  }

  /** A request pays for so many of the bytes that came. */
  paid(bytes: number): void {
    this.#unpaid -= bytes
  }

  /** Counts a frame, or a package in one, that is no request. Returns whether there may be one more. */
  countFrame(now: number): boolean {
    const { maxFramesPerSecond } = this.#limits
    if (maxFramesPerSecond === 0) return true
    this.#frames ??= new TokenBucket(maxFramesPerSecond, now)
    return this.#frames.spend(1, now) === 0
  }

  /** Whether there is something to settle. */
  get isDue(): boolean {
    return this.#unpaid >= settledAt
  }

  /** Returns the bytes that nobody has paid for, as settled. */
  settle(): number {
    const bytes = this.#unpaid
    this.#unpaid = 0
    return bytes
  }

  /**
   * Compares with what the socket has read: more than was told of is the headers of fragments, or a message that is not
   * whole yet, of which there can be one. Returns whether a part of one came since the last time. That is a sign of life
   * too, since on a slow line a whole message may take longer than two heartbeats.
   */
  compare(read: number): boolean {
    const { maxMessageBytes } = this.#limits
    const untold = read - this.#start - this.#told
    const hasCome = untold > this.#untold
    const hidden = Math.max(0, untold - maxMessageBytes - readAhead)
    this.#untold = untold - hidden
    this.#told += hidden
    this.#unpaid += hidden * fragmentWeight
    return hasCome
  }
}

/** Bytes of the header of a client's frame: RFC 6455 §5.2. */
function headerSize(length: number): number {
  return length < 126 ? 6 : length < 65_536 ? 8 : 14
}
