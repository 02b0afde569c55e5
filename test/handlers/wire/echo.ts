/** Handlers that give back what arrived, for tests of the wire. */
import { type BackendSession, type HandlerContext, RequestError } from '../../../workers/index.js'

/** The body, in a box that tells a missing body from null. */
export function box(body: unknown) {
  return body === undefined ? { missing: true } : { body }
}

/** The body as it is. */
export function plain(body: unknown) {
  return body
}

/** Code points of the body: what arrived, whatever the way back does to text. */
export function points(body: { text: string }) {
  return { points: [...body.text].map(character => character.codePointAt(0)) }
}

export function nothing() {}

export function refuse({ code, message, data }: { code: string; message: string; data?: unknown }) {
  throw new RequestError(code, message, data)
}

export function fail() {
  throw new Error('a secret of the game')
}

/** Remembers what came, in order. */
export async function note(body: { text: string }, session: BackendSession) {
  session.set('notes', [...((session.get('notes') as string[] | undefined) ?? []), body.text])
  await session.apush('notes')
  return { noted: body.text }
}

export function notes(_body: unknown, session: BackendSession) {
  return session.get('notes') ?? []
}

/** Binds the session, so that the test finds it in the gateway. */
export async function enter(body: { uid: string }, session: BackendSession) {
  await session.abind(body.uid)
  return { id: session.id }
}

/** Never answers by itself. */
export function hang(_body: unknown, _session: BackendSession, context: HandlerContext) {
  return new Promise(resolve => context.signal.addEventListener('abort', () => resolve(undefined)))
}
