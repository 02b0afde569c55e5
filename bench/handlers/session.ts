/** The handlers that prepare sessions before a measurement. */
import type { BackendSession } from '../../workers/index.js'

/** Binds the session to a user id of its own. */
export async function login(_body: unknown, session: BackendSession): Promise<number> {
  await session.abind(`player-${session.id}`)
  return session.id
}

/** Values of 30 settings, whose JSON with their keys takes 2 KB. */
const settings = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [`setting-${i + 10}`, 'x'.repeat(50)])
)

/** Sets 30 settings of the session. */
export async function furnish(_body: unknown, session: BackendSession): Promise<number> {
  for (const [key, value] of Object.entries(settings)) session.set(key, value)
  await session.apushAll()
  return Object.keys(settings).length
}
