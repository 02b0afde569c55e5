/** Handlers that never end. Their requests are answered, and their workers go on or are replaced. */
import t from 'tap'
import { hookRoutes } from '../../../shared/link/hooks.js'
import { type Core, type ScriptedWorker, startCore, tick } from '../../helpers/core.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

/** Starts `count` requests of as many sessions, and lets their deadlines pass. */
async function hang(core: Core, worker: ScriptedWorker, count: number): Promise<void> {
  let begun = 0
  const sessions = Array.from({ length: count }, () => core.connect())
  for (const session of sessions) core.request(session, 1)
  while (begun < count) {
    await tick()
    begun += worker.begin()
  }
  core.clock += 10_001
  await until('all are answered', () => sessions.every(({ replies }) => replies.length === 1))
}

t.test('a worker goes on however many of its handlers hang: what is decided holds up nothing', async t => {
  const core = await startCore({ workers: 1, maxGivenUpHandlers: 3_000 })
  t.teardown(() => core.close())
  const worker = core.workers[0]!
  for (let round = 0; round < 4; round++) await hang(core, worker, 300)
  t.equal(core.requests.isEmpty, true, 'nothing of them is looked through at each sweep')
  const player = core.connect()
  core.request(player, 7)
  await tick()
  t.equal(worker.runAll().length, 1)
  matchRows(t, player.replies, [{ id: 7 }])
  t.match(core.metrics.read(), { timeouts: 1_200, handlersGivenUp: 1_200, workersRetired: 0 })
  t.equal(core.pool.up[0]!.load.givenUp.size, 1_200)
})

t.test('so does one whose sessions end, and whose onClose hangs', async t => {
  const core = await startCore({ workers: 1, maxGivenUpHandlers: 3_000, hooks: [hookRoutes.onClose] })
  t.teardown(() => core.close())
  const worker = core.workers[0]!
  for (let round = 0; round < 6; round++) {
    const visits = Array.from({ length: 200 }, () => core.connect())
    for (const { session } of visits)
      core.registry.end(session, { code: 1000, reason: 'left', kickReason: null })
    for (let begun = 0; begun < visits.length; ) {
      await tick()
      begun += worker.begin()
    }
    core.clock += 10_001
    await until('all were given up', () => core.requests.isEmpty)
  }
  const player = core.connect()
  core.request(player, 7)
  await tick()
  worker.runAll()
  matchRows(t, player.replies, [{ id: 7 }])
  t.equal(core.metrics.read().handlersGivenUp, 1_200)
})

t.test('a handler that ends after all hangs no more, and frees its slot', async t => {
  const core = await startCore({ workers: 1 })
  t.teardown(() => core.close())
  const worker = core.workers[0]!
  const player = core.connect()
  core.request(player, 1)
  await tick()
  const rid = worker.turns[0]!.requests[0]!.rid
  worker.begin()
  core.clock += 10_001
  await until('it is answered', () => player.replies.length === 1)
  const { load, turns } = core.pool.up[0]!
  t.same([load.givenUp.size, turns.size, load.undecided], [1, 1, 0])
  worker.outbox.reply(rid, '"late"')
  worker.flush()
  t.same([load.givenUp.size, turns.size, load.undecided], [0, 0, 0])
  t.equal(player.replies.length, 1)
  t.equal(load.endedRoute(rid), 'a', 'what it asks for now is still refused')
})

t.test(
  'with too many a worker is retired: another comes up first, and what runs there is let end',
  async t => {
    const core = await startCore({ workers: 1, maxGivenUpHandlers: 20 })
    t.teardown(() => core.close())
    const old = core.workers[0]!
    await hang(core, old, 19)
    const running = core.connect()
    core.request(running, 5)
    await tick()
    const [turn] = old.turns
    old.claimNext(turn!)
    old.ready(1, 1)
    const last = core.connect()
    core.request(last, 1, 'short')
    await tick()
    old.begin()
    t.equal(core.workers.length, 1)
    core.clock += 100
    await until('another one has its place', () => core.metrics.read().workersRetired === 1)
    matchRows(t, last.replies, [{ id: 1, error: { code: 'TIMEOUT' } }])
    const player = core.connect()
    core.request(player, 7)
    await tick()
    t.equal(core.workers[1]!.runAll().length, 1, 'the new one takes what comes')
    t.equal(running.replies.length, 0)
    old.outbox.reply(turn!.requests[0]!.rid, '"done"')
    old.flush()
    matchRows(t, running.replies, [{ id: 5, body: '"done"' }])
    await until('the old one has ended', () => old.hasEnded)
    t.match(core.metrics.read(), { workersLost: 0, workersRetired: 1, handlersGivenUp: 20 })
  }
)

t.test('a worker that ends before its replacement is up is replaced, and not retired', async t => {
  const core = await startCore({ workers: 1 })
  t.teardown(() => core.close())
  core.pool.renew(core.pool.up[0]!, 'a test')
  core.workers[0]!.die(new Error('it ends by itself'))
  await until('the replacement is up', () => core.pool.up.length === 1)
  const player = core.connect()
  core.request(player, 7)
  await tick()
  t.equal(core.workers[1]!.runAll().length, 1)
  t.match(core.metrics.read(), { workersLost: 1, workersRetired: 0 })
})

t.test('one whose replacement does not come up goes on', async t => {
  const core = await startCore({ workers: 1, maxGivenUpHandlers: 5 })
  t.teardown(() => core.close())
  const worker = core.workers[0]!
  core.failStarts = true
  await hang(core, worker, 5)
  await until('a replacement was tried', () => core.workers.length === 2 && core.workers[1]!.hasEnded)
  const player = core.connect()
  core.request(player, 7)
  await tick()
  worker.runAll()
  matchRows(t, player.replies, [{ id: 7 }])
})

t.test('a handler without a deadline whose session has ended is given up a while later', async t => {
  const core = await startCore({ workers: 1, routes: { a: { timeout: 0 } } })
  t.teardown(() => core.close())
  const player = core.connect()
  core.request(player, 1)
  await tick()
  core.workers[0]!.begin()
  core.registry.end(player.session, { code: 1000, reason: 'left', kickReason: null })
  t.equal(core.pool.up[0]!.load.undecided, 0)
  core.clock += 10_001
  await until('it was given up', () => core.requests.isEmpty)
  t.equal(core.pool.up[0]!.load.givenUp.size, 1)
})
