/** The handlers of the `push` cases. */
import type { BackendSession } from '../../workers/index.js'
import type { Stretch, StretchResult } from '../stretch.js'

interface Settings {
  position: number
}

/** So that every value's JSON takes 8 bytes. */
const firstPosition = 10_000_000

/** Pushes one key over and over, with so many pushes waiting for their acks at a time, for so long. */
export async function awaited(
  { waiting, seconds }: Stretch,
  session: BackendSession<Settings>
): Promise<StretchResult> {
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  let count = 0
  let last = firstPosition
  const pushOn = async () => {
    while (performance.now() < end) {
      session.set('position', ++last)
      await session.apush('position')
      count++
    }
  }
  await Promise.all(Array.from({ length: waiting }, pushOn))
  return { count, seconds: (performance.now() - startedAt) / 1000, last }
}

const tenKeys = Array.from({ length: 10 }, (_, i) => `key-${i}`)

/** Pushes 10 keys, waits for none, and answers. */
export async function ten(_body: unknown, session: BackendSession): Promise<number> {
  for (const key of tenKeys) {
    session.set(key, firstPosition)
    session.push(key)
  }
  return firstPosition
}

/** The same without the pushes. */
export async function none(_body: unknown, session: BackendSession): Promise<number> {
  for (const key of tenKeys) session.set(key, firstPosition)
  return firstPosition
}
