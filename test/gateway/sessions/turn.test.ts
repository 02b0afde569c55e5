/** Turns whose worker spoils the memory that it shares with the gateway, or says what can't be. */
import t from 'tap'
import { noLimits } from '../../../shared/values/settings-text.js'
import { endsWith, startWithTurn } from '../../helpers/turn-of-three.js'

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
