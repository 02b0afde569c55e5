/** The death of a worker: what is lost and what is kept, over real sockets and threads. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '../../../shared/text/log.js'
import { handlersFolder, startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import type { Player, ReplyError } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

/** Resolves with the reply, or with the code of the error. */
const outcome = (reply: Promise<unknown>) => reply.catch((error: ReplyError) => error.code)

for (const [what, route, cause] of [
  ['process.exit()', 'fault.exit', 'process.exit(3)'],
  ['an uncaught exception', 'fault.throwLater', 'an uncaught exception'],
  ['an unhandled rejection', 'fault.reject', 'an unhandled rejection']
] as const) {
  t.test(
    `${what} in a handler: its request gets an error that says so, sessions and sockets are untouched`,
    async t => {
      const { gateway, lines, connect } = await startGateway(t, 'faults', { workers: 1 })
      const player = await connect()
      await player.request('fault.write', { key: 'kept', value: 'acked' })
      const fatal = player.request(route)
      const error = await fatal.then(
        () => t.fail('it was answered'),
        (error: ReplyError) => error
      )
      t.match(error, { code: 'HANDLER_FATAL', message: cause })
      t.same(await player.request('fault.read', { key: 'kept' }), { value: 'acked' })
      t.equal(gateway.metrics().workersLost, 1)
      const line = lines.find(each => each.message === 'A worker ended')
      t.match(line, { level: 'error', fields: { worker: 0, cause, route } })
    }
  )
}

t.test(
  'requests that had started in the same worker get WORKER_LOST, those that had not run elsewhere, once',
  async t => {
    const { gateway, lines, connect } = await startGateway(t, 'faults', {
      workers: 1,
      isolation: 'thread'
    })
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'ran')
    const [one, two, killer] = [await connect(), await connect(), await connect()]
    // Batches stay small until requests are known to be quick.
    await Promise.all(Array.from({ length: 300 }, () => one.request('fault.read', { key: 'k' })))
    const first = one.request('fault.wait')
    const [second, ...behind] = two.atOnce(() => [
      two.request('fault.wait'),
      ...Array.from({ length: 5 }, (_, index) => two.request('fault.note', { file, token: `t${index}` }))
    ])
    await until('both wait', () => lines.filter(line => line.message === 'waiting').length === 2)
    const before = gateway.metrics().requestsTakenBack
    t.equal(await outcome(killer.request('fault.exit')), 'HANDLER_FATAL')
    t.same(await Promise.all([first, second!].map(outcome)), ['WORKER_LOST', 'WORKER_LOST'])
    t.same(
      await Promise.all(behind),
      Array.from({ length: 5 }, (_, index) => ({ token: `t${index}` }))
    )
    t.same(readFileSync(file, 'utf8').trim().split('\n'), ['t0', 't1', 't2', 't3', 't4'])
    t.equal(gateway.metrics().requestsTakenBack - before, 5)
  }
)

t.test(
  'with others running, an exception in a timer is told to the request that began it, and others lose their worker',
  async t => {
    const { lines, connect } = await startGateway(t, 'faults', { workers: 1 })
    const [one, two] = [await connect(), await connect()]
    const waiting = one.request('fault.wait')
    await until('it waits', () => lines.some(line => line.message === 'waiting'))
    t.same(await Promise.all([outcome(waiting), outcome(two.request('fault.throwLater'))]), [
      'WORKER_LOST',
      'HANDLER_FATAL'
    ])
  }
)

t.test('what the dead worker had already sent is applied first', async t => {
  const { connect } = await startGateway(t, 'faults', { workers: 1 })
  const player = await connect()
  t.equal(await outcome(player.request('fault.exit')), 'HANDLER_FATAL')
  t.same(await player.request('fault.read', { key: 'pushedAtLast' }), { value: true })
})

t.test("a value that can't be sent is an error of its request, never of the worker", async t => {
  const { gateway, connect } = await startWithTwoWorkers(t, 'faults')
  const player = await connect()
  const codes: Record<string, unknown> = {}
  for (const what of ['function', 'symbol', 'bigint', 'circle', 'throwingJson', 'thenThrows']) {
    const error = await player.request('fault.answer', { what }).catch((error: ReplyError) => error)
    t.notMatch(error.message, /secret/)
    codes[what] = error.code
  }
  t.same(codes, {
    function: 'REPLY_NOT_SERIALIZABLE',
    symbol: 'REPLY_NOT_SERIALIZABLE',
    bigint: 'REPLY_NOT_SERIALIZABLE',
    circle: 'REPLY_NOT_SERIALIZABLE',
    throwingJson: 'REPLY_NOT_SERIALIZABLE',
    thenThrows: 'INTERNAL'
  })
  await t.rejects(player.request('fault.answer', { what: 'bigint' }), {
    message: /a BigInt at deep\.list\.0/
  })
  t.equal(gateway.metrics().workersLost, 0)
})

