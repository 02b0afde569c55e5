/** The sockets of one thread: connects them over a time, and cuts their connections. */
import type { Figures } from './figures.js'
import { socketsOf, type ThreadSetup } from './plan.js'
import { PlayerClient } from './player-client.js'

/** Sockets that connect at the same time, if there is no ramp. */
const connectingAtOnce = 64

/**
 * Connects the sockets of a thread. Resolves with those that were connected; the figures say what has failed.
 * Connects no more once `signal` has aborted.
 */
export async function connectCrowd(
  setup: ThreadSetup,
  figures: Figures,
  signal: AbortSignal
): Promise<PlayerClient[]> {
  const { url, user, timeout, ramp } = setup.plan
  const players: PlayerClient[] = []
  const connectOne = async (): Promise<void> => {
    if (signal.aborted) return
    try {
      const player = await PlayerClient.connect({ url, figures, timeout }, { user })
      // Whoever came too late for an end of the run is not left behind.
      if (signal.aborted) player.close()
      else players.push(player)
    } catch {
      // It is counted.
    }
  }
  if (ramp > 0) await runOverTime(setup, signal, connectOne)
  else await runSome(socketsOf(setup).length, connectOne)
  return players
}

/** Calls `start` for each socket, evenly over the ramp. Resolves when all calls have ended. */
export async function runOverTime(
  setup: ThreadSetup,
  signal: AbortSignal,
  start: (index: number) => Promise<void>
): Promise<void> {
  const { sockets, ramp } = setup.plan
  const startedAt = performance.now()
  const runs: Promise<void>[] = []
  for (const index of socketsOf(setup)) {
    const wait = (index * ramp) / sockets - (performance.now() - startedAt)
    if (wait >= 1) await sleep(wait, signal)
    if (signal.aborted) break
    runs.push(start(index))
  }
  await Promise.all(runs)
}

/** Calls `run` so many times, some of them at the same time. */
async function runSome(times: number, run: () => Promise<void>): Promise<void> {
  let left = times
  const next = async () => {
    while (left > 0) {
      left--
      await run()
    }
  }
  await Promise.all(Array.from({ length: Math.min(times, connectingAtOnce) }, next))
}

/**
 * Cuts each connection once in each interval, beginning at a random moment of it. Returns a function that
 * ends this.
 */
export function dropEvery(ms: number, players: readonly PlayerClient[], random = Math.random): () => void {
  const timers = new Set<NodeJS.Timeout>()
  for (const player of players) {
    const first = setTimeout(() => {
      timers.delete(first)
      player.cut()
      timers.add(setInterval(() => player.cut(), ms))
    }, random() * ms)
    timers.add(first)
  }
  return () => {
    for (const timer of timers) clearTimeout(timer)
  }
}

/** Waits; a signal that aborts ends the wait. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
