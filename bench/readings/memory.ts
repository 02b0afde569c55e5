/** The memory of a server process, read by one of its tasks. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Returns the resident memory in bytes, after garbage collection in the main thread. */
export function readMemory(): number {
  collectGarbage()
  // The second pass frees what the first one finalized.
  collectGarbage()
  return process.memoryUsage.rss()
}

/**
 * Returns the memory in use in bytes, after garbage collection: of the main thread's heap, and of its buffers
 * and typed arrays. The resident memory has also what is free between them.
 */
export function readUsedMemory(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Milliseconds between two readings. */
const interval = 50

/**
 * Watches the resident memory for `ms` milliseconds, garbage included. Returns the peak of the second half
 * divided by the peak of the first: 1 or less means that it did not grow.
 */
export async function watchMemory(ms: number, read: () => number = process.memoryUsage.rss): Promise<number> {
  const start = performance.now()
  const peaks: [first: number, second: number] = [0, 0]
  for (let passed = 0; ; passed = performance.now() - start) {
    const half = passed < ms / 2 ? 0 : 1
    peaks[half] = Math.max(peaks[half], read())
    if (passed >= ms) return peaks[1] / peaks[0]
    await new Promise(resolve => setTimeout(resolve, interval))
  }
}

/** Collects garbage. Enabled here and not by a flag of the process, which its threads would inherit. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
