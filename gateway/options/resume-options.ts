/** The rows of the option table for detached sessions, and for the messages kept for them. */
import { count, ms, type OptionRow } from './option-row.js'

export const resumeOptions: readonly OptionRow[] = [
  {
    name: 'resumeWindow',
    check: ms(0),
    defaultValue: 60_000,
    help: 'ms that a session waits for its client to reconnect; 0: it does not wait'
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
    help: 'ms that a handler may let a session wait for its client, instead of resumeWindow'
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
    check: count(1024, Number.MAX_SAFE_INTEGER),
    defaultValue: 134_217_728,
    help: 'bytes of memory for sessions whose client is away'
  },
  {
    name: 'maxBacklogBytes',
    check: count(1024, 2_147_483_647),
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
    check: count(1024, Number.MAX_SAFE_INTEGER),
    defaultValue: 268_435_456,
    help: 'bytes kept for all clients before those with more than an equal share lose theirs'
  }
]
