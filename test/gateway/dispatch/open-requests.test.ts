/** Outcomes of workers that make no sense, which must not be told to anybody. */
import t from 'tap'
import { endsWith, startWithTurn } from '../../helpers/turn-of-three.js'

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
