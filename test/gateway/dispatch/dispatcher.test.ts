import t from 'tap'
import { noLimits } from '../../../shared/values/settings-text.js'
import { type CoreSession, type ScriptedWorker, startCore, tick } from '../../helpers/core.js'
import { until } from '../../helpers/until.js'

/** Runs all requests until none is left. Returns their bodies. */
async function runEverything(workers: readonly ScriptedWorker[]): Promise<string[]> {
  const ran: string[] = []
  for (let before = -1; before !== ran.length; ) {
    before = ran.length
    for (const worker of workers) ran.push(...worker.runAll().map(request => request.body))
    await tick()
  }
  return ran
}

const ids = ({ replies }: CoreSession) => replies.map(reply => reply.id)
const codes = ({ replies }: CoreSession) => replies.map(reply => reply.error?.code ?? 'ok')

t.test('an idle worker gets a request in the tick in which it came', async t => {
  const core = await startCore()
  const player = core.connect()
  core.request(player, 1)
  await tick()
  t.equal(core.workers.flatMap(worker => worker.turns).length, 1)
  await core.close()
})

t.test('what comes in one tick is handed out in one batch, at most 16 requests of a lane', async t => {
  const core = await startCore({ workers: 1 })
  const [worker] = core.workers as [ScriptedWorker]
  const player = core.connect()
  for (let id = 1; id <= 40; id++) core.request(player, id)
  await tick()
  t.same(
    worker.turns.map(turn => turn.requests.length),
    [10],
    'no more at first than a millisecond of unknown work'
  )
  // Each fast batch lowers the mean cost of a request, so batches grow up to their limit.
  const sizes: number[] = []
  for (let round = 0; round < 60; round++) {
    for (let id = 1; id <= 80; id++) core.request(player, id)
    worker.runAll()
    await tick()
    sizes.push(...worker.turns.map(turn => turn.requests.length))
  }
  t.equal(Math.max(...sizes), 16)
  await core.close()
})

t.test('a worker that was full gets what waits once its concurrent requests end', async t => {
  for (const isProcess of [false, true]) {
    const core = await startCore({ workers: 1, isProcess, routes: { c: { concurrent: true } } })
    const [worker] = core.workers as [ScriptedWorker]
    const player = core.connect()
    for (let id = 1; id <= 1_100; id++) core.request(player, id, 'c')
    const begun: number[] = []
    for (await tick(); worker.turns.length > 0; await tick()) {
      const requests = worker.turns.splice(0).flatMap(turn => worker.claimNext(turn) ?? [])
      begun.push(...requests.map(({ rid }) => rid))
      worker.ready(requests.length, requests.length)
    }
    t.ok(begun.length >= 1_000 && begun.length < 1_100, `${begun.length} run, and more may not`)
    // Handlers that have waited end by themselves, without a batch.
    for (const rid of begun) worker.outbox.reply(rid, '')
    worker.flush()
    await until('each is answered', () => {
      if (worker.turns.length > 0) worker.runAll()
      return player.replies.length === 1_100
    })
    await core.close()
  }
})

t.test('a worker takes a share of the waiting lanes, not all of them', async t => {
  const core = await startCore({ workers: 2 })
  // Each request takes 50 µs, so ten of them are worth a second worker.
  for (const worker of core.workers) for (let i = 0; i < 40; i++) worker.ready(1, 50)
  const players = Array.from({ length: 10 }, () => core.connect())
  for (const player of players) core.request(player, 1)
  await tick()
  t.same(
    core.workers.map(worker => worker.turns.length),
    [5, 5],
    'half of ten; and the rest is little enough to be taken whole'
  )
  await core.close()
})

t.test('what is soon done is not spread over several workers', async t => {
  const core = await startCore({ workers: 2 })
  for (const worker of core.workers) for (let i = 0; i < 40; i++) worker.ready(1, 5)
  for (let i = 0; i < 10; i++) core.request(core.connect(), 1)
  await tick()
  t.same(
    core.workers.map(worker => worker.turns.length),
    [10, 0]
  )
  await core.close()
})

