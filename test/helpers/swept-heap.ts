/** Memory of this thread after a garbage collection: its heap, and what its objects hold outside of it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let sweep: (() => void) | undefined

/** Collects garbage, and returns the memory in bytes. */
export function sweptHeap(): number {
  // Enabled here rather than by a flag of the process, which its worker threads would inherit.
  if (sweep === undefined) {
    setFlagsFromString('--expose-gc')
    sweep = runInNewContext('gc') as () => void
  }
  sweep()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
