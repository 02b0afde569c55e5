/** A closed loop: each socket keeps so many requests in flight, and sends the next one after a reply. */
import { errors } from '../../shared/errors.js'
import { sleep } from './crowd.js'
import type { Figures } from './figures.js'
import type { LoadPlan } from './plan.js'
import type { PlayerClient } from './player-client.js'

/**
 * Milliseconds to wait after a request that the client itself has refused: trying again at once would be a
 * loop that nothing ends. An error of the server takes its time.
 */
export const refusedWait = 10

/** Errors that the client makes without the server. */
const ownErrors = new Set<unknown>(
  [
    errors.outboxFull,
    errors.connectionClosed,
    errors.bodyTooLarge,
    errors.bodyNotSerializable,
    errors.routeInvalid,
    errors.optionInvalid
  ].map(({ code }) => code)
)

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
      } catch (error) {
        // It is counted.
        if (ownErrors.has((error as { code?: unknown } | undefined)?.code)) await sleep(refusedWait, signal)
      } finally {
        figures.unanswered--
      }
    }
  }
  await Promise.all(players.flatMap(player => Array.from({ length: inFlight }, () => runLane(player))))
}
