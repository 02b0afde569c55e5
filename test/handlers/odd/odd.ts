/** Handlers that throw, or answer with, what can hardly be looked at. */
import { errors } from '../../../shared/errors.js'
import { type BackendSession, type HandlerContext, handler, RequestError } from '../../../workers/index.js'

function refuse(): never {
  throw new Error('not to be looked at')
}

const traps = { get: refuse, getPrototypeOf: refuse, has: refuse, ownKeys: refuse }

function withGetter(name: string): Error {
  return Object.defineProperty(new Error('odd'), name, { get: refuse })
}

/** The code is what it was when it is read for the first time, and then a number. */
function changing(error: { readonly code: string }) {
  const { code } = error
  let reads = 0
  return Object.defineProperty(error, 'code', { get: () => (reads++ === 0 ? code : 404) })
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

export const thrown: Record<string, () => unknown> = {
  'a Proxy': () => new Proxy({}, traps),
  'a Proxy of an error': () => new Proxy(new Error('odd'), traps),
  'a revoked Proxy': revoked,
  'a getter of message': () => withGetter('message'),
  'a getter of stack': () => withGetter('stack'),
  'a getter of name': () => withGetter('name'),
  'a stack that is no text': () => Object.assign(new Error('odd'), { stack: () => 1 }),
  'a message that is no text': () => Object.assign(new Error('odd'), { message: Symbol('odd') }),
  null: () => null,
  undefined: () => undefined,
  'no prototype': () => Object.create(null),
  'toString throws': () => ({ toString: refuse, toJSON: refuse }),
  'a symbol': () => Symbol('odd'),
  'a RequestError without a message': () =>
    Object.defineProperty(new RequestError('X', 'x'), 'message', { get: refuse }),
  'a RequestError whose message is a number': () =>
    Object.assign(new RequestError('X', 'x'), { message: 404 }),
  'a RequestError whose code changes': () => changing(new RequestError('X', 'x')),
  'an error of the gateway whose message is a number': () =>
    Object.assign(errors.bodyMalformed('odd'), { message: 404 }),
  'a refusal whose message is an object': () =>
    Object.assign(errors.keyInvalid('odd'), { message: { a: 1 } }),
  'a refusal whose code changes': () => changing(errors.keyInvalid('odd')),
  'a RequestError whose code is an object': () => new RequestError({ toString: refuse } as never, 'x')
}

export function fail({ what }: { what: string }) {
  throw thrown[what]!()
}

export async function failLater({ what }: { what: string }) {
  await undefined
  throw thrown[what]!()
}

const replies: Record<string, () => unknown> = {
  'a getter of then': () => Object.defineProperty({}, 'then', { get: refuse }),
  // biome-ignore lint/suspicious/noThenProperty: that is what is tried
  'a thenable that throws': () => ({ then: refuse }),
  // biome-ignore lint/suspicious/noThenProperty: that is what is tried
  'a promise whose then throws': () => Object.assign(Promise.resolve(1), { then: refuse }),
  'a promise without a class': () =>
    Object.defineProperty(Promise.resolve(1), 'constructor', { get: refuse }),
  'a Proxy': () => new Proxy({}, traps),
  'a revoked Proxy': revoked
}

export function answer({ what }: { what: string }) {
  return replies[what]!()
}

export async function update({ what }: { what: string }, session: BackendSession) {
  await session.aupdate('key', () => {
    throw thrown[what]!()
  })
}

/** Catches what operations fail with, and gives what each failed with: its own error, or one with a code. */
export async function catchEach(
  { what }: { what: string },
  session: BackendSession,
  context: HandlerContext
) {
  const error = thrown[what]!()
  const fail = () => {
    throw error
  }
  const nameOf = (caught: unknown) => (caught === error ? 'its own' : (caught as { code: string }).code)
  const caught = (promise: Promise<unknown>) => promise.then(() => 'nothing', nameOf)
  const odd = Object.defineProperty({}, 'member', { get: fail, enumerable: true })
  session.set('odd', odd)
  const attempts = [
    caught(session.aupdate('key', fail)),
    caught(session.aupdate('key', () => Promise.reject(error))),
    caught(session.apush('odd')),
    caught(context.sessions.apush(session.frontendId, session.id, 'odd', odd)),
    caught(
      context.channel('odd').ajoin(Object.defineProperty({} as BackendSession, 'frontendId', { get: fail }))
    )
  ]
  try {
    context.channel('odd').broadcast('event', odd)
  } catch (thrown) {
    attempts.push(Promise.resolve(nameOf(thrown)))
  }
  return Promise.all(attempts)
}

/** By a schema that throws. */
export const check = handler(
  {
    body: {
      '~standard': {
        version: 1,
        vendor: 'odd',
        validate(body) {
          throw thrown[(body as { what: string }).what]!()
        }
      }
    }
  },
  () => 'checked'
)

export function quick() {
  return 'quick'
}

const logged: Record<string, () => unknown> = {
  ...thrown,
  ...replies,
  'a promise': () => Promise.resolve(1),
  'a function': () => refuse,
  'a BigInt': () => 1n,
  'a Map': () => new Map([[1, 2]]),
  'a circle': () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    return circle
  },
  'toJSON gives nothing': () => ({ toJSON: () => undefined }),
  'a WeakMap in a list': () => [new WeakMap(), Symbol('odd')],
  'a tree without end': () => {
    let tree: unknown = 1
    for (let level = 0; level < 60; level++) tree = { left: tree, right: tree }
    return tree
  },
  'many keys': () => Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, index])),
  'a long text': () => 'x'.repeat(1_000_000),
  'a long list': () => Array(300_000).fill('"')
}

export const loggedKinds = Object.keys(logged)

/** Logs it in each place of a line, and a field beside it. */
export function log({ what }: { what: string }, _session: BackendSession, context: HandlerContext) {
  const value = logged[what]!()
  context.log.info('a field', { what, value, kept: 'kept' })
  context.log.info(value as string, { what, place: 'message' })
  context.log.info('all fields', value as never)
  context.log.info('a getter', Object.defineProperty({ what }, 'value', { get: refuse, enumerable: true }))
  return 'logged'
}

/** As a client would have it that may name fields. */
export function forge(_body: unknown, _session: BackendSession, context: HandlerContext) {
  context.log.info('forged', { route: 'innocent', requestId: -1, worker: 99, kept: 'kept' })
}

/** Sends an event by a delivery that is another one each time it is looked at. */
export function sendOddly(_body: unknown, session: BackendSession, context: HandlerContext) {
  let looks = 0
  const delivery = { toString: () => (looks++ === 0 ? 'latest' : 'odd') }
  context.send(session, 'event', 1, { delivery: delivery as never })
}

/** Names another channel to an operation than the one that was checked. */
export function rename(_body: unknown, _session: BackendSession, context: HandlerContext) {
  const channel = context.channel('a name')
  try {
    Object.assign(channel, { name: () => 1 })
  } catch {}
  channel.broadcast('event')
  channel.join()
  return channel.name
}

export function logMuch(_body: unknown, _session: BackendSession, context: HandlerContext) {
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`field${index}`, 'z'.repeat(1_000)])
  )
  context.log.info('much', { first: 'x'.repeat(40_000), long: 'y'.repeat(40_000), ...many })
}
