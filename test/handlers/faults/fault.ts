/** Handlers that do to their worker what handlers should not. */
import { appendFileSync } from 'node:fs'
import type { BackendSession, HandlerContext } from '../../../workers/index.js'

export function exit(_body: unknown, session: BackendSession) {
  session.set('pushedAtLast', true)
  session.push('pushedAtLast')
  process.exit(3)
}

/** Throws where no request can be blamed: in a timer. Its own request never ends. */
export async function throwLater() {
  setTimeout(() => {
    throw new Error('thrown in a timer')
  }, 1)
  await new Promise(() => {})
}

/** Leaves a rejection unhandled. Its own request never ends. */
export async function reject() {
  void Promise.reject(new Error('nobody handles this'))
  await new Promise(() => {})
}

export const replies: Record<string, () => unknown> = {
  function: () => () => 1,
  symbol: () => Symbol('x'),
  bigint: () => ({ deep: { list: [1n] } }),
  circle: () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    return circle
  },
  throwingJson: () => ({
    toJSON() {
      throw new Error('secret')
    }
  }),
  thenThrows: () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tried
    get then() {
      throw new Error('secret')
    }
  })
}

/** Answers something that can't be sent. */
export function answer({ what }: { what: string }) {
  return replies[what]!()
}

export async function never() {
  await new Promise(() => {})
}

export async function wait(_body: unknown, _session: BackendSession, context: HandlerContext) {
  context.log.info('waiting')
  await new Promise(() => {})
}

export function note({ file, token }: { file: string; token: string }, session: BackendSession) {
  // At once on the disk, so that it is there whatever happens to the worker next.
  appendFileSync(file, `${token}\n`)
  session.set('noted', (session.get('noted') ?? 0) + 1)
  session.push('noted')
  return { token }
}

export function read({ key }: { key: string }, session: BackendSession) {
  return { value: session.get(key) }
}

export async function write({ key, value }: { key: string; value: unknown }, session: BackendSession) {
  session.set(key, value)
  await session.apush(key)
}

/** Goes on after its player has left, and says how that went. */
export async function outlive(_body: unknown, session: BackendSession, context: HandlerContext) {
  const { signal } = context
  context.log.info('outliving')
  await new Promise(resolve => signal.addEventListener('abort', resolve))
  const codes: string[] = []
  for (const work of [
    () => session.apush('k'),
    () => session.apushAll(),
    () => session.abind('somebody'),
    () => session.aunbind('somebody'),
    () => session.aupdate('k', () => 1),
    () => session.acommit()
  ]) {
    session.set('k', 1)
    await work().then(
      () => codes.push('ok'),
      error => codes.push(error.code)
    )
  }
  // What nobody awaits must not end the worker either.
  session.push('unawaited')
  session.pushAll()
  session.bind('somebody')
  void session.apush('unawaited')
  void session.abind('somebody')
  context.log.info('outlived', { codes, reason: signal.reason })
}
