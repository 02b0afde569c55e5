/** Reports the figures of this worker's thread to the gateway, at once and every few seconds. */

import { figuresInterval } from '../../shared/figures/thread-figures.js'
import { ThreadMeter } from '../../shared/figures/thread-meter.js'
import type { FiguresReport } from '../../shared/link/hello.js'
import { setInterval } from './own-time.js'

/** @param heapLimit see `readHeap` */
export function reportFigures(send: (message: FiguresReport) => void, heapLimit: number): void {
  const meter = new ThreadMeter(heapLimit)
  const report = () => send({ kind: 'figures', figures: meter.read() })
  report()
  setInterval(report, figuresInterval).unref()
}
