/** A closed loop: each socket keeps so many requests in flight, and sends the next one after a reply. */
import { sleep } from './crowd.js'
import type { Figures } from './figures.js'
import type { LoadPlan } from './plan.js'
import type { PlayerClient } from './player-client.js'

/**
 * Milliseconds to wait after a request that has failed at once, without a server: trying again at once would
 * be a loop that nothing ends.
 */
const failedWait = 10

/** Sends until the signal aborts. Resolves when all requests are settled. */
export async function runClosedLoop(
  plan: LoadPlan,
  players: readonly PlayerClient[],
  figures: Figures,
  signal: AbortSignal
): Promise<void> {
  const { route, body, inFlight } = plan
  const runLane = async (player: PlayerClient) => {
    while (!signal.aborted && player.isAlive) {
      const since = performance.now()
      figures.unanswered++
      try {
        await player.requestSince(since, route!, body)
      } catch {
        // It is counted.
        if (performance.now() - since < 1) await sleep(failedWait, signal)
      } finally {
        figures.unanswered--
      }
    }
  }
  await Promise.all(players.flatMap(player => Array.from({ length: inFlight }, () => runLane(player))))
}
