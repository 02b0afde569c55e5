/** The memory that a server takes: one of its tasks. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that the process holds in memory, once what nobody uses any more is gone from its first thread's heap. */
export function readMemory(): number {
  collectGarbage()
  // What the first pass finalizes, the second takes away.
  collectGarbage()
  return process.memoryUsage.rss()
}

/** Milliseconds between two looks. */
const interval = 50

/**
 * Looks at the memory that the process holds for so many milliseconds, garbage and all: by how many times its peak in the second
 * half is that of the first. 1 or less: it did not grow.
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

/** Asked for here rather than by a flag of the process, which its threads would be given too. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
