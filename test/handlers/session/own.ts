/** Handlers about the session of their own request. */
import type { BackendSession, HandlerContext } from '../../../workers/index.js'
import { codeOf, told } from './_told.js'

/** What the session is now. */
export function read(_body: unknown, session: BackendSession) {
  return { uid: session.uid, settings: session.settings }
}

/** A method of the session by name, with its arguments: `['set', 'hp', 5]`. */
type Step = [method: string, ...args: unknown[]]

/** Calls methods of the session, one after the other; gives what the last one gave. */
export function steps(body: Step[], session: BackendSession) {
  return told(async () => {
    let last: unknown
    for (const [method, ...args] of body) last = await session[method as 'get'](...(args as [string]))
    return last
  })
}

/** What a handler holds: class and names, so that a test can see that it is not the internal session. */
export function shape(_body: unknown, session: BackendSession) {
  const isNotEnumerable = (name: string) => !Object.keys(session).includes(name)
  return {
    className: session.constructor.name,
    keys: Object.keys(session),
    hasService: session.___sessionService__ === session.__sessionService__,
    isHidden: isNotEnumerable('___sessionService__') && isNotEnumerable('__sessionService__'),
    exported: session.export()
  }
}

/** Changes the copy in each way there is, and pushes nothing. */
export function changeLocally(_body: unknown, session: BackendSession) {
  session.set('a', 'changed')
  session.settings.b = 'changed'
  session.settings.bag.gold = 999
  session.remove('c')
  return session.settings
}

/** Writes into a nested object before `settings` was ever touched. */
export function changeNested(_body: unknown, session: BackendSession) {
  session.get('bag').gold = 999
  return session.get('bag')
}

/** Binds, and tells the uid before and after, whatever comes of it. */
export async function bind(uid: string, session: BackendSession) {
  const before = session.uid
  const error = await session.abind(uid).then(
    () => null,
    ({ code, message }) => ({ code, message })
  )
  return { before, error, after: session.uid }
}

export async function unbind(uid: string, session: BackendSession) {
  const before = session.uid
  const error = await session.aunbind(uid).then(
    () => null,
    ({ code, message }) => ({ code, message })
  )
  return { before, error, after: session.uid }
}

/** Sets keys and pushes them all by `push`, without waiting. */
export function push(settings: Record<string, unknown>, session: BackendSession) {
  for (const [key, value] of Object.entries(settings)) {
    session.set(key, value)
    session.push(key)
  }
}

/** Keeps `undefined`, which no client can send. */
export async function keepUndefined(_body: unknown, session: BackendSession) {
  session.set('pushed', undefined)
  await session.apush('pushed')
  session.set('pushedAll', undefined)
  await session.apushAll()
}

export function whichAreUndefined(_body: unknown, session: BackendSession) {
  const { settings } = session
  return Object.keys(settings).filter(key => settings[key] === undefined)
}

/** Changes keys through a copy of its own session that is foreign to it, then commits its own changes. */
export function commit(
  { own, foreign }: { own: Record<string, unknown>; foreign: Record<string, unknown> },
  session: BackendSession,
  context: HandlerContext
) {
  return told(async () => {
    const other = await context.sessions.aget(session.frontendId, session.id)
    for (const [key, value] of Object.entries(foreign)) {
      other!.set(key, value)
      await other!.apush(key)
    }
    for (const [key, value] of Object.entries(own)) {
      if (value === null) session.remove(key)
      else session.set(key, value)
    }
    await session.acommit()
  })
}

/** Pushes a key by way of the service, and through a copy, without waiting for either. */
/** Changes keys by the service, and returns what the own copy has then; it has read `read` before. */
export async function readAfterService(_body: unknown, session: BackendSession, context: HandlerContext) {
  const { frontendId, id } = session
  session.get('read')
  await context.sessions.apushAll(frontendId, id, { read: 'by service', unread: 'by service' })
  return { read: session.get('read'), unread: session.get('unread'), all: session.settings }
}

export async function pushByService(_body: unknown, session: BackendSession, context: HandlerContext) {
  const copy = await context.sessions.aget(session.frontendId, session.id)
  copy!.set('byCopy', 2)
  copy!.push('byCopy')
  context.sessions.push(session.frontendId, session.id, 'byService', 1)
}

/** Tells the host that it runs, waits for its word, and pushes all. */
export async function pushAllWhenTold(_body: unknown, session: BackendSession, context: HandlerContext) {
  await context.sessions.apush(session.frontendId, session.id, 'isRunning', true)
  for (;;) {
    const now = await context.sessions.aget(session.frontendId, session.id)
    if (now!.get('isTold')) break
  }
  await session.apushAll()
}

/** Blocks the worker for some milliseconds. Returns the time of day at its end. */
export function block(ms: number) {
  const end = Date.now() + ms
  while (Date.now() < end);
  return Date.now()
}

/** Pushes to its own session under a gateway that is none, in each way; gives the codes, and the settings. */
export async function pushRefused(_body: unknown, session: BackendSession, { sessions }: HandlerContext) {
  const { id } = session
  const copy = sessions.create({ id, frontendId: 'nowhere' })
  copy.set('d', 'refused')
  copy.push('d')
  copy.pushAll()
  sessions.push('nowhere', id, 'e', 'refused')
  const codes = [
    await codeOf(sessions.apush('nowhere', id, 'a', 'refused')),
    await codeOf(sessions.apushAll('nowhere', id, { b: 'refused' })),
    await codeOf(copy.apush('d'))
  ]
  return { codes, settings: session.settings }
}

/** Changes a key by the service, a commit of another copy, or an update, and pushes it behind that. */
export async function pushBehind(
  by: 'service' | 'commit' | 'update',
  session: BackendSession,
  { sessions }: HandlerContext
) {
  const { frontendId, id } = session
  const copy = await sessions.aget(frontendId, id)
  copy!.set('key', 'earlier')
  const earlier =
    by === 'service'
      ? sessions.apush(frontendId, id, 'key', 'earlier')
      : by === 'commit'
        ? copy!.acommit()
        : session.aupdate('key', () => 'earlier')
  // What an operation sends leaves at once, or with the microtasks of its call.
  await null
  await null
  session.set('key', 'later')
  session.push('key')
  await earlier
}

/**
 * Reads `n` in some way, and commits another key when another answer has come in the same batch as that of an
 * update of `n`. Returns what the update has pushed.
 */
export async function commitBesideUpdate(
  by: 'get' | 'settings' | 'commit',
  session: BackendSession,
  context: HandlerContext
) {
  if (by === 'get') session.get('n')
  else if (by === 'settings') void session.settings
  else {
    session.set('n', 5)
    await session.acommit()
  }
  const updated = session.aupdate('n', (n = 0) => n + 1)
  await context.channel('beside').ajoin()
  session.set('y', 1)
  await session.acommit()
  return updated
}

/** Reads `b` in some way, changes it by the service, and commits another key. */
export async function commitBesideService(
  by: 'get' | 'settings' | 'push' | 'remove',
  session: BackendSession,
  { sessions }: HandlerContext
) {
  if (by === 'get') session.get('b')
  else if (by === 'settings') void session.settings
  else {
    if (by === 'push') session.set('b', 4)
    else session.remove('b')
    await session.apush('b')
  }
  await sessions.apush(session.frontendId, session.id, 'b', 9)
  session.set('a', 7)
  await session.acommit()
}

/** Pushes a key that is missing, once all are read. Returns the keys that are there then. */
export async function pushMissing(key: string, session: BackendSession) {
  void session.settings
  await session.apush(key)
  return Object.keys(session.settings)
}