t.test(
  'between the arrival of a request and its hand-out, at most 2 × 16 of a flooding session are handed out',
  async t => {
    const core = await startCore({ workers: 1, laneLimit: 10_000 })
    const [worker] = core.workers as [ScriptedWorker]
    for (let i = 0; i < 60; i++) worker.ready(100, 100)
    await tick()
    const flood = core.connect()
    const other = core.connect()
    for (let id = 1; id <= 2_000; id++) core.request(flood, id)
    await tick()
    core.request(other, 1)
    await tick()
    let ofFlood = 0
    for (let isThere = false; !isThere; ) {
      const ran = worker.runAll()
      await tick()
      isThere = ran.some(request => request.body === `${other.session.sid}:1`)
      ofFlood += ran.filter(request => request.body.startsWith(`${flood.session.sid}:`)).length
    }
    t.ok(ofFlood <= 32, `${ofFlood} of the flood came first`)
    const rest = await runEverything(core.workers)
    t.equal(rest.length + ofFlood, 2_000, 'and the flood lost nothing')
    t.same(
      ids(flood),
      Array.from({ length: 2_000 }, (_, index) => index + 1),
      'nor its order'
    )
    await core.close()
  }
)

t.test('requests of a lane are never in two workers at the same time', async t => {
  const core = await startCore({ workers: 2 })
  const player = core.connect()
  core.request(player, 1)
  await tick()
  const busy = core.workers.find(({ turns }) => turns.length === 1)!
  // Once it has started it is not taken back, as it is from a worker that stands still.
  const first = busy.claimNext(busy.turns.shift()!)!
  core.request(player, 2)
  await tick()
  t.same(
    core.workers.map(({ turns }) => turns),
    [[], []],
    'the second waits, though a worker is idle'
  )
  busy.outbox.reply(first.rid, first.body)
  busy.ready(1, 1)
  await tick()
  t.equal((await runEverything(core.workers)).length, 1)
  await core.close()
})

t.test(
  'what a worker has not claimed is taken back at a foreign change, and runs with the new snapshot',
  async t => {
    const core = await startCore({ workers: 1 })
    const [worker] = core.workers as [ScriptedWorker]
    const player = core.connect()
    for (let id = 1; id <= 3; id++) core.request(player, id)
    await tick()
    const [turn] = worker.turns.splice(0)
    const first = worker.claimNext(turn!)
    player.session.changeKeys([['k', '{"json":7}']], 0, noLimits)
    worker.outbox.reply(first!.rid, first!.body)
    t.equal(worker.claimNext(turn!), undefined, 'the second is gone')
    worker.ready(1, 1)
    await tick()
    t.equal(worker.turns[0]!.settings, '1:10:k{"json":7}')
    t.equal(worker.turns[0]!.requests.length, 2)
    await runEverything(core.workers)
    t.same(ids(player), [1, 2, 3])
    t.equal(core.metrics.read().turns, 0)
    await core.close()
  }
)

t.test("a change by the lane's own turn takes nothing back", async t => {
  const core = await startCore({ workers: 1 })
  const [worker] = core.workers as [ScriptedWorker]
  const player = core.connect()
  for (let id = 1; id <= 3; id++) core.request(player, id)
  await tick()
  const [turn] = worker.turns
  player.session.changeKeys([['k', '{"json":7}']], turn!.viewId, noLimits)
  t.equal(worker.runAll().length, 3)
  t.equal(core.metrics.read().requestsTakenBack, 0)
  await core.close()
})

t.test('what lies unstarted in a busy worker moves to one that is idle', async t => {
  const core = await startCore({ workers: 2 })
  // The requests are quick, so one worker is given all four.
  for (const worker of core.workers) for (let i = 0; i < 40; i++) worker.ready(1, 5)
  for (let i = 0; i < 4; i++) core.request(core.connect(), 1)
  await tick()
  const [busy, idle] = core.workers as [ScriptedWorker, ScriptedWorker]
  t.same([busy.turns.length, idle.turns.length], [4, 0])
  // It starts the first of them, which does not end.
  busy.claimNext(busy.turns[0]!)
  await until('the other has run all but the one that had started', () => {
    idle.runAll()
    return core.metrics.read().replies === 3
  })
  for (const turn of busy.turns.slice(1)) t.equal(busy.claimNext(turn), undefined, 'which it alone has')
  await core.close()
})

