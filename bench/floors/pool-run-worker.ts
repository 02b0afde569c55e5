/** The counter as a task of a Piscina. */
import { tellThread } from '../readings/threads.js'

tellThread()

export interface PoolSession {
  readonly id: number
  readonly frontendId: string
  readonly uid: string | null
  readonly settings: { count?: number }
}

export interface PoolTask {
  readonly route: string
  readonly body: unknown
  readonly session: PoolSession
}

export interface PoolResult {
  readonly reply: number
  readonly session: PoolSession
}

// biome-ignore lint/style/noDefaultExport: what Piscina looks for
export default function add({ session }: PoolTask): PoolResult {
  const count = (session.settings.count ?? 0) + 1
  session.settings.count = count
  return { reply: count, session }
}
