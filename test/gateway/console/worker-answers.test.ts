/** What the console shows if workers answer its questions with something else, or not at all. */
import t from 'tap'
import { RouteViews } from '../../../gateway/console/route-views.js'
import { WorkerViews } from '../../../gateway/console/worker-views.js'
import type { RouteTable } from '../../../gateway/sessions/routes.js'
import { type ScriptedWorker, settle, startCore } from '../../helpers/core.js'
import { HeldTime } from '../../helpers/held-time.js'
import { matchRows } from '../../helpers/match-rows.js'

const status = { id: 7, active: 1_500, idle: 500, heapUsed: 10, heapTotal: 20, heapLimit: 30 }

async function start(count = 1) {
  const core = await startCore({ workers: count })
  const [worker] = core.workers as [ScriptedWorker]
  const schemas = { body: true, reply: true }
  const offered = [{ name: 'a', file: 'a.js', options: {}, schemas }]
  const routes = new RouteViews({ ...core, routes: { offered } as unknown as RouteTable })
  const workers = new WorkerViews({ pool: core.pool, isolation: 'thread', now: () => 0 })
  return { core, worker, routes, workers }
}

t.test('a status is shown if it is one', async t => {
  const { core, worker, workers } = await start()
  worker.ask = async () => ({ ...status, more: 'x' })
  const busy = { active: 1.5, total: 2 }
  matchRows(t, await workers.list(), [{ id: 7, busy, heap: { used: 10, total: 20, limit: 30 } }])
  const wrong = [undefined, null, 'up', [], {}, { ...status, heapUsed: '10' }, { ...status, idle: -1 }]
  for (const told of [...wrong, { ...status, active: Number.NaN }, { ...status, id: Infinity }]) {
    worker.ask = async () => told
    matchRows(t, await workers.list(), [{ state: 'up', id: null, busy: null, heap: null }])
  }
  await core.close()
})

t.test('a worker that does not answer is shown, and asked once until it does', async t => {
  const { core, worker, workers } = await start()
  let asked = 0
  let answer = (_status: unknown) => {}
  worker.ask = () => {
    asked++
    return new Promise(resolve => (answer = resolve))
  }
  const time = new HeldTime(t)
  time.flow()
  matchRows(t, await workers.list(), [{ state: 'up', busy: null }])
  matchRows(t, await workers.list(), [{ state: 'up', busy: null }])
  t.equal(asked, 1)
  answer(status)
  matchRows(t, await workers.list(), [{ id: 7 }])
  worker.ask = () => Promise.reject(new Error('it ended'))
  matchRows(t, await workers.list(), [{ id: null }])
  await core.close()
})

t.test('a reload that fails is no restart of the workers, and no end of one', async t => {
  const { core, workers } = await start(2)
  core.watchers.push(workers)
  await core.pool.reload()
  core.holdStarts = true
  const failed = core.pool.reload()
  const [fine, broken] = core.workers.slice(-2) as [ScriptedWorker, ScriptedWorker]
  fine.comeUp()
  broken.die(new Error('it does not start'))
  await t.rejects(failed)
  t.ok(fine.hasEnded)
  const untouched = { state: 'up', restarts: 0, ends: [] }
  matchRows(t, await workers.list(), [
    { index: 0, ...untouched },
    { index: 1, ...untouched }
  ])
  core.holdStarts = false
  await core.pool.kill(1)
  await settle()
  const [first, second] = await workers.list()
  t.match(first, { restarts: 0, ends: [] })
  t.same([second!.restarts, second!.ends.length], [1, 1], 'an end of a worker that had its place is listed')
  await core.close()
})

/** Exports nested arrays, so deep that writing them as JSON fails. */
const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`

const none = { body: { json: null }, reply: { json: null } }
const asNone = [
  ['nothing', undefined],
  ['no text', [{ route: 'a', body: {} }]],
  ['no JSON', '{'],
  ['no list', '7'],
  ['null', '[null]'],
  ['another route', '[{"route":"b","body":{}}]'],
  ['no name', '[{"route":["a"],"body":{}}]'],
  ['no schema', '[{"route":"a","body":"x","reply":[1]}]'],
  ['a deep one', `[{"route":"a","body":{"x":${deep}}}]`],
  ['a large one', `[{"route":"a","body":{"x":"${'x'.repeat(70_000)}"}}]`],
  ['more than all may have', `[{"route":"a","body":{}}]${' '.repeat(4_000_000)}`]
] as const

for (const [what, told] of asNone)
  t.test(`schemas of a worker that tells ${what} are not shown`, async t => {
    const { core, worker, routes } = await start()
    worker.ask = async () => told
    const [route] = await routes.list()
    t.same(route!.schema, none)
    t.ok(JSON.stringify(route))
    await core.close()
  })

t.test('schemas are asked for once in the life of a worker, whether it answers or not', async t => {
  const { core, worker, routes } = await start()
  let asked = 0
  let answer = (_told: unknown) => {}
  worker.ask = () => {
    asked++
    return new Promise(resolve => (answer = resolve))
  }
  const time = new HeldTime(t)
  time.flow()
  matchRows(t, await routes.list(), [{ schema: none }])
  matchRows(t, await routes.list(), [{ schema: none }])
  answer('[{"route":"a","body":{"type":"number"}}]')
  matchRows(t, await routes.list(), [
    { schema: { body: { json: { type: 'number' } }, reply: { json: null } } }
  ])
  t.equal(asked, 1)
  await core.close()
})

t.test('schemas are asked for again if the worker has failed to tell them', async t => {
  const { core, worker, routes } = await start()
  worker.ask = () => Promise.reject(new Error('too many open files'))
  matchRows(t, await routes.list(), [{ schema: none }])
  worker.ask = async () => '[{"route":"a","body":{"type":"number"}}]'
  const known = { body: { json: { type: 'number' } }, reply: { json: null } }
  matchRows(t, await routes.list(), [{ schema: known }])
  worker.ask = () => Promise.reject(new Error('it is not asked any more'))
  matchRows(t, await routes.list(), [{ schema: known }])
  await core.close()
})
