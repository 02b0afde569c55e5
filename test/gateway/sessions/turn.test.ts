/** Turns whose worker spoils the memory that it shares with the gateway, or says what can't be. */
import t, { type Test } from 'tap'
import { noLimits } from '../../../shared/values/settings-text.js'
import { type ScriptedWorker, settle, startCore } from '../../helpers/core.js'

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
    for (let round = 0; round < 3; round++) {
      await settle()
      for (const each of core.workers) if (!each.hasEnded) each.runAll()
    }
    t.same(
      player.replies.map(({ id, error }) => `${id} ${error?.code ?? 'ok'}`),
      ['1 ok', '2 ok', '3 ok']
    )
    const { running, waiting } = core.requests
    t.same({ running, waiting }, { running: 0, waiting: 0 })
  })
}
