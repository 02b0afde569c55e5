/** Runs a load: connects, sends, reports, and ends with the figures so far if it is asked to. */

import { errors, GatewayError } from '../../shared/errors.js'
import { printable } from '../../shared/text/printable.js'
import { longestTimer, withTimeout } from '../../shared/with-timeout.js'
import type { Figures } from '../players/figures.js'
import { connectStep, resumeStep } from '../players/player-client.js'
import type { Given } from '../terminal/arguments.js'
import { hearInterruption } from '../terminal/interruption.js'
import { painterFor, printableJson, write } from '../terminal/output.js'
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
  const patience = new Patience()
  hearInterruption(() => {
    interrupted = true
    threads.order('stop')
    patience.last(grace)
  })
  const progress = new Progress({ plan, stream: process.stderr, figures: () => threads.figures() })
  const look = () => ({ cpu: process.cpuUsage(), at: performance.now() })
  let before = look()
  try {
    await Promise.race([
      plan.scenario === undefined ? threads.ready : untilLoaded(threads.ready),
      patience.over
    ])
    if (!isJson && !interrupted && plan.scenario === undefined) refuseWithoutSockets(threads.figures())
    before = look()
    progress.begin()
    threads.order('begin')
    // An aborted load has its own, shorter patience.
    if (!interrupted) patience.last(plan.duration + plan.timeout + grace)
    await Promise.race([threads.ended, patience.over])
  } finally {
    // An error must not stand behind its line.
    progress.end()
  }
  const { user, system } = process.cpuUsage(before.cpu)
  const cpu = (user + system) / 1_000 / (performance.now() - before.at)
  const result = createResult({ plan, figures: threads.figures(), interrupted, cpu })
  const text = isJson
    ? `${printableJson(result, 2)}\n`
    : formatReport(result, painterFor(process.stdout, given.env))
  await write(process.stdout, text)
  if (patience.isOver) await write(process.stderr, `sallyport: ${stuck}\n`)
  // What the threads still have open is of no more use.
  process.exit(hasSucceeded(result) && !patience.isOver ? 0 : 1)
}

/** Milliseconds that the file of a scenario may take to load. */
const longestLoad = 30_000

/**
 * Waits until the file of a scenario is loaded. `ms`: for how long.
 *
 * @throws `OPTION_INVALID` if it takes longer
 */
export async function untilLoaded(loaded: Promise<void>, ms = longestLoad): Promise<void> {
  if (await withTimeout(ms, loaded)) return
  throw errors.optionInvalid(
    `The scenario is not loaded after ${ms} ms: its file waits for a promise at its top, or has an endless loop there`
  )
}

/** Milliseconds for which threads may be late with their end. */
const grace = 5_000

const stuck =
  'A thread of the load does not answer, so its latest figures are missing. Does the scenario have an endless loop?'

/** The wait for threads that may be stuck in the code of a scenario. */
class Patience {
  #timer: NodeJS.Timeout | undefined
  #resolve = () => {}
  readonly over = new Promise<void>(resolve => {
    this.#resolve = resolve
  })
  isOver = false

  /** Lets it last for some milliseconds from now on. */
  last(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => {
        this.isOver = true
        this.#resolve()
      },
      Math.min(ms, longestTimer)
    )
  }
}

/** @throws `CONNECT_FAILED` if no socket is connected */
function refuseWithoutSockets({ open, steps }: Figures): void {
  if (open > 0) return
  const [first] = steps.get(connectStep)?.errors.values() ?? []
  const message = printable(first?.message ?? 'No socket was connected')
  throw new GatewayError({ code: errors.connectFailed.code, message })
}

/** Whether a request, or another step of a scenario, has succeeded. */
function hasSucceeded({ steps }: LoadResult): boolean {
  return Object.entries(steps).some(([name, { ok }]) => name !== connectStep && name !== resumeStep && ok > 0)
}
