/** The figures of one thread, the gateway's or a worker's: its event loop, its heap, its process. */

/** Milliseconds between two readings. */
export const figuresInterval = 5_000

export interface ThreadFigures {
  /** Seconds since the start of the thread in which its event loop was busy. */
  readonly busy: number
  /** Seconds by which timers were late in the last interval: the median, the 99th percentile, the most. */
  readonly delayP50: number
  readonly delayP99: number
  readonly delayMax: number
  /** Bytes of the thread's own heap: used, reserved, and the limit. */
  readonly heapUsed: number
  readonly heapTotal: number
  readonly heapLimit: number
  /** Bytes of memory of the thread's process. */
  readonly rss: number
}

export const figureNames = [
  'busy',
  'delayP50',
  'delayP99',
  'delayMax',
  'heapUsed',
  'heapTotal',
  'heapLimit',
  'rss'
] as const satisfies readonly (keyof ThreadFigures)[]
