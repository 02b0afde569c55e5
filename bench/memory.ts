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

/** Asked for here rather than by a flag of the process, which its threads would be given too. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
