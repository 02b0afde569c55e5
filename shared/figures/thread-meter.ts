/**
 * The meter of this thread. It is read at an interval of a few seconds, and costs a timer of libuv that runs
 * no JavaScript.
 */
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { readHeap } from './heap.js'
import type { ThreadFigures } from './thread-figures.js'

/** Milliseconds between two samples of the event loop. Shorter delays are not seen. */
const resolution = 10

export class ThreadMeter {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution })

  readonly #heapLimit: number

  /** @param heapLimit see `readHeap` */
  constructor(heapLimit = 0) {
    this.#heapLimit = heapLimit
    this.#delay.enable()
  }

  /** Returns the present figures. The delays are those since the last call. */
  read(): ThreadFigures {
    const delay = this.#delay
    // Node measures the time between two samples.
    const secondsOf = (nanoseconds: number) =>
      delay.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - resolution / 1e3)
    const figures = {
      busy: performance.eventLoopUtilization().active / 1e3,
      delayP50: secondsOf(delay.percentile(50)),
      delayP99: secondsOf(delay.percentile(99)),
      delayMax: secondsOf(delay.max),
      ...readHeap(this.#heapLimit),
      rss: process.memoryUsage.rss()
    }
    delay.reset()
    return figures
  }

  close(): void {
    this.#delay.disable()
  }
}
