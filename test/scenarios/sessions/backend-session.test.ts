/** The rows of docs/reference/backend-session.md about the session of a request. */
import t from 'tap'
import { startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import type { Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const running = startWithTwoWorkers(t, 'session')
const connect = async () => (await running).connect()
const gateway = async () => (await running).gateway

/** Returns the settings that a request finds. */
const settingsOf = async (player: Player) => (await player.request('own.read')).settings

// row 1
t.test(
  'A handler gets a BackendSession, a proxy of the session that the gateway keeps, and never that internal session itself.',
  async t => {
    const player = await connect()
    await player.request('own.push', { hp: 5 })
    const { sessions } = await gateway()
    const shape = await player.request('own.shape')
    t.equal(shape.className, 'BackendSession')
    t.same(shape.keys, ['id', 'frontendId', 'uid', 'isConnected'])
    t.same([shape.hasService, shape.isHidden], [true, true])
    const { id } = shape.exported
    t.same(shape.exported, { id, frontendId: 'gateway-1', uid: null, settings: { hp: 5 } })
    t.equal(sessions.get(id)?.get('hp'), 5)
    sessions.get(id)?.set('hp', 6)
    t.same(await settingsOf(player), { hp: 6 })
  }
)

// row 3
t.test(
  'A change by `set`, by writing into `settings` or into a nested object is local, and gone with the next request unless it was pushed.',
  async t => {
    const player = await connect()
    const start = { a: 1, b: 2, c: 3, bag: { gold: 1 } }
    await player.request('own.push', start)
    // Sent together, so that they may share a turn.
    const changed = player.request('own.changeLocally')
    const after = settingsOf(player)
    const nested = player.request('own.changeNested')
    const afterNested = settingsOf(player)
    t.same(await changed, { a: 'changed', b: 'changed', bag: { gold: 999 } })
    t.same(await after, start)
    t.same(await nested, { gold: 999 })
    t.same(await afterNested, start)
  }
)

// row 4
t.test(
  '`push(key)` sends the present value of that key and of no other, and `pushAll()` sends every key and value that the BackendSession holds.',
  async t => {
    const player = await connect()
    await player.request('own.push', { a: 1, b: 1 })
    await player.request('own.steps', [
      ['set', 'a', 2],
      ['set', 'a', 3],
      ['set', 'b', 3],
      ['apush', 'a']
    ])
    t.same(await settingsOf(player), { a: 3, b: 1 })
    await player.request('own.steps', [['set', 'a', 4], ['set', 'b', 4], ['set', 'c', 4], ['apushAll']])
    t.same(await settingsOf(player), { a: 4, b: 4, c: 4 })
  }
)

t.test('pushAll sends also what the request never looked at, as it was when the request began', async t => {
  const player = await connect()
  await player.request('own.push', { a: 1, b: 1 })
  const { exported } = await player.request('own.shape')
  const session = (await gateway()).sessions.get(exported.id)!
  // The host changes a key while the request waits in the worker.
  const pushed = player.request('own.pushAllWhenTold')
  await until('the request runs', () => session.get('isRunning') === true)
  session.set('a', 'of the host')
  session.set('isTold', true)
  await pushed
  t.equal(session.get('a'), 1)
})

// row 5
t.test(
  'A push overwrites what was pushed under the same key before, without a word, and leaves all other keys alone.',
  async t => {
    const player = await connect()
    await player.request('own.push', { a: { x: 1, y: 1 }, b: 1 })
    const last = await player.request('own.steps', [
      ['set', 'a', { x: 2 }],
      ['apush', 'a'],
      ['set', 'a', { z: 3 }],
      ['apush', 'a']
    ])
    t.equal(last, null)
    t.same(await settingsOf(player), { a: { z: 3 }, b: 1 })
  }
)

// row 6
t.test('What was pushed is seen by the next request of the session.', async t => {
  const player = await connect()
  const seen: Promise<unknown>[] = []
  for (let i = 0; i < 100; i++) {
    player.request('own.push', { count: i })
    seen.push(settingsOf(player))
  }
  t.same(
    await Promise.all(seen),
    Array.from({ length: 100 }, (_, count) => ({ count }))
  )
})

t.test('what was pushed to the own session by way of the service is seen by the next request', async t => {
  const player = await connect()
  for (let i = 0; i < 20; i++) {
    await player.request('own.steps', [['remove', 'byService'], ['remove', 'byCopy'], ['apushAll']])
    player.request('own.pushByService')
    t.same(await settingsOf(player), { byCopy: 2, byService: 1 })
  }
})

t.test('of what the service changes, the own copy shows the keys that it had not read', async t => {
  const player = await connect()
  const push = (key: string) => [
    ['set', key, 'at first'],
    ['apush', key]
  ]
  await player.request('own.steps', [...push('read'), ...push('unread')])
  const copy = { read: 'at first', unread: 'by service' }
  t.same(await player.request('own.readAfterService'), { ...copy, all: copy })
  t.same(await settingsOf(player), { read: 'by service', unread: 'by service' })
})

// row 7
t.test(
  '`bind(uid)` binds the internal session to the user, and the local `uid` follows on success and stays as it was on failure.',
  async t => {
    const player = await connect()
    const { sessions } = await gateway()
    t.same(await player.request('own.bind', 'row 7'), { before: null, error: null, after: 'row 7' })
    t.equal(sessions.getByUid('row 7').length, 1)
    t.same(await player.request('own.bind', 'another'), {
      before: 'row 7',
      error: { code: 'UID_TAKEN', message: 'session has already bound with row 7' },
      after: 'row 7'
    })
    t.same(sessions.getByUid('another'), [])
    t.equal((await player.request('own.read')).uid, 'row 7')
  }
)

// row 8
t.test(
  '`unbind(uid)` unbinds the internal session, and the local `uid` is null on success and stays as it was on failure.',
  async t => {
    const player = await connect()
    const { sessions } = await gateway()
    await player.request('own.bind', 'row 8')
    t.same(await player.request('own.unbind', 'another'), {
      before: 'row 8',
      error: {
        code: 'UID_NOT_BOUND',
        message: 'session is not bound with another, it is bound with row 8'
      },
      after: 'row 8'
    })
    t.equal(sessions.getByUid('row 8').length, 1)
    t.same(await player.request('own.unbind', 'row 8'), { before: 'row 8', error: null, after: null })
    t.same(sessions.getByUid('row 8'), [])
    t.equal((await player.request('own.read')).uid, null)
  }
)

// row 15
t.test('A key whose value is `undefined` stays a key, and is not dropped by a push.', async t => {
  const player = await connect()
  await player.request('own.keepUndefined')
  t.same(await player.request('own.whichAreUndefined'), ['pushed', 'pushedAll'])
})

// row 19
t.test(
  'A push that nobody awaits is in force before the reply leaves, and if it fails, it is logged with route and key and counted, the reply stays and the worker lives on; a bind, unbind, update or commit that nobody awaits is answered before the next request of the session starts.',
  async t => {
    const player = await connect()
    const { gateway, lines } = await running
    const { id } = (await player.request('own.shape')).exported
    const session = gateway.sessions.get(id)!
    for (const route of ['unawaited.push', 'unawaited.apush']) {
      for (let i = 0; i < 50; i++) {
        t.equal(await player.request(route, `${route} ${i}`), 'replied')
        t.equal(session.get('value'), `${route} ${i}`)
      }
    }

    const before = gateway.metrics()
    t.equal(await player.request('unawaited.failHere'), 'replied')
    t.equal(await player.request('unawaited.failThere', 40_000), 'replied')
    await until(
      'both are counted',
      () => gateway.metrics().operationsRefused === before.operationsRefused + 2
    )
    const refusals = lines.filter(({ message }) => message === 'An operation was refused').slice(-2)
    matchRows(t, refusals, [
      {
        level: 'warn',
        fields: {
          operation: 'push',
          route: 'unawaited.failHere',
          about: 'fn',
          code: 'VALUE_NOT_SERIALIZABLE'
        }
      },
      {
        level: 'warn',
        fields: {
          operation: 'push',
          route: 'unawaited.failThere',
          about: 'second',
          code: 'SETTINGS_TOO_LARGE'
        }
      }
    ])
    t.equal(gateway.metrics().workersLost, 0)
    t.match(await settingsOf(player), { first: /^x{40000}$/, second: undefined })

    // Each request is sent together with the one that reads its effect.
    for (let i = 0; i < 10; i++) {
      player.request('unawaited.bind', `row 19, ${i}`)
      t.equal((await player.request('own.read')).uid, `row 19, ${i}`)
      player.request('unawaited.unbind', `row 19, ${i}`)
      t.equal((await player.request('own.read')).uid, null)
      player.request('unawaited.update', 1)
      player.request('unawaited.commit', i)
      t.match(await settingsOf(player), { count: i + 1, value: i })
    }
    // The next request may also be sent after the reply, and run in either worker.
    for (let i = 0; i < 50; i++) {
      await player.request('unawaited.update', 1)
      t.match(await settingsOf(player), { count: i + 11 })
    }
  }
)

// row 20
t.test(
  'Dates, Maps, Sets, BigInts, undefined, NaN, −0, RegExps, URLs, typed arrays and Errors come back as what they were.',
  async t => {
    const player = await connect()
    await player.request('values.keep')
    t.same(await player.request('values.compare'), [
      'bigUint64',
      'bigint',
      'buffer',
      'date',
      'float64',
      'infinity',
      'map',
      'minusZero',
      'nan',
      'nested',
      'rangeError',
      'regexp',
      'set',
      'uint8',
      'undefined',
      'url'
    ])
    await t.rejects(player.request('values.refuse'), {
      code: 'VALUE_NOT_SERIALIZABLE',
      message: 'The value of "bag" can\'t be kept: a function at items[0].use',
      data: { isInOwnStack: true }
    })
  }
)

// row 22
t.test(
  '`remove(key)` deletes locally, and pushing that key, or `pushAll` after it, deletes it in the gateway.',
  async t => {
    const player = await connect()
    await player.request('own.push', { a: 1, b: 2, c: 3 })
    t.equal(
      await player.request('own.steps', [
        ['remove', 'a'],
        ['get', 'a']
      ]),
      null
    )
    t.same(await settingsOf(player), { a: 1, b: 2, c: 3 }, 'it was local')
    await player.request('own.steps', [
      ['remove', 'a'],
      ['remove', 'b'],
      ['apush', 'a']
    ])
    t.same(await settingsOf(player), { b: 2, c: 3 })
    await player.request('own.steps', [['remove', 'b'], ['apushAll']])
    t.same(await settingsOf(player), { c: 3 })
    await player.request('own.steps', [
      ['remove', 'c'],
      ['set', 'c', 4],
      ['apush', 'c']
    ])
    t.same(await settingsOf(player), { c: 4 }, 'a key that was set again is no removed one')
  }
)

// row 24
t.test(
  '`acommit()` pushes exactly the keys that the request set or removed, all or none, and where another changed one of them meanwhile it fails with `CONFLICT`, naming the keys, and changes nothing.',
  async t => {
    const player = await connect()
    await player.request('own.push', { a: 1, b: 1, c: 1, d: 1 })
    await player.request('own.commit', { own: { a: 2, b: null }, foreign: { d: 'foreign' } })
    t.same(await settingsOf(player), { a: 2, c: 1, d: 'foreign' })
    await t.rejects(
      player.request('own.commit', { own: { a: 3, c: 3, d: null }, foreign: { c: 'foreign', d: 'too' } }),
      { code: 'CONFLICT', message: 'Changed by another meanwhile: "c", "d"' }
    )
    t.same(await settingsOf(player), { a: 2, c: 'foreign', d: 'too' })
  }
)

t.test('keys of an Object prototype travel through a request like any other', async t => {
  const player = await connect()
  const { id } = (await player.request('own.shape')).exported
  for (const key of ['__proto__', 'constructor', 'toString', 'then', '', 'x'.repeat(255), '\ud800']) {
    await player.request('own.steps', [
      ['set', key, { of: key }],
      ['apush', key]
    ])
    t.same(await player.request('own.steps', [['get', key]]), { of: key })
    t.same((await gateway()).sessions.get(id)?.get(key), { of: key })
    if (key !== '') {
      t.equal((await player.request('own.bind', key)).error, null)
      t.equal((await gateway()).sessions.getByUid(key)[0]?.id, id)
      t.equal((await player.request('own.unbind', key)).error, null)
    }
  }
  t.equal(({} as { of?: unknown }).of, undefined)
})
