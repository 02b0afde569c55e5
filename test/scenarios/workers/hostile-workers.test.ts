/** Workers whose game breaks the link, sends nonsense, falls silent, or leaves requests hanging. */

import t from 'tap'
import { startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-hostile')

for (const isolation of ['thread', 'process'] as const) {
  t.test(isolation, async t => {
    const faults = [
      ['null', /got|null/],
      ['text', /'ready'/],
      ['an item of no kind', /an item of kind 99/],
      ['a wrong kind in the middle', /5 where a text belongs/],
      ['a time that is no number', /NaN where an integer from 0 up belongs/],
      ['a count below 0', /-1 where an integer from 0 up belongs/],
      ['a uid that is too long', / where a text of at most 256 characters belongs/],
      ['a delivery of no kind', /7 where a delivery belongs/],
      ['an outcome of nobody', /the outcome of request 1000000000/],
      ['the end of a turn that runs', /the end of a turn that still runs/],
      ['a hello that is none', /kind: 'hello'/]
    ] as const
    for (const [what, got] of faults) {
      t.test(`a worker that sends ${what} ends, told with what came, and nobody else`, async t => {
        const { connect, gateway, lines } = await startGateway(t, handlers, { workers: 1, isolation })
        const [culprit, other] = [await connect(), await connect()]
        const waiting = other.request('rogue.wait')
        await until('the other waits', () => other.events.length === 1)
        const sending = culprit.request('rogue.send', { what })
        const answer = { code: 'WORKER_LOST', message: /it sent what can't be read/ }
        await t.rejects(sending, answer)
        await t.rejects(waiting, answer)
        t.equal(await other.request('rogue.echo', 7), 7, 'another one is there')
        t.match(gateway.metrics(), { workersLost: 1, sessions: 2, connectionsClosed: 0 })
        matchRows(
          t,
          lines.filter(({ level }) => level === 'error'),
          [
            { message: "A worker has sent what can't be read, and is ended", fields: { worker: 0, got } },
            { message: 'A worker ended', fields: { route: 'unknown' } }
          ]
        )
      })
    }

    t.test('what a game says to whom it takes for its parent is ignored, with one line', async t => {
      const { connect, gateway, lines } = await startGateway(t, handlers, { workers: 1, isolation })
      const player = await connect()
      t.equal(await player.request('stranger.greet'), isolation === 'thread' ? 'no parent' : null)
      t.equal(await player.request('rogue.echo', 7), 7)
      const told = () => lines.filter(({ message }) => message.startsWith('A message of a worker'))
      await until('it was told', () => told().length > 0)
      t.equal(await player.request('rogue.echo', 8), 8)
      t.equal(told().length, 1)
      t.match(told()[0], { level: 'debug', fields: { worker: 0, got: /ready|NODE_HANDLE/ } })
      t.match(gateway.metrics(), { workersLost: 0, workersStarted: 1 })
    })

    t.test('a game that looks for what is open finds no port of ours', async t => {
      const { connect } = await startGateway(t, handlers, { workers: 1, isolation })
      const player = await connect()
      const handles: string[] = await player.request('stranger.handles')
      t.notOk(handles.includes('MessagePort'))
    })

    t.test('a game does not get at the memory that its worker shares with the gateway', async t => {
      const { connect } = await startGateway(t, handlers, { workers: 1, isolation })
      const player = await connect()
      t.same(await player.request('stranger.shared'), [])
    })

    t.test('a worker that takes nothing although requests wait is replaced, and told', async t => {
      const running = await startGateway(t, handlers, { workers: 1, isolation, stuckAfter: 500 })
      const { connect, gateway, lines } = running
      const [culprit, other] = [await connect(), await connect()]
      t.equal(gateway.isReady, true)
      const silent = culprit.request('rogue.fallSilent')
      await until('it has begun', () => gateway.metrics().requestsRunning === 1)
      const waiting = other.request('rogue.echo', 7)
      await until('nobody is to be sent here', () => !gateway.isReady)
      await t.rejects(silent, { code: 'WORKER_LOST', message: /it took no requests for 500 ms/ })
      t.equal(await waiting, 7)
      await until('it is ready again', () => gateway.isReady)
      t.match(gateway.metrics(), { workersMute: 1, workersStuck: 0, workersLost: 1, sessions: 2 })
      t.match(
        lines.find(({ message }) => message.startsWith('A worker takes no requests')),
        { level: 'error', fields: { worker: 0, ms: 500 } }
      )
    })

    const spoiled = [
      'a clock that is no number',
      'a clock that is beyond all',
      'a clock that throws',
      'fake timers that nobody moves on'
    ]
    for (const how of spoiled) {
      t.test(`${how}, of a game's own making: its worker and all others serve on`, async t => {
        const { connect, gateway } = await startGateway(t, handlers, { workers: 1, isolation })
        const [culprit, other] = [await connect(), await connect()]
        await culprit.request('clock.spoil', { how })
        for (let round = 0; round < 3; round++) {
          const asked = culprit.atOnce(() => [
            culprit.request('clock.long', 1),
            culprit.request('clock.late', 2)
          ])
          t.same(await Promise.all([...asked, other.request('clock.late', 3)]), [1, 2, 3])
        }
        await until('what was sent is there', () => other.events.length === 3)
        t.match(gateway.metrics(), { timeouts: 0, workersLost: 0, workersStarted: 1 })
      })
    }

    t.test('a worker whose handlers hang is retired, and nothing is lost', async t => {
      const options = { workers: 1, isolation, maxGivenUpHandlers: 150 }
      const { connect, gateway, lines } = await startWithTwoWorkers(t, handlers, options)
      const players = await Promise.all(Array.from({ length: 10 }, connect))
      for (let round = 0; round < 16; round++) {
        const asked = players.map(player => player.request('hang.never'))
        for (const each of asked) await t.rejects(each, { code: 'TIMEOUT' })
      }
      await until('it is retired', () => gateway.metrics().workersRetired === 1)
      t.equal(await players[0]!.request('rogue.echo', 7), 7)
      await until('it has ended', () => gateway.metrics().handlersHanging < 150)
      t.match(gateway.metrics(), { timeouts: 160, workersLost: 0, sessions: 10 })
      // A request that has not begun by its deadline is not run, so the number may be below 160.
      t.ok(gateway.metrics().handlersGivenUp >= 150)
      const warnings = lines.filter(({ message }) => message.startsWith('Handlers hang'))
      t.match(warnings[0], { level: 'warn', fields: { worker: 0, route: 'hang.never', handlers: 100 } })
    })
  })
}

t.test('bytes that a game writes where its channel is end its process, and nobody else', async t => {
  const { connect, gateway, lines } = await startGateway(t, handlers, {
    workers: 1,
    isolation: 'process'
  })
  const player = await connect()
  await t.rejects(player.request('rogue.write'), {
    code: 'WORKER_LOST',
    message: /it sent what can't be read/
  })
  t.equal(await player.request('rogue.echo', 7), 7)
  t.equal(gateway.metrics().workersLost, 1)
  t.match(
    lines.find(({ message }) => message.startsWith('A worker has sent')),
    { fields: { got: /^the bytes 'something that a library prints/ } }
  )
})

t.test('a process that can no longer write who has its thread serves on, and says so once', async t => {
  const { connect, gateway, lines } = await startGateway(t, handlers, {
    workers: 1,
    isolation: 'process'
  })
  const player = await connect()
  t.equal(await player.request('files.close'), 'closed')
  for (let n = 0; n < 3; n++) t.equal(await player.request('rogue.echo', n), n)
  matchRows(
    t,
    lines.filter(({ level }) => level === 'error'),
    [{ message: /^A worker can't write any more which request has the thread/, fields: { error: /EBADF/ } }]
  )
  t.equal(lines.filter(({ level }) => level === 'error').length, 1)
  t.equal(gateway.metrics().workersLost, 0)
})
