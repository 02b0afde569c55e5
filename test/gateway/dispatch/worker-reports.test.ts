/** The order in which the parts of the core learn of a worker's end. */
import t from 'tap'
import { startCore, tick } from '../../helpers/core.js'
import { matchRows } from '../../helpers/match-rows.js'

t.test('the pool judges a death by what ran, before the dispatcher answers it', async t => {
  const core = await startCore({ workers: 1 })
  t.teardown(() => core.close())
  const player = core.connect()
  for (const id of [1, 2]) {
    core.request(player, id)
    await tick()
    const worker = core.workers.at(-1)!
    worker.claimNext(worker.turns[0]!)
    worker.die(Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }))
    await tick()
  }
  matchRows(t, player.replies, [
    { id: 1, error: { code: 'WORKER_LOST' } },
    { id: 2, error: { code: 'WORKER_LOST' } }
  ])
  // If the worker counted as ended by itself twice in a row, its place would pause before the next start.
  t.same(core.pool.places, [0])
  t.equal(core.workers.length, 3, 'it is replaced at once')
})
