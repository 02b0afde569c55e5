/** The heap of this thread, in bytes: what is used, what is reserved, and what it may take. */
import { getHeapStatistics } from 'node:v8'

export interface HeapFigures {
  readonly heapUsed: number
  readonly heapTotal: number
  readonly heapLimit: number
}

/**
 * Reads the heap of this thread.
 *
 * @param limit the bytes that the old generation may take, as an option has set them; 0: as V8 says. With a
 * limit of its own, a heap is full at about that, while V8's figure has room for the young generation as well
 */
export function readHeap(limit = 0): HeapFigures {
  const { used_heap_size, total_heap_size, heap_size_limit } = getHeapStatistics()
  return { heapUsed: used_heap_size, heapTotal: total_heap_size, heapLimit: limit || heap_size_limit }
}
