import t, { type Test } from 'tap'
import { closeCodes } from '../../../shared/close-codes.js'
import { type BackendSession, RequestError } from '../../../workers/index.js'
import { createLinkPair, frontendId, type LinkPairOptions, namesOf } from '../../helpers/link-pair.js'
import { matchRows } from '../../helpers/match-rows.js'

/** Returns what an error must have. If tap is given an Error, it compares class and name too. */
const refusal = (code: string, message: string | RegExp) => ({ code, message })

/** Creates a session that has these settings in the gateway, and a worker's copy of it. */
async function begin(t: Test, settings: Record<string, unknown> = {}, options: LinkPairOptions = {}) {
  const pair = createLinkPair(t, options)
  const session = pair.open()
  const first = pair.copy(session)
  for (const [key, value] of Object.entries(settings)) first.set(key, value)
  await first.apushAll()
  pair.sent.length = 0
  return { ...pair, session, copy: pair.copy(session), again: () => pair.copy(session) }
}

// row 2
t.test('Reading `get`, `settings`, `uid`, `id` or `frontendId` is local and sends no message.', async t => {
  const { copy, session, sent, registry, again } = await begin(t, { hp: 5, bag: { gold: 1 } })
  t.equal(copy.get('hp'), 5)
  t.equal(copy.get('missing'), undefined)
  t.same({ ...copy.settings }, { hp: 5, bag: { gold: 1 } })
  t.same([copy.uid, copy.id, copy.frontendId], [null, session.sid, frontendId])
  registry.bind(session, 'red')
  t.equal(copy.uid, null, 'a copy does not follow the gateway')
  t.equal(again().uid, 'red')
  copy.export()
  // If reading had sent a message, it would have arrived before this one.
  await copy.apush('hp')
  t.equal(sent.length, 1)
})

// row 9
t.test(
  'A callback gets an error or null, may be left out, and is never called in the tick of its caller.',
  async t => {
    const { copy, session, registry } = await begin(t)
    const calls: { name: string; args: unknown[]; isSameTick: boolean }[] = []
    const run = (name: string, call: (done: (...args: unknown[]) => void) => void) =>
      new Promise<void>(resolve => {
        let isSameTick = true
        call((...args) => {
          calls.push({ name, args, isSameTick })
          resolve()
        })
        queueMicrotask(() => {
          isSameTick = false
        })
      })
    copy.set('a', 1)
    await run('push', done => copy.push('a', done))
    await run('pushAll', done => copy.pushAll(done))
    await run('bind', done => copy.bind('red', done))
    await run('unbind', done => copy.unbind('red', done))
    t.same(
      calls,
      ['push', 'pushAll', 'bind', 'unbind'].map(name => ({ name, args: [null], isSameTick: false }))
    )

    calls.length = 0
    copy.set('f', () => {})
    // These are refused in the worker, before anything is sent. Even so, no callback is called in its
    // caller's tick.
    await run('push', done => copy.push('f', done))
    await run('pushAll', done => copy.pushAll(done))
    await run('bind', done => copy.bind('', done))
    await run('unbind', done => copy.unbind('', done))
    registry.kick(session, null)
    await run('gone', done => copy.bind('red', done))
    t.same(
      calls.map(({ name, args, isSameTick }) => [
        name,
        args.length,
        (args[0] as { code: string }).code,
        isSameTick
      ]),
      [
        ['push', 1, 'VALUE_NOT_SERIALIZABLE', false],
        ['pushAll', 1, 'VALUE_NOT_SERIALIZABLE', false],
        ['bind', 1, 'UID_INVALID', false],
        ['unbind', 1, 'UID_INVALID', false],
        ['gone', 1, 'SESSION_NOT_FOUND', false]
      ]
    )
    for (const { args } of calls) t.type(args[0], Error)
  }
)

t.test('what is no function is no callback', async t => {
  const { copy, session } = await begin(t)
  const none = null as unknown as undefined
  copy.set('a', 1)
  copy.push('a', none)
  copy.pushAll(none)
  copy.bind('red', none)
  copy.unbind('red', none)
  await copy.apush('a')
  t.equal(session.get('a'), 1)
  t.equal(session.uid, null)
})

