/** Close codes and reasons: how a connection is closed, and which errors of a frame close it. */
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'
import { errors, GatewayError } from '../../shared/errors.js'
import { WebSocketViolation } from '../http/web-socket.js'
import type { CounterName } from '../telemetry/metrics.js'
import type { Finding } from './liveness.js'

/** Bytes of the longest reason: RFC 6455 §5.5 allows control frames 125 bytes, two of which are the code. */
const longestReason = 123

/** Shortens a reason so that it fits into a close frame. Does not cut a character in two. */
export function cutReason(reason: string): string {
  if (Buffer.byteLength(reason) <= longestReason) return reason
  const bytes = Buffer.from(reason).subarray(0, longestReason)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true })
}

/** Errors that are the client's fault, and the code that closes the connection for each. */
const clientFaults: ReadonlyMap<string, CloseCode> = new Map([
  [errors.frameMalformed.code, closeCodes.frameMalformed],
  [errors.protocolViolated.code, closeCodes.protocolViolated],
  [errors.bodyTooLarge.code, closeCodes.tooLarge]
])

/** Returns the reason for a close that did not come from the gateway. */
export function describeClose(code: number): string {
  const isGoodbye = code === 1000 || code === 1001 || code === 1005
  return isGoodbye ? 'client closed' : `connection lost (${code})`
}

export interface FrameVerdict {
  readonly code: CloseCode
  readonly reason: string
  /** Whether the gateway is at fault, and not the client. */
  readonly isOurs: boolean
}

/** Returns how to close a connection after one of its frames has caused this error. */
export function judgeFrame(error: unknown): FrameVerdict {
  if (error instanceof WebSocketViolation)
    return { code: error.closeCode, reason: error.message, isOurs: false }
  if (!(error instanceof GatewayError))
    return { code: closeCodes.frameMalformed, reason: 'frame refused', isOurs: true }
  const code = clientFaults.get(error.code)
  return { code: code ?? closeCodes.frameMalformed, reason: error.message, isOurs: code === undefined }
}

/** What ends a connection by a limit: of time, or of what its client sends or leaves unread. */
export type Excess = Exclude<Finding, 'beat' | undefined> | 'behind' | 'flooded'

/** How a connection is closed after each excess. */
export const endings: Readonly<Record<Excess, LimitEnding>> = {
  unfinished: {
    code: closeCodes.handshakeTimeout,
    reason: 'handshake not finished in time',
    metric: 'connectionsClosedUnfinished'
  },
  unread: {
    code: closeCodes.slow,
    reason: 'requests not taken for too long',
    metric: 'connectionsClosedSlow'
  },
  silent: { code: closeCodes.silent, reason: 'silent for too long', metric: 'connectionsClosedSilent' },
  behind: { code: closeCodes.slow, reason: 'too far behind', metric: 'connectionsClosedSlow' },
  flooded: { code: closeCodes.flooded, reason: 'flooded', metric: 'connectionsFlooded' }
}

interface LimitEnding {
  readonly code: CloseCode
  readonly reason: string
  /** The metric that counts such ends. */
  readonly metric: CounterName
}
