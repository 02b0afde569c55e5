/** The lives of the players of one thread: each player runs the scenario again and again until the end. */
import type { Scenario } from '../scenario/scenario.js'
import { runOverTime, sleep } from './crowd.js'
import { countTrouble, type Figures } from './figures.js'
import { Life } from './life.js'
import type { ThreadSetup } from './plan.js'
import { RunEnded } from './player-client.js'

/** Milliseconds to wait before the life after one that has failed. */
const failedWait = 1_000

/** Lives of one player in a second, at most: a scenario that does nothing must not be an endless loop. */
const leastLife = 10

/** Runs the scenario for each player of the thread, until the signal aborts. */
export async function runLives(
  setup: ThreadSetup,
  scenario: Scenario,
  figures: Figures,
  signal: AbortSignal
): Promise<void> {
  const { plan } = setup
  await runOverTime(setup, signal, async index => {
    for (let life = 0; !signal.aborted; life++) {
      const since = performance.now()
      const player = new Life({ plan, figures, signal, index, life })
      const isWell = await runOnce(scenario, player, figures)
      player.end()
      if (!isWell) await sleep(failedWait, signal)
      else if (performance.now() - since < leastLife) await sleep(leastLife, signal)
    }
  })
}

/** Returns whether the life has come to its end. */
async function runOnce(scenario: Scenario, player: Life, figures: Figures): Promise<boolean> {
  try {
    await scenario(player)
    if (!player.signal.aborted) figures.lives++
    return true
  } catch (error) {
    if (error instanceof RunEnded || player.signal.aborted) return true
    countFault(figures, error)
    return false
  }
}

/** What differs from one time to the next in the message of the same error: the id of `INTERNAL`. */
const ids = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g

/**
 * Counts an error that a scenario has thrown or left, by its first line without ids. A step that was rejected
 * because its run or its life has ended is none.
 */
export function countFault(figures: Figures, error: unknown): void {
  if (error instanceof RunEnded) return
  const { message, stack } = Object(error) as Partial<Error>
  const line = String(message ?? error)
    .split('\n')[0]!
    .replace(ids, '…')
  countTrouble(figures.faults, line.slice(0, 200), typeof stack === 'string' ? stack : line)
}
