/** Reports the figures of this worker's thread to the gateway, at once and every few seconds. */

import { figuresInterval } from '../../shared/figures/thread-figures.js'
import { ThreadMeter } from '../../shared/figures/thread-meter.js'
import type { FiguresReport } from '../../shared/link/hello.js'
import { setInterval } from './own-time.js'

export function reportFigures(send: (message: FiguresReport) => void): void {
  const meter = new ThreadMeter()
  const report = () => send({ kind: 'figures', figures: meter.read() })
  report()
  setInterval(report, figuresInterval).unref()
}
