/** What this thread's heap holds, once it is swept, and what its objects hold outside of it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let sweep: (() => void) | undefined

/** In bytes. */
export function sweptHeap(): number {
  // Asked for here rather than by a flag of the process, which its threads would be given too.
  if (sweep === undefined) {
    setFlagsFromString('--expose-gc')
    sweep = runInNewContext('gc') as () => void
  }
  sweep()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
