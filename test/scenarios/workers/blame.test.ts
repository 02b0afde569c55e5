/** The blame for a worker's end: the request that began what ended it, or none if that is unknown. */
import t, { type Test } from 'tap'
import type { GatewayOptions } from '../../../gateway/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import type { ReplyError } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

/** Resolves with the reply, or with the code of the error. */
const outcome = (reply: Promise<unknown>) => reply.catch((error: ReplyError) => error.code)

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const running = await startGateway(t, 'blame', { workers: 1, ...options })
  const [guilty, innocent] = [await running.connect(), await running.connect()]
  const ends = () => running.lines.filter(({ message }) => message === 'A worker ended')
  return { ...running, guilty, innocent, ends }
}

for (const isolation of ['thread', 'process'] as const) {
  for (const [how, cause] of [
    ['exit', 'process.exit(1)'],
    ['throw', 'an uncaught exception'],
    ['reject', 'an unhandled rejection'],
    ['reject behind awaits', 'an unhandled rejection'],
    ['emit', 'an uncaught exception'],
    ['throw a Proxy', 'an uncaught exception']
  ] as const) {
    t.test(
      `${isolation}: "${how}", left behind by a request that has ended, is blamed on its route`,
      async t => {
        const { guilty, innocent, ends } = await start(t, { isolation })
        await guilty.request('guilty.leave', { how })
        t.equal(await outcome(innocent.request('innocent.wait', { first: 'open' })), 'WORKER_LOST')
        matchRows(t, ends(), [{ fields: { cause, route: 'guilty.leave' } }])
      }
    )
  }

  t.test(
    `${isolation}: the guilty route is suspended, and the one that ran alone each time is not`,
    async t => {
      const { guilty, innocent, gateway } = await start(t, { isolation })
      for (let death = 1; death <= 3; death++) {
        await guilty.request('guilty.leave', { how: 'throw' })
        t.equal(await outcome(innocent.request('innocent.wait', { first: 'open' })), 'WORKER_LOST')
      }
      t.equal(await outcome(guilty.request('guilty.leave', { how: 'throw' })), 'ROUTE_SUSPENDED')
      t.equal(await innocent.request('innocent.ping'), 'pong')
      t.match(gateway.metrics(), { workersLost: 3, routesSuspended: 1 })
    }
  )

  t.test(`${isolation}: a callback that throws is blamed on the request that gave it`, async t => {
    const { guilty, innocent, ends } = await start(t, { isolation })
    await guilty.request('guilty.call')
    t.equal(await outcome(innocent.request('innocent.wait', { first: 'open' })), 'WORKER_LOST')
    matchRows(t, ends(), [{ fields: { route: 'guilty.call' } }])
  })

  t.test(
    `${isolation}: a listener of a signal that throws is blamed on the request of that signal`,
    async t => {
      const { guilty, innocent, ends, lines } = await start(t, { isolation })
      const waiting = outcome(innocent.request('innocent.wait', { first: 'nothing' }))
      void guilty.request('guilty.listen')
      await until('it listens', () => lines.some(({ message }) => message === 'listens'))
      guilty.leave()
      t.equal(await waiting, 'WORKER_LOST')
      matchRows(t, ends(), [{ fields: { route: 'guilty.listen' } }])
    }
  )

  t.test(
    `${isolation}: a timer that no request has begun is blamed on nobody, and suspends nobody`,
    async t => {
      const { innocent, ends, gateway } = await start(t, { isolation })
      for (let death = 1; death <= 4; death++) {
        // A worker that ends soon by itself, again and again, is started after a pause.
        await until('a worker is up', () => gateway.metrics().workersReady === 1)
        t.equal(await outcome(innocent.request('innocent.wait', { first: 'alarm' })), 'WORKER_LOST')
      }
      matchRows(
        t,
        ends(),
        [1, 2, 3, 4].map(() => ({ fields: { route: 'unknown' } }))
      )
      t.equal(gateway.metrics().routesSuspended, 0)
    }
  )

  t.test(
    `${isolation}: a loop in a timer left behind suspends nobody; who waited alone was late`,
    async t => {
      const { guilty, innocent, ends, gateway } = await start(t, { isolation, stuckAfter: 300 })
      for (let death = 1; death <= 3; death++) {
        await guilty.request('guilty.leave', { how: 'loop' })
        t.equal(await outcome(innocent.request('innocent.wait', { first: 'open' })), 'TIMEOUT')
      }
      t.match(ends()[0], { fields: { route: 'unknown', suspect: 'innocent.wait' } })
      t.equal(await innocent.request('innocent.ping'), 'pong')
      t.equal(gateway.metrics().routesSuspended, 0)
    }
  )

  t.test(
    `${isolation}: an exit by what is no exit code ends nothing, and is not what a later end is told by`,
    async t => {
      const { guilty, innocent, ends } = await start(t, { isolation })
      t.equal(await guilty.request('guilty.exitBadly'), 'alive')
      await guilty.request('guilty.leave', { how: 'throw' })
      t.equal(await outcome(innocent.request('innocent.wait', { first: 'open' })), 'WORKER_LOST')
      matchRows(t, ends(), [{ fields: { route: 'guilty.leave', cause: 'an uncaught exception' } }])
    }
  )

  t.test(
    `${isolation}: an exit ends its worker, and is blamed, also where a listener of exit throws`,
    async t => {
      const { guilty, innocent, ends } = await start(t, { isolation })
      const waiting = outcome(innocent.request('innocent.wait', { first: 'nothing' }))
      t.equal(await outcome(guilty.request('guilty.exitPastListener')), 'HANDLER_FATAL')
      t.equal(await waiting, 'WORKER_LOST')
      matchRows(t, ends(), [{ fields: { route: 'guilty.exitPastListener', cause: 'process.exit(1)' } }])
    }
  )

  for (const as of ['reply', 'data'] as const) {
    t.test(
      `${isolation}: ${as} that takes for ever to write is blamed on its request, though it has awaited`,
      async t => {
        const { guilty, innocent, ends } = await start(t, { isolation, stuckAfter: 300 })
        const waiting = outcome(innocent.request('innocent.wait', { first: 'nothing' }))
        t.equal(await outcome(guilty.request('guilty.makeEndless', { as })), 'TIMEOUT')
        t.equal(await waiting, 'WORKER_LOST')
        matchRows(t, ends(), [{ fields: { route: 'guilty.makeEndless' } }])
      }
    )
  }

  t.test(`${isolation}: an error that the game itself deals with is told, and is no end`, async t => {
    const { guilty, innocent, ends, lines } = await start(t, { isolation })
    t.equal(await guilty.request('guilty.survive'), 'alive')
    t.match(
      lines.find(({ message }) => message.startsWith('A listener of the game has dealt')),
      { level: 'error', fields: { route: 'guilty.survive', error: /dealt with/ } }
    )
    await guilty.request('guilty.leave', { how: 'exit' })
    t.equal(await outcome(innocent.request('innocent.wait', { first: 'open' })), 'WORKER_LOST')
    matchRows(t, ends(), [{ fields: { route: 'guilty.leave', cause: 'process.exit(1)' } }])
  })
}