t.test('callbacks are called in the order in which their operations were asked for', async t => {
  const { copy } = await begin(t)
  const order: string[] = []
  copy.set('a', 1)
  copy.bind('red', () => order.push('bind'))
  copy.push('a', () => order.push('push'))
  copy.bind('blue', () => order.push('bind another'))
  await new Promise<void>(resolve =>
    copy.unbind('red', () => {
      order.push('unbind')
      resolve()
    })
  )
  t.same(order, ['bind', 'push', 'bind another', 'unbind'])
})

t.test('the local uid has followed when the callback is called', async t => {
  const { copy } = await begin(t)
  const uids: unknown[] = []
  await new Promise<void>(resolve => copy.bind('red', () => resolve(void uids.push(copy.uid))))
  await new Promise<void>(resolve => copy.unbind('red', () => resolve(void uids.push(copy.uid))))
  t.same(uids, ['red', null])
})

// row 10
t.test(
  '`abind`, `aunbind`, `apush` and `apushAll` are the same four as promises, and reject with the error that the callback would get, a real Error with message and code.',
  async t => {
    const { copy, session, registry } = await begin(t)
    copy.set('a', 1)
    t.equal(await copy.apush('a'), undefined)
    t.equal(await copy.apushAll(), undefined)
    t.equal(await copy.abind('red'), undefined)
    t.equal(await copy.aunbind('red'), undefined)
    registry.end(session, { code: closeCodes.normal, reason: 'left', kickReason: null })
    const pairs: [promise: () => Promise<void>, callback: (done: (error: Error | null) => void) => void][] = [
      [() => copy.abind('red'), done => copy.bind('red', done)],
      [() => copy.aunbind('red'), done => copy.unbind('red', done)],
      [() => copy.apush('a'), done => copy.push('a', done)],
      [() => copy.apushAll(), done => copy.pushAll(done)],
      [() => copy.abind(''), done => copy.bind('', done)]
    ]
    for (const [promise, callback] of pairs) {
      const rejected = await promise().catch(error => error)
      const told = await new Promise<Error | null>(callback)
      t.ok(rejected instanceof Error && told instanceof Error)
      t.type(rejected.stack, 'string')
      t.match(rejected.code, /^(SESSION_NOT_FOUND|UID_INVALID)$/)
      t.same(
        [rejected.name, rejected.code, rejected.message],
        [told?.name, (told as { code?: string } | null)?.code, told?.message]
      )
    }
  }
)

// row 11
t.test(
  'Binding the uid that is bound already succeeds, and binding another fails with `session has already bound with U`, where U is the one that is bound.',
  async t => {
    const { copy, again, session } = await begin(t)
    await copy.abind('red')
    await copy.abind('red')
    await again().abind('red')
    await t.rejects(copy.abind('blue'), refusal('UID_TAKEN', 'session has already bound with red'))
    t.equal(copy.uid, 'red')
    t.equal(session.uid, 'red')
  }
)

// row 11a
t.test(
  'A uid is a string of 1 to 256 bytes, and anything else is refused with `UID_INVALID` in the handler, before anything is sent.',
  async t => {
    const { copy, service, session, sent } = await begin(t)
    const wrong = [
      undefined,
      null,
      '',
      5,
      {},
      ['a'],
      'x'.repeat(257),
      'é'.repeat(129),
      '😀'.repeat(65)
    ] as string[]
    for (const uid of wrong) {
      const expected = refusal(
        'UID_INVALID',
        /^Expected a uid to be a non-empty string of at most 256 bytes, got /
      )
      await t.rejects(copy.abind(uid), expected)
      await t.rejects(copy.aunbind(uid), expected)
      await t.rejects(service.abind(frontendId, session.sid, uid), expected)
      await t.rejects(service.aunbind(frontendId, session.sid, uid), expected)
      await t.rejects(service.agetByUid(frontendId, uid), expected)
      await t.rejects(service.akickByUid(frontendId, uid), expected)
      t.throws(() => copy.bind(uid), expected, 'in the own stack of who does not listen')
      t.throws(() => copy.unbind(uid), expected)
    }
    t.equal(copy.uid, null)
    const right = ['0', ' ', 'x'.repeat(256), 'é'.repeat(128), '😀'.repeat(64), `${'x'.repeat(253)}\ud800`]
    for (const uid of right) {
      await copy.abind(uid)
      t.equal(session.uid, uid)
      await copy.aunbind(uid)
    }
    const refusals = Array.from({ length: wrong.length * 6 }, () => 'refused')
    const rights = right.flatMap(() => ['bind', 'unbind'])
    t.same(namesOf(sent), [...refusals, ...rights], 'of the wrong ones only their refusal is told')
  }
)

