/** Handlers that say, and ask for, more than they may. */
import { type BackendSession, type HandlerContext, RequestError } from '../../../workers/index.js'

interface Sizes {
  readonly code?: number
  readonly message?: number
  readonly data?: number
}

export function refuse({ code = 1, message = 1, data }: Sizes) {
  const given = data === undefined ? undefined : 'd'.repeat(data)
  throw new RequestError('C'.repeat(code), 'm'.repeat(message), given)
}

/** By a code that is a number, as some projects have it. */
export function refuseByNumber() {
  throw new RequestError(404 as never, 'Not here')
}

export async function kick({ length }: { length: number }, session: BackendSession, context: HandlerContext) {
  await context.sessions.akickBySid(session.frontendId, session.id, 'é'.repeat(length / 2))
}

/** What a handler may ask for, and its session or app may do. */
const operations: Record<
  string,
  (session: BackendSession, context: HandlerContext, index: number) => unknown
> = {
  push: session => session.push('key'),
  apush: session => session.apush('key'),
  pushAll: session => session.pushAll(),
  bind: session => session.abind('somebody'),
  update: session => session.aupdate('key', () => 1),
  get: (session, { sessions }) => sessions.aget(session.frontendId, session.id),
  kick: (session, { sessions }) => sessions.akickByUid(session.frontendId, 'nobody'),
  send: (session, context, index) => context.send(session, 'event', index),
  asend: (session, context) => context.asend(session, 'event'),
  broadcast: (_session, context) => context.broadcast('event'),
  join: (_session, context, index) => context.channel(`room ${index % 3}`).join(),
  ajoin: (_session, context) => context.channel('room').ajoin(),
  size: (_session, context) => context.channel('room').size()
}

export const kinds = Object.keys(operations)

/** Asks for it so many times in one go. */
export async function ask(
  { kind, times }: { kind: string; times: number },
  session: BackendSession,
  context: HandlerContext
) {
  const asked: unknown[] = []
  for (let index = 0; index < times; index++) asked.push(operations[kind]!(session, context, index))
  await Promise.all(asked)
}

/** Asks for what is refused before it leaves, and looks at none of it. */
export function askWrongly({ times }: { times: number }, session: BackendSession, context: HandlerContext) {
  for (let index = 0; index < times; index++) void context.asend('', 'event')
  for (let index = 0; index < times; index++) void session.abind('')
}

export function log({ times }: { times: number }, _session: BackendSession, context: HandlerContext) {
  for (let index = 0; index < times; index++) context.log.info('a line', { index })
  throw new Error('and then it fails')
}

/** Goes on when its request has ended, as a game's clock does. */
export function goOn({ times }: { times: number }, session: BackendSession, context: HandlerContext) {
  setImmediate(() => {
    for (let index = 0; index < times; index++) context.send(session, 'event', index)
    for (let index = 0; index < times; index++) context.log.info('a late line', { index })
  })
}
