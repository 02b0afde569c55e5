/** The pushes of the comparison, in one handler that waits only for the last, as Pinus' does. */
import type { BackendSession } from '../../../workers/index.js'

interface Settings {
  position: number
}

/** Pushes `count` positions, one by one. */
export async function push({ count }: { count: number }, session: BackendSession<Settings>): Promise<number> {
  let position = session.get('position') ?? 0
  for (let i = 1; i < count; i++) {
    session.set('position', ++position)
    session.push('position')
  }
  session.set('position', ++position)
  await session.apush('position')
  return position
}

export async function read(_body: unknown, session: BackendSession<Settings>): Promise<number> {
  return session.get('position') ?? 0
}
