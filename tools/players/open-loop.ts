/**
 * An open loop: requests are due at a steady rate, whether earlier ones are answered or not, and the time of
 * each counts from the moment when it was due. A server that pauses delays all requests that were due
 * meanwhile, and each of them shows it.
 */
import { type Figures, record } from './figures.js'
import type { ThreadSetup } from './plan.js'
import type { PlayerClient } from './player-client.js'

/** Milliseconds between two looks at what is due: the least that Node's timers can do. */
const interval = 1

/**
 * Sends until the signal aborts; nothing if it has aborted before. Resolves when all requests are settled.
 * Sockets take turns; one that has as many requests in flight as it may have is left out, and if all have,
 * what is due waits.
 */
export function runOpenLoop(
  { plan, thread }: ThreadSetup,
  players: readonly PlayerClient[],
  figures: Figures,
  signal: AbortSignal
): Promise<void> {
  const { route, body, inFlight, rate, threads } = plan
  const gap = (1_000 * threads) / rate!
  // Each thread has its own share of the moments, so that all together are evenly spaced.
  const startedAt = performance.now() + (gap * thread) / threads
  const counts = new Array<number>(players.length).fill(0)
  let sent = 0
  let turn = 0

  /** Returns the index of a socket that may send; -1 if none may. */
  const findFree = (): number => {
    for (let tried = 0; tried < players.length; tried++) {
      const index = turn
      turn = (turn + 1) % players.length
      if (players[index]!.isAlive && counts[index]! < inFlight) return index
    }
    return -1
  }
  const dueAt = () => startedAt + sent * gap

  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const send = async (index: number, since: number) => {
      counts[index]!++
      figures.unanswered++
      try {
        await players[index]!.requestSince(since, route!, body)
      } catch {
        // It is counted.
      }
      counts[index]!--
      figures.unanswered--
      if (signal.aborted && figures.unanswered === 0) resolve()
    }
    const sendDue = () => {
      const now = performance.now()
      while (dueAt() <= now) {
        const index = findFree()
        if (index === -1) return
        record(figures.late, now - dueAt())
        void send(index, dueAt())
        sent++
      }
    }
    const timer = setInterval(sendDue, interval)
    signal.addEventListener('abort', () => {
      clearInterval(timer)
      figures.unsent += Math.max(0, Math.floor((performance.now() - startedAt) / gap) + 1 - sent)
      if (figures.unanswered === 0) resolve()
    })
    sendDue()
  })
}