// row 12
t.test(
  'Unbinding a uid that is not the bound one fails, with a message that names the uid that was asked for and the one that is bound.',
  async t => {
    const { copy, session } = await begin(t)
    await t.rejects(
      copy.aunbind('blue'),
      refusal('UID_NOT_BOUND', 'session is not bound with blue, it is not bound')
    )
    await copy.abind('red')
    await t.rejects(
      copy.aunbind('blue'),
      refusal('UID_NOT_BOUND', 'session is not bound with blue, it is bound with red')
    )
    t.equal(copy.uid, 'red')
    t.equal(session.uid, 'red')
  }
)

// row 21
t.test(
  'A value that cannot be represented is refused with `VALUE_NOT_SERIALIZABLE`, naming the key and the path in the value.',
  async t => {
    const { copy, session, service, metrics } = await begin(t, { bag: 'as it was' })
    copy.set('bag', { items: [1, { use() {} }] })
    const expected = refusal(
      'VALUE_NOT_SERIALIZABLE',
      'The value of "bag" can\'t be kept: a function at items[1].use'
    )
    t.throws(() => copy.push('bag'), expected)
    t.throws(() => copy.pushAll(), expected)
    t.throws(() => copy.export(), expected)
    await t.rejects(copy.apush('bag'), expected)
    await t.rejects(copy.apushAll(), expected)
    await t.rejects(copy.acommit(), expected)
    await t.rejects(
      copy.aupdate('bag', () => copy.get('bag')),
      expected
    )
    await t.rejects(service.apush(frontendId, session.sid, 'bag', copy.get('bag')), expected)
    await t.rejects(service.apushAll(frontendId, session.sid, { a: 1, bag: copy.get('bag') }), expected)
    copy.set('bag', Symbol('s'))
    await t.rejects(
      copy.apush('bag'),
      refusal('VALUE_NOT_SERIALIZABLE', 'The value of "bag" can\'t be kept: a symbol at its top')
    )
    t.same({ ...session.settings }, { bag: 'as it was' })
    t.equal(metrics.read().pushes, 1, 'only the first push of all was ever asked for')
  }
)

t.test('a key is a string of at most 256 bytes, the empty one included', async t => {
  const { copy, session, service } = await begin(t)
  const untyped = copy as BackendSession
  for (const key of [5, undefined, null, Symbol('s'), 'x'.repeat(257)] as string[]) {
    const expected = refusal('KEY_INVALID', /^Expected a key to be a string of at most 256 bytes, got /)
    t.throws(() => untyped.set(key, 1), expected)
    t.throws(() => untyped.remove(key), expected)
    t.throws(() => untyped.push(key), expected)
    await t.rejects(untyped.apush(key), expected)
    await t.rejects(
      untyped.aupdate(key, () => 1),
      expected
    )
    await t.rejects(service.apush(frontendId, session.sid, key, 1), expected)
  }
  untyped.settings['x'.repeat(257)] = 1
  const long = `one of 257 bytes that begins with ${JSON.stringify('x'.repeat(40))}`
  await t.rejects(copy.apushAll(), {
    code: 'KEY_INVALID',
    message: `Expected a key to be a string of at most 256 bytes, got ${long}`
  })
  t.same({ ...session.settings }, {})
})

t.test('a session holds as many characters as it is allowed, and not one more', async t => {
  const { copy, session, again } = await begin(
    t,
    {},
    { limits: { maxSettingsLength: 100, maxSettingsKeys: 10 } }
  )
  // `{"json":"…"}` takes 11 characters, the key one.
  copy.set('a', 'x'.repeat(88))
  await copy.apush('a')
  t.equal(session.settingsText.length, '1:99:a'.length + 99)
  const fuller = again()
  fuller.set('b', 1)
  const expected = refusal(
    'SETTINGS_TOO_LARGE',
    'With "b" the settings of the session would take 111 characters, the limit is 100'
  )
  t.throws(() => fuller.push('b'), expected)
  await t.rejects(fuller.apush('b'), expected)
  t.throws(() => fuller.pushAll(), { code: 'SETTINGS_TOO_LARGE' })
  await t.rejects(fuller.acommit(), { code: 'SETTINGS_TOO_LARGE' })
  await t.rejects(
    fuller.aupdate('b', () => 1),
    expected
  )
  // The copy was made before the push and does not know of it, so the gateway decides.
  await t.rejects(fuller.___sessionService__.apush(frontendId, session.sid, 'b', 1), expected)
  t.same(Object.keys(session.settings), ['a'])
})