t.test('a concurrent request does not wait for the lane, and the lane does not wait for it', async t => {
  const core = await startCore({ workers: 1, routes: { a: {}, c: { concurrent: true } } })
  const [worker] = core.workers as [ScriptedWorker]
  const player = core.connect()
  core.request(player, 1)
  await tick()
  worker.claimNext(worker.turns[0]!)
  worker.ready(1, 1)
  core.request(player, 2, 'c')
  core.request(player, 3)
  await tick()
  t.same(
    worker.turns.map(turn => turn.requests.map(request => request.body.split(':')[1])),
    [['1'], ['2']]
  )
  await core.close()
})

t.test(
  'at its deadline a request is answered with TIMEOUT, its late outcome is ignored, and its lane goes on',
  async t => {
    const core = await startCore({ workers: 1, routes: { a: { timeout: 50 } } })
    const [worker] = core.workers as [ScriptedWorker]
    const player = core.connect()
    core.request(player, 1)
    await tick()
    const [late] = worker.turns.splice(0)
    const request = worker.claimNext(late!)!
    core.clock += 60
    core.request(player, 2)
    worker.ready(1, 1)
    await until('it is answered', () => player.replies.length > 0)
    t.same(codes(player), ['TIMEOUT'])
    await tick()
    t.equal(worker.inbox.flat().includes('timeout'), true, 'and its worker was told')
    worker.outbox.push(
      { rid: request.rid, viewId: late!.viewId, ack: 1, frontendId: 'g', sid: player.session.sid },
      'k',
      '{"json":1}'
    )
    worker.outbox.reply(request.rid, '"late"')
    worker.flush()
    t.equal(player.session.textOf('k'), undefined, 'what the late handler pushes has no effect')
    await runEverything(core.workers)
    t.same(codes(player), ['TIMEOUT', 'ok'])
    t.equal(core.metrics.read().turns, 0)
    await core.close()
  }
)

t.test('a request that waits past its deadline is not run', async t => {
  const core = await startCore({ workers: 1, routes: { a: { timeout: 50 } } })
  const [worker] = core.workers as [ScriptedWorker]
  const blocker = core.connect()
  const player = core.connect()
  core.request(blocker, 1)
  await tick()
  core.request(player, 1)
  core.clock += 60
  await until('it is answered', () => player.replies.length > 0)
  t.same(codes(player), ['TIMEOUT'])
  const ran = await runEverything([worker])
  t.notOk(ran.includes(`${player.session.sid}:1`))
  await core.close()
})

t.test('nor is one whose deadline has passed when its turn comes, before anybody has looked', async t => {
  const core = await startCore({ workers: 1, routes: { a: { timeout: 50 }, patient: { timeout: 0 } } })
  const [worker] = core.workers as [ScriptedWorker]
  const [blocker, player, other] = [core.connect(), core.connect(), core.connect()]
  core.request(blocker, 1, 'patient')
  await tick()
  core.request(player, 1)
  core.request(other, 1, 'patient')
  core.request(other, 2)
  core.request(other, 3, 'patient')
  core.clock += 50
  worker.runAll()
  for (let i = 0; i < 3; i++) {
    await tick()
    worker.runAll()
  }
  t.same(codes(player), ['TIMEOUT'])
  t.same(codes(other).sort(), ['TIMEOUT', 'ok', 'ok'])
  t.same(
    other.replies.filter(({ error }) => error !== undefined).map(({ id }) => id),
    [2]
  )
  await core.close()
})

