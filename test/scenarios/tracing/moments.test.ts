/** The channels of `node:diagnostics_channel`: which messages come when, with which members. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { connect as connectClient } from '../../../client/node.js'
import { Moments, momentChannels } from '../../../gateway/tracing/moments.js'
import { type ScriptedWorker, startCore, tick } from '../../helpers/core.js'
import { startGateway, startProxy } from '../../helpers/gateway.js'
import { failureOf } from '../../helpers/player.js'
import { readText } from '../../helpers/sources.js'
import { until } from '../../helpers/until.js'

type Message = Readonly<Record<string, unknown>>

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

const handlers = `
export async function enter({ name }, session) { await session.abind(name) }
export async function leave(_body, session) { await session.aunbind(session.uid) }
export function fail() { throw new Error('a fault') }
`

/** The members of each channel's messages, as the document says. */
const documented = new Map(
  [...readText('docs/reference/diagnostics.md').matchAll(/^\| `(sallyport:\S+)` +\|[^|]*\|([^|]*)\|$/gm)].map(
    ([, name, members]) => [name!, [...members!.matchAll(/`(\w+)`/g)].map(([, member]) => member!).sort()]
  )
)

t.test('diagnostics.md has the channels that there are, in their order', async t =>
  t.same(
    [...documented.keys()],
    momentChannels.map(({ name }) => name)
  )
)

t.test('each moment is published, with the members of the document and no body', async t => {
  const told: [string, Message][] = []
  for (const { name } of momentChannels) {
    const listener = (message: unknown) => void told.push([String(name), message as Message])
    subscribe(name, listener)
    t.teardown(() => unsubscribe(name, listener))
  }
  const of = (name: string) => told.filter(each => each[0] === name).map(([, message]) => message)

  const { gateway } = await startGateway(t, t.testdir({ 'a.js': handlers }), {
    workers: 1,
    resumeWindow: 60_000,
    unboundResumeWindow: 60_000,
    authenticate: ({ url }) => ({ accept: true, uid: url.endsWith('yellow') ? 'yellow' : null })
  })
  const proxy = await startProxy(t, gateway.address.port)
  const game = await connectClient(proxy.url, { tracing: () => traceparent })
  await game.request('a.enter', { name: 'red-body' })
  t.match(of('sallyport:request:received')[0], { route: 'a.enter', traceparent, isNotify: false })
  t.match(of('sallyport:request:handed-out')[0], { route: 'a.enter', worker: 0 })
  t.match(of('sallyport:request:decided')[0], { route: 'a.enter', outcome: 'reply', uid: 'red-body' })
  await failureOf(game.request('a.fail'))
  t.match(of('sallyport:request:decided')[1], { outcome: 'INTERNAL', runMs: Number })
  await failureOf(game.request('a.none'))
  t.match(of('sallyport:request:refused'), { length: 1, 0: { route: 'a.none', code: 'ROUTE_UNKNOWN' } })
  proxy.cut('reset')
  await until('the session is resumed', () => of('sallyport:session:resumed').length === 1)
  await game.request('a.leave')
  t.match(of('sallyport:session:unbound'), { length: 1, 0: { from: 'red-body' } })
  await game.request('a.enter', { name: 'blue' })
  game.close()
  await until('the session is closed', () => of('sallyport:session:closed').length === 1)
  const yellow = await connectClient(`${gateway.url}/yellow`)
  t.teardown(() => yellow.close())
  t.match(of('sallyport:session:opened')[1], { uid: 'yellow' })
  await gateway.close()
  t.match(of('sallyport:worker:ended'), { length: 1, 0: { worker: 0, cause: 'gateway' } })

  await takeBack()
  t.equal(of('sallyport:request:taken-back').length, 2)

  for (const [name, members] of documented) {
    const found = new Set(of(name).flatMap(message => Object.keys(message)))
    t.same([...found].sort(), members, name)
  }
})

/** Lets a worker's two requests be taken back, by a change of their session from elsewhere. */
async function takeBack(): Promise<void> {
  const core = await startCore({ workers: 1, requestWatchers: [new Moments()] })
  const [worker] = core.workers as [ScriptedWorker]
  const player = core.connect()
  core.registry.bind(player.session, 'green')
  for (let id = 1; id <= 3; id++) core.request(player, id, 'a', traceparent)
  await tick()
  worker.claimNext(worker.turns[0]!)
  player.session.changeKeys([['k', '{"json":7}']], 0, { maxSettingsLength: 1_000, maxSettingsKeys: 10 })
  worker.runAll()
  await core.close()
}

t.test('without a subscriber nothing is published, and one that comes later gets what follows', async t => {
  const { connect } = await startGateway(t, t.testdir({ 'a.js': handlers }), { workers: 1 })
  const player = await connect()
  await player.request('a.enter', { name: 'red' })
  const routes: unknown[] = []
  const listener = (message: unknown) => void routes.push((message as Message)['route'])
  subscribe('sallyport:request:decided', listener)
  t.teardown(() => unsubscribe('sallyport:request:decided', listener))
  await player.request('a.leave')
  t.same(routes, ['a.leave'])
})

/** Handlers whose worker keeps the events of its runs. */
const watched = `
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
const events = []
const store = new AsyncLocalStorage()
const runs = tracingChannel('sallyport:handler')
export function watch() {
  const note = kind => run => events.push([kind, run.route, run.error?.message, run.result instanceof Promise ? 'promise' : run.result])
  const kinds = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
  runs.subscribe(Object.fromEntries(kinds.map(kind => [kind, note(kind)])))
  runs.start.bindStore(store, run => run.requestId)
}
export function now(body) { return body }
export async function later(body) { await null; return store.getStore() > 0 && body }
export function fail() { throw new Error('a fault') }
export async function failLater() { await null; throw new Error('a late fault') }
export function read() { return events.slice() }
`

for (const isolation of ['thread', 'process'] as const) {
  t.test(`a tracing channel tells of each run of a handler, in a ${isolation}`, async t => {
    const { connect } = await startGateway(t, t.testdir({ 'a.js': watched }), { workers: 1, isolation })
    const player = await connect()
    await player.request('a.watch')
    t.equal(await player.request('a.now', 1), 1)
    t.equal(await player.request('a.later', 2), 2, 'with the value of the store')
    t.match(await failureOf(player.request('a.fail')), { code: 'INTERNAL' })
    t.match(await failureOf(player.request('a.failLater')), { code: 'INTERNAL' })
    t.same(await player.request('a.read'), [
      ['start', 'a.now', null, null],
      ['end', 'a.now', null, 1],
      ['start', 'a.later', null, null],
      ['end', 'a.later', null, 'promise'],
      ['asyncStart', 'a.later', null, 2],
      ['asyncEnd', 'a.later', null, 2],
      ['start', 'a.fail', null, null],
      ['error', 'a.fail', 'a fault', null],
      ['end', 'a.fail', 'a fault', null],
      ['start', 'a.failLater', null, null],
      ['end', 'a.failLater', null, 'promise'],
      ['error', 'a.failLater', 'a late fault', 'promise'],
      ['asyncStart', 'a.failLater', 'a late fault', 'promise'],
      ['asyncEnd', 'a.failLater', 'a late fault', 'promise'],
      ['start', 'a.read', null, null]
    ])
  })
}
