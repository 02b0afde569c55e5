/**
 * The wire format for resuming a session: request, reply, and the `received` package.
 * Both sides count the data messages that they receive, except events marked as not counted. Messages
 * therefore carry no numbers. Each side reports its count with a `received` package. Which messages a side
 * keeps to send them again is decided elsewhere.
 */
import { wireErrors } from '../wire-errors.js'

/** Reasons why a client that wanted to resume received a new session instead. */
export const resumeFailures = {
  /** There is no such session: its window has passed, it was ended, or the gateway was restarted. */
  gone: 'gone',
  /** More was sent in the meantime than the gateway keeps for one client. */
  lost: 'lost',
  /**
   * The client's count is above the number of messages sent to it or below an earlier count, or the client
   * now reads bodies in another form.
   */
  mismatch: 'mismatch',
  /** The client has the token, but the host authenticates it as another user. */
  stranger: 'stranger'
} as const
export type ResumeFailure = (typeof resumeFailures)[keyof typeof resumeFailures]

/** The `sys.resume` part of a client's handshake. */
export interface ResumeRequest {
  /** The session to resume; undefined for a new session. */
  readonly session: ResumePoint | undefined
}

/** A session, and how much of it a client has received. */
export interface ResumePoint {
  /** The newest token that the gateway gave to the client. */
  readonly token: string
  /** The epoch that `received` belongs to. */
  readonly epoch: string
  /** Number of counted messages that the client has received. */
  readonly received: number
}

/** The gateway's answer to a `sys.resume`. */
export interface ResumeReply {
  /**
   * The token to resume with. The token before becomes invalid once the client acknowledges this handshake.
   */
  readonly token: string
  /** The epoch that counts belong to. They begin at 0 with each new epoch. */
  readonly epoch: string
  /** Whether the session was resumed. If not, it is a new one. */
  readonly resumed: boolean
  /**
   * Whether the requested session was restored after a crash of its gateway: it has its number, its user, its
   * settings and its channels, but counts begin at 0. With `resumed: false` only. Default: false.
   */
  readonly restored?: boolean
  /** Number of the client's messages that the gateway has received. The client sends all later ones again. */
  readonly received: number
  /** Seconds that a session is kept while its client is disconnected. */
  readonly window: number
  /** The reason why the session was not resumed, if the client wanted to resume one. */
  readonly reason?: ResumeFailure
}

/** Maximum length of a token or an epoch; ours have at most 34 and 11 characters. */
const longestSecret = 64

/** @throws `FRAME_MALFORMED` */
export function parseResumeRequest(value: unknown): ResumeRequest | undefined {
  if (value === undefined || value === null || value === false) return undefined
  if (value === true) return { session: undefined }
  if (typeof value !== 'object' || Array.isArray(value))
    throw wireErrors.frameMalformed('"sys.resume" of a handshake is true or an object')
  const { token, epoch, received } = value as Record<string, unknown>
  if (token === undefined) return { session: undefined }
  if (!isSecret(token) || !isSecret(epoch))
    throw wireErrors.frameMalformed(
      '"sys.resume" of a handshake has a token and an epoch, each a short string'
    )
  if (!isCount(received))
    throw wireErrors.frameMalformed('"sys.resume.received" of a handshake is a whole number')
  return { session: { token, epoch, received } }
}

/** Whether a value has the form of a token or an epoch. */
export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestSecret
}

/** Whether a value has the form of a count. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Number of bytes of a count in a package: enough for 8,000 years at 1,000 messages a second. */
const countBytes = 6

/** Returns the body of a `received` package: the count, big-endian. */
export function encodeCount(count: number): Uint8Array {
  const bytes = new Uint8Array(countBytes)
  for (let i = countBytes - 1; i >= 0; i--) {
    bytes[i] = count % 256
    count = Math.floor(count / 256)
  }
  return bytes
}

/** @throws `FRAME_MALFORMED` */
export function decodeCount(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== countBytes)
    throw wireErrors.frameMalformed(`a count takes ${countBytes} bytes, got ${end - start}`)
  let count = 0
  for (let i = start; i < end; i++) count = count * 256 + bytes[i]!
  return count
}