t.test('a change of more keys than the gateway reads at once fails where it is made', async t => {
  const limits = { maxSettingsLength: 1_000, maxSettingsKeys: 10 }
  const { copy, again } = await begin(t, { a: 1 }, { limits })
  for (let n = 0; n < 41; n++) copy.remove(`never there ${n}`)
  t.throws(() => copy.pushAll(), { code: 'TOO_MANY_KEYS' })
  await t.rejects(copy.apushAll(), { code: 'TOO_MANY_KEYS' })
  await t.rejects(copy.acommit(), { code: 'TOO_MANY_KEYS' })
  const another = again()
  for (let n = 0; n < 30; n++) another.remove(`${n} ${'x'.repeat(200)}`)
  t.throws(() => another.pushAll(), { code: 'SETTINGS_TOO_LARGE' })
})

t.test('a session holds as many keys as it is allowed, and not one more', async t => {
  const limits = { maxSettingsLength: 1_000, maxSettingsKeys: 3 }
  const { copy, session, again } = await begin(t, { a: 1, b: 1 }, { limits })
  copy.set('c', 1)
  await copy.apush('c')
  const fuller = again()
  fuller.set('d', 1)
  const expected = refusal(
    'TOO_MANY_KEYS',
    'With "d" the session would have more than 3 keys, which is the limit'
  )
  t.throws(() => fuller.push('d'), expected)
  await t.rejects(fuller.apush('d'), expected)
  t.throws(() => fuller.pushAll(), expected)
  await t.rejects(fuller.acommit(), expected)
  await t.rejects(
    fuller.aupdate('d', () => 1),
    expected
  )
  // The copy was made before the push and does not know of it, so the gateway decides.
  await t.rejects(fuller.___sessionService__.apush(frontendId, session.sid, 'd', 1), expected)
  fuller.remove('a')
  await fuller.acommit()
  t.same({ ...session.settings }, { b: 1, c: 1, d: 1 })
})

t.test('what one push removes makes room for what it adds, in any order', async t => {
  const { copy, session } = await begin(
    t,
    { old: 'x'.repeat(70) },
    { limits: { maxSettingsLength: 100, maxSettingsKeys: 10 } }
  )
  copy.set('new', 'y'.repeat(70))
  copy.remove('old')
  await copy.acommit()
  t.same({ ...session.settings }, { new: 'y'.repeat(70) })
  copy.set('newer', 'z'.repeat(70))
  copy.remove('new')
  await copy.apushAll()
  t.same({ ...session.settings }, { newer: 'z'.repeat(70) })
})

t.test('a removed key that came back by writing into settings is there, and is pushed', async t => {
  const { copy, session, again } = await begin(t, { a: 1, b: 1 })
  copy.remove('a')
  copy.remove('b')
  copy.settings.a = 2
  t.equal(copy.get('a'), 2)
  await copy.apush('a')
  t.same({ ...session.settings }, { a: 2, b: 1 })
  await copy.apushAll()
  t.same({ ...session.settings }, { a: 2 })
  const other = again()
  other.remove('a')
  other.settings = { a: 3 }
  await other.apushAll()
  t.same({ ...session.settings }, { a: 3 })
})

t.test(
  'a key that is missing from new settings, or deleted there, is not deleted in the gateway',
  async t => {
    const { copy, session } = await begin(t, { a: 1, b: 1, c: 1 })
    copy.settings = { a: 2, b: 2 }
    delete copy.settings.b
    await copy.apushAll()
    t.same({ ...session.settings }, { a: 2, b: 1, c: 1 })
  }
)

t.test('the types of `settings` and `export` know that a key may be missing', async t => {
  const { copy } = await begin(t)
  const hero = copy as unknown as BackendSession<{ room: string }>
  // @ts-expect-error: that is what is tested
  t.throws(() => hero.settings.room.length, TypeError)
  // @ts-expect-error: that is what is tested
  t.throws(() => hero.export().settings.room.length, TypeError)
  hero.settings = {}
  hero.settings.room = 'red'
  t.equal(hero.settings.room.length + (hero.export().settings.room?.length ?? 0), 6)
})

