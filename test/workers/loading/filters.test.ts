/** Filters around a handler: the order in which they run, and what each may do. */
import t from 'tap'
import { createLogger } from '../../../shared/text/log.js'
import type { BackendSession } from '../../../workers/api/backend-session.js'
import type { HandlerContext } from '../../../workers/api/context.js'
import { type Call, type Filter, type HandlerOutcome, surround } from '../../../workers/loading/filters.js'
import { matchRows } from '../../helpers/match-rows.js'

const session = {} as BackendSession
const fail = () => {
  throw new Error('handler')
}

/** Creates two filters, the first around the second, that record what they see. */
function createFilters(more: { outer?: Partial<Filter>; inner?: Partial<Filter> } = {}) {
  const seen: unknown[] = []
  const lines: unknown[] = []
  const log = createLogger('debug', (_level, message, fields) => lines.push([message, fields]))
  const context = { log } as HandlerContext
  const create = (name: 'outer' | 'inner'): Filter => ({
    file: `${name}.js`,
    before: body => {
      seen.push([`${name} before`, body])
    },
    after: outcome => {
      seen.push([`${name} after`, 'error' in outcome ? (outcome.error as Error).message : outcome.reply])
    },
    ...more[name]
  })
  const run = (call: Call, body?: unknown) =>
    surround(call, [create('outer'), create('inner')])(body, session, context)
  return { run, seen, lines, context }
}

t.test('a handler without filters is called as it is', t => {
  const call: Call = () => 1
  t.equal(surround(call, []), call)
  t.end()
})

t.test('the outer before is first, the outer after last', t => {
  const { run, seen } = createFilters()
  t.equal(
    run(body => `reply to ${body}`, 'body'),
    'reply to body',
    'at once, if all are'
  )
  t.same(seen, [
    ['outer before', 'body'],
    ['inner before', 'body'],
    ['inner after', 'reply to body'],
    ['outer after', 'reply to body']
  ])
  t.end()
})

t.test('promises are waited for, each before the next', async t => {
  const { run, seen } = createFilters({
    outer: {
      before: async () => {
        await new Promise(resolve => setImmediate(resolve))
        seen.push('outer before')
      },
      after: async () => {
        await new Promise(resolve => setImmediate(resolve))
        seen.push('outer after')
      }
    }
  })
  t.equal(await run(async () => 'late'), 'late')
  t.same(seen, ['outer before', ['inner before', undefined], ['inner after', 'late'], 'outer after'])
})

t.test('before changes the body for all that are inside, a change to undefined too', t => {
  const { run, seen } = createFilters({ outer: { before: body => ({ body: [body] }) } })
  t.same(
    run(body => body, 1),
    [1]
  )
  t.same(seen[0], ['inner before', [1]])
  const { run: runToNothing } = createFilters({ outer: { before: () => ({ body: undefined }) } })
  t.equal(
    runToNothing(body => body, 1),
    undefined
  )
  t.end()
})

for (const [what, before, seenReply] of [
  ['answers', () => ({ reply: 'early' }), 'early'],
  ['answers with nothing', () => ({ reply: undefined }), undefined],
  ['answers late', async () => ({ reply: 'early' }), 'early']
] as [string, Call, unknown][]) {
  t.test(`a before that ${what} is the end of the way in`, async t => {
    const { run, seen } = createFilters({ outer: { before } })
    t.equal(await run(() => t.fail('the handler is not called')), seenReply)
    t.same(seen, [['outer after', seenReply]])
  })
}

t.test('a before that throws refuses, and its own after sees that', async t => {
  for (const before of [fail, async () => fail()] as Call[]) {
    const { run, seen } = createFilters({ inner: { before } })
    await t.rejects(async () => run(() => t.fail('the handler is not called')), { message: 'handler' })
    t.same(seen, [
      ['outer before', undefined],
      ['inner after', 'handler'],
      ['outer after', 'handler']
    ])
  }
})

t.test('after sees the very error, and can change neither that nor a reply', async t => {
  const error = new Error('handler')
  const outcomes: HandlerOutcome[] = []
  const after = (outcome: HandlerOutcome) => {
    outcomes.push({ ...outcome })
    Object.assign(outcome, { reply: 'mine', error: new Error('mine') })
    return { reply: 'mine' }
  }
  const { run } = createFilters({ inner: { after } })
  await t.rejects(async () => run(async () => Promise.reject(error)), { message: 'handler' })
  t.equal(await run(() => 'reply'), 'reply')
  t.equal((outcomes[0] as { error: Error }).error, error)
  t.same(outcomes[1], { reply: 'reply' })
})

t.test('an after that throws is logged, and changes nothing', async t => {
  for (const after of [fail, async () => fail()]) {
    const { run, seen, lines } = createFilters({ inner: { after } })
    t.equal(await run(() => 'reply'), 'reply')
    matchRows(t, lines, [['A filter failed', { filter: 'after of inner.js', error: { message: 'handler' } }]])
    t.same(seen.at(-1), ['outer after', 'reply'])
  }
})

t.test('what a before gives that is no answer is an error that says so', t => {
  for (const [answer, got] of [
    [null, 'null'],
    [true, 'true \\(boolean\\)'],
    [{}, 'an object'],
    [{ body: 1, reply: 2 }, 'an object'],
    [{ bdy: 1 }, 'an object']
  ] as const) {
    const { run } = createFilters({ inner: { before: () => answer } })
    t.throws(() => run(() => 1), {
      name: 'TypeError',
      message: new RegExp(
        `^Expected before of inner\\.js to give nothing, { body } or { reply }, got ${got}$`
      )
    })
  }
  t.end()
})
