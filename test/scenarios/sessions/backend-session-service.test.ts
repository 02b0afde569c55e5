/** The rows of docs/reference/backend-session.md about sessions other than the request's own. */
import t from 'tap'
import { closeCodes } from '../../../shared/close-codes.js'
import { startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import type { Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const running = startWithTwoWorkers(t, 'session')
const connect = async () => (await running).connect()
const frontendId = 'gateway-1'

const idOf = async (player: Player): Promise<number> => (await player.request('own.shape')).exported.id
const settingsOf = async (player: Player) => (await player.request('own.read')).settings

// row 13
t.test(
  'Any operation on a session that is gone fails with `session does not exist, sid: N` and the code `SESSION_NOT_FOUND`, and never hangs.',
  async t => {
    const [player, gone] = [await connect(), await connect()]
    const sid = await idOf(gone)
    const { gateway, lines } = await running
    gone.leave()
    await until('the session has ended', () => gateway.sessions.get(sid) === undefined)
    for (const call of [
      ['abind', frontendId, sid, 'row 13'],
      ['aunbind', frontendId, sid, 'row 13'],
      ['apush', frontendId, sid, 'a', 1],
      ['apushAll', frontendId, sid, { a: 1 }]
    ]) {
      await t.rejects(player.request('others.call', call), {
        code: 'SESSION_NOT_FOUND',
        message: `session does not exist, sid: ${sid}`,
        data: { isError: true }
      })
    }
    for (const call of [
      ['bind', frontendId, sid, 'row 13'],
      ['unbind', frontendId, sid, 'row 13'],
      ['push', frontendId, sid, 'a', 1],
      ['pushAll', frontendId, sid, { a: 1 }]
    ]) {
      const { got, isSameTick } = await player.request('others.callBack', call)
      matchRows(t, got, [{ code: 'SESSION_NOT_FOUND' }])
      t.equal(isSameTick, false)
    }
    // A request that goes on after its own session has ended.
    const leaver = await connect()
    const own = await idOf(leaver)
    leaver.notify('others.leave')
    const after = () => lines.find(({ message }) => message === 'after leaving')
    await until('the handler has heard', () => after() !== undefined)
    t.match(after()?.fields, { code: 'SESSION_NOT_FOUND', message: `session does not exist, sid: ${own}` })
  }
)

// row 14
t.test(
  'A user may have many sessions where `singleSession` is `off`; with `reject` the second bind fails, unless the first session has lost its client and is ended in its favour; with `kick` the first is ended with a reason that its client can read, and the newcomer is acked at once.',
  async t => {
    const start = (singleSession: 'off' | 'reject' | 'kick') =>
      startGateway(t, 'session', { singleSession, workers: 1 })
    const bind = (player: Player) => player.request('own.bind', 'red')

    const [off, reject, kick] = await Promise.all([start('off'), start('reject'), start('kick')])
    const bound = { before: null, error: null, after: 'red' }

    const [first, second] = [await off.connect(), await off.connect()]
    t.same([await bind(first), await bind(second)], [bound, bound])
    t.equal(off.gateway.sessions.getByUid('red').length, 2)

    const [holder, refused] = [await reject.connect(), await reject.connect()]
    t.same(await bind(holder), bound)
    t.same(await bind(holder), { ...bound, before: 'red' }, 'the own uid again is no second session')
    t.same(await bind(refused), {
      before: null,
      error: {
        code: 'SINGLE_SESSION',
        message: 'singleSession is enabled, and session has already bound with uid: red'
      },
      after: null
    })
    holder.leave()
    await until('the first has left', () => reject.gateway.sessions.getSessionsCount() === 1)
    t.same(await bind(refused), bound)

    const [replaced, newcomer] = [await kick.connect(), await kick.connect()]
    t.same(await bind(replaced), bound)
    t.same(await bind(newcomer), bound)
    t.same(await replaced.closed, {
      code: closeCodes.replaced,
      reason: 'The same user came from elsewhere'
    })
    t.same(replaced.events, [['$kick', { reason: 'The same user came from elsewhere' }]])
    t.equal(kick.gateway.sessions.getByUid('red').length, 1)
    t.equal((await newcomer.request('own.read')).uid, 'red')
  }
)

// row 16
t.test(
  '`BackendSessionService` offers `create`, and `get`, `getByUid`, `kickBySid`, `kickByUid`, `bind`, `unbind`, `push` and `pushAll` with callbacks and, with an `a` in front, as promises; a session that is not there is undefined, a user who is not there an empty array.',
  async t => {
    const [player, other] = [await connect(), await connect()]
    const sid = await idOf(other)
    const call = (...step: unknown[]) => player.request('others.call', step)
    /** Returns the arguments of the callback. */
    const callBack = async (...step: unknown[]) => {
      const { got, isSameTick } = await player.request('others.callBack', step)
      t.equal(isSameTick, false)
      return got
    }
    const exported = (uid: string | null, settings: object) => ({ id: sid, frontendId, uid, settings })

    t.equal(await call('abind', frontendId, sid, 'row 16'), 'undefined')
    t.equal(await call('apush', frontendId, sid, 'a', 1), 'undefined')
    t.equal(await call('apushAll', frontendId, sid, { b: 2, c: 3 }), 'undefined')
    const all = { a: 1, b: 2, c: 3 }
    t.same(await call('aget', frontendId, sid), exported('row 16', all))
    t.same(await call('aget', frontendId, String(sid)), exported('row 16', all), 'Pinus takes text too')
    t.same(await call('agetByUid', frontendId, 'row 16'), [exported('row 16', all)])
    t.same(await other.request('own.read'), { uid: 'row 16', settings: all })
    t.equal(await call('aunbind', frontendId, sid, 'row 16'), 'undefined')
    t.equal(await call('aget', frontendId, sid + 1_000_000), 'undefined')
    t.same(await call('agetByUid', frontendId, 'row 16'), [])

    t.same(await callBack('bind', frontendId, sid, 'row 16'), [null])
    t.same(await callBack('push', frontendId, sid, 'a', 2), [null])
    t.same(await callBack('pushAll', frontendId, sid, { b: 3 }), [null])
    const changed = { a: 2, b: 3, c: 3 }
    t.same(await callBack('get', frontendId, sid), [null, exported('row 16', changed)])
    t.same(await callBack('getByUid', frontendId, 'row 16'), [null, [exported('row 16', changed)]])
    t.same(await callBack('unbind', frontendId, sid, 'row 16'), [null])
    t.same(await callBack('get', frontendId, sid + 1_000_000), [null])
    t.same(await callBack('getByUid', frontendId, 'row 16'), [null, []])

    t.same(await player.request('others.create', { id: sid, key: 'made' }), {
      id: sid,
      frontendId,
      uid: null,
      settings: { b: 2, made: 'made' }
    })
    t.same(await settingsOf(other), { ...changed, made: 'made' }, 'what create was given was not pushed')

    const kicks: [method: string, isCallback: boolean][] = [
      ['akickBySid', false],
      ['kickBySid', true],
      ['akickByUid', false],
      ['kickByUid', true]
    ]
    for (const [method, isCallback] of kicks) {
      const victim = await connect()
      await victim.request('own.bind', 'victim')
      const who = method.endsWith('Sid') ? await idOf(victim) : 'victim'
      if (isCallback) t.same(await callBack(method, frontendId, who, 'because'), [null])
      else t.equal(await call(method, frontendId, who, 'because'), 'undefined')
      t.same(await victim.closed, { code: closeCodes.kicked, reason: 'because' })
      t.same(victim.events, [['$kick', { reason: 'because' }]])
    }
    const victim = await connect()
    t.same(await callBack('kickBySid', frontendId, await idOf(victim)), [null], 'a reason may be left out')
    t.same(await victim.closed, { code: closeCodes.kicked, reason: '' })
    await t.rejects(call('aget', 'nobody', sid), {
      code: 'FRONTEND_UNKNOWN',
      message: 'No gateway is known by the frontendId "nobody"'
    })
  }
)

// row 17
t.test('Kicking a session or a user that is not there succeeds and does nothing.', async t => {
  const player = await connect()
  const { gateway } = await running
  const before = gateway.metrics()
  for (const [method, who] of [
    ['akickBySid', 1],
    ['akickBySid', 'no number'],
    ['akickByUid', 'nobody']
  ]) {
    t.equal(await player.request('others.call', [method, frontendId, who, 'because']), 'undefined')
  }
  for (const [method, who] of [
    ['kickBySid', 1],
    ['kickByUid', 'nobody']
  ]) {
    t.same((await player.request('others.callBack', [method, frontendId, who, 'because'])).got, [null])
  }
  const { sessionsKicked, operationsRefused } = gateway.metrics()
  t.same([sessionsKicked, operationsRefused], [before.sessionsKicked, before.operationsRefused])
  t.equal((await player.request('own.read')).uid, null)
})

// row 23
t.test(
  '`aupdate(key, fn)` pushes what `fn` makes of the newest value only if nobody changed the key meanwhile, else it calls `fn` again with the newer value, so that 1,000 concurrent increments from several workers end at 1,000.',
  async t => {
    const target = await connect()
    const sid = await idOf(target)
    const players = await Promise.all(Array.from({ length: 20 }, connect))
    await Promise.all(players.map((player, i) => player.request('own.bind', `row 23, ${i}`)))
    const replies = await Promise.all(
      players.flatMap(player => Array.from({ length: 50 }, () => player.request('others.increment', sid)))
    )
    t.equal(replies.length, 1_000)
    t.same([...new Set(replies)].sort(), [0, 1], 'both workers took part')
    t.same(await settingsOf(target), { count: 1_000 })
  }
)

// row 25
t.test(
  'Operations from any worker and about any session of the gateway obey the same rules, and one that comes late, from a request whose session has closed, touches no other session: numbers are never used again, not even after a restart.',
  async t => {
    const { gateway, lines } = await running
    const [giver, taker, bystander] = [await connect(), await connect(), await connect()]
    const sid = await idOf(taker)
    await taker.request('own.push', { kept: true })
    // The next request of the taker sees the change, whichever worker has made it.
    for (let i = 0; i < 20; i++) {
      t.match(await giver.request('others.give', { sid, key: 'gift', value: i }), {
        id: sid,
        settings: { gift: i }
      })
      t.same(await settingsOf(taker), { kept: true, gift: i })
    }
    await giver.request('others.call', ['abind', frontendId, sid, 'row 25'])
    t.same(await taker.request('own.bind', 'another'), {
      before: 'row 25',
      error: { code: 'UID_TAKEN', message: 'session has already bound with row 25' },
      after: 'row 25'
    })

    const seenSids = new Set<number>()
    gateway.sessions.forEachSession(({ id }) => seenSids.add(id))
    for (let i = 0; i < 5; i++) {
      const leaver = await connect()
      const own = await idOf(leaver)
      t.notOk(seenSids.has(own), 'a number that nobody had')
      seenSids.add(own)
      const linesBefore = lines.length
      const since = (message: string) => lines.slice(linesBefore).find(line => line.message === message)
      leaver.notify('others.actLate')
      await until('the handler waits', () => since('waiting for the end') !== undefined)
      leaver.leave()
      const next = await connect()
      await until('the handler has acted', () => since('acted late') !== undefined)
      t.match(since('acted late')?.fields, {
        sid: own,
        reason: 'session closed',
        codes: Array.from({ length: 8 }, () => 'SESSION_NOT_FOUND')
      })
      t.ok((await idOf(next)) > own)
      t.same(await next.request('own.read'), { uid: null, settings: {} })
    }
    t.same(await bystander.request('own.read'), { uid: null, settings: {} })
    t.same(gateway.sessions.getByUid('late'), [])
    t.equal(gateway.metrics().workersLost, 0)
  }
)

t.test('a refused push to the own session by the service is seen by no handler', async t => {
  const player = await connect()
  const before = { a: 1, c: 3 }
  await player.request('own.push', before)
  const [refused, ...next] = player.atOnce(() => [
    player.request('own.pushRefused'),
    player.request('own.read'),
    player.request('own.read')
  ])
  t.same(await refused, { codes: Array.from({ length: 3 }, () => 'FRONTEND_UNKNOWN'), settings: before })
  for (const reply of next) t.same(await reply, { uid: null, settings: before })
})

for (const by of ['service', 'commit', 'update']) {
  t.test(`${by}: what the handler pushes behind it is what the next requests read`, async t => {
    const player = await connect()
    const requests = player.atOnce(() => [
      player.request('own.pushBehind', by),
      player.request('own.read'),
      player.request('own.read')
    ])
    const [, ...next] = await Promise.all(requests)
    for (const { settings } of next) t.same(settings, { key: 'later' })
  })
}

for (const by of ['own', 'fetched', 'created']) {
  t.test(`${by}: after its request has ended, a commit meets no conflict with those before it`, async t => {
    const player = await connect()
    await player.request('others.commitLate', by)
    await until('it has committed', () => player.events.length > 0)
    t.same(player.events, [['committed', ['none', 'none', 'none', 'none', 'CONFLICT']]])
    t.same(await settingsOf(player), { a: 'of another' })
  })
}

for (const by of ['get', 'settings', 'commit']) {
  t.test(`${by}: a commit takes nothing back of an update that it did not make`, async t => {
    const player = await connect()
    await player.request('own.push', { n: 5 })
    t.equal(await player.request('own.commitBesideUpdate', by), 6)
    t.same(await settingsOf(player), { n: 6, y: 1 })
  })
}

for (const by of ['get', 'settings', 'push', 'remove']) {
  t.test(`${by}: a commit leaves alone what the service has changed and this copy has not`, async t => {
    const player = await connect()
    await player.request('own.push', { a: 1, b: 2 })
    await player.request('own.commitBesideService', by)
    t.same(await settingsOf(player), { a: 7, b: 9 })
  })
}

t.test('a missing key that is pushed once all were read is there', async t => {
  const player = await connect()
  await player.request('own.push', { a: 1 })
  t.same(await player.request('own.pushMissing', 'b'), ['a', 'b'])
})