t.test('export gives a copy that follows nothing, and of which nothing follows', async t => {
  const { copy, session } = await begin(t, { bag: { gold: 1 } })
  copy.set('hp', 5)
  const exported = copy.export()
  t.same(JSON.parse(JSON.stringify(exported)), {
    id: session.sid,
    frontendId,
    uid: null,
    settings: { bag: { gold: 1 }, hp: 5 }
  })
  t.same(JSON.parse(JSON.stringify(copy)), JSON.parse(JSON.stringify(exported)))
  exported.settings.bag.gold = 2
  t.same(copy.get('bag'), { gold: 1 })
  copy.get('bag').gold = 3
  t.same(exported.settings.bag, { gold: 2 })
})

t.test('an update takes any thenable, such as that of a query builder', async t => {
  const { copy, session } = await begin(t, { count: 1 })
  const query = (value: number) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what a query builder has
    then: (resolve: (value: number) => void) => resolve(value)
  })
  t.equal(await copy.aupdate('count', count => query(count + 6) as unknown as Promise<number>), 7)
  t.equal(session.get('count'), 7)
})

t.test('an update asks again with the newest value until nobody came between', async t => {
  const { copy, session, again } = await begin(t, { count: 1 })
  const other = again()
  const seen: unknown[] = []
  const result = await copy.aupdate('count', async count => {
    seen.push(count)
    if (seen.length <= 2) {
      other.set('count', count * 10)
      await other.apush('count')
    }
    return count + 1
  })
  t.same(seen, [1, 10, 100])
  t.equal(result, 101)
  t.equal(copy.get('count'), 101)
  t.equal(session.get('count'), 101)
})

t.test(
  'an update calls its function once where nobody came between, and once more where the key was deleted',
  async t => {
    const { copy, session, again } = await begin(t, { count: 1, other: 1 })
    const seen: unknown[] = []
    const add = (count = 0) => {
      seen.push(count)
      return count + 1
    }
    const foreign = again()
    foreign.set('other', 2)
    await foreign.apush('other')
    await copy.aupdate('count', add)
    await copy.aupdate('count', add)
    t.same(seen, [1, 2])
    foreign.remove('count')
    await foreign.apush('count')
    await copy.aupdate('count', add)
    t.same(seen, [1, 2, 3, 0])
    t.equal(session.get('count'), 1)
  }
)

t.test('updates of one key from one BackendSession at the same time lose nothing', async t => {
  const { copy, session } = await begin(t)
  await Promise.all(Array.from({ length: 20 }, () => copy.aupdate('count', (count = 0) => count + 1)))
  t.equal(session.get('count'), 20)
})

t.test(
  'what the function of an update throws is what the update rejects with, and nothing is pushed',
  async t => {
    const { copy, session, lines } = await begin(t, { gold: 1 })
    const poor = Object.assign(new Error('too poor'), { code: 'POOR' })
    await t.rejects(
      copy.aupdate('gold', () => {
        throw poor
      }),
      poor
    )
    t.equal(session.get('gold'), 1)
    await copy.apush('gold')
    matchRows(t, lines, [{ fields: { operation: 'update', about: 'gold', code: 'POOR', error: 'too poor' } }])
  }
)

t.test('a commit takes what was set to the value that it had for a change', async t => {
  const { copy, session, again } = await begin(t, { owner: 'red', b: 1 })
  const other = again()
  other.set('owner', 'blue')
  await other.apush('owner')
  copy.set('owner', 'red')
  copy.set('b', 2)
  await t.rejects(copy.acommit(), refusal('CONFLICT', 'Changed by another meanwhile: "owner"'))
  t.same({ ...session.settings }, { owner: 'blue', b: 1 })
})

t.test('a commit pushes nested changes, and not what was read or pushed before', async t => {
  const { copy, session, again } = await begin(t, {
    bag: { gold: 1 },
    read: [1],
    pushed: 1,
    gone: 1,
    nothing: 1
  })
  copy.get('read')
  copy.get('bag').gold = 2
  copy.set('pushed', 2)
  copy.push('pushed')
  await copy.apush('pushed')
  const other = again()
  for (const key of ['read', 'pushed', 'nothing']) {
    other.set(key, 'of another')
    await other.apush(key)
  }
  copy.remove('gone')
  copy.remove('never there')
  await copy.acommit()
  t.same(
    { ...session.settings },
    { bag: { gold: 2 }, read: 'of another', pushed: 'of another', nothing: 'of another' }
  )
})

