/** Handlers as functions: a game's unit test can call what `handler` returns. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import t from 'tap'
import { z } from 'zod'
import { RequestError } from '../../../shared/request-error.js'
import type { BackendSession } from '../../../workers/api/backend-session.js'
import type { HandlerContext } from '../../../workers/api/context.js'
import { handler, optionsOf } from '../../../workers/api/handler.js'

const session = {} as BackendSession
const context = {} as HandlerContext

/** Returns a schema that is made without a library. */
function custom(validate: (value: unknown) => StandardSchemaV1.Result<unknown>): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

/** Returns the error with which a call was refused, as its client receives it. */
function refusal(call: () => unknown): RequestError {
  try {
    call()
  } catch (error) {
    if (error instanceof RequestError) return error
    throw error
  }
  throw new Error('It was not refused')
}

t.test('what is declared can be called as the function that it is, and checks its body', async t => {
  const add = handler({ body: z.object({ points: z.number().min(1) }) }, ({ points }) => points + 1)
  t.equal(add({ points: 1 }, session, context), 2)
  t.throws(() => add({ points: 0 }, session, context), {
    code: 'BODY_INVALID',
    data: { issues: [{ path: ['points'] }] }
  })
})

t.test('outside of a gateway a reply is held to its schema too', async t => {
  const declared = handler({ reply: z.number() }, (body: unknown) => body as number)
  t.equal(declared(1, session, context), 1)
  t.throws(() => declared('1', session, context), { message: /does not fit its schema/ })
  t.equal(declared('1', session, { isDevelopment: false } as HandlerContext), '1')
})

t.test('a client is told of some of what is wrong, and not of all', async t => {
  const list = handler({ body: z.array(z.number()) }, () => undefined)
  const { data } = await Promise.resolve()
    .then(() => list(Array(1_000).fill('x') as never, session, context))
    .then(
      () => t.fail('it fits'),
      error => error
    )
  t.equal(data.issues.length, 20)
  const record = handler({ body: z.record(z.string(), z.number()) }, () => undefined)
  try {
    record({ ['k'.repeat(10_000)]: 'x' } as never, session, context)
    t.fail('it fits')
  } catch (error) {
    t.ok(JSON.stringify(error).length < 1_000)
  }
})

t.test('a client is told little, however much of what is wrong is their own text', async t => {
  const key = 'k'.repeat(200)
  const nested = (depth: number): unknown => (depth === 0 ? { a: 'x', b: 'x' } : { [key]: nested(depth - 1) })
  const leaves = z.record(z.string(), z.number())
  const schema = Array(19)
    .fill(0)
    .reduce<z.ZodType>(inner => z.record(z.string(), inner), leaves)
  const deep = handler({ body: z.array(schema) }, () => undefined)
  const error = refusal(() => deep(Array(20).fill(nested(19)) as never, session, context))
  const { issues } = error.data as { issues: readonly unknown[] }
  t.ok(issues.length >= 1 && issues.length < 20, `${issues.length} issues`)
  t.ok(JSON.stringify(error.data).length < 10_000)
  t.ok(error.message.length < 5_000)
})

t.test('an issue without a path, and one of a library whose lists are no plain arrays', t => {
  /** A list like that of arktype: created with one number, it holds that number. */
  class Path extends Array<PropertyKey> {
    constructor(...items: PropertyKey[]) {
      super()
      this.push(...items)
    }
  }
  const refuse = (issue: StandardSchemaV1.Issue) =>
    refusal(() => handler({ body: custom(() => ({ issues: [issue] })) }, () => 1)(1, session, context))
  const rows: [path: StandardSchemaV1.Issue['path'], told: (string | number)[]][] = [
    [undefined, []],
    [new Path(), []],
    [new Path('list', 3), ['list', 3]],
    [
      [{ key: 'list' }, { key: 3 }],
      ['list', 3]
    ],
    [[Symbol('mark')], ['Symbol(mark)']]
  ]
  for (const [path, told] of rows) {
    const { data } = refuse({ message: 'Wrong', ...(path && { path }) })
    t.strictSame(data, { issues: [{ path: told, message: 'Wrong' }] })
  }
  t.equal(refuse({ message: 'Wrong', path: [] }).message, 'The body does not fit: Wrong')
  t.end()
})

t.test('a schema that refuses without a reason refuses', t => {
  const nothing = handler({ body: custom(() => ({ issues: [] })) }, () => 1)
  const { code, message, data } = refusal(() => nothing(1, session, context))
  t.equal(code, 'BODY_INVALID')
  t.equal(message, 'The body does not fit: its schema refuses it')
  t.same(data, { issues: [] })
  t.end()
})

t.test('options of the route are told, schemas are not among them', async t => {
  const declared = handler({ body: z.number(), timeout: 5, concurrent: true }, () => undefined)
  t.same(optionsOf(declared), { timeout: 5, concurrent: true })
  t.same(
    optionsOf(() => undefined),
    {}
  )
})

t.test('what is no schema is refused where it is declared', async t => {
  for (const body of [{}, { parse() {} }, 'number', 1, null]) {
    t.throws(() => handler({ body: body as never }, () => undefined), {
      message: /Expected `body` of a handler to be a schema/
    })
  }
})

t.test('what is called in another way is refused where it is declared', t => {
  const declare = handler as (...args: unknown[]) => unknown
  for (const args of [[() => 1], [undefined, () => 1], [null, () => 1], ['body', () => 1], [[], () => 1]]) {
    t.throws(() => declare(...args), { message: /^Expected `options` of a handler to be an object, got / })
  }
  for (const args of [[{}], [{}, {}], [{ timeout: 5 }, 'run']]) {
    t.throws(() => declare(...args), { message: /^Expected `run` of a handler to be a function, got / })
  }
  t.end()
})

t.test('`this` of a method is its object', async t => {
  const object = {
    base: 40,
    add: handler({ body: z.number() }, function (this: { base: number }, points: number) {
      return this.base + points
    })
  }
  t.equal(object.add(2, session, context), 42)
})
