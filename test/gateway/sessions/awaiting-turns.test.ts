/**
 * Turns that have replied while an operation of theirs is pending, and turns of workers without shared
 * memory.
 */
import t from 'tap'
import { inboxKinds } from '../../../shared/link/inbox.js'
import { noLimits } from '../../../shared/values/settings-text.js'
import { type CoreSession, type ScriptedWorker, startCore, tick } from '../../helpers/core.js'
import { until } from '../../helpers/until.js'

const ids = ({ replies }: CoreSession) => replies.map(reply => reply.id)
const codes = ({ replies }: CoreSession) => replies.map(reply => reply.error?.code ?? 'ok')

/** Starts the worker's only request, and replies while one of its operations is still pending. */
function replyHeld(worker: ScriptedWorker): number {
  const [turn] = worker.turns.splice(0)
  const request = worker.claimNext(turn!)!
  worker.outbox.awaitOperations(turn!.slot)
  worker.outbox.reply(request.rid, request.body)
  worker.ready(1, 1)
  return turn!.slot
}

t.test('a lane goes on when what its last request asked for is answered, not with its reply', async t => {
  const core = await startCore({ workers: 2 })
  const player = core.connect()
  core.request(player, 1)
  await tick()
  const worker = core.workers.find(({ turns }) => turns.length > 0)!
  const slot = replyHeld(worker)
  t.same(ids(player), [1], 'the player has the reply')
  core.request(player, 2)
  await tick()
  t.same(
    core.workers.flatMap(({ turns }) => turns),
    [],
    'the next one waits, though both workers are idle'
  )
  worker.outbox.goOn(slot)
  worker.flush()
  await tick()
  t.equal(core.workers.flatMap(({ turns }) => turns).length, 1)
  for (const each of core.workers) each.runAll()
  t.same(ids(player), [1, 2])
  await core.close()
})

t.test('it waits for that until the deadline of the request, and no longer', async t => {
  const core = await startCore({ workers: 1, routes: { a: { timeout: 50 }, patient: { timeout: 10_000 } } })
  const [worker] = core.workers as [ScriptedWorker]
  const player = core.connect()
  core.request(player, 1)
  await tick()
  const { rid } = worker.turns[0]!.requests[0]!
  const slot = replyHeld(worker)
  core.request(player, 2, 'patient')
  await tick()
  t.same(worker.turns, [], 'before the deadline it waits')
  core.clock += 60
  await until('the next one is handed out', () => worker.turns.length > 0)
  t.same(worker.inbox, [[inboxKinds.aborted, rid, 'timeout']], 'the worker is told to go on too')
  t.not(worker.turns[0]!.slot, slot, 'the slot is kept until the worker says that it goes on')
  worker.runAll()
  t.same(ids(player), [1, 2])
  worker.outbox.goOn(slot)
  worker.flush()
  t.same(
    [codes(player), core.metrics.read().turns],
    [['ok', 'ok'], 0],
    'what is let go later changes nothing'
  )
  await core.close()
})

t.test('of a request without a deadline it waits for ten seconds', async t => {
  const core = await startCore({ workers: 1, routes: { a: { timeout: 0 }, short: { timeout: 50 } } })
  const [worker] = core.workers as [ScriptedWorker]
  const player = core.connect()
  core.request(player, 1)
  await tick()
  const { rid } = worker.turns[0]!.requests[0]!
  replyHeld(worker)
  core.request(player, 2)
  /** Lets time pass, and waits until the deadlines were looked at: that of another player has passed. */
  const pass = async (ms: number) => {
    const other = core.connect()
    core.request(other, 1, 'short')
    await tick()
    core.clock += ms
    await until('it was looked', () => other.replies.length === 1)
    worker.ready(0, 0)
    await tick()
  }
  const isHandedOut = () => worker.turns.some(turn => turn.requests.some(({ body }) => body.endsWith(':2')))
  await pass(100)
  await pass(9_000)
  t.notOk(isHandedOut())
  await pass(1_000)
  await until('the next one is handed out', isHandedOut)
  t.ok(worker.inbox.flat().includes(rid), 'and the worker is told')
  await core.close()
})

t.test('no longer either if its worker is being replaced meanwhile', async t => {
  const core = await startCore({ workers: 1, routes: { a: { timeout: 50 }, patient: { timeout: 10_000 } } })
  const player = core.connect()
  core.request(player, 1)
  await tick()
  replyHeld(core.workers[0]!)
  await core.pool.reload()
  core.request(player, 2, 'patient')
  core.clock += 60
  await until('the new worker has the next one', () => core.workers[1]!.turns.length > 0)
  await until('the old one has ended', () => core.workers[0]!.hasEnded)
  core.workers[1]!.runAll()
  t.same(ids(player), [1, 2])
  await core.close()
})

t.test('it goes on at once when the worker ends', async t => {
  const core = await startCore({ workers: 2 })
  const player = core.connect()
  core.request(player, 1)
  await tick()
  const worker = core.workers.find(({ turns }) => turns.length > 0)!
  replyHeld(worker)
  core.request(player, 2)
  worker.die(new Error('gone'))
  await tick()
  for (const each of core.workers) each.runAll()
  t.same(ids(player), [1, 2])
  await core.close()
})

t.test('what lies behind it in the same turn does not move to an idle worker', async t => {
  const core = await startCore({ workers: 2 })
  // The requests are quick, so one worker is given all of them.
  for (const worker of core.workers) for (let i = 0; i < 40; i++) worker.ready(1, 5)
  const [player, other] = [core.connect(), core.connect()]
  for (let id = 1; id <= 2; id++) core.request(player, id)
  core.request(other, 1)
  await tick()
  const [busy, idle] = core.workers as [ScriptedWorker, ScriptedWorker]
  const [turn] = busy.turns
  const request = busy.claimNext(turn!)!
  busy.outbox.awaitOperations(turn!.slot)
  busy.outbox.reply(request.rid, request.body)
  busy.flush()
  await until("another session's request has moved", () => {
    idle.runAll()
    return ids(other).length > 0
  })
  t.same(ids(player), [1], "this session's has not")
  busy.outbox.goOn(turn!.slot)
  busy.runAll()
  t.same(ids(player), [1, 2])
  await core.close()
})

t.test('of a lane, a worker that shares no memory is given one request, which has started then', async t => {
  const core = await startCore({ workers: 2, isProcess: true })
  const player = core.connect()
  for (let id = 1; id <= 3; id++) core.request(player, id)
  await tick()
  const [worker] = core.workers as [ScriptedWorker]
  t.same(
    core.workers.map(({ turns }) => turns.map(({ requests }) => requests.length)),
    [[1], []]
  )
  player.session.changeKeys([['k', '{"json":7}']], 0, noLimits)
  t.equal(core.metrics.read().requestsTakenBack, 0, 'nothing can be taken back')
  worker.die(new Error('gone'))
  t.same(codes(player), ['WORKER_LOST'])
  for (let runs = 0; runs < 2; runs++) {
    await tick()
    for (const each of core.workers) if (each !== worker) each.runAll()
  }
  t.same(ids(player), [1, 2, 3], 'and the rest runs in another')
  await core.close()
})
