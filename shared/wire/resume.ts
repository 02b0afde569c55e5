/**
 * How a client comes back to its session: what it says at its handshake, what it is answered, and the package by which
 * both sides tell each other how far they have come. Both count the data messages that they get, but for events that
 * are marked as not counted; so no number travels with a message. Who keeps what is for each side to see to.
 */
import { errors } from '../errors.js'

/** Why a client that wanted its session back has got a new one. */
export const resumeFailures = {
  /** There is no such session: its window has passed, it was ended, or the gateway was started anew. */
  gone: 'gone',
  /** More was sent since than the gateway keeps for one client. */
  lost: 'lost',
  /** It can't be: the client says that it has got more than it was sent, or less than before, or reads bodies in another form. */
  mismatch: 'mismatch',
  /** The client has the secret, and the host takes it for another user. */
  stranger: 'stranger'
} as const
export type ResumeFailure = (typeof resumeFailures)[keyof typeof resumeFailures]

/** What a client that counts says at its handshake. */
export interface ResumeRequest {
  /** The session that it wants back; undefined: it is new. */
  readonly session: ResumePoint | undefined
}

/** A session, and how far a client has come in it. */
export interface ResumePoint {
  /** The secret that it was given last. */
  readonly token: string
  /** What its count belongs to. */
  readonly epoch: string
  /** Counted messages that it has got. */
  readonly received: number
}

export interface ResumeReply {
  /** The secret to come back with. The one before is worth nothing once this handshake is acknowledged. */
  readonly token: string
  /** What the counts belong to. They begin at 0 with each new epoch. */
  readonly epoch: string
  /** Whether the session is the one that the client wanted. If not, it is new. */
  readonly resumed: boolean
  /** Messages of the client that the gateway has got; what the client has sent after those, it sends again. */
  readonly received: number
  /** Seconds that a session is kept for a client that is away. */
  readonly window: number
  /** Why the session is new, if the client wanted another. */
  readonly reason?: ResumeFailure
}

/** Characters of a token or an epoch that are looked at: ours have 22 and 11. */
const longestSecret = 64

/** @throws FRAME_MALFORMED */
export function parseResumeRequest(value: unknown): ResumeRequest | undefined {
  if (value === undefined || value === null || value === false) return undefined
  if (value === true) return { session: undefined }
  if (typeof value !== 'object' || Array.isArray(value))
    throw errors.frameMalformed('"sys.resume" of a handshake is true or an object')
  const { token, epoch, received } = value as Record<string, unknown>
  if (token === undefined) return { session: undefined }
  if (!isSecret(token) || !isSecret(epoch))
    throw errors.frameMalformed('"sys.resume" of a handshake has a token and an epoch, each a short string')
  if (!isCount(received))
    throw errors.frameMalformed('"sys.resume.received" of a handshake is a whole number')
  return { session: { token, epoch, received } }
}

function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestSecret
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Bytes of a count in a package: enough for 8,000 years at 1,000 messages a second. */
const countBytes = 6

/** The body of a `received` package: the count, its highest byte first. */
export function encodeCount(count: number): Uint8Array {
  const bytes = new Uint8Array(countBytes)
  for (let i = countBytes - 1; i >= 0; i--) {
    bytes[i] = count % 256
    count = Math.floor(count / 256)
  }
  return bytes
}

/** @throws FRAME_MALFORMED */
export function decodeCount(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== countBytes)
    throw errors.frameMalformed(`a count takes ${countBytes} bytes, got ${end - start}`)
  let count = 0
  for (let i = start; i < end; i++) count = count * 256 + bytes[i]!
  return count
}
