/**
 * The CPU time of this process: in total, of its main thread, and of the threads that run handlers. And how
 * long the main thread had to wait for a core.
 */
import { readFileSync } from 'node:fs'

export interface Usage {
  /** Milliseconds of a clock of this process. */
  readonly at: number
  /** Microseconds of CPU of all threads. */
  readonly process: number
  /** Microseconds of CPU of the main thread; undefined where the system does not tell. */
  readonly mainThread: number | undefined
  /**
   * Microseconds in which the main thread was ready to run but had no core; undefined where the system does
   * not tell.
   */
  readonly mainThreadWait?: number | undefined
  /** Microseconds of CPU of each requested thread, by thread id; undefined where the system does not tell. */
  readonly workers: Readonly<Record<string, number>> | undefined
}

/**
 * Reads the CPU times; to be called in the main thread. `workers`: ids of the threads to read. `others`: ids
 * of processes whose times are added to that of this process.
 */
export function readUsage(workers: readonly string[] = [], others: readonly number[] = []): Usage {
  const { user, system } = process.cpuUsage()
  const main = readThread('/proc/thread-self')
  const all = workers.map(thread => [thread, readThread(`/proc/self/task/${thread}`)?.cpu] as const)
  const isKnown = all.length > 0 && all.every(([, micros]) => micros !== undefined)
  return {
    at: performance.now(),
    process: others.reduce((sum, pid) => sum + readProcess(pid), user + system),
    mainThread: main?.cpu,
    mainThreadWait: main?.wait,
    workers: isKnown ? (Object.fromEntries(all) as Record<string, number>) : undefined
  }
}

/**
 * Returns the microseconds of CPU that the handlers' threads used between two readings; undefined if they are
 * not the same threads.
 */
export function workersBetween(before: Usage, after: Usage): number | undefined {
  if (before.workers === undefined || after.workers === undefined) return undefined
  const threads = Object.keys(after.workers)
  if (threads.join() !== Object.keys(before.workers).join()) return undefined
  return threads.reduce((sum, thread) => sum + after.workers![thread]! - before.workers![thread]!, 0)
}

/** Returns the microseconds of CPU for each second between two readings. */
export function rateBetween(before: Usage, after: Usage): { readonly process: number } {
  return { process: (after.process - before.process) / ((after.at - before.at) / 1000) }
}

/** Microseconds of a tick, in which Linux counts the CPU time of a process. */
const tick = 10_000

/**
 * Reads the CPU time of another process, with all its threads, in microseconds; NaN if the system does not
 * tell.
 */
function readProcess(pid: number): number {
  try {
    // The second field, in parentheses, may have spaces; user and system time are the 14th and 15th.
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) /)
    const fields = rest.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * tick
  } catch {
    return Number.NaN
  }
}

/**
 * Reads how many microseconds a thread ran, and how many it was ready to run but had no core. Linux counts
 * both in nanoseconds, if its kernel was built to.
 */
function readThread(folder: string): { readonly cpu: number; readonly wait: number } | undefined {
  try {
    const [cpu = 0, wait = 0] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ').map(Number)
    return cpu > 0 ? { cpu: cpu / 1000, wait: wait / 1000 } : undefined
  } catch {
    return undefined
  }
}
