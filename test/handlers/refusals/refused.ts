/** Handlers that are refused something, and do not catch it. */
import type { BackendSession, HandlerContext } from '../../../workers/index.js'

export async function bind({ uid }: { uid: string }, session: BackendSession) {
  await session.abind(uid)
}

export async function unbind({ uid }: { uid: string }, session: BackendSession) {
  await session.aunbind(uid)
}

export async function push({ key, value }: { key: string; value: unknown }, session: BackendSession) {
  session.set(key, value)
  await session.apush(key)
}

export async function update({ key, value }: { key: string; value: unknown }, session: BackendSession) {
  await session.aupdate(key, () => value)
}

export async function pushFunction(_body: unknown, session: BackendSession) {
  session.set('key', () => 1)
  await session.apushAll()
}

export function setKey({ key }: { key: string }, session: BackendSession) {
  session.set(key, 1)
}

/** Commits what somebody else has changed meanwhile. */
export async function conflict(_body: unknown, session: BackendSession, { sessions }: HandlerContext) {
  await sessions.apush(session.frontendId, session.id, 'key', 'theirs')
  session.set('key', 'ours')
  const other = await sessions.aget(session.frontendId, session.id)
  await sessions.apush(session.frontendId, session.id, 'key', 'theirs again')
  other!.set('key', 'ours')
  await other!.acommit()
}

export async function join({ name }: { name: string }, _session: BackendSession, context: HandlerContext) {
  await context.channel(name).ajoin()
}

export async function sendBigInt(_body: unknown, session: BackendSession, context: HandlerContext) {
  await context.asend(session, 'event', 1n)
}

export async function pushOther(
  { sid }: { sid: number },
  session: BackendSession,
  { sessions }: HandlerContext
) {
  await sessions.abind(session.frontendId, sid, 'somebody')
}

export async function sendElsewhere(_body: unknown, session: BackendSession, context: HandlerContext) {
  await context.asend({ frontendId: 'another', sid: session.id }, 'event')
}

/** A code of our table, in an error of the game's own. */
export async function forge() {
  throw Object.assign(new Error('session has already bound'), { code: 'UID_TAKEN' })
}
