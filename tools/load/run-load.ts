/** Runs a load: connects, sends, reports, and ends with the figures so far if it is asked to. */

import { errors, GatewayError } from '../../shared/errors.js'
import type { Figures } from '../players/figures.js'
import { connectStep, resumeStep } from '../players/player-client.js'
import type { Given } from '../terminal/arguments.js'
import { hearInterruption } from '../terminal/interruption.js'
import { painterFor, write } from '../terminal/output.js'
import { LoadThreads } from './load-threads.js'
import { Progress } from './progress.js'
import { readPlan } from './read-plan.js'
import { describePlan, formatReport } from './report.js'
import { createResult, type LoadResult } from './result.js'

/**
 * Runs `sallyport load` to the end of the process. Exit code 0: some requests succeeded; 1: none did.
 *
 * @throws `OPTION_INVALID`
 */
export async function runLoad(given: Given): Promise<void> {
  const plan = readPlan(given)
  const isJson = given.flags['json'] === true
  if (!isJson) await write(process.stdout, `${describePlan(plan)}\n`)
  const threads = new LoadThreads(plan)
  let interrupted = false
  hearInterruption(() => {
    interrupted = true
    threads.order('stop')
  })
  const progress = new Progress({ plan, stream: process.stderr, figures: () => threads.figures() })
  await threads.ready
  if (!isJson && !interrupted && plan.scenario === undefined) refuseWithoutSockets(threads.figures())
  const before = { cpu: process.cpuUsage(), at: performance.now() }
  progress.begin()
  threads.order('begin')
  await threads.ended
  progress.end()
  const { user, system } = process.cpuUsage(before.cpu)
  const cpu = (user + system) / 1_000 / (performance.now() - before.at)
  const result = createResult({ plan, figures: threads.figures(), interrupted, cpu })
  const text = isJson
    ? `${JSON.stringify(result, null, 2)}\n`
    : formatReport(result, painterFor(process.stdout, given.env))
  await write(process.stdout, text)
  // What the threads still have open is of no more use.
  process.exit(hasSucceeded(result) ? 0 : 1)
}

/** @throws `CONNECT_FAILED` if no socket is connected */
function refuseWithoutSockets({ open, steps }: Figures): void {
  if (open > 0) return
  const [first] = steps.get(connectStep)?.errors.values() ?? []
  const message = first?.message ?? 'No socket was connected'
  throw new GatewayError({ code: errors.connectFailed.code, message })
}

/** Whether a request, or another step of a scenario, has succeeded. */
function hasSucceeded({ steps }: LoadResult): boolean {
  return Object.entries(steps).some(([name, { ok }]) => name !== connectStep && name !== resumeStep && ok > 0)
}
