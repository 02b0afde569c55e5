/**
 * The main file of a thread of the load tool: connects its sockets, runs its part of the load, and reports
 * the figures.
 *
 *   connecting ──▶ ready ──▶ sending ──▶ awaiting replies ──▶ ended
 */
import { setMaxListeners } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import type { Scenario } from '../scenario/scenario.js'
import { runClosedLoop } from './closed-loop.js'
import { connectCrowd, dropEvery, sleep } from './crowd.js'
import { createFigures } from './figures.js'
import { countFault, runLives } from './lives.js'
import { runOpenLoop } from './open-loop.js'
import type { ThreadOrder, ThreadReport, ThreadSetup } from './plan.js'
import type { PlayerClient } from './player-client.js'
import { loadScenario } from './scenario-file.js'

/** Milliseconds between two reports. */
const reportInterval = 250

const setup = workerData as ThreadSetup
const { plan } = setup
const port = parentPort!
const figures = createFigures()
/** Aborts when nothing more shall be sent, and when nothing is waited for any more. */
const [sending, waiting] = [new AbortController(), new AbortController()]
// Each step that waits listens.
setMaxListeners(0, sending.signal)
let begin = () => {}
const begun = new Promise<void>(resolve => {
  begin = resolve
})

port.on('message', (order: ThreadOrder) => {
  if (order === 'begin') return begin()
  waiting.abort()
  sending.abort()
  begin()
})
// A scenario may leave a promise or a callback that fails later. That does not end the load.
process.on('uncaughtException', error => {
  if (!sending.signal.aborted) countFault(figures, error)
})

run().catch(error => {
  const { code, message, stack } = Object(error) as NodeJS.ErrnoException
  report({ kind: 'failed', message: code === 'OPTION_INVALID' ? message : (stack ?? String(error)) })
})

async function run(): Promise<void> {
  const scenario = plan.scenario && (await loadScenario(plan.scenario))
  const timer = setInterval(() => report({ kind: 'figures', figures }), reportInterval)
  const players = scenario === undefined ? await connectCrowd(setup, figures, sending.signal) : []
  report({ kind: 'ready', figures })
  await begun
  await send(scenario, players)
  clearInterval(timer)
  report({ kind: 'ended', figures })
  for (const player of players) player.close()
}

/** Sends for the duration of the plan, and waits for the replies. */
async function send(scenario: Scenario | undefined, players: readonly PlayerClient[]): Promise<void> {
  const [begunAt, busyBefore] = [performance.now(), performance.eventLoopUtilization()]
  const { duration, dropEvery: dropInterval } = plan
  const load = startLoad(scenario, players)
  const endDrops = dropInterval === undefined ? () => {} : dropEvery(dropInterval, players)
  await Promise.race([sleep(duration, sending.signal), load])
  // Where nothing was sent, nothing was the limit.
  if (scenario !== undefined || players.length > 0)
    figures.busy = performance.eventLoopUtilization(busyBefore).utilization
  figures.period = performance.now() - begunAt
  sending.abort()
  endDrops()
  await Promise.race([load, sleep(plan.timeout, waiting.signal)])
}

/** Resolves when the last request is settled. */
function startLoad(scenario: Scenario | undefined, players: readonly PlayerClient[]): Promise<void> {
  const { signal } = sending
  if (scenario !== undefined) return runLives(setup, scenario, figures, signal)
  // Without a socket there is nothing to send on.
  if (players.length === 0) return Promise.resolve()
  return plan.rate === undefined
    ? runClosedLoop(plan, players, figures, signal)
    : runOpenLoop(setup, players, figures, signal)
}

function report(message: ThreadReport): void {
  port.postMessage(message)
}
