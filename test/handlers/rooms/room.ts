import { randomUUID } from 'node:crypto'
import { type BackendSession, type HandlerContext, handler } from '../../../workers/index.js'

/** Which thread this is: another after the worker was replaced. */
const thread = randomUUID()
/** The room's state, kept in the memory of its worker. */
const visits = new Map<string, number>()

/** Anybody's business: it has no room yet, or leaves the one that it has. */
export async function enter({ room }: { room: string }, session: BackendSession) {
  session.set('room', room)
  await session.apush('room')
}

export function visit(_body: unknown, session: BackendSession, context: HandlerContext) {
  const room = session.get('room')
  visits.set(room, (visits.get(room) ?? 0) + 1)
  return { room, thread, worker: context.worker.index, visits: visits.get(room) }
}

export const exit = handler({}, () => process.exit(1))
