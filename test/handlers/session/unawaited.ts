/** Handlers that do not wait for what they ask for. */
import { setImmediate as nextRound } from 'node:timers/promises'
import type { BackendSession, HandlerContext } from '../../../workers/index.js'

export function push(value: unknown, session: BackendSession) {
  session.set('value', value)
  session.push('value')
  return 'replied'
}

/** As an async handler, by the promise form. */
export async function apush(value: unknown, session: BackendSession) {
  session.set('value', value)
  void session.apush('value')
  return 'replied'
}

export function bind(uid: string, session: BackendSession) {
  session.bind(uid)
}

export function unbind(uid: string, session: BackendSession) {
  session.unbind(uid)
}

/** The function takes some rounds of the event loop, and the reply leaves long before. */
export function update(by: number, session: BackendSession) {
  void session.aupdate('count', async (count = 0) => {
    for (let i = 0; i < 5; i++) await nextRound()
    return count + by
  })
}

export function commit(value: unknown, session: BackendSession) {
  session.set('value', value)
  void session.acommit()
}

/** Fails in the worker, as a function can't be kept. */
export function failHere(_body: unknown, session: BackendSession) {
  session.set('fn', () => {})
  void session.apush('fn')
  return 'replied'
}

/** Fails in the gateway: each of two copies has room for its half, the session has not for both. */
export async function failThere(length: number, session: BackendSession, context: HandlerContext) {
  const copy = await context.sessions.aget(session.frontendId, session.id)
  const other = await context.sessions.aget(session.frontendId, session.id)
  copy!.set('first', 'x'.repeat(length))
  copy!.push('first')
  other!.set('second', 'x'.repeat(length))
  other!.push('second')
  return 'replied'
}
