/** Handlers as functions: what `handler` makes can be called as it is, in a unit test of a game. */
import t from 'tap'
import { z } from 'zod'
import type { BackendSession } from '../../workers/backend-session.js'
import type { HandlerContext } from '../../workers/context.js'
import { handler, optionsOf } from '../../workers/handler.js'

const session = {} as BackendSession
const context = {} as HandlerContext

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

t.test('`this` of a method is its object', async t => {
  const object = {
    base: 40,
    add: handler({ body: z.number() }, function (this: { base: number }, points: number) {
      return this.base + points
    })
  }
  t.equal(object.add(2, session, context), 42)
})