t.test('under deaths again and again, each request gets one reply, and none runs twice', async t => {
  // A busy machine needs long to start 20 workers. The request timeout has tests of its own.
  // By this clock the deaths are far apart, so that no route is suspended.
  const monotonic = () => performance.now() * 1_000
  const options = {
    logLevel: 'silent',
    requestTimeout: 0,
    monotonic,
    heartbeat: 0,
    maxQueueDelay: 0
  } as const
  const { gateway, connect } = await startWithTwoWorkers(t, 'faults', options)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'ran')
  writeFileSync(file, '')
  const players = await Promise.all(Array.from({ length: 20 }, connect))
  const killer = await connect()
  let token = 0
  const play = async (player: Player) => {
    const outcomes: unknown[] = []
    for (let round = 0; round < 10; round++) {
      const sent = Array.from({ length: 10 }, () => `t${++token}`)
      outcomes.push(
        ...(await Promise.all(sent.map(each => outcome(player.request('fault.note', { file, token: each })))))
      )
    }
    return outcomes
  }
  const playing = Promise.all(players.map(play))
  let isPlaying = true
  void playing.then(() => {
    isPlaying = false
  })
  for (let kills = 0, at = 0; isPlaying; kills++) {
    await outcome(killer.request('fault.exit'))
    at += 100
    // Ensures progress between two deaths, however slow the machine is.
    await until(
      'a hundred more are answered',
      () => !isPlaying || gateway.metrics().replies - kills > at,
      60_000
    )
  }
  const outcomes = (await playing).flat()
  t.equal(outcomes.length, 2_000)
  const ran = readFileSync(file, 'utf8').trim().split('\n')
  t.equal(new Set(ran).size, ran.length, 'none ran twice')
  const answered = outcomes.filter(each => typeof each === 'object').length
  t.ok(ran.length >= answered, 'what was answered had run')
  t.same(
    [...new Set(outcomes.filter(each => typeof each === 'string'))].filter(each => each !== 'WORKER_LOST'),
    []
  )
  t.ok(gateway.metrics().workersLost >= 5, `${gateway.metrics().workersLost} workers died`)
  for (const player of players) t.same(player.strays, [], 'no reply came twice')
  await until('nothing is left over', () => gateway.metrics().turns === 0)
})

t.test(
  'while replacements fail to load requests are refused, and when the cause is gone they come up by themselves',
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    copyFileSync(join(handlersFolder('faults'), 'fault.js'), join(folder, 'fault.js'))
    const { gateway, lines, connect } = await startGateway(t, folder, { workers: 1 })
    const player = await connect()
    await player.request('fault.write', { key: 'k', value: 1 })
    writeFileSync(join(folder, 'broken.js'), 'throw new Error("no start to-day")')
    t.equal(await outcome(player.request('fault.exit')), 'HANDLER_FATAL')
    const failures = () => lines.filter(line => line.message === 'A worker did not come up')
    await until('two replacements have failed', () => failures().length >= 2)
    t.equal(gateway.isReady, false)
    matchRows(
      t,
      failures().map(line => line.fields),
      [
        { worker: 0, nextTryInMs: 100, error: /broken\.js does not load: .*no start to-day/ },
        { worker: 0, nextTryInMs: 200 }
      ]
    )
    t.equal(await outcome(player.request('fault.read', { key: 'k' })), 'NO_WORKER', 'a request does not hang')
    rmSync(join(folder, 'broken.js'))
    await until('a worker is back', () => gateway.metrics().workersReady === 1)
    t.same(await player.request('fault.read', { key: 'k' }), { value: 1 }, 'and the session is what it was')
  }
)

t.test(
  'the session closes while its request runs: later operations fail, its signal aborts, no worker ends of it',
  async t => {
    const { gateway, lines, connect } = await startWithTwoWorkers(t, 'faults')
    const player = await connect()
    void player.request('fault.outlive')
    await until('it runs', () => lines.some(line => line.message === 'outliving'))
    player.leave()
    await until('it has ended', () => lines.some(line => line.message === 'outlived'))
    const { codes, reason } = lines.find(line => line.message === 'outlived')!.fields
    t.same(codes, Array(6).fill('SESSION_NOT_FOUND'))
    t.equal(reason, 'session closed')
    await until('the unawaited ones were refused', () => gateway.metrics().operationsRefused >= 11)
    const refused = lines.filter(line => line.message === 'An operation was refused')
    t.match(refused.at(-1)!.fields, { code: 'SESSION_NOT_FOUND', operation: 'bind' })
    t.ok(
      refused.some(
        line =>
          line.fields['operation'] === 'push' &&
          line.fields['about'] === 'unawaited' &&
          line.fields['route'] === 'fault.outlive'
      ),
      'with route and key'
    )
    t.equal(gateway.metrics().workersLost, 0)
    await until('nothing is left over', () => gateway.metrics().turns === 0)
  }
)

