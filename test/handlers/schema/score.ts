/** Handlers that are declared with schemas. */
import { type BackendSession, handler } from 'sallyport/worker'
import * as v from 'valibot'
import { z } from 'zod'

interface Settings {
  score: number
}

/** Takes a number of points, or a text that is one; the handler gets a number. */
export const add = handler(
  { body: z.object({ points: z.coerce.number().int().min(1), note: z.string().default('none') }) },
  ({ points, note }, session: BackendSession<Settings>) => {
    session.set('score', (session.get('score') ?? 0) + points)
    session.push('score')
    return { score: session.get('score')!, note, calls: ++calls }
  }
)

/** How often `add` was called in this worker. */
let calls = 0

export function called() {
  return calls
}

export const rename = handler(
  { body: v.object({ name: v.pipe(v.string(), v.minLength(1)) }), timeout: 5_000 },
  async ({ name }) => ({ name })
)

/** Its schema answers later. */
export const late = handler(
  { body: z.object({ code: z.string().refine(async code => code === 'sesame', 'Not the word') }) },
  ({ code }) => code
)

/** Its reply is not what it says, if it is asked for a wrong one. */
export const broken = handler(
  { body: z.object({ wrong: z.boolean() }), reply: z.object({ ok: z.literal(true) }) },
  ({ wrong }) => (wrong ? ({ ok: 'yes' } as never) : { ok: true as const })
)
