/** Answers the gateway's questions about this worker's thread: its state, its CPU and its memory. */
import { isMainThread, threadId } from 'node:worker_threads'
import { writeCpuProfile, writeHeapSnapshot } from '../../shared/examination/profiler.js'
import type { WorkerQuestion, WorkerStatus } from '../../shared/examination/question.js'
import { readHeap } from '../../shared/figures/heap.js'
import { setTimeout } from './own-time.js'

/**
 * Answers a question that needs nothing of the game. Rejects if that fails.
 *
 * @param heapLimit see `readHeap`
 */
export async function answerQuestion(
  question: Exclude<WorkerQuestion, { kind: 'schemas' }>,
  heapLimit: number
): Promise<WorkerStatus | null> {
  switch (question.kind) {
    case 'status':
      return readStatus(heapLimit)
    case 'profile':
      await writeCpuProfile(question.file, () => new Promise(resolve => setTimeout(resolve, question.ms)))
      return null
    case 'heapSnapshot':
      writeHeapSnapshot(question.file)
      return null
  }
}

function readStatus(heapLimit: number): WorkerStatus {
  const { active, idle } = performance.eventLoopUtilization()
  return { id: isMainThread ? process.pid : threadId, active, idle, ...readHeap(heapLimit) }
}
