/** The pool of workers, when workers can't be started. */
import t from 'tap'
import { createLogger, type LogFields, type LogLevel } from '../../../shared/text/log.js'
import { settle, startCore, tick } from '../../helpers/core.js'
import { HeldTime } from '../../helpers/held-time.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

/** Creates a log that keeps its lines. */
function keepLines() {
  const lines: { level: LogLevel; message: string; fields: LogFields }[] = []
  const log = createLogger('debug', (level, message, fields = {}) => lines.push({ level, message, fields }))
  return { log, lines }
}

t.test('a start that throws at once is tried again, and others go on meanwhile', async t => {
  const core = await startCore({ workers: 2 })
  t.teardown(() => core.close())
  core.throwStarts = true
  core.workers[0]!.die(new Error('it ends'))
  await until('its place is given up for a while', () => core.pool.places.length === 1)
  const player = core.connect()
  core.request(player, 1)
  await tick()
  core.workers[1]!.runAll()
  matchRows(t, player.replies, [{ id: 1 }])
  core.throwStarts = false
  await until('it is replaced', () => core.pool.up.length === 2)
})

t.test(
  'a reload whose workers can’t be started rejects with what was thrown, and the old ones go on',
  async t => {
    const core = await startCore({ workers: 2 })
    t.teardown(() => core.close())
    core.throwStarts = true
    await t.rejects(core.pool.reload(), { message: 'EAGAIN' })
    t.same(
      core.pool.up.map(({ state }) => state),
      ['up', 'up']
    )
  }
)

t.test('so it is where only some of them can’t: those that came up are ended', async t => {
  const core = await startCore({ workers: 2 })
  t.teardown(() => core.close())
  const reloading = core.pool.reload()
  t.equal(core.workers.length, 4)
  core.workers[3]!.die(new Error('it does not come up'))
  await t.rejects(reloading, { code: 'HANDLERS_INVALID', message: 'it does not come up' })
  await until('the other one has ended', () => core.workers[2]!.hasEnded)
  t.equal(core.pool.up.length, 2)
})

t.test('a reload whose first worker fails waits half a second for the others, and ends them', async t => {
  const core = await startCore({ workers: 2 })
  t.teardown(() => core.close())
  const time = new HeldTime(t)
  core.holdStarts = true
  let told: unknown
  core.pool.reload().catch(error => (told = error))
  core.workers[3]!.die(new Error('it does not come up'))
  await settle()
  time.pass(499)
  await settle()
  t.equal(told, undefined)
  time.pass(1)
  await settle()
  t.match(told, { code: 'HANDLERS_INVALID', message: 'it does not come up' })
  t.ok(core.workers[2]!.hasEnded, 'the one that still started')
  t.equal(core.pool.up.length, 2)
})

t.test('any number of workers may start at the same time without a warning of Node.js', async t => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const core = await startCore({ workers: 12 })
  t.teardown(() => core.close())
  await core.pool.reload(new AbortController().signal)
  core.holdStarts = true
  for (const worker of core.pool.up) core.pool.renew(worker, 'a test')
  await settle()
  t.equal(core.workers.length, 36)
  t.same(warnings, [])
})

for (const isRenewal of [false, true]) {
  const what = isRenewal ? 'a renewal' : 'a replacement'
  t.test(`${what} that began before a reload never takes a place after it`, async t => {
    const { log, lines } = keepLines()
    const core = await startCore({ workers: 1, log })
    core.holdStarts = true
    if (isRenewal) core.pool.renew(core.pool.up[0]!, 'a test')
    else core.workers[0]!.die(new Error('it ends'))
    const reloading = core.pool.reload()
    core.workers[2]!.comeUp()
    await reloading
    core.workers[2]!.die(new Error('it ends, too'))
    if (!core.workers[1]!.hasEnded) core.workers[1]!.comeUp()
    await settle()
    t.ok(core.workers[1]!.hasEnded, 'it has loaded the old code')
    t.same(core.pool.up, [])
    t.equal(core.workers.length, 4)
    core.workers[3]!.comeUp()
    await settle()
    t.same(core.pool.up.length, 1)
    t.equal(core.pool.up[0]!.isOutdated, false)
    t.notOk(core.workers[3]!.hasEnded)
    t.same(
      lines.map(({ message }) => message).filter(message => /did not come up/.test(message)),
      [],
      'and nothing is told of a start that failed'
    )
    await core.close()
  })
}

t.test('a worker that ends while a reload puts it into its place is replaced by one that stays', async t => {
  const core = await startCore({ workers: 2 })
  t.teardown(() => core.close())
  core.holdStarts = true
  const reloading = core.pool.reload()
  core.workers[2]!.comeUp()
  core.workers[2]!.die(new Error('it ends before the other one is up'))
  core.workers[3]!.comeUp()
  await reloading
  core.workers[4]!.comeUp()
  await settle()
  t.same(
    core.pool.up.map(({ isOutdated }) => isOutdated),
    [false, false]
  )
})

