/** Handlers about sessions other than their own, by way of the service. */
import type { BackendSession, HandlerContext } from '../../../workers/index.js'
import { handler } from '../../../workers/index.js'
import { codeOf, describe, show, told } from './_told.js'

type Step = [method: string, ...args: unknown[]]

/** Calls one method of the service; gives its result as data. */
export function call([method, ...args]: Step, _session: BackendSession, { sessions }: HandlerContext) {
  return told(async () => show(await sessions[method as 'aget'](...(args as [string, number]))))
}

/** The same by a callback: gives what it was called with, and whether in the tick of the call. */
export function callBack([method, ...args]: Step, _session: BackendSession, { sessions }: HandlerContext) {
  return new Promise(resolve => {
    let isSameTick = true
    const done = (...got: unknown[]) =>
      resolve({
        isSameTick,
        got: got.map(each => (each instanceof Error ? describe(each) : show(each)))
      })
    sessions[method as 'get'](...(args as [string, number]), done)
    isSameTick = false
  })
}

/** Finds a session and changes it as its own handler would. */
export function give(
  { sid, key, value }: { sid: number; key: string; value: unknown },
  session: BackendSession,
  { sessions }: HandlerContext
) {
  return told(async () => {
    const other = await sessions.aget(session.frontendId, sid)
    other!.set(key, value)
    await other!.apush(key)
    return other!.export()
  })
}

/** A session made of plain data. */
export function create(init: { id: number; key: string }, session: BackendSession, context: HandlerContext) {
  return told(async () => {
    const made = context.sessions.create({ id: init.id, frontendId: session.frontendId, settings: { b: 2 } })
    made.set(init.key, 'made')
    await made.apush(init.key)
    return show(made)
  })
}

/** One increment of one session's key, beside all others: the route is concurrent, the workers two. */
export const increment = handler(
  { concurrent: true, affinity: 'uid' },
  async (sid: number, session: BackendSession, { sessions, worker }: HandlerContext) => {
    const other = await sessions.aget(session.frontendId, sid)
    await other!.aupdate('count', (count = 0) => count + 1)
    return worker.index
  }
)

/** Waits until its own session has closed, then tries every operation. The log has the outcome of each. */
export async function actLate(
  _body: unknown,
  session: BackendSession,
  { signal, log, sessions }: HandlerContext
) {
  log.info('waiting for the end')
  if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve))
  const { id, frontendId } = session
  session.set('late', true)
  session.push('late')
  session.pushAll()
  const codes = [
    await codeOf(session.abind('late')),
    await codeOf(session.aunbind('late')),
    await codeOf(session.apush('late')),
    await codeOf(session.apushAll()),
    await codeOf(session.aupdate('late', () => 1)),
    await codeOf(session.acommit()),
    await codeOf(sessions.apush(frontendId, id, 'late', true)),
    await codeOf(sessions.abind(frontendId, id, 'late'))
  ]
  log.info('acted late', { sid: id, reason: signal.reason, codes })
}

/** Ends its own session and goes on. */
export async function leave(_body: unknown, session: BackendSession, { sessions, log }: HandlerContext) {
  await sessions.akickBySid(session.frontendId, session.id, 'leaving')
  const error = await session.apush('a').catch(error => error)
  log.info('after leaving', describe(error))
}

/** Commits again and again once its request has ended, and sends what came of it. `by`: which copy does. */
export async function commitLate(
  by: 'own' | 'fetched' | 'created',
  session: BackendSession,
  context: HandlerContext
) {
  const { sessions } = context
  const { frontendId, id } = session
  const fetched = by === 'fetched' ? await sessions.aget(frontendId, id) : undefined
  const copy = by === 'own' ? session : (fetched ?? sessions.create({ frontendId, id }))
  setTimeout(async () => {
    const codes: string[] = []
    const commit = async (key: string, value: number) => {
      copy.set(key, value)
      codes.push(await codeOf(copy.acommit()))
    }
    await commit('a', 1)
    await commit('a', 2)
    copy.remove('a')
    codes.push(await codeOf(copy.acommit()))
    await commit('a', 3)
    await sessions.apush(frontendId, id, 'a', 'of another')
    await commit('a', 4)
    context.send(session, 'committed', codes)
  })
}
