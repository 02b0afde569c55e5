/** Turns whose worker spoils the memory that it shares with the gateway, or says what can't be. */
import t, { type Test } from 'tap'
import { noLimits } from '../../../shared/values/settings-text.js'
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
  t.same({ running, waiting }, { running: 0, waiting: 0 })
}

for (const claimed of [0, -5]) {
  t.test(`no request is answered twice if its worker claims ${claimed} of 3`, async t => {
    const { core, worker, player, turn } = await startWithTurn(t)
    const [first, second] = [worker.claimNext(turn)!, worker.claimNext(turn)!]
    worker.outbox.reply(first.rid, '1')
    worker.flush()
    const { claims } = core.pool.up[0]!
    Atomics.store(claims, turn.slot, claimed)
    player.session.changeKeys([['changed', '{"json":1}']], 0, noLimits)
    worker.outbox.reply(second.rid, '2')
    worker.flush()
    worker.claimNext(turn)
    await endsWith(t, core, player, ['1 ok', '2 ok', '3 ok'])
  })
}

t.test(
  'a worker that gives up a turn of which it runs a request is replaced, and the lane goes on',
  async t => {
    const { core, worker, player, turn } = await startWithTurn(t)
    worker.claimNext(turn)
    worker.outbox.slotDone(turn.slot)
    worker.flush()
    t.ok(worker.hasEnded)
    await endsWith(t, core, player, ['1 WORKER_LOST', '2 ok', '3 ok'])
  }
)

t.test('so is one whose request has ended, and waits for its operations', async t => {
  const { core, worker, player, turn } = await startWithTurn(t)
  const first = worker.claimNext(turn)!
  worker.outbox.awaitOperations(turn.slot)
  worker.outbox.reply(first.rid, '1')
  worker.outbox.slotDone(turn.slot)
  worker.flush()
  t.ok(worker.hasEnded)
  await endsWith(t, core, player, ['1 ok', '2 ok', '3 ok'])
})

t.test('one that gives up the rest of a turn between two requests goes on, and so does the lane', async t => {
  const { core, worker, player, turn } = await startWithTurn(t)
  const first = worker.claimNext(turn)!
  worker.outbox.reply(first.rid, '1')
  worker.outbox.slotDone(turn.slot)
  worker.ready(1, 1)
  await endsWith(t, core, player, ['1 ok', '2 ok', '3 ok'])
  t.notOk(worker.hasEnded)
})