t.test(
  'a commit that met a conflict can be tried again from a new copy, and one that held does not count twice',
  async t => {
    const { copy, session, again } = await begin(t, { a: 1, b: 1 })
    copy.set('a', 2)
    await copy.acommit()
    const other = again()
    other.set('a', 3)
    await other.apush('a')
    copy.set('b', 2)
    await copy.acommit()
    t.same({ ...session.settings }, { a: 3, b: 2 })
    copy.set('a', 4)
    await t.rejects(copy.acommit(), { code: 'CONFLICT' })
    await t.rejects(copy.acommit(), { code: 'CONFLICT' })
    const newest = again()
    newest.set('a', newest.get('a') + 1)
    await newest.acommit()
    t.equal(session.get('a'), 4)
  }
)

t.test('a commit meets a conflict with a deletion, and with a key that is new', async t => {
  const { copy, session, again } = await begin(t, { a: 1, b: 1 })
  const other = again()
  other.remove('a')
  other.set('c', 1)
  await other.acommit()
  copy.set('a', 2)
  copy.set('b', 2)
  copy.set('c', 2)
  await t.rejects(copy.acommit(), refusal('CONFLICT', 'Changed by another meanwhile: "a", "c"'))
  t.same({ ...session.settings }, { b: 1, c: 1 })
})

// row 26
t.test(
  'Keys such as `__proto__`, `constructor` and `toString` are ordinary in `get`, `set`, `push` and as uids, and touch no prototype.',
  async t => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'length', '0']
    const keys = [...names, '', 'x'.repeat(255), '\ud800', '\udfff\ud800', 'a:b', '5:5:', '"', '\0', 'é']
    const { copy, session, again, registry, open, service } = await begin(t)
    for (const key of keys) {
      t.equal(copy.get(key), undefined, `${JSON.stringify(key)} is not there yet`)
      copy.set(key, { of: key })
      t.same(copy.get(key), { of: key })
      await copy.apush(key)
    }
    const read = again()
    t.same(
      keys.map(key => read.get(key)?.of),
      keys
    )
    t.same(Object.keys(read.settings).sort(), [...keys].sort())
    t.same(Object.keys(read.export().settings).sort(), [...keys].sort())
    t.same(Object.keys(session.settings).sort(), [...keys].sort())
    t.equal(Object.getPrototypeOf(read.settings), null)
    t.equal(Object.getPrototypeOf(session.settings), null)
    const name = '__proto__'
    read.settings[name] = { of: 'settings' }
    await read.apushAll()
    t.same(again().get('__proto__'), { of: 'settings' })
    for (const key of keys) {
      const last = again()
      await last.aupdate(key, old => ({ of: old.of, again: true }))
      last.remove(key)
      t.equal(last.get(key), undefined)
      await last.acommit()
      t.equal(session.textOf(key), undefined)
    }
    for (const uid of keys.filter(key => key !== '')) {
      const of = open()
      await service.abind(frontendId, of.sid, uid)
      t.same(
        (await service.agetByUid(frontendId, uid)).map(({ id, uid }) => [id, uid]),
        [[of.sid, uid]]
      )
      t.same(registry.findByUid(uid), [of])
      await service.akickByUid(frontendId, uid)
      t.same(await service.agetByUid(frontendId, uid), [])
    }
    t.same(Object.getOwnPropertyNames({}), [])
    t.equal(({} as { of?: unknown }).of, undefined)
    t.equal((Object as { of?: unknown }).of, undefined)
  }
)

t.test(
  'a failure that nobody awaits is told to the gateway with operation and key, and ends nothing',
  async t => {
    const { copy, service, session, lines, metrics } = await begin(t)
    copy.set('f', () => {})
    void copy.apush('f')
    void copy.abind('')
    void copy.acommit()
    service.push(frontendId, session.sid, 'g', () => {})
    service.bind(frontendId, session.sid, '')
    service.kickByUid(frontendId, '')
    copy.set('f', 1)
    await copy.apush('f')
    matchRows(
      t,
      lines.map(({ fields }) => [fields.operation, fields.about, fields.code]),
      [
        ['push', 'f', 'VALUE_NOT_SERIALIZABLE'],
        ['bind', '', 'UID_INVALID'],
        ['commit', '', 'VALUE_NOT_SERIALIZABLE'],
        ['push', 'g', 'VALUE_NOT_SERIALIZABLE'],
        ['bind', '', 'UID_INVALID'],
        ['kickByUid', '', 'UID_INVALID']
      ]
    )
    t.equal(metrics.read().operationsRefused, 6)
  }
)

