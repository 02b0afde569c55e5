/** Reads a counter, adds one, pushes it, and answers the new value: in each form of a handler. */
import type { BackendSession, HandlerContext } from '../../../workers/index.js'

function bump(session: BackendSession, context: HandlerContext): { n: number; worker: number } {
  const n = (session.get('n') ?? 0) + 1
  session.set('n', n)
  session.push('n')
  return { n, worker: context.worker.index }
}

export function sync(_body: unknown, session: BackendSession, context: HandlerContext) {
  return bump(session, context)
}

export async function async(_body: unknown, session: BackendSession, context: HandlerContext) {
  return bump(session, context)
}

/** Waits between read and push, where a pipelined request could slip in if lanes let it. */
export async function timer(_body: unknown, session: BackendSession) {
  const n = (session.get('n') ?? 0) + 1
  await new Promise(resolve => setTimeout(resolve, 1))
  session.set('n', n)
  session.push('n')
  return { n }
}

export async function immediate(_body: unknown, session: BackendSession) {
  const n = (session.get('n') ?? 0) + 1
  await new Promise(resolve => setImmediate(resolve))
  session.set('n', n)
  void session.apush('n')
  return { n }
}

export function read(_body: unknown, session: BackendSession) {
  return { n: session.get('n') ?? 0 }
}
