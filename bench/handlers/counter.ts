/** The handlers of the `requests` cases. */
import type { BackendSession } from '../../workers/index.js'
import { tellThread } from '../readings/threads.js'

tellThread()

interface Settings {
  count: number
}

/** Adds one to the session's counter, pushes it without waiting, and replies with the new value. */
export async function add(_body: unknown, session: BackendSession<Settings>): Promise<number> {
  const count = (session.get('count') ?? 0) + 1
  session.set('count', count)
  session.push('count')
  return count
}
