/** Rate limits of each client, and the refusals of an overloaded gateway. */

import { writeFileSync } from 'node:fs'
import t from 'tap'
import { type ClientError, connect } from '../../../client/node.js'
import { packageKinds } from '../../../shared/wire/package.js'
import { encodeCount } from '../../../shared/wire/resume.js'
import { Clock } from '../../helpers/clock.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { PomeloPlayer, packageTypes } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-limits')

/** A clock that stands still. */
const monotonic = () => 1_000

t.test('beyond its rate a session is refused, is not run, and is let in again', async t => {
  let now = 1_000
  const options = { workers: 1, maxRequestsPerSecond: 5, monotonic: () => now }
  const { connect: join, gateway } = await startGateway(t, handlers, options)
  const [player, other] = [await join(), await join()]
  const answers = await Promise.allSettled(Array.from({ length: 15 }, () => player.request('work.quick')))
  const refused = answers
    .filter(each => each.status === 'rejected')
    .map(({ reason }) => reason as ClientError)
  t.equal(refused.length, 5)
  t.match(refused[0], {
    code: 'RATE_LIMITED',
    message: 'More came than maxRequestsPerSecond, 5, allows; it was not run',
    data: { retryAfter: 200 }
  })
  t.equal(await other.request('work.ran'), 10, 'others are not affected, and what was refused did not run')
  t.match(gateway.metrics(), { requestsRateLimited: 5 })
  now += 199
  await t.rejects(player.request('work.quick'), { code: 'RATE_LIMITED' })
  now += 1
  t.equal(await player.request('work.quick'), 11)
})

t.test('bytes count too, and a route may have a rate of its own', async t => {
  const { connect: join } = await startGateway(t, handlers, {
    workers: 1,
    maxBytesPerSecond: 1_000,
    monotonic
  })
  const player = await join()
  await player.request('work.quick', 'x'.repeat(1_500))
  await t.rejects(player.request('work.quick', 'x'.repeat(1_500)), {
    code: 'RATE_LIMITED',
    message: /than maxBytesPerSecond, 1000, allows/
  })
  await t.resolves(Promise.all([player.request('work.seldom'), player.request('work.seldom')]))
  await t.rejects(player.request('work.seldom'), {
    code: 'RATE_LIMITED',
    message: /than rateLimit, 1, allows/
  })
  await t.resolves(player.request('work.ran'))
})

t.test('our client is told of notifies that were refused, at most once a second', async t => {
  const { gateway } = await startGateway(t, handlers, { workers: 1, maxRequestsPerSecond: 5, monotonic })
  const client = await connect(gateway.url)
  t.teardown(() => client.close())
  const told: unknown[] = []
  client.on('$error', body => told.push(body))
  for (let i = 0; i < 20; i++) client.notify('work.quick')
  await until('it is told', () => told.length > 0)
  matchRows(t, told, [{ error: 'RATE_LIMITED', message: String, dropped: 10 }])
})

t.test('the refused notifies of a second are told by their errors', async t => {
  const limits = { maxRequestsPerSecond: 5, maxBodyBytes: 1_000 }
  const { connect: join } = await startGateway(t, handlers, { workers: 1, ...limits, monotonic })
  const player = await join()
  for (let i = 0; i < 2; i++) player.notify('work.quick', 'x'.repeat(1_001))
  for (let i = 0; i < 11; i++) player.notify('work.quick')
  await until('it is told of both', () => player.events.length === 2)
  matchRows(t, player.events, [
    ['$error', { error: 'BODY_TOO_LARGE', message: String, dropped: 2 }],
    ['$error', { error: 'RATE_LIMITED', message: String, dropped: 3 }]
  ])
})

t.test('who does not stop is closed, for good, and the log says who it was', async t => {
  const {
    connect: join,
    gateway,
    lines
  } = await startGateway(t, handlers, {
    workers: 1,
    maxRequestsPerSecond: 5,
    monotonic
  })
  const player = await join()
  for (let i = 0; i < 70; i++) player.notify('work.quick')
  t.match(await player.closed, { code: 4507 })
  t.match(gateway.metrics(), { sessionsFlooded: 1, sessions: 0 })
  const named = lines.filter(({ message }) => message.includes('too much'))
  matchRows(t, named, [
    {
      level: 'info',
      message: 'A session sends too much: requests are refused',
      fields: { route: 'work.quick', sid: Number, why: /than maxRequestsPerSecond, 5, allows/ }
    },
    {
      level: 'warn',
      message: 'A client has sent too much, and is closed',
      fields: { ip: '127.0.0.1', sid: named[0]?.fields?.['sid'], code: 4507 }
    }
  ])
})

