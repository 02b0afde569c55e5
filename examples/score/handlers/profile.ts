/**
 * The player's login and profile. Login binds the session to a user; the profile is kept in the session's
 * settings.
 */
import { type BackendSession, RequestError } from 'sallyport/worker'
import type { PlayerSettings } from '../player-settings.js'

export async function login(body: { name: string }, session: BackendSession<PlayerSettings>) {
  const { name } = body ?? {}
  if (typeof name !== 'string' || name === '') throw new RequestError('NAME_INVALID', 'name must be a text')
  await session.abind(name)
  session.set('name', name)
  session.set('since', new Date())
  await session.acommit()
  return { name, id: session.id }
}

export function read(_body: unknown, session: BackendSession<PlayerSettings>) {
  // A Date in the session is a Date in every worker; in the JSON of a reply it is text.
  const { name, since, motto } = session.settings
  return { uid: session.uid, name, since, motto }
}

/** Changes the motto. With `push: false`, the change is gone after this request. */
export async function change(
  body: { motto: string; push?: boolean },
  session: BackendSession<PlayerSettings>
) {
  session.set('motto', String(body?.motto))
  if (body?.push !== false) await session.apush('motto')
  return { motto: session.get('motto') }
}