t.test('a commit that met a conflict and that nobody awaits is logged and counted', async t => {
  const { copy, again, lines, metrics } = await begin(t, { a: 1 })
  const other = again()
  other.set('a', 2)
  await other.apush('a')
  copy.set('a', 3)
  void copy.acommit()
  await copy.apush('a')
  matchRows(t, lines, [{ level: 'info', fields: { operation: 'commit', code: 'CONFLICT', error: /"a"/ } }])
  t.equal(metrics.read().operationsRefused, 1)
})

t.test('a RequestError of the function of an update is no refused operation', async t => {
  const { copy, lines, metrics } = await begin(t)
  const poor = new RequestError('TOO_POOR', 'Not enough gold')
  const refusals = [
    () => {
      throw poor
    },
    () => Promise.reject(poor)
  ]
  for (const refuse of refusals) await t.rejects(copy.aupdate('gold', refuse), poor)
  await copy.apush('gold')
  t.same(lines, [])
  t.equal(metrics.read().operationsRefused, 0)
  await t.rejects(
    copy.aupdate('gold', () => {
      throw new Error('a mistake')
    }),
    /a mistake/
  )
  await copy.apush('gold')
  matchRows(t, lines, [{ level: 'warn', fields: { operation: 'update', error: 'a mistake' } }])
  t.equal(metrics.read().operationsRefused, 1)
})

t.test('the reason of a kick is a string or nothing, whatever a client has sent', async t => {
  const { service, session } = await begin(t)
  for (const reason of [5, {}, ['a'], true] as unknown as string[]) {
    const expected = {
      name: 'TypeError',
      message: /^Expected the reason of a kick to be a string of at most 1024 bytes, got /
    }
    await t.rejects(service.akickBySid(frontendId, session.sid, reason), expected)
    await t.rejects(service.akickByUid(frontendId, 'red', reason), expected)
  }
  t.equal(session.isOpen, true)
  await service.akickBySid(frontendId, session.sid, null as unknown as undefined)
  t.equal(session.isOpen, false)
})

t.test('create refuses what is no session, and makes one of what export gave', async t => {
  const { service, copy, session } = await begin(t, { a: 1 })
  t.throws(
    () => service.create(null as never),
    new TypeError('Expected what a session is made of to be an object, got null')
  )
  for (const settings of [null, 'text', undefined, [1], new Map([['a', 1]]), new Set(), () => {}]) {
    const expected = {
      name: 'TypeError',
      message: /^Expected settings to be an object of keys and values, got /
    }
    if (settings !== undefined)
      t.throws(() => service.create({ frontendId, id: 1, settings } as never), expected)
    await t.rejects(service.apushAll(frontendId, session.sid, settings as never), expected)
    t.throws(() => Object.assign(copy, { settings }), expected)
  }
  t.same({ ...copy.settings }, { a: 1 }, 'an assignment that was refused has changed nothing')
  t.throws(() => service.create({ frontendId } as never), {
    message: /^Expected id to be a session's number/
  })
  t.throws(() => service.create({ id: 1 } as never), { message: /^Expected frontendId to be a string/ })
  for (const uid of [42, '', {}, 'x'.repeat(257)])
    t.throws(() => service.create({ frontendId, id: 1, uid } as never), { code: 'UID_INVALID' })
  const settings = { ['k'.repeat(257)]: 1 }
  t.throws(() => service.create({ frontendId, id: 1, settings }), { code: 'KEY_INVALID' })
  for (const uid of [null, undefined, 'x'.repeat(256)])
    t.equal(service.create({ frontendId, id: 1, uid } as never).uid, uid ?? null)
  const made = service.create(copy.export())
  t.same(made.export(), copy.export())
  made.set('a', 2)
  await made.apush('a')
  t.equal(session.get('a'), 2)
})

t.test(
  'of many pushes that wait for their acks the first leave while the next are made, all in order',
  async t => {
    const { copy, session, sent } = await begin(t)
    const pushed: Promise<void>[] = []
    for (let i = 0; i < 64; i++) {
      copy.set('n', i)
      pushed.push(copy.apush('n'))
    }
    await Promise.all(pushed)
    t.same(
      sent.map(message => namesOf([message]).length),
      [16, 16, 32]
    )
    t.equal(session.get('n'), 63)
  }
)
