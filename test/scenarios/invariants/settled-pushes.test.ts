/** A push whose `apush` has resolved is in force, whatever happens to its worker afterwards. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { GatewayOptions, Isolation } from '../../../gateway/index.js'
import { startWithTwoWorkers } from '../../helpers/gateway.js'
import { until } from '../../helpers/until.js'

/** Deaths of each kind. Set the variable `DEATHS` for more than the default. */
const deaths = Number(process.env['DEATHS'] ?? 5)

interface Death {
  readonly what: string
  readonly how: string
  readonly isolation: Isolation
  /** Share of `deaths`, for ends that take long. */
  readonly share?: number
  /** Deaths after which the workers are reloaded, so that the pool does not delay replacements any more. */
  readonly reloadAfter?: number
  readonly options?: Partial<GatewayOptions>
}

const kinds: readonly Death[] = [
  { what: 'process.exit()', how: 'exit', isolation: 'thread' },
  { what: 'an exception in a timer', how: 'throw', isolation: 'thread' },
  {
    what: 'the end of a stuck thread by the gateway',
    how: 'block',
    isolation: 'thread',
    share: 1 / 4,
    options: { stuckAfter: 200 }
  },
  {
    what: 'a heap that is full',
    how: 'memory',
    isolation: 'thread',
    share: 1 / 4,
    options: { workerHeap: 32, stuckAfter: 0 }
  },
  // No request is known to have caused it. So the pool delays replacements more and more.
  { what: 'SIGKILL', how: 'kill', isolation: 'process', reloadAfter: 4 },
  { what: 'an abort', how: 'abort', isolation: 'process' }
]

/** Enough for many deaths on a busy machine. */
const timeout = Math.max(600_000, deaths * 30_000)

for (const { what, how, isolation, share = 1, reloadAfter, options } of kinds) {
  t.test(`after a settled push, ${what} loses nothing (${isolation})`, { timeout }, async t => {
    // By this clock the deaths are far apart, so that no route is suspended.
    const monotonic = () => performance.now() * 10_000
    const standard = { isolation, monotonic, requestTimeout: 0, heartbeat: 0, maxQueueDelay: 0 } as const
    const { gateway, connect } = await startWithTwoWorkers(t, 'settled', { ...standard, ...options })
    const player = await connect()
    const found: unknown[] = []
    const times = Math.ceil(deaths * share)
    for (let number = 1; number <= times; number++) {
      const route = number % 2 === 0 ? 'death.end' : 'death.endInCallback'
      await t.rejects(player.request(route, { how, number }))
      await until('a worker is up', () => gateway.metrics().workersReady > 0, 60_000)
      found.push(await player.request('death.read', 'number'))
      if (reloadAfter !== undefined && number % reloadAfter === 0) await gateway.reload()
    }
    t.same(
      found,
      Array.from({ length: times }, (_, index) => index + 1)
    )
    t.equal(gateway.metrics().workersLost, times)
  })
}

t.test('a settled push is in force although the session has grown beyond the limit meanwhile', async t => {
  const { lines, connect } = await startWithTwoWorkers(t, 'settled', { maxSettingsLength: 1_000 })
  const player = await connect()
  const other = await connect()
  const id = await player.request('death.id')
  const outgrown = player.request('death.outgrow', 900)
  await until('its view is made', () => lines.some(line => line.message === 'It waits'))
  await other.request('death.grow', { id, theirs: 900 })
  await outgrown
  t.equal(await player.request('death.read', 'mine'), 'x'.repeat(900))
  t.equal(await player.request('death.read', 'theirs'), 'x'.repeat(900))
  t.same(
    lines.filter(line => line.message === 'An operation was refused'),
    []
  )
  t.same(
    await player.request('death.squeeze'),
    ['SETTINGS_TOO_LARGE', 'pushed', 'pushed'],
    'above the limit settings may shrink, and not grow'
  )
})

t.test('a handler that awaits pushes in a loop lets timers fire', async t => {
  const { connect } = await startWithTwoWorkers(t, 'settled')
  const player = await connect()
  const last = await player.request('death.loop')
  t.ok((last as number) > 0)
  t.equal(await player.request('death.read', 'number'), last)
})

/** Starts a gateway whose sessions end with their connection, and requests a route that waits. */
async function startWaiting(t: Test, route: string, file?: string) {
  const running = await startWithTwoWorkers(t, 'settled', {
    isolation: 'thread',
    resumeWindow: 0,
    stuckAfter: 0
  })
  const player = await running.connect()
  player.request(route, file).catch(() => {})
  const logged = (message: string) => running.lines.find(line => line.message === message)
  await until('it waits', () =>
    file === undefined ? logged('It waits') !== undefined : existsSync(`${file}-awaited`)
  )
  return { ...running, player, logged }
}

t.test('a push is refused at once when the worker knows that the session has ended', async t => {
  const { player, logged } = await startWaiting(t, 'death.told')
  player.leave()
  await until('it was refused', () => logged('It was refused') !== undefined)
  t.match(logged('It was refused'), { fields: { code: 'SESSION_NOT_FOUND' } })
})

/** Requests a route that pushes when its session has ended and its worker has not been told. */
async function pushUntold(t: Test, route: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'ended')
  const { gateway, player, logged } = await startWaiting(t, route, file)
  const before = gateway.metrics().operationsRefused
  player.leave()
  await until('the session has ended', () => gateway.metrics().sessions === 0)
  writeFileSync(file, '')
  await until('it was refused', () => logged('An operation was refused') !== undefined)
  t.match(logged('An operation was refused'), {
    fields: { operation: 'push', route, about: 'number', code: 'SESSION_NOT_FOUND' }
  })
  t.equal(gateway.metrics().operationsRefused, before + 1)
  return logged
}

t.test('a settled push to a session that has just ended is logged and counted', async t => {
  const logged = await pushUntold(t, 'death.untold')
  await until('the handler goes on', () => logged('It pushed') !== undefined)
})

t.test('pushes of concurrent routes, and by the service, wait for the answer of the gateway', async t => {
  for (const route of ['death.untoldAside', 'death.untoldByService']) {
    const logged = await pushUntold(t, route)
    await until('it was refused', () => logged('It was refused') !== undefined)
    t.match(logged('It was refused'), { fields: { code: 'SESSION_NOT_FOUND' } }, route)
    t.equal(logged('It pushed'), undefined)
  }
})