t.test(
  "at a worker's death what had started gets WORKER_LOST, and the rest runs elsewhere, in order",
  async t => {
    const core = await startCore({ workers: 1 })
    const [worker] = core.workers as [ScriptedWorker]
    const player = core.connect()
    for (let id = 1; id <= 5; id++) core.request(player, id)
    await tick()
    const [turn] = worker.turns
    const first = worker.claimNext(turn!)!
    worker.claimNext(turn!)
    worker.outbox.push(
      { rid: first.rid, viewId: turn!.viewId, ack: 0, frontendId: 'g', sid: player.session.sid },
      'k',
      '{"json":1}'
    )
    worker.outbox.reply(first.rid, first.body)
    worker.die(new Error('gone'))
    await tick()
    t.equal(player.session.textOf('k'), '{"json":1}', 'what it had sent is applied')
    t.same(codes(player), ['ok', 'WORKER_LOST'])
    t.equal(core.workers.length, 2, 'it is replaced')
    await runEverything(core.workers)
    t.same(ids(player), [1, 2, 3, 4, 5])
    t.same(codes(player), ['ok', 'WORKER_LOST', 'ok', 'ok', 'ok'])
    t.equal(core.metrics.read().requestsRunning, 0)
    await core.close()
  }
)

t.test('a lane at its limit stops reading its socket, and reads on at half of it', async t => {
  const core = await startCore({ workers: 1, laneLimit: 8 })
  const player = core.connect()
  for (let id = 1; id <= 12; id++) core.request(player, id)
  t.same(player.reading, ['pause'])
  await tick()
  await runEverything(core.workers)
  t.same(player.reading, ['pause', 'resume'])
  t.same(ids(player).length, 12, 'and what had been read already is answered too')
  await core.close()
})

t.test('when a session ends, its requests end with it and its workers are told', async t => {
  const core = await startCore({ workers: 1, routes: { a: {}, c: { concurrent: true } } })
  const [worker] = core.workers as [ScriptedWorker]
  const player = core.connect()
  for (let id = 1; id <= 3; id++) core.request(player, id)
  core.request(player, 4, 'c')
  await tick()
  const first = worker.claimNext(worker.turns[0]!)!
  core.registry.kick(player.session, null)
  t.same(worker.inbox.flat(), [2, first.rid, 'session closed'])
  worker.outbox.reply(first.rid, 'late')
  await runEverything(core.workers)
  t.same(player.replies, [])
  const { requestsRunning, requestsWaiting, turns } = core.metrics.read()
  t.same({ requestsRunning, requestsWaiting, turns }, { requestsRunning: 0, requestsWaiting: 0, turns: 0 })
  await core.close()
})

t.test(
  'all requests with one value of their affinity go to one worker, and the values are spread',
  async t => {
    const core = await startCore({ workers: 4, routes: { a: {}, r: { affinity: 'room' } } })
    for (const worker of core.workers) for (let i = 0; i < 40; i++) worker.ready(100, 100)
    const byRoom = new Map<number, Set<number>>()
    const players = Array.from({ length: 40 }, () => core.connect())
    for (const [index, player] of players.entries()) {
      player.session.changeKeys([['room', `{"json":${index % 8}}`]], 0, noLimits)
      for (let id = 1; id <= 5; id++) core.request(player, id, id % 2 === 0 ? 'a' : 'r')
    }
    for (let round = 0; round < 20; round++) {
      await tick()
      for (const worker of core.workers) {
        for (const { body, route } of worker.runAll()) {
          if (route !== 1) continue
          const room = players.findIndex(({ session }) => body.startsWith(`${session.sid}:`)) % 8
          byRoom.set(room, (byRoom.get(room) ?? new Set()).add(worker.index))
        }
      }
    }
    t.equal(byRoom.size, 8)
    for (const [room, workers] of byRoom) t.equal(workers.size, 1, `room ${room} is in one worker`)
    t.ok(new Set([...byRoom.values()].flatMap(each => [...each])).size > 1, 'and the rooms are spread')
    await core.close()
  }
)

