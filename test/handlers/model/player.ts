/** The steps that a player of the model can ask of a handler: one for each request. */
import type { BackendSession, HandlerContext } from '../../../workers/index.js'

export type Step =
  | { readonly do: 'set'; readonly key: string; readonly value: unknown }
  | { readonly do: 'push'; readonly key: string; readonly value: unknown; readonly awaited: boolean }
  | { readonly do: 'pushAll'; readonly pairs: readonly (readonly [string, unknown])[] }
  | { readonly do: 'remove'; readonly key: string }
  | { readonly do: 'update'; readonly key: string }
  | { readonly do: 'commit'; readonly key: string; readonly value: unknown; readonly removed: string }
  | { readonly do: 'bind'; readonly uid: string }
  | { readonly do: 'unbind'; readonly uid: string }
  | { readonly do: 'kick'; readonly uid: string }

/** What a session is: as lists, since keys may be `__proto__`. */
export interface Seen {
  readonly uid: string | null
  readonly settings: readonly (readonly [string, unknown])[]
}

export interface Acted {
  /** What the session was as the request began. */
  readonly seen: Seen
  /** The code that the step failed with. */
  readonly failed: string | undefined
}

export async function act(step: Step, session: BackendSession, context: HandlerContext): Promise<Acted> {
  const seen = { uid: session.uid, settings: Object.entries(session.settings) }
  try {
    await perform(step, session, context)
    return { seen, failed: undefined }
  } catch (error) {
    return { seen, failed: (error as { code: string }).code }
  }
}

/** The same, with time enough for its worker to be killed before it or after it. */
export async function actSlowly(
  step: Step,
  session: BackendSession,
  context: HandlerContext
): Promise<Acted> {
  await new Promise(resolve => setTimeout(resolve, 3))
  const acted = await act(step, session, context)
  await new Promise(resolve => setTimeout(resolve, 3))
  return acted
}

function perform(step: Step, session: BackendSession, context: HandlerContext): unknown {
  switch (step.do) {
    case 'set':
      return session.set(step.key, step.value)
    case 'push':
      session.set(step.key, step.value)
      return step.awaited ? session.apush(step.key) : session.push(step.key)
    case 'pushAll':
      for (const [key, value] of step.pairs) session.set(key, value)
      return session.apushAll()
    case 'remove':
      session.remove(step.key)
      return session.apush(step.key)
    case 'update':
      return session.aupdate(step.key, (before: unknown) => `${String(before)}!`)
    case 'commit':
      session.set(step.key, step.value)
      session.remove(step.removed)
      return session.acommit()
    case 'bind':
      return session.abind(step.uid)
    case 'unbind':
      return session.aunbind(step.uid)
    case 'kick':
      return context.sessions.akickByUid(session.frontendId, step.uid)
  }
}

/** The numbers of a user's sessions. */
export async function find(uid: string, session: BackendSession, context: HandlerContext): Promise<number[]> {
  const found = await context.sessions.agetByUid(session.frontendId, uid)
  return found.map(({ id }) => id)
}

export function whoAmI(_body: undefined, session: BackendSession): number {
  return session.id
}
