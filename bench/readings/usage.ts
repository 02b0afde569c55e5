/** The CPU time that this process has used: whole, by its first thread, and by the threads with the handlers. */
import { readFileSync } from 'node:fs'

export interface Usage {
  /** Milliseconds of a clock that only this process knows. */
  readonly at: number
  /** Microseconds of CPU, all threads. */
  readonly process: number
  /** Microseconds of CPU of the first thread; undefined where the system does not say. */
  readonly mainThread: number | undefined
  /** Microseconds of CPU of each of the threads that were asked for, by their numbers; undefined likewise. */
  readonly workers: Readonly<Record<string, number>> | undefined
}

/** Call it in the first thread. `workers`: the numbers of the threads to look at. */
export function readUsage(workers: readonly string[] = []): Usage {
  const { user, system } = process.cpuUsage()
  const all = workers.map(thread => [thread, readThread(`/proc/self/task/${thread}`)] as const)
  const isKnown = all.length > 0 && all.every(([, micros]) => micros !== undefined)
  return {
    at: performance.now(),
    process: user + system,
    mainThread: readThread('/proc/thread-self'),
    workers: isKnown ? (Object.fromEntries(all) as Record<string, number>) : undefined
  }
}

/** Microseconds of CPU that the threads with the handlers have used; undefined if they are not the same threads. */
export function workersBetween(before: Usage, after: Usage): number | undefined {
  if (before.workers === undefined || after.workers === undefined) return undefined
  const threads = Object.keys(after.workers)
  if (threads.join() !== Object.keys(before.workers).join()) return undefined
  return threads.reduce((sum, thread) => sum + after.workers![thread]! - before.workers![thread]!, 0)
}

/** Microseconds of CPU for each second, between two looks. */
export function rateBetween(before: Usage, after: Usage): { readonly process: number } {
  return { process: (after.process - before.process) / ((after.at - before.at) / 1000) }
}

/** Linux counts nanoseconds for each thread, where it was built to. */
function readThread(folder: string): number | undefined {
  try {
    const nanoseconds = Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0])
    return nanoseconds > 0 ? nanoseconds / 1000 : undefined
  } catch {
    return undefined
  }
}
