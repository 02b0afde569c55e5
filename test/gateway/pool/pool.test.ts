/** The pool of workers, when workers can't be started. */
import t from 'tap'
import { startCore, tick } from '../../helpers/core.js'
import { HeldTime } from '../../helpers/held-time.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

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

t.test('a close waits until the end of each worker is told', async t => {
  const core = await startCore({ workers: 2 })
  const worker = core.workers[0]!
  worker.terminate = async () => {
    setImmediate(() => worker.die(new Error('terminated')))
  }
  await core.close()
  t.ok(worker.hasEnded)
})
