/** Handlers that bind their session to users, for tests of `singleSession` over several gateways. */
import { type BackendSession, RequestError } from '../../../workers/index.js'

/** Binds, and tells the client each code with which that fails. */
export async function enter(uid: string, session: BackendSession) {
  try {
    await session.abind(uid)
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    throw new RequestError(code, message)
  }
  return session.uid
}

/** Binds without waiting for it: the reply has the user from before. */
export function enterUnawaited(uid: string, session: BackendSession) {
  session.bind(uid)
  return session.uid
}

export async function leave(_body: unknown, session: BackendSession) {
  await session.aunbind(session.uid!)
}

export function who(_body: unknown, session: BackendSession) {
  return session.uid
}
