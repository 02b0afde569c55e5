/** Limits of one request: what it sends to clients and asks of the gateway. Its errors name the limit. */
import { join } from 'node:path'
import t from 'tap'
import { kinds } from '../../handlers/bounds/bounds.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'
import { failureOf } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

for (const isolation of ['thread', 'process'] as const) {
  t.test(
    `${isolation}: a RequestError has a code of 256 bytes, a message of 16 KiB, and 64 KiB of data`,
    async t => {
      const { connect, lines } = await startGateway(t, 'bounds', { workers: 1, isolation })
      const player = await connect()
      // The quotes of the JSON take two bytes.
      const most = { code: 256, message: 16_384, data: 65_534 }
      const fits = await failureOf(player.request('bounds.refuse', most))
      t.match(fits, { code: 'C'.repeat(256), message: 'm'.repeat(16_384), data: 'd'.repeat(65_534) })
      t.match(await failureOf(player.request('bounds.refuseByNumber')), { code: '404', message: 'Not here' })
      t.same(
        lines.filter(({ level }) => level === 'error'),
        []
      )

      t.match(await failureOf(player.request('bounds.refuse', { code: 0 })), { code: 'INTERNAL' })
      t.match(await failureOf(player.request('bounds.refuse', { code: 257 })), { code: 'INTERNAL' })
      t.match(lines.at(-1), {
        level: 'error',
        fields: {
          route: 'bounds.refuse',
          why: 'Expected its code to be a string of 1 to 256 bytes, got one of 257 characters',
          error: /bounds\.(js|ts):/
        }
      })
      const cut = await failureOf(player.request('bounds.refuse', { message: 1_000_000, data: 1_000_000 }))
      t.match(cut, { code: 'C', message: 'm'.repeat(16_384) })
      t.equal(cut.data, undefined)
      matchRows(t, lines.at(-1)!.fields['why'] as string[], [
        /its data is left out: .* 65536 bytes/,
        /its message .* 16384 bytes/
      ])
    }
  )

  t.test(
    `${isolation}: the reason of a kick takes 1 KiB; one that is longer is refused, and kicks nobody`,
    async t => {
      const { connect, lines } = await startGateway(t, 'bounds', { workers: 1, isolation })
      const player = await connect()
      for (const length of [1_026, 16_000_000]) {
        t.match(await failureOf(player.request('bounds.kick', { length })), { code: 'INTERNAL' })
        t.match(
          lines.find(({ message }) => message === 'A handler failed')?.fields['error'],
          /at most 1024 bytes/
        )
      }
      void player.request('bounds.kick', { length: 1_024 })
      await until('they are kicked', () => player.events.length === 1)
      t.same(player.events, [['$kick', { reason: 'é'.repeat(512) }]])
    }
  )

  t.test(`${isolation}: one request may ask for so many operations, of whatever kind`, async t => {
    const { connect, gateway } = await startGateway(t, 'bounds', {
      workers: 1,
      isolation,
      maxOperationsPerRequest: 50
    })
    const player = await connect()
    for (const kind of kinds) {
      await player.request('bounds.ask', { kind, times: 50 })
      const error = await failureOf(player.request('bounds.ask', { kind, times: 51 }))
      t.equal(error.code, 'TOO_MANY_OPERATIONS', kind)
      t.equal(error.message, '"bounds.ask" has asked for 50 operations in one request, which is the limit')
    }
    for (const route of ['app.send', 'app.push']) {
      await player.request(route, { times: 50 })
      t.equal((await failureOf(player.request(route, { times: 51 }))).code, 'TOO_MANY_OPERATIONS', route)
    }
    t.equal(gateway.metrics().workersLost, 0)
  })

  t.test(`${isolation}: what was asked for before the limit is done`, async t => {
    const { connect } = await startGateway(t, 'bounds', {
      workers: 1,
      isolation,
      maxOperationsPerRequest: 50
    })
    const player = await connect()
    await failureOf(player.request('bounds.ask', { kind: 'send', times: 1_000 }))
    t.equal(player.events.length, 50)
  })

  t.test(`${isolation}: refused operations, which nobody looks at, are told up to the limit`, async t => {
    const { connect, gateway, lines } = await startGateway(t, 'bounds', {
      workers: 1,
      isolation,
      maxOperationsPerRequest: 50
    })
    const player = await connect()
    await player.request('bounds.askWrongly', { times: 1_000 })
    await until('they are told', () => gateway.metrics().operationsRefused >= 51)
    await player.request('bounds.ask', { kind: 'size', times: 1 })
    t.equal(gateway.metrics().operationsRefused, 51)
    t.equal(lines.filter(({ message }) => message === 'An operation was refused').length, 51)
  })

  t.test(
    `${isolation}: lines that a request logs beyond the limit are dropped and counted, its failure is not`,
    async t => {
      const { connect, lines } = await startGateway(t, 'bounds', {
        workers: 1,
        isolation,
        maxOperationsPerRequest: 50
      })
      const player = await connect()
      t.match(await failureOf(player.request('bounds.log', { times: 1_000 })), { code: 'INTERNAL' })
      t.equal(lines.filter(({ message }) => message === 'a line').length, 50)
      const others = lines.filter(({ level }) => level !== 'info')
      matchRows(t, others, [
        { level: 'warn', message: /logs too much/, fields: { route: 'bounds.log', limit: 50 } },
        { level: 'error', message: 'A handler failed' },
        { level: 'warn', message: 'Lines of a request were dropped', fields: { dropped: 950 } }
      ])
    }
  )

  t.test(`${isolation}: what goes on after its request has ended is not counted`, async t => {
    const { connect, lines } = await startGateway(t, 'bounds', {
      workers: 1,
      isolation,
      maxOperationsPerRequest: 50
    })
    const player = await connect()
    await player.request('bounds.goOn', { times: 200 })
    await until('all events are there', () => player.events.length === 200)
    await until(
      'all lines are there',
      () => lines.filter(({ message }) => message === 'a late line').length === 200
    )
  })
}

t.test(
  'a refusal of onConnect whose reason is too long stays one: the reason is cut, and that is logged',
  async t => {
    const folder = join(root, 'test/fixtures/handlers-hooks')
    const { gateway, lines } = await startGateway(t, folder, { workers: 1 })
    const player = await PomeloPlayer.join(gateway.url, { user: { refuse: 'é'.repeat(2_000) } })
    t.teardown(() => player.leave())
    t.match(await player.closed, { code: 4505 })
    matchRows(t, player.kicks, [{ reason: 'é'.repeat(512) }])
    t.match(
      lines.find(({ level }) => level === 'warn'),
      { message: /at most|more than 1024 bytes/, fields: { route: '_hooks.onConnect' } }
    )
  }
)

t.test("the host's own kick takes no longer a reason", async t => {
  const { gateway, connect } = await startGateway(t, 'bounds', { workers: 1 })
  const player = await connect()
  await failureOf(player.request('bounds.refuse', {}))
  const { sessions } = gateway
  t.throws(() => sessions.kick('red', 'x'.repeat(1_025)), {
    message: /at most 1024 bytes, got one of 1025 characters/
  })
  sessions.forEachSession(({ id }) => {
    t.throws(() => sessions.kickBySessionId(id, 'x'.repeat(16_000_000)), { message: /at most 1024 bytes/ })
  })
  t.equal(sessions.getSessionsCount(), 1)
})