t.test('pings, heartbeats and counts have a rate too: beyond it their connection is closed', async t => {
  const limits = { workers: 1, maxFramesPerSecond: 5, monotonic }
  const { connect: join, gateway, lines } = await startGateway(t, handlers, limits)
  const floods: [name: string, sys: Record<string, unknown>, flood: (player: PomeloPlayer) => void][] = [
    ['pings', {}, ({ ws }) => ws.ping()],
    ['pongs', {}, ({ ws }) => ws.pong()],
    ['heartbeats', {}, player => player.send(packageTypes.heartbeat)],
    ['counts', { resume: true }, player => player.send(packageKinds.received, encodeCount(0))]
  ]
  const bystander = await join()
  for (const [name, sys, flood] of floods) {
    const player = await PomeloPlayer.join(gateway.url, { sys })
    t.teardown(() => player.leave())
    for (let i = 0; i < 10; i++) flood(player)
    t.match(await player.request('work.ran'), { isError: false }, `10 ${name} pass`)
    for (let i = 0; i < 10; i++) flood(player)
    t.match(await player.closed, { code: 4507, reason: 'flooded' }, `10 more ${name} do not`)
  }
  t.match(gateway.metrics(), { connectionsFlooded: floods.length, sessions: 1 })
  matchRows(
    t,
    lines.filter(({ level }) => level === 'warn'),
    [{ message: 'A client has sent too much, and is closed', fields: { sid: Number, reason: 'flooded' } }],
    'in ten seconds one line'
  )
  t.equal(await bystander.request('work.ran'), 0)
})

t.test('text that can not be read has that rate too', async t => {
  const { gateway } = await startGateway(t, handlers, {
    workers: 1,
    maxFramesPerSecond: 5,
    monotonic
  })
  const player = await Player.connect(gateway.url)
  for (let i = 0; i < 1_000; i++) player.ws.send('what?')
  t.match(await player.closed, { code: 4507 })
  t.equal(player.strays.length, 10)
})

t.test('a flood of pings in one piece is closed by its rate, and answered up to it', async t => {
  const { gateway } = await startGateway(t, handlers, {
    workers: 1,
    maxFramesPerSecond: 500,
    monotonic
  })
  const { ws, closed } = await PomeloPlayer.join(gateway.url)
  let pongs = 0
  ws.on('pong', () => pongs++)
  for (let i = 0; i < 2_000; i++) ws.ping()
  t.match(await closed, { code: 4507 })
  t.equal(pongs, 1_000)
})

t.test('many heartbeats in one message are answered no more often than their rate allows', async t => {
  const { gateway } = await startGateway(t, handlers, {
    workers: 1,
    maxFramesPerSecond: 5,
    heartbeat: 0,
    monotonic
  })
  const player = await PomeloPlayer.join(gateway.url)
  t.teardown(() => player.leave())
  player.ws.send(Buffer.concat(Array.from({ length: 1_000 }, () => Buffer.of(3, 0, 0, 0))))
  t.match(await player.closed, { code: 4507 })
  t.equal(player.heartbeats, 10)
})

t.test(
  'while somebody waits for a worker too long, new requests are refused at once, and not when it is over',
  async t => {
    const clock = new Clock()
    const options = { workers: 1, maxQueueDelay: 50, monotonic: clock.monotonic }
    const { connect: join, gateway, lines } = await startGateway(t, handlers, options)
    const [busy, waiting, late] = [await join(), await join(), await join()]
    const file = `${t.testdir()}/go`
    const burning = busy.request('work.burnUntil', { file })
    await until('it burns', () => gateway.metrics().requestsRunning === 1)
    const queued = waiting.request('work.quick')
    await until('one waits', () => gateway.metrics().requestsWaiting === 1)
    clock.pass(51)
    await t.rejects(late.request('work.quick'), {
      code: 'OVERLOADED',
      message: 'More waits than maxQueueDelay, 50 ms, allows; it was not run',
      data: { retryAfter: Number }
    })
    await t.rejects(late.request('work.quick'), { code: 'OVERLOADED' })
    const told = lines.filter(({ message }) => message === 'The workers are behind: requests are refused')
    matchRows(t, told, [{ level: 'warn', fields: { route: 'work.quick', why: /maxQueueDelay, 50 ms/ } }])
    writeFileSync(file, '')
    await Promise.all([burning, queued])
    t.equal(await late.request('work.ran'), 2, 'what was accepted has run, and what was refused has not')
    t.match(gateway.metrics(), { requestsOverloaded: 2 })
  }
)

t.test('what waits and runs is bounded in all, by number and by bytes', async t => {
  const few = await startGateway(t, handlers, { workers: 1, maxOpenRequests: 3 })
  const player = await few.connect()
  const answers = await Promise.allSettled(
    player.atOnce(() => Array.from({ length: 5 }, () => player.request('work.burn', { ms: 20 })))
  )
  t.same(
    answers.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']
  )
  t.match(answers[3], { reason: { code: 'OVERLOADED', message: /than maxOpenRequests, 3, allows/ } })
  const short = await startGateway(t, handlers, { workers: 1, maxOpenBytes: 1_024 })
  await t.rejects((await short.connect()).request('work.quick', 'x'.repeat(2_000)), {
    code: 'OVERLOADED',
    message: /than maxOpenBytes, 1024, allows/
  })
})
