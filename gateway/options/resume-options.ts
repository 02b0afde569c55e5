/** The options for detached sessions, and for the messages kept for them. */
import { bytes, count, ms, type OptionRow } from './option-row.js'

export interface ResumeOptions {
  /**
   * Milliseconds that a session waits for its client to come back after a lost connection; then it ends. Only
   * Sallyport's own client can come back. 0: the session ends at once. Default: 60,000.
   */
  resumeWindow: number
  /**
   * The resume window, in milliseconds, of a session that holds nothing: no user, no settings, no channel, no
   * running request. The smaller of `resumeWindow` and this option counts. 0: the session ends at once.
   * Default: 15,000.
   */
  unboundResumeWindow: number
  /**
   * Greatest resume window, in milliseconds, that a handler may set for a session (`setResumeWindow`). More
   * is refused with `RESUME_WINDOW_INVALID`. Default: 600,000.
   */
  maxResumeWindow: number
  /**
   * Sessions whose client is away. Beyond it, the oldest session of the address with the most such sessions
   * ends. 0: any number. Default: 50,000.
   */
  maxDetachedSessions: number
  /**
   * Sessions of one address whose client is away; an IPv6 address counts by its /64. Beyond it, the oldest of
   * them ends. 0: any number. Default: 1,000.
   */
  maxDetachedSessionsPerAddress: number
  /**
   * Bytes of memory of all sessions whose client is away: their settings, and what is kept for each of them
   * alone. Beyond it, the address that takes the most memory loses its oldest session. Default: 134,217,728.
   */
  maxDetachedBytes: number
  /**
   * Bytes that are kept for one client until it acknowledges them. Beyond it, the oldest are dropped, and the
   * client can no longer resume. In a cluster, a session that has more than half of `clusterQueueBytes` with
   * its settings (8 MiB at least, 32 MiB at most) does not move: it ends when its client comes to another
   * gateway. Default: 2,097,152.
   */
  maxBacklogBytes: number
  /**
   * Messages that are kept for one client until it acknowledges them. Beyond it, the oldest are dropped, and
   * the client can no longer resume. Default: 16,384.
   */
  maxBacklogMessages: number
  /**
   * Bytes that are kept for all clients together. Beyond it, clients with more than an equal share lose their
   * oldest messages. Default: 268,435,456.
   */
  maxBacklogBytesInAll: number
}

export const resumeOptions = [
  {
    name: 'resumeWindow',
    check: ms(0),
    defaultValue: 60_000,
    help: 'time that a session waits for its client to reconnect; 0: it does not wait'
  },
  {
    name: 'unboundResumeWindow',
    check: ms(0),
    // The time in which Sallyport's client notices a dead connection: its heartbeat, plus the time for the
    // answer.
    defaultValue: 15_000,
    help: 'the same, for a session without user, settings and channels'
  },
  {
    name: 'maxResumeWindow',
    check: ms(0),
    defaultValue: 600_000,
    help: 'time that a handler may let a session wait for its client, instead of resumeWindow'
  },
  {
    name: 'maxDetachedSessions',
    check: count(0, 10_000_000),
    defaultValue: 50_000,
    help: 'sessions whose client is away, in all; 0: any number'
  },
  {
    name: 'maxDetachedSessionsPerAddress',
    check: count(0, 10_000_000),
    defaultValue: 1_000,
    help: 'sessions whose client is away, of one address; 0: any number'
  },
  {
    name: 'maxDetachedBytes',
    check: bytes(1_024),
    defaultValue: 134_217_728,
    help: 'bytes of memory for sessions whose client is away'
  },
  {
    name: 'maxBacklogBytes',
    check: bytes(1_024, 2_147_483_647),
    defaultValue: 2_097_152,
    help: 'bytes kept for one client until it acknowledges them; the oldest beyond that are dropped'
  },
  {
    name: 'maxBacklogMessages',
    check: count(1, 16_777_216),
    defaultValue: 16_384,
    help: 'messages kept for one client until it acknowledges them; the oldest beyond that are dropped'
  },
  {
    name: 'maxBacklogBytesInAll',
    check: bytes(1_024),
    defaultValue: 268_435_456,
    help: 'bytes kept for all clients before those with more than an equal share lose theirs'
  }
] as const satisfies readonly OptionRow[]
