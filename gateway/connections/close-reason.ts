/** What a client reads when its connection is closed. */
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'
import { errors, GatewayError } from '../../shared/errors.js'
import { WebSocketViolation } from '../http/web-socket.js'
import type { CounterName } from '../telemetry/metrics.js'
import type { Finding } from './liveness.js'

/** Longest text of a close frame: RFC 6455 §5.5 allows control frames 125 bytes, two of which are the code. */
const longestReason = 123

/** Cuts a text to what a close frame holds, without cutting a character in two. */
export function cutReason(reason: string): string {
  if (Buffer.byteLength(reason) <= longestReason) return reason
  const bytes = Buffer.from(reason).subarray(0, longestReason)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true })
}

/** What a client can do wrong with a frame, by the error's code. */
const clientFaults: ReadonlyMap<string, CloseCode> = new Map([
  [errors.frameMalformed.code, closeCodes.frameMalformed],
  [errors.protocolViolated.code, closeCodes.protocolViolated],
  [errors.bodyTooLarge.code, closeCodes.tooLarge]
])

/** Why a connection ended that the gateway has not closed. */
export function describeClose(code: number): string {
  const isGoodbye = code === 1000 || code === 1001 || code === 1005
  return isGoodbye ? 'client closed' : `connection lost (${code})`
}

export interface FrameVerdict {
  readonly code: CloseCode
  readonly reason: string
  /** Whether the fault is not the client's. */
  readonly isOurs: boolean
}

/** What becomes of a connection whose frame failed with this error. */
export function judgeFrame(error: unknown): FrameVerdict {
  if (error instanceof WebSocketViolation)
    return { code: error.closeCode, reason: error.message, isOurs: false }
  if (!(error instanceof GatewayError))
    return { code: closeCodes.frameMalformed, reason: 'frame refused', isOurs: true }
  const code = clientFaults.get(error.code)
  return { code: code ?? closeCodes.frameMalformed, reason: error.message, isOurs: code === undefined }
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
