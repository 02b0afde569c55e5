/** Outcomes of workers that make no sense, which must not be told to anybody. */
import t, { type Test } from 'tap'
import { type Core, type CoreSession, type ScriptedWorker, settle, startCore } from '../../helpers/core.js'

/** Starts a core with one worker, which has three requests of a player in one turn. */
async function startWithTurn(t: Test) {
  const core = await startCore({ workers: 1 })
  t.teardown(() => core.close())
  const [worker] = core.workers as [ScriptedWorker]
  worker.ready(100, 100)
  const player = core.connect()
  for (const id of [1, 2, 3]) core.request(player, id)
  await settle()
  const turn = worker.turns.shift()!
  t.equal(turn.requests.length, 3)
  return { core, worker, player, turn }
}

/** Runs what is left in the workers of now, and compares what the player was told, and the gauges. */
async function endsWith(t: Test, core: Core, player: CoreSession, told: readonly string[]) {
  for (let round = 0; round < 3; round++) {
    await settle()
    for (const worker of core.workers) if (!worker.hasEnded) worker.runAll()
  }
  t.same(
    player.replies.map(({ id, error }) => `${id} ${error?.code ?? 'ok'}`),
    told
  )
  const { running, waiting } = core.requests
  t.same(
    { running, waiting, replies: core.metrics.read().replies },
    { running: 0, waiting: 0, replies: told.length }
  )
}

t.test('a worker that ends a request which it has not started is replaced, and the request runs', async t => {
  const { core, worker, player, turn } = await startWithTurn(t)
  const [, second] = turn.requests
  worker.claimNext(turn)
  worker.outbox.reply(second!.rid, '"forged"')
  worker.flush()
  t.ok(worker.hasEnded)
  await endsWith(t, core, player, ['1 WORKER_LOST', '2 ok', '3 ok'])
  t.equal(core.metrics.read().workersLost, 1)
})

t.test('so is one that ends a request before those that run before it', async t => {
  const { core, worker, player, turn } = await startWithTurn(t)
  const [, second] = [worker.claimNext(turn), worker.claimNext(turn)]
  worker.outbox.reply(second!.rid, '"forged"')
  worker.flush()
  t.ok(worker.hasEnded)
  await endsWith(t, core, player, ['1 WORKER_LOST', '2 WORKER_LOST', '3 ok'])
})

t.test('so is one that ends a request twice', async t => {
  const { core, worker, player, turn } = await startWithTurn(t)
  const first = worker.claimNext(turn)
  worker.outbox.reply(first!.rid, '1')
  worker.outbox.reply(first!.rid, '1')
  worker.flush()
  t.ok(worker.hasEnded)
  await endsWith(t, core, player, ['1 ok', '2 ok', '3 ok'])
})
