/** Handlers that never give their thread back, and routes that end workers again and again. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startGateway, until } from '../helpers/gateway.js'

const handlers = fileURLToPath(new URL('../../../test/fixtures/handlers-limits', import.meta.url))

t.test(
  'a worker that is stuck is ended: its culprit gets TIMEOUT, others WORKER_LOST, the rest runs elsewhere',
  async t => {
    const { connect, gateway, lines } = await startGateway(t, handlers, { workers: 1, stuckAfter: 300 })
    const [culprit, other, patient] = [await connect(), await connect(), await connect()]
    const waiting = other.request('fault.wait')
    await until('the other waits', () => other.events.length === 1)
    const looping = culprit.request('fault.loop')
    await until('it loops', () => gateway.metrics().requestsRunning === 2)
    const rest = patient.request('work.quick')
    await t.rejects(looping, { code: 'TIMEOUT', message: /"fault\.loop" was not answered within 300 ms/ })
    await t.rejects(waiting, { code: 'WORKER_LOST' })
    t.equal(await rest, 1)
    t.match(gateway.metrics(), { sessions: 3, workersStuck: 1, workersLost: 1, connectionsClosed: 0 })
    t.match(
      lines.filter(({ level }) => level === 'error'),
      [
        { message: 'A worker is stuck, and is ended' },
        { message: 'A worker ended', fields: { route: 'fault.loop' } }
      ]
    )
  }
)

t.test('one that is stuck behind an await is found too', async t => {
  const { connect } = await startGateway(t, handlers, { workers: 1, stuckAfter: 300 })
  const player = await connect()
  await t.rejects(player.request('fault.loopLater'), { code: 'TIMEOUT' })
  t.equal(await player.request('work.quick'), 1)
})

t.test('a worker that computes for long, but not for too long, is left alone', async t => {
  const { connect, gateway } = await startGateway(t, handlers, { workers: 1, stuckAfter: 2_000 })
  const player = await connect()
  for (let i = 1; i <= 3; i++) t.equal(await player.request('work.burn', { ms: 300 }), i)
  t.match(gateway.metrics(), { workersStuck: 0, workersLost: 0 })
})

t.test('a route that ends workers again and again is refused for a while, and others are not', async t => {
  let ahead = 0
  const now = () => Date.now() + ahead
  const { connect, gateway, lines } = await startGateway(t, handlers, { workers: 1, now })
  const player = await connect()
  for (let i = 0; i < 3; i++) await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' })
  await t.rejects(player.request('fault.exit'), {
    code: 'ROUTE_SUSPENDED',
    message: /is tried again in \d+ ms/
  })
  t.equal(await player.request('work.quick'), 1)
  t.match(gateway.metrics(), { workersLost: 3, routesSuspended: 1 })
  t.match(
    lines.find(({ message }) => message.startsWith('A route is suspended')),
    { level: 'error', fields: { route: 'fault.exit', cause: 'process.exit(1)' } }
  )
  ahead = 61_000
  await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' }, 'it is tried again')
  await t.rejects(player.request('fault.exit'), { code: 'ROUTE_SUSPENDED' }, 'and one more death is enough')
})
