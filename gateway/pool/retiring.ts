/** Retiring workers of one place: they take no more work, and may never end if a request there does not. */
import { listNames } from '../../shared/text/listed.js'
import type { Logger } from '../../shared/text/log.js'
import type { Worker } from './worker.js'

/** Number of workers that may retire at one place at the same time, if handlers hang in them. */
const mostRetiring = 2

/** Ends the oldest one if there are too many. `retiring`: oldest first. */
export function endOldest(retiring: readonly Worker[]): void {
  if (retiring.length > mostRetiring)
    retiring[0]!.ending.killFor('it was retired, and did not end what it had begun')
}

/** Logs that there are too many after a reload, which ends none, and what they still run. */
export function tellOld(retiring: readonly Worker[], log: Logger): void {
  if (retiring.length <= mostRetiring) return
  const requests = retiring.flatMap(({ turns }) => [...turns].flatMap(({ started }) => started))
  const routes = new Set(requests.filter(({ hasOutcome }) => !hasOutcome).map(({ route }) => route.name))
  log.warn('Workers of earlier reloads have not ended: requests still run there', {
    worker: retiring[0]!.index,
    workers: retiring.length,
    routes: listNames([...routes])
  })
}
