/** Why a worker ended, and what those are answered who had something running there. */
import { runningAs } from '../shared/claims.js'
import { errors, type GatewayError } from '../shared/errors.js'
import type { Request } from './request.js'
import type { Turn } from './turn.js'

export interface LastWords {
  /** The request that ended it; 0 if that can't be said. */
  readonly rid: number
  readonly cause: string
  readonly detail: string
  /** Milliseconds for which its event loop had not turned, if that is why it was ended. */
  readonly stuckFor?: number
}

/** Of one that has said nothing itself. `rid`: the request that had the thread. */
export function describeSilentEnd(cause: Error, rid: number): LastWords {
  const detail = cause.stack ?? cause.message
  // What aborts a process is whoever has its thread; SIGKILL comes from outside.
  if (cause instanceof ProcessEnd) return { rid: cause.isItsOwn ? rid : 0, cause: cause.message, detail }
  const isMemory = (cause as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY'
  const told = isMemory ? 'out of memory' : 'its thread ended'
  // Memory runs out of whoever has the thread; what else ends a thread without a word may be nobody's doing.
  return { rid: isMemory ? rid : 0, cause: told, detail }
}

/** What a request that had started there is answered. */
export function errorOf({ rid, route }: Request, words: LastWords): GatewayError {
  if (rid !== words.rid) return errors.workerLost(route.name, words.cause)
  if (words.stuckFor !== undefined) return errors.timeout(route.name, words.stuckFor)
  return errors.handlerFatal(route.name, words.cause)
}

/** How a worker's process ended that had nothing to say. */
export class ProcessEnd extends Error {
  /** Whether what ran there has ended it, and nobody from outside. */
  readonly isItsOwn: boolean

  constructor(code: number | null, signal: NodeJS.Signals | null) {
    super(signal === null ? `its process ended with exit code ${code}` : `its process ended by ${signal}`)
    this.isItsOwn = signal !== null && faultSignals.has(signal)
  }
}

const faultSignals = new Set<NodeJS.Signals>(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP', 'SIGFPE'])

/**
 * The request that has the thread of the worker with these turns, or the only one that can; 0 where that can't be said. `number`: what
 * the worker's transport says of it.
 */
export function findRunning(turns: Iterable<Turn>, number: number): number {
  // One that its deadline has decided may run on.
  const unended = [...turns].flatMap(turn => turn.started).filter(({ hasOutcome }) => !hasOutcome)
  const running = number === 0 ? undefined : unended.find(({ rid }) => runningAs(rid) === number)
  return running?.rid ?? (unended.length === 1 ? unended[0]!.rid : 0)
}