t.test('after 1,000 connects and disconnects under load nothing is left over', async t => {
  const { gateway, connect } = await startWithTwoWorkers(t, 'lanes')
  for (let round = 0; round < 10; round++) {
    const players = await Promise.all(Array.from({ length: 100 }, connect))
    for (const [index, player] of players.entries()) {
      for (const route of ['counter.sync', 'counter.timer', 'counter.async']) void player.request(route)
      // A third leaves before its requests have run, a third in the middle, a third afterwards.
      if (index % 3 === 0) player.leave()
    }
    await Promise.all(
      players.map((player, index) => (index % 3 === 1 ? outcome(player.request('counter.read')) : 0))
    )
    for (const player of players) player.leave()
  }
  const left = () => {
    const { connections, sessions, users, requestsWaiting, requestsRunning, turns, sendBytesWaiting } =
      gateway.metrics()
    return connections + sessions + users + requestsWaiting + requestsRunning + turns + sendBytesWaiting
  }
  await until('all is gone', () => left() === 0)
  t.equal(gateway.metrics().connectionsOpened, 1_000)
  t.equal(gateway.metrics().sessionsClosed, 1_000)
})

t.test(
  'affinity: all requests of a room run in one worker, under load, and after its death in one other',
  async t => {
    const { gateway, connect } = await startWithTwoWorkers(t, 'rooms')
    const players = await Promise.all(Array.from({ length: 40 }, connect))
    await Promise.all(
      players.map((player, index) => player.request('room.enter', { room: `room-${index % 10}` }))
    )
    const visit = async () => {
      const replies = await Promise.all(
        players.flatMap(player => Array.from({ length: 20 }, () => player.request('room.visit')))
      )
      const threads = new Map<string, Set<string>>()
      for (const { room, thread } of replies) threads.set(room, (threads.get(room) ?? new Set()).add(thread))
      return threads
    }
    const before = await visit()
    t.equal(before.size, 10)
    for (const [room, threads] of before) t.equal(threads.size, 1, `${room} is in one worker`)
    t.equal(
      new Set([...before.values()].flatMap(each => [...each])).size,
      2,
      'the rooms are spread over both'
    )
    // A request that follows the change of a room runs in the worker of the new room.
    const mover = players[0]!
    const [, moved] = await Promise.all([
      mover.request('room.enter', { room: 'room-1' }),
      mover.request('room.visit')
    ])
    t.same(new Set([moved.thread]), before.get('room-1'))
    await mover.request('room.enter', { room: 'room-0' })

    const load = visit()
    await outcome(players[0]!.request('room.exit'))
    await load.catch(() => {})
    await until('it is replaced', () => gateway.metrics().workersReady === 2)
    const after = await visit()
    const [dead] = before.get('room-0')!
    for (const [room, threads] of after) {
      t.equal(threads.size, 1, `${room} is in one worker again`)
      if (!before.get(room)!.has(dead!)) t.same(threads, before.get(room), `${room} did not move`)
      else t.notOk(threads.has(dead!))
    }
  }
)

t.test('a worker that ends while the others are still coming up is replaced like any other', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'where.mjs'),
    `import { existsSync, writeFileSync } from 'node:fs'
     import { workerData } from 'node:worker_threads'
     const flag = new URL('./_died', import.meta.url)
     if (workerData.index === 0 && !existsSync(flag)) {
       setTimeout(() => { writeFileSync(flag, ''); throw new Error('too early') }, 20)
     }
     // The other is up only when the gateway knows that the first has ended.
     const told = new URL('./_told', import.meta.url)
     while (workerData.index === 1 && !existsSync(told)) await new Promise(resolve => setTimeout(resolve, 5))
     export const am = (body, session, context) => context.worker.index`
  )
  const log = createLogger('debug', (_level, message) => {
    if (message === 'A worker ended') writeFileSync(join(folder, '_told'), '')
  })
  const { gateway, connect } = await startWithTwoWorkers(t, folder, { isolation: 'thread', log })
  await until('both are up', () => gateway.metrics().workersReady === 2)
  t.equal(gateway.metrics().workersStarted, 3)
  const players = await Promise.all(Array.from({ length: 20 }, connect))
  const seen = new Set<number>()
  while (seen.size < 2)
    for (const index of await Promise.all(players.map(each => each.request('where.am')))) seen.add(index)
  t.same(seen, new Set([0, 1]))
})
