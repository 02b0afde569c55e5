/** The pushes of the comparison, in one handler that does not wait for them. */
import type { BackendSession } from '../../../workers/index.js'

interface Settings {
  position: number
}

/** Pushes `count` positions, one by one. All are applied before the reply is sent. */
export async function push({ count }: { count: number }, session: BackendSession<Settings>): Promise<number> {
  let position = session.get('position') ?? 0
  for (let i = 0; i < count; i++) {
    session.set('position', ++position)
    session.push('position')
  }
  return position
}

export async function read(_body: unknown, session: BackendSession<Settings>): Promise<number> {
  return session.get('position') ?? 0
}