t.test('a request that waits goes to the worker of the value that its session has by then', async t => {
  for (const concurrent of [false, true]) {
    const core = await startCore({ workers: 2, routes: { a: {}, r: { affinity: 'room', concurrent } } })
    const roomOf = new Map<number, number>()
    const set = (player: CoreSession, room: number) =>
      player.session.changeKeys([['room', `{"json":${room}}`]], 0, noLimits)
    const player = core.connect()
    for (let room = 0; roomOf.size < 2; room++) {
      set(player, room)
      core.request(player, room, 'r')
      await tick()
      for (const worker of core.workers) if (worker.runAll().length > 0) roomOf.set(worker.index, room)
    }
    // Both are busy, so what comes now waits.
    for (const [, room] of roomOf) {
      const busy = core.connect()
      set(busy, room)
      core.request(busy, 1, 'r')
    }
    await tick()
    set(player, roomOf.get(0)!)
    core.request(player, 101, 'r')
    await tick()
    set(player, roomOf.get(1)!)
    const where: number[] = []
    for (let round = 0; round < 5; round++) {
      for (const worker of core.workers)
        for (const { body } of worker.runAll()) if (body.endsWith(':101')) where.push(worker.index)
      await tick()
    }
    t.same(where, [1], concurrent ? 'a concurrent one' : 'one of a lane')
    await core.close()
  }
})

t.test('who waits for a worker is known by how long; who has left does not count', async t => {
  const core = await startCore({ workers: 1 })
  const [red, blue, green] = [core.connect(), core.connect(), core.connect()]
  core.request(red, 1)
  await tick()
  t.equal(core.queue.longestWait(core.clock), 0, 'it is handed out')
  core.request(blue, 1)
  await tick()
  core.clock += 5_000
  core.request(green, 1)
  t.equal(core.queue.longestWait(core.clock), 5_000)
  core.registry.end(blue.session, { code: 1000, reason: 'client closed', kickReason: null })
  t.equal(core.queue.longestWait(core.clock), 0, 'it has gone, and the next has just come')
  await runEverything(core.workers)
  t.same([ids(red), ids(blue), ids(green)], [[1], [], [1]])
  await core.close()
})

t.test('who waits for one worker holds up those alone who belong there', async t => {
  const core = await startCore({ workers: 2, routes: { a: {}, r: { affinity: 'room' } }, maxQueueDelay: 500 })
  const players = Array.from({ length: 60 }, () => core.connect())
  for (const [index, { session }] of players.entries())
    session.changeKeys([['room', `{"json":${index}}`]], 0, noLimits)
  // There are more than the first batches take, so some wait for each of the two workers.
  for (const player of players) core.request(player, 1, 'r')
  await tick()
  const [route, free] = [{ options: { affinity: 'room' } }, { options: {} }] as unknown as [never, never]
  core.clock += 1_000
  const isBehind = players.map(({ session }) => core.queue.isBehind({ session, route }, core.clock))
  t.same(new Set(isBehind), new Set([true]))
  t.equal(core.queue.isBehind({ session: players[0]!.session, route: free }, core.clock), false)
  await runEverything(core.workers)
  t.equal(core.queue.longestWait(core.clock), 0)
  await core.close()
})

for (const isProcess of [false, true]) {
  const where = isProcess ? 'a process' : 'a thread'
  t.test(
    `what is abandoned is answered once, as run or as not run, whatever comes of it (${where})`,
    async t => {
      const routes = { a: {}, short: { timeout: 50 }, beside: { concurrent: true } }
      const core = await startCore({ workers: 1, isProcess, routes })
      const [worker] = core.workers as [ScriptedWorker]
      const [player, other, leaver] = [core.connect(), core.connect(), core.connect()]
      for (let id = 1; id <= 3; id++) core.request(player, id)
      core.request(other, 1, 'short')
      core.request(leaver, 1)
      await tick()
      const running = worker.turns.map(turn => worker.claimNext(turn)!)
      core.request(player, 4)
      core.request(player, 5, 'beside')
      core.deadlines.abandon()
      const answers = ['WORKER_LOST', 'CLOSING', 'CLOSING', 'CLOSING', 'CLOSING']
      t.same(codes(player), answers)
      t.same(codes(other), ['WORKER_LOST'])
      worker.outbox.reply(running[0]!.rid, 'too late')
      worker.flush()
      core.clock += 60
      core.deadlines.sweep(core.clock)
      core.registry.end(leaver.session, { code: 1012, reason: 'closing', kickReason: null })
      await runEverything(core.workers)
      t.same(codes(player), answers, 'nothing is told twice')
      t.same([...codes(other), ...codes(leaver)], ['WORKER_LOST', 'WORKER_LOST'])
      t.equal(core.requests.undecided, 0)
      await core.close()
    }
  )
}