t.test('a worker that fills a place whose next try waits keeps it, and none is lost', async t => {
  const core = await startCore({ workers: 1 })
  const time = new HeldTime(t)
  core.holdStarts = true
  core.pool.renew(core.pool.up[0]!, 'the test says so')
  core.workers[0]!.die(new Error('it ends meanwhile'))
  core.workers[2]!.die(new Error('its replacement does not come up'))
  await tick()
  t.same(core.pool.places, [], 'its place waits for the next try')
  core.workers[1]!.comeUp()
  await tick()
  t.equal(core.pool.up.length, 1)
  time.pass(10_000)
  t.equal(core.workers.length, 3, 'no other one is started')
  t.equal(core.pool.up.length, 1)
  await core.close()
  t.ok(core.workers.every(({ hasEnded }) => hasEnded))
})

t.test('a reload of a pool that is closed starts nothing', async t => {
  const core = await startCore({ workers: 2 })
  await core.close()
  await t.rejects(core.pool.reload(), { code: 'CLOSING' })
  t.equal(core.workers.length, 2)
})

t.test('a reload that a close overtakes leaves no worker', async t => {
  const core = await startCore({ workers: 2 })
  core.holdStarts = true
  const reloading = core.pool.reload()
  // The second one to come up resolves the reload's promise, which goes on in a later microtask.
  for (const worker of core.workers.slice(2)) worker.comeUp()
  const closing = core.close()
  await t.rejects(reloading, { code: 'CLOSING' })
  await closing
  t.ok(core.workers.every(({ hasEnded }) => hasEnded))
})

t.test('a worker is renewed although the replacement of the one before it still starts', async t => {
  const core = await startCore({ workers: 1 })
  core.holdStarts = true
  core.pool.renew(core.pool.up[0]!, 'a test')
  core.workers[0]!.die(new Error('it ends'))
  core.workers[2]!.comeUp()
  await tick()
  const [second] = core.pool.up
  core.pool.renew(second!, 'a test')
  core.pool.renew(second!, 'a test')
  t.equal(core.workers.length, 4, 'once')
  core.workers[3]!.comeUp()
  await tick()
  t.equal(second!.state, 'ended')
  core.workers[1]!.comeUp()
  await tick()
  t.same(
    core.workers.map(({ hasEnded }) => hasEnded),
    [true, true, true, false],
    'the one for the first comes too late'
  )
  await core.close()
})

t.test('pauses grow between the tries to replace a worker that goes on', async t => {
  const { log, lines } = keepLines()
  const core = await startCore({ workers: 1, log })
  const time = new HeldTime(t)
  core.failStarts = true
  core.pool.renew(core.pool.up[0]!, 'a test')
  for (const pause of [100, 200, 400]) {
    await settle()
    t.match(lines.at(-1), { level: 'error', fields: { worker: 0, why: 'a test', nextTryInMs: pause } })
    time.pass(pause)
  }
  core.failStarts = false
  await settle()
  time.pass(800)
  await settle()
  t.ok(core.workers[0]!.hasEnded, 'it is retired in the end')
  await core.close()
})

t.test('deaths of workers that a reload has replaced suspend no route', async t => {
  for (const reloads of [0, 1]) {
    const core = await startCore({ workers: 3 })
    for (const worker of core.workers) {
      const player = core.connect()
      core.request(player, 1)
      await tick()
      worker.begin()
    }
    const old = core.workers.slice()
    if (reloads > 0) await core.pool.reload()
    for (const worker of old) {
      worker.outbox.fatal(0, 'a', 'process.exit(1)', 'in the test')
      worker.die(new Error('it ends'))
    }
    await settle()
    t.same(core.suspensions.list(), reloads === 0 ? ['a'] : [])
    await core.close()
  }
})

t.test('the end of a worker is logged before what follows from it', async t => {
  for (const [culprit, consequence] of [
    ['a', 'A route is suspended: it ends workers again and again'],
    ['', 'Workers end soon after their start, again and again']
  ] as const) {
    const { log, lines } = keepLines()
    const core = await startCore({ workers: 1, log })
    const messages = () => lines.filter(({ level }) => level === 'error').map(({ message }) => message)
    while (!messages().includes(consequence)) {
      const worker = core.workers.at(-1)!
      worker.outbox.fatal(0, culprit, 'process.exit(1)', 'in the test')
      worker.die(new Error('it ends'))
      await settle()
    }
    t.same(messages().slice(-2), ['A worker ended', consequence])
    await core.close()
  }
})

t.test('workers of earlier reloads that do not end are told of, with what they run', async t => {
  const { log, lines } = keepLines()
  const core = await startCore({ workers: 1, log, routes: { a: { timeout: 0 } } })
  const warned = () => lines.filter(({ level }) => level === 'warn')
  for (let i = 0; i < 3; i++) {
    core.request(core.connect(), 1)
    await tick()
    core.workers[i]!.begin()
    t.same(warned(), [])
    await core.pool.reload()
  }
  matchRows(t, warned(), [
    {
      message: 'Workers of earlier reloads have not ended: requests still run there',
      fields: { worker: 0, workers: 3, routes: 'a' }
    }
  ])
  await core.close()
})

t.test('a close waits until the end of each worker is told', async t => {
  const core = await startCore({ workers: 2 })
  const worker = core.workers[0]!
  worker.terminate = async () => {
    setImmediate(() => worker.die(new Error('terminated')))
  }
  await core.close()
  t.ok(worker.hasEnded)
})
