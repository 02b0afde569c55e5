/** What a client reads when its connection is closed. */
import { type CloseCode, closeCodes } from '../shared/close-codes.js'
import { errors, GatewayError } from '../shared/errors.js'
import type { Finding } from './liveness.js'
import type { CounterName } from './metrics.js'

/** Longest text of a close frame: RFC 6455 §5.5 allows control frames 125 bytes, two of which are the code. */
const longestReason = 123

/** Cuts a text to what a close frame holds, without cutting a character in two. */
export function cutReason(reason: string): string {
  if (Buffer.byteLength(reason) <= longestReason) return reason
  const bytes = Buffer.from(reason).subarray(0, longestReason)
  return new TextDecoder().decode(bytes, { stream: true })
}

export interface FrameVerdict {
  readonly code: CloseCode
  readonly reason: string
  /** Whether the fault is not the client's. */
  readonly isOurs: boolean
}

/** What becomes of a connection whose frame failed with this error. */
export function judgeFrame(error: unknown): FrameVerdict {
  if (!(error instanceof GatewayError))
    return { code: closeCodes.frameMalformed, reason: 'frame refused', isOurs: true }
  const isViolation = error.code === errors.protocolViolated.code
  return {
    code: isViolation ? closeCodes.protocolViolated : closeCodes.frameMalformed,
    reason: error.message,
    isOurs: !isViolation && error.code !== errors.frameMalformed.code
  }
}

/** How a connection ends that went on for too long in one of these ways. */
export const endings: Readonly<Record<Exclude<Finding, 'beat' | undefined>, TooLong>> = {
  unfinished: { code: closeCodes.handshakeTimeout, reason: 'handshake not finished in time' },
  unread: {
    code: closeCodes.slow,
    reason: 'requests not taken for too long',
    metric: 'connectionsClosedSlow'
  },
  silent: { code: closeCodes.silent, reason: 'silent for too long', metric: 'connectionsClosedSilent' }
}

interface TooLong {
  readonly code: CloseCode
  readonly reason: string
  /** What counts it. */
  readonly metric?: CounterName
}
