/**
 * The handlers of the `idiom` cases: the ways in which games read, change and push.
 * Each counts its session's requests and replies with the count, so that a lost change is noticed.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { BackendSession, HandlerContext } from '../../workers/index.js'
import { tellThread } from '../readings/threads.js'

tellThread()

interface Settings {
  count: number
  [key: string]: number
}

type CountingSession = BackendSession<Settings>

const tenKeys = Array.from({ length: 10 }, (_, i) => `key-${i}`)

/** Milliseconds that a query to a database would take. */
const query = 2

function next(session: CountingSession): number {
  const count = (session.get('count') ?? 0) + 1
  session.set('count', count)
  return count
}

/** Pushes without waiting. */
export async function push(_body: unknown, session: CountingSession): Promise<number> {
  const count = next(session)
  session.push('count')
  return count
}

/** Replies in the callback of the push, as older Pinus handlers do. */
export function callback(_body: unknown, session: CountingSession): Promise<number> {
  const count = next(session)
  return new Promise((resolve, reject) => {
    session.push('count', error => (error ? reject(error) : resolve(count)))
  })
}

export async function apush(_body: unknown, session: CountingSession): Promise<number> {
  const count = next(session)
  await session.apush('count')
  return count
}

/** Pushes ten keys at once. Reads all of them, so that a lost key is noticed. */
export async function all(_body: unknown, session: CountingSession): Promise<number> {
  const counts = tenKeys.map(key => session.get(key) ?? 0)
  const count = counts.every(each => each === counts[0]) ? counts[0]! + 1 : Number.NaN
  for (const key of tenKeys) session.set(key, count)
  await session.apushAll()
  return count
}

export async function update(_body: unknown, session: CountingSession): Promise<number> {
  return session.aupdate('count', (count = 0) => count + 1)
}

export async function commit(_body: unknown, session: CountingSession): Promise<number> {
  const count = next(session)
  await session.acommit()
  return count
}

/** Sends an event to the caller before the reply. */
export async function send(
  _body: unknown,
  session: CountingSession,
  context: HandlerContext
): Promise<number> {
  const count = next(session)
  session.push('count')
  context.send(session, 'counted', count)
  return count
}

export async function asend(
  _body: unknown,
  session: CountingSession,
  context: HandlerContext
): Promise<number> {
  const count = next(session)
  session.push('count')
  await context.asend(session, 'counted', count)
  return count
}

/** Reads a session by the service: here its own, as the gateway has it. */
export async function read(
  _body: unknown,
  session: CountingSession,
  context: HandlerContext
): Promise<number> {
  const own = await context.sessions.aget(session.frontendId, session.id)
  const count = Number(own?.get('count') ?? 0) + 1
  session.set('count', count)
  session.push('count')
  return count
}

/** Waits for a timer between the read and the push, as for a database. */
export async function timer(_body: unknown, session: CountingSession): Promise<number> {
  const count = next(session)
  await wait(query)
  await session.apush('count')
  return count
}
