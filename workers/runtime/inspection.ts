/** Tells the gateway when an inspector is opened or closed in this worker: time limits are off meanwhile. */
import { findInspector, followOpens } from '../../shared/examination/inspector.js'
import { setInterval } from './own-time.js'

/** Milliseconds between two looks, for an inspector that SIGUSR1 opens. A paused worker can tell nothing. */
const interval = 100

/** Calls `tell` whenever an inspector was opened or closed, with its host and port; null: closed. */
export function followInspector(tell: (at: string | null) => void): void {
  let told: string | null = null
  const look = () => {
    const at = findInspector() ?? null
    if (at === told) return
    told = at
    tell(at)
  }
  look()
  followOpens(look)
  setInterval(look, interval).unref()
}
