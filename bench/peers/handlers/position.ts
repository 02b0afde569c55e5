/** Pushes of the comparison: one handler, not waiting. */
import type { BackendSession } from '../../../workers/index.js'

interface Settings {
  position: number
}

/** Pushes so many positions, one by one. All are in force before the reply leaves. */
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
