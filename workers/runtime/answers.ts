/** Answers the gateway's questions about this worker's thread: its state, its CPU and its memory. */
import { getHeapStatistics } from 'node:v8'
import { isMainThread, threadId } from 'node:worker_threads'
import { writeCpuProfile, writeHeapSnapshot } from '../../shared/examination/profiler.js'
import type { WorkerQuestion, WorkerStatus } from '../../shared/examination/question.js'
import { setTimeout } from './own-time.js'

/** Answers a question that needs nothing of the game. Rejects if that fails. */
export async function answerQuestion(
  question: Exclude<WorkerQuestion, { kind: 'schemas' }>
): Promise<WorkerStatus | null> {
  switch (question.kind) {
    case 'status':
      return readStatus()
    case 'profile':
      await writeCpuProfile(question.file, () => new Promise(resolve => setTimeout(resolve, question.ms)))
      return null
    case 'heapSnapshot':
      writeHeapSnapshot(question.file)
      return null
  }
}

function readStatus(): WorkerStatus {
  const { active, idle } = performance.eventLoopUtilization()
  const { used_heap_size, total_heap_size, heap_size_limit } = getHeapStatistics()
  return {
    id: isMainThread ? process.pid : threadId,
    active,
    idle,
    heapUsed: used_heap_size,
    heapTotal: total_heap_size,
    heapLimit: heap_size_limit
  }
}
