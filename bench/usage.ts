/** The CPU time that this process has used, whole and by its first thread. */
import { readFileSync } from 'node:fs'

export interface Usage {
  /** Milliseconds of a clock that only this process knows. */
  readonly at: number
  /** Microseconds of CPU, all threads. */
  readonly process: number
  /** Microseconds of CPU of the first thread; undefined where the system does not say. */
  readonly mainThread: number | undefined
}

/** Microseconds of CPU for each second, between two looks. */
export interface UsageRate {
  readonly process: number
  readonly mainThread: number | undefined
}

/** Call it in the first thread. */
export function readUsage(): Usage {
  const { user, system } = process.cpuUsage()
  return { at: performance.now(), process: user + system, mainThread: readThread() }
}

export function rateBetween(before: Usage, after: Usage): UsageRate {
  const seconds = (after.at - before.at) / 1000
  return {
    process: (after.process - before.process) / seconds,
    mainThread:
      before.mainThread === undefined || after.mainThread === undefined
        ? undefined
        : (after.mainThread - before.mainThread) / seconds
  }
}

/** Linux counts nanoseconds for each thread, where it was built to. */
function readThread(): number | undefined {
  try {
    const nanoseconds = Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0])
    return nanoseconds > 0 ? nanoseconds / 1000 : undefined
  } catch {
    return undefined
  }
}
