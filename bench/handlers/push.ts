/** The handlers of the `push` cases. */
import { serialize } from 'node:v8'
import { type BackendSession, type HandlerContext, handler } from '../../workers/index.js'
import { tellThread } from '../readings/threads.js'
import { firstNumber, hundredKeys, longText, richValue } from '../servers/held.js'
import { encodeHundred } from '../servers/hundred-keys.js'
import type { Pushed, Stretch } from '../servers/stretch.js'

tellThread()

/** Adds `ballast` characters to the session's settings. */
export async function fill({ ballast }: Stretch, session: BackendSession): Promise<void> {
  session.set('ballast', 'x'.repeat(ballast!))
  await session.apush('ballast')
}

/**
 * Requests of sessions with the same value under this key run in the same worker; without a value they run in
 * any worker.
 */
const inPlace = { affinity: 'place' }

/** Sets the session's place, and with it its worker. */
export async function settle({ place }: { place: number }, session: BackendSession): Promise<void> {
  session.set('place', place)
  await session.apush('place')
}

/** Replies with the worker in which the session runs. */
export const where = handler(
  inPlace,
  (_body: unknown, _session: BackendSession, { worker }: HandlerContext) => worker.index
)

/** Pushes one key over and over, with a given number of pushes waiting to be settled. */
export const position = handler(
  inPlace,
  (asked: Stretch, session: BackendSession, context: HandlerContext): Promise<Pushed> =>
    pushOn(asked, session, context, number => {
      session.set('position', number)
      return session.apush('position')
    })
)

/** Does the same by the service, where the gateway acks each push. */
export const acked = handler(
  inPlace,
  async (asked: Stretch, session: BackendSession, context: HandlerContext): Promise<Pushed> => {
    const own = await context.sessions.aget(session.frontendId, session.id)
    return pushOn(asked, session, context, number => {
      own!.set('position', number)
      return own!.apush('position')
    })
  }
)

/** Does the same with a value that JSON alone cannot hold. */
export function rich(asked: Stretch, session: BackendSession, context: HandlerContext): Promise<Pushed> {
  return pushOn(asked, session, context, number => {
    session.set('rich', richValue(number))
    return session.apush('rich')
  })
}

/** Changes 100 keys and pushes them all at once, over and over. Counts keys. */
export async function everything(
  asked: Stretch,
  session: BackendSession,
  context: HandlerContext
): Promise<Pushed> {
  const pushed = await pushOn(asked, session, context, number => {
    setAll(session, longText(number))
    return session.apushAll()
  })
  return { ...pushed, count: pushed.count * 100 }
}

/**
 * Encodes the same values as a push of all keys does: as one text, in the bytes that would cross to the
 * gateway. Sends nothing, and keeps nothing for the next request. Counts keys.
 */
export async function encoded(
  asked: Stretch,
  session: BackendSession,
  context: HandlerContext
): Promise<Pushed> {
  let length = 0
  const pushed = await pushOn(asked, session, context, async number => {
    length += serialize(encodeHundred(number)).length
  })
  if (length === 0) throw new Error('Nothing was encoded')
  // The session holds what the last pass would have pushed.
  setAll(session, longText(pushed.last))
  await session.apushAll()
  return { ...pushed, count: pushed.count * 100 }
}

/** Pushes each key by itself, without waiting but for the last. Counts keys. */
export async function singly(
  asked: Stretch,
  session: BackendSession,
  context: HandlerContext
): Promise<Pushed> {
  const pushed = await pushOn(asked, session, context, number => {
    setAll(session, longText(number))
    for (const key of hundredKeys) session.push(key)
    return session.apush(hundredKeys.at(-1)!)
  })
  return { ...pushed, count: pushed.count * 100 }
}

/**
 * Pushes one key a thousand times and replies. Pushes are in order, so the last ack means that all are
 * applied.
 */
export async function thousand(
  _asked: Stretch,
  session: BackendSession,
  { worker }: HandlerContext
): Promise<Pushed> {
  const startedAt = performance.now()
  const last = firstNumber + 1000
  for (let number = firstNumber + 1; number < last; number++) {
    session.set('position', number)
    session.push('position')
  }
  session.set('position', last)
  await session.apush('position')
  const seconds = (performance.now() - startedAt) / 1000
  return { count: 1000, seconds, last, sid: session.id, worker: worker.index }
}

const tenKeys = Array.from({ length: 10 }, (_, i) => `key-${i}`)

/** Counts the session's requests in 10 keys, pushes them without waiting, and replies with the count. */
export async function ten(_body: unknown, session: BackendSession): Promise<number> {
  // Reads all keys, so that a lost push is noticed.
  const count = nextCount(session)
  for (const key of tenKeys) {
    session.set(key, count)
    session.push(key)
  }
  return count
}

/** Does the same without the pushes, so the count is always that of the first request. */
export async function none(_body: unknown, session: BackendSession): Promise<number> {
  const count = nextCount(session)
  for (const key of tenKeys) session.set(key, count)
  return count
}

function nextCount(session: BackendSession): number {
  const counts = tenKeys.map(key => session.get(key) ?? 0)
  return counts.every(count => count === counts[0]) ? counts[0] + 1 : Number.NaN
}

function setAll(session: BackendSession, text: string): void {
  for (const key of hundredKeys) session.set(key, text)
}

/** Calls `push` with consecutive numbers, `waiting` of them at a time, until the time is up. */
async function pushOn(
  { waiting = 1, seconds }: Stretch,
  { id: sid }: BackendSession,
  { worker }: HandlerContext,
  push: (number: number) => Promise<unknown>
): Promise<Pushed> {
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  let last = firstNumber
  let count = 0
  const goOn = async () => {
    while (performance.now() < end) {
      await push(++last)
      count++
    }
  }
  await Promise.all(Array.from({ length: waiting }, goOn))
  return { count, seconds: (performance.now() - startedAt) / 1000, last, sid, worker: worker.index }
}
