/** What all links of a gateway have in common: the bus, time, readers of frames, and rounds of flushes. */
import { monotonicClock } from '../../../shared/clock.js'
import type { Metrics } from '../../telemetry/metrics.js'
import type { FrameReader } from './links.js'
import type { PeerLink } from './peer-link.js'

/** Time as the links use it, so that a test can run them by a clock of its own. */
export interface Timing {
  /** Milliseconds of a clock that can't be set. */
  readonly monotonic: () => number
  /** Calls `run` at the end of this turn of the event loop. */
  readonly soon: (run: () => void) => void
  /** Calls `run` after `ms` milliseconds. Keeps no process alive. Returns a function that takes it back. */
  readonly after: (ms: number, run: () => void) => () => void
}

/** The process's own time. */
export const processTiming: Timing = {
  monotonic: monotonicClock,
  soon: run => void setImmediate(run),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  }
}

export interface LinkHost {
  readonly isUp: boolean
  /** Characters that the frames of one message may have. */
  readonly pieceLength: number
  readonly window: number
  readonly queueBytes: number
  readonly metrics: Metrics
  readonly monotonic: () => number
  /** The readers of frames, by kind. */
  readonly readers: readonly (FrameReader | undefined)[]
  publish(start: number, bytes: Buffer): void
  /** Calls `flush` of the link at the end of this turn of the event loop. */
  flushSoon(link: PeerLink): void
  /** Calls `sendAck` of the link within a few milliseconds. */
  ackSoon(link: PeerLink): void
  /** Has `look` of the link called until it is idle. */
  lookAfter(): void
}
