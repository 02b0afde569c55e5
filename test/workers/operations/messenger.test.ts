/**
 * The events and channels of handlers against the gateway's half of the link. Receivers record what they are
 * sent.
 */

import t, { type Test } from 'tap'
import type { Session } from '../../../gateway/sessions/session.js'
import type { SessionAddress } from '../../../shared/address.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { Channel } from '../../../workers/api/channel.js'
import type { ExceptOptions, SessionLike } from '../../../workers/index.js'
import type { FakeReceiver } from '../../helpers/fake-receiver.js'
import { createLinkPair, frontendId, type LinkPairOptions, namesOf } from '../../helpers/link-pair.js'

/** Creates a request's session, two others, and the messenger of the request. */
function begin(t: Test, options: LinkPairOptions = {}) {
  const pair = createLinkPair(t, options)
  const [red, blue, green] = [pair.open(), pair.open(), pair.open()]
  pair.registry.bind(red, 'red')
  pair.registry.bind(blue, 'blue')
  return { ...pair, red, blue, green, messenger: pair.messenger(red), timer: pair.messenger() }
}

const address = ({ sid }: Session) => ({ frontendId, sid })
/** Expects each call to throw, or to reject with, a TypeError with this message. */
async function refuses(
  t: Test,
  message: string | RegExp,
  throwing: (() => void)[],
  rejecting: (() => Promise<unknown>)[]
): Promise<void> {
  const expected = { name: 'TypeError', message }
  for (const call of throwing) t.throws(call, expected)
  for (const call of rejecting) {
    const error = await call().then(
      () => undefined,
      (error: Error) => error
    )
    t.match(error, expected)
    t.match(error?.stack, /messenger\.test/)
  }
}

const eventsOf = (session: Session) => (session.receiver as FakeReceiver).events

t.test('an event reaches its session as it was when it was sent', async t => {
  const { messenger, red, blue } = begin(t)
  const body = { text: 'é🎮', list: [1] }
  messenger.send(address(red), 'said', body)
  body.list.push(2)
  messenger.send(address(red), 'empty')
  messenger.send(address(red), 'null', null)
  await messenger.asend(address(blue), 'last')
  t.same(eventsOf(red), [
    ['said', Buffer.from('{"text":"é\\ud83c\\udfae","list":[1]}').toString('latin1')],
    ['empty', ''],
    ['null', 'null']
  ])
})

t.test(
  'events to one session come in the order in which they were sent, whatever they were addressed to',
  async t => {
    const { messenger, red, copy } = begin(t)
    new Channel('room', messenger).join()
    messenger.send(address(red), 'address')
    messenger.send('red', 'uid')
    messenger.broadcast('broadcast')
    new Channel('room', messenger).broadcast('channel')
    messenger.send(copy(red), 'session')
    await messenger.abroadcast('last')
    t.same(
      eventsOf(red).map(([name]) => name),
      ['address', 'uid', 'broadcast', 'channel', 'session', 'last']
    )
  }
)

t.test('asend and abroadcast say how many sessions were sent to, and nobody is no error', async t => {
  const { messenger, registry, red, blue, green } = begin(t)
  registry.bind(green, 'red')
  t.equal(await messenger.asend(address(red), 'e'), 1)
  t.equal(await messenger.asend('red', 'e'), 2)
  t.equal(await messenger.asend('nobody', 'e'), 0)
  t.equal(await messenger.asend({ frontendId, sid: 1 }, 'e'), 0)
  t.equal(await messenger.abroadcast('e'), 3)
  t.equal(await new Channel('empty', messenger).abroadcast('e'), 0)
  registry.end(blue, { code: closeCodes.normal, reason: 'left', kickReason: null })
  t.equal(await messenger.asend(address(blue), 'e'), 0)
  t.equal(await messenger.asend('blue', 'e'), 0)
  t.equal(await messenger.abroadcast('e'), 2)
})

t.test('those excepted get nothing, one or several, by session or by address', async t => {
  const { messenger, registry, red, blue, green, copy, channels } = begin(t)
  registry.bind(green, 'red')
  for (const session of [red, blue, green]) channels.join(session, 'room')
  const room = new Channel('room', messenger)
  t.equal(await messenger.asend('red', 'user', 1, { except: address(red) }), 1)
  t.equal(await messenger.abroadcast('all', 1, { except: [copy(red), address(blue)] }), 1)
  t.equal(await room.abroadcast('room', 1, { except: copy(red) }), 2)
  t.equal(await messenger.asend(address(red), 'one', 1, { except: address(red) }), 0)
  t.equal(await messenger.asend(address(red), 'another', 1, { except: address(blue) }), 1)
  t.equal(await messenger.abroadcast('none', 1, { except: [] }), 3)
  t.same(
    eventsOf(red).map(([name]) => name),
    ['another', 'none']
  )
  // A number identifies a session only within its gateway.
  const elsewhere = { frontendId: 'gateway-2', sid: red.sid }
  t.equal(await messenger.abroadcast('elsewhere', 1, { except: elsewhere }), 3)
})

t.test('a broadcast goes to all, or to those that are bound', async t => {
  const { messenger, green, red } = begin(t)
  t.equal(await messenger.abroadcast('a', 1, { filter: 'all' }), 3)
  t.equal(await messenger.abroadcast('b', 1, { filter: 'bound' }), 2)
  t.equal(await messenger.abroadcast('c', 1, { filter: 'bound', except: address(red) }), 1)
  t.same(eventsOf(green), [['a', '1']])
})

t.test('what nobody waits for leaves without an ack, as one item', async t => {
  const { messenger, red, sent } = begin(t)
  messenger.send(address(red), 'a')
  messenger.send('red', 'b')
  messenger.broadcast('c')
  new Channel('room', messenger).join()
  new Channel('room', messenger).broadcast('d')
  new Channel('room', messenger).leave()
  await new Channel('room', messenger).size()
  t.same(namesOf(sent), ['send', 'sendToUser', 'broadcast', 'join', 'sendToChannel', 'leave', 'channelSize'])
  t.equal(sent.length, 1, 'and all of one stretch leave together')
})

t.test('a session of another gateway is refused with `FRONTEND_UNKNOWN`, and told of in the log', async t => {
  const { messenger, lines, red, metrics } = begin(t)
  const elsewhere = { frontendId: 'gateway-2', sid: red.sid }
  const refused = { code: 'FRONTEND_UNKNOWN' }
  messenger.send(elsewhere, 'e')
  await t.rejects(messenger.asend(elsewhere, 'e'), refused)
  await t.rejects(new Channel('room', messenger).ajoin(elsewhere), refused)
  await t.rejects(new Channel('room', messenger).aleave(elsewhere), refused)
  t.same(eventsOf(red), [])
  t.equal(metrics.read().operationsRefused, 4)
  t.match(lines[0], {
    message: 'An operation was refused',
    fields: { operation: 'send', code: refused.code }
  })
})

t.test(
  'no gateway has a name of millions of characters: it is refused at once, and told in short',
  async t => {
    const { messenger, sent, red } = begin(t)
    const elsewhere = { frontendId: 'x'.repeat(5_000_000), sid: red.sid }
    const refused = { code: 'FRONTEND_UNKNOWN', message: /^No gateway is known by the frontendId "x{256}…"$/ }
    t.throws(() => messenger.send(elsewhere, 'e'), refused)
    await t.rejects(messenger.asend(elsewhere, 'e'), refused)
    await t.rejects(new Channel('room', messenger).ajoin(elsewhere), refused)
    t.ok(namesOf(sent).every(name => name === 'refused'))
  }
)

t.test('members says what it expects', async t => {
  const room = new Channel('room', begin(t).messenger)
  await t.rejects(room.members(null as never), {
    message: 'Expected the options of members to be an object, got null'
  })
  await t.rejects(room.members({ after: null as never }), {
    message: 'Expected after of members to be an object, got null'
  })
})

t.test('what is asked for by a request that has timed out is refused, and nothing comes of it', async t => {
  const { messenger, timer, red, channels, lines } = begin(t, {
    endedRoute: rid => (rid === 7 ? 'match.end' : undefined)
  })
  const refused = { code: 'REQUEST_ENDED', message: /"match\.end" was decided by its deadline/ }
  const room = new Channel('room', messenger)
  messenger.send('red', 'e')
  messenger.broadcast('e')
  room.join()
  for (const ask of [
    () => messenger.asend(address(red), 'e'),
    () => messenger.asend('red', 'e'),
    () => messenger.abroadcast('e'),
    () => room.ajoin(),
    () => room.aleave(),
    () => room.abroadcast('e'),
    () => room.members(),
    () => room.size()
  ]) {
    await t.rejects<unknown>(ask(), refused)
  }
  t.same([eventsOf(red), channels.size], [[], 0])
  t.equal(lines.length, 11)
  t.equal(await timer.asend('red', 'e'), 1, 'a timer is no request')
})

t.test('a failure that nobody waits for ends nothing', async t => {
  const { messenger, red } = begin(t)
  const elsewhere = { frontendId: 'gateway-2', sid: red.sid }
  // If its failure were not handled, each would be an unhandled rejection, which ends a worker.
  void messenger.asend(elsewhere, 'e')
  void messenger.asend(5 as never, 'e')
  void messenger.abroadcast('', 1)
  void new Channel('room', messenger).ajoin(elsewhere)
  void new Channel('room', messenger).abroadcast('e', () => {})
  void new Channel('room', messenger).members({ limit: 0 })
  t.equal(await messenger.asend('red', 'e'), 1)
})

t.test(
  'what is no session is a TypeError in the stack of who asked, says what came, and sends nothing',
  async t => {
    const { messenger, sent } = begin(t)
    const room = new Channel('room', messenger)
    const wrong: [value: unknown, got: string][] = [
      [null, 'null'],
      [5, '5 (number)'],
      [true, 'true (boolean)'],
      [[], 'an array'],
      [{}, '{ frontendId: undefined, sid: undefined }'],
      [{ frontendId: 5, sid: 1 }, '{ frontendId: 5 (number), sid: 1 (number) }'],
      [{ frontendId, sid: '1' }, '{ frontendId: "gateway-1" (string), sid: "1" (string) }'],
      [{ frontendId, id: 1.5 }, '{ frontendId: "gateway-1" (string), sid: 1.5 (number) }'],
      [JSON.parse('{"__proto__":{"frontendId":5}}'), '{ frontendId: undefined, sid: undefined }']
    ]
    for (const [value, got] of wrong) {
      const session = value as SessionLike
      await refuses(
        t,
        `Expected a uid, a session, or its { frontendId, sid }, got ${got}`,
        [() => messenger.send(session, 'e')],
        [() => messenger.asend(session, 'e')]
      )
      await refuses(
        t,
        `Expected a session, or its { frontendId, sid }, got ${got}`,
        [
          () => messenger.broadcast('e', 1, { except: [session] }),
          () => room.broadcast('e', 1, { except: [session] }),
          () => room.join(session),
          () => room.leave(session)
        ],
        [
          () => messenger.asend('red', 'e', 1, { except: [session] }),
          () => messenger.abroadcast('e', 1, { except: [session] }),
          () => room.abroadcast('e', 1, { except: [session] }),
          () => room.ajoin(session),
          () => room.aleave(session),
          () => room.members({ after: { address: session as SessionAddress, uid: null } })
        ]
      )
    }
    // A field that a client left out must not make its own session the receiver.
    const missing = undefined as unknown as SessionLike
    await refuses(
      t,
      'Expected a uid, a session, or its { frontendId, sid }, got undefined',
      [() => messenger.send(missing, 'e')],
      [() => messenger.asend(missing, 'e')]
    )
    t.ok(namesOf(sent).every(name => name === 'refused'))
  }
)

t.test('what is no event, or no option, is a TypeError that names it, and nothing is sent', async t => {
  const { messenger, sent } = begin(t)
  const room = new Channel('room', messenger)
  const check = (message: RegExp, event: unknown, options?: unknown) => {
    const name = event as string
    const given = options as ExceptOptions
    return refuses(
      t,
      message,
      [
        () => messenger.send('red', name, 1, given),
        () => messenger.broadcast(name, 1, given),
        () => room.broadcast(name, 1, given)
      ],
      [
        () => messenger.asend('red', name, 1, given),
        () => messenger.abroadcast(name, 1, given),
        () => room.abroadcast(name, 1, given)
      ]
    )
  }
  for (const name of ['', 5, null, undefined, {}, '$kick', 'x'.repeat(256), '\ud800'])
    await check(
      /^Expected the name of an event to be a text of 1 to 255 bytes that does not begin with \$, got /,
      name
    )
  await check(/^Expected the options of an event to be an object, got null$/, 'e', null)
  await check(/^Expected the options of an event to be an object, got "latest" \(string\)$/, 'e', 'latest')
  for (const delivery of ['fast', '__proto__', 'constructor', null, 1])
    await check(/^Expected the delivery of an event to be reliable, latest, volatile, got /, 'e', {
      delivery
    })
  for (const key of [5, null, 'é'.repeat(129)])
    await check(/^Expected the key of an event to be a string of at most 256 bytes, got /, 'e', { key })
  await check(/^Expected richOnly of an event to be true or false, got null$/, 'e', { richOnly: null })
  await check(/^Expected a session, .* got null$/, 'e', { except: null })
  const filter = 'none' as 'all'
  await refuses(
    t,
    'Expected the filter of a broadcast to be all or bound, got "none" (string)',
    [() => messenger.broadcast('e', 1, { filter })],
    [() => messenger.abroadcast('e', 1, { filter })]
  )
  for (const limit of [0, 1_001, 1.5, '1', Number.NaN])
    await refuses(
      t,
      /^Expected a limit from 1 to 1000, got /,
      [],
      [() => room.members({ limit: limit as number })]
    )
  t.ok(namesOf(sent).every(name => name === 'refused'))
})

t.test('a uid and the name of a channel are texts of 1 to 256 bytes', async t => {
  const { messenger } = begin(t)
  for (const text of ['', 'é'.repeat(129)]) {
    t.throws(() => messenger.send(text, 'e'), { code: 'UID_INVALID' })
    await t.rejects(messenger.asend(text, 'e'), { code: 'UID_INVALID' })
    t.throws(() => new Channel(text, messenger), { code: 'CHANNEL_INVALID' })
  }
  for (const name of [5, null, undefined, {}, ['a']])
    t.throws(() => new Channel(name as string, messenger), { code: 'CHANNEL_INVALID' })
  t.equal(await messenger.asend('é'.repeat(128), 'e'), 0)
  t.equal(await new Channel('é'.repeat(128), messenger).size(), 0)
})

t.test('what has no form in JSON is refused with its path, and what is too large with its size', async t => {
  const { messenger, red, sent } = begin(t)
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const bodies: [body: unknown, message: RegExp][] = [
    [{ a: [1n] }, /a BigInt at a\.0 \(with richOnly/],
    [circle, /a circle at self$/],
    [() => {}, /a function at its top$/],
    ['x'.repeat(16_000_000), /16000002 bytes/]
  ]
  for (const [body, message] of bodies) {
    const expected = { code: 'EVENT_NOT_SERIALIZABLE', message }
    t.throws(() => messenger.send(address(red), 'e', body), expected)
    t.throws(() => messenger.broadcast('e', body), expected)
    t.throws(() => new Channel('room', messenger).broadcast('e', body), expected)
    await t.rejects(messenger.asend(address(red), 'e', body), expected)
  }
  t.ok(namesOf(sent).every(name => name === 'refused'))
})

t.test('a channel is joined and left by the request’s own session, or by another', async t => {
  const { messenger, channels, red, blue, copy } = begin(t)
  const room = new Channel('room', messenger)
  await room.ajoin()
  await room.ajoin(address(blue))
  t.same([...channels.membersOf('room')], [red, blue])
  t.equal(await room.size(), 2)
  await room.aleave(copy(blue))
  await room.aleave(copy(blue))
  room.leave()
  t.equal(await room.size(), 0)
  t.equal(channels.size, 0)
})

t.test('outside a request there is no session of its own', async t => {
  const { timer, red, channels } = begin(t)
  const message = 'Expected a session: outside a request there is none of its own'
  t.throws(() => new Channel('room', timer).join(), { name: 'TypeError', message })
  t.throws(() => new Channel('room', timer).leave(), { name: 'TypeError', message })
  await t.rejects(new Channel('room', timer).ajoin(), { name: 'TypeError', message })
  await new Channel('room', timer).ajoin(address(red))
  t.same([...channels.membersOf('room')], [red])
})

t.test('a session that is gone can’t join, and leaves without an error', async t => {
  const { messenger, registry, blue, channels } = begin(t)
  registry.end(blue, { code: closeCodes.normal, reason: 'left', kickReason: null })
  await t.rejects(new Channel('room', messenger).ajoin(address(blue)), { code: 'SESSION_NOT_FOUND' })
  await new Channel('room', messenger).aleave(address(blue))
  t.equal(channels.size, 0)
})

t.test('a session joins up to maxChannels, and a channel takes up to maxMembers', async t => {
  const { messenger, open } = begin(t)
  for (const name of ['a', 'b', 'c']) await new Channel(name, messenger).ajoin()
  await new Channel('a', messenger).ajoin()
  await t.rejects(new Channel('d', messenger).ajoin(), { code: 'TOO_MANY_CHANNELS' })
  const room = new Channel('room', messenger)
  for (let i = 0; i < 5; i++) await room.ajoin(address(open()))
  await t.rejects(room.ajoin(address(open())), { code: 'CHANNEL_FULL' })
  t.equal(await room.size(), 5)
})

t.test(
  'members are given with addresses and uids, in pages, by number, whoever comes and goes between',
  async t => {
    const { messenger, red, blue, green, open } = begin(t)
    const room = new Channel('room', messenger)
    const late = open()
    for (const session of [late, green, blue, red]) await room.ajoin(address(session))
    const all = [
      { address: address(red), uid: 'red' },
      { address: address(blue), uid: 'blue' },
      { address: address(green), uid: null },
      { address: address(late), uid: null }
    ]
    t.same(await room.members(), all)
    const first = await room.members({ limit: 2 })
    t.same(first, all.slice(0, 2))
    await room.aleave(address(blue))
    t.same(await room.members({ limit: 2, after: first.at(-1) }), all.slice(2))
    t.same(await room.members({ after: all[3] }), [])
    t.same(await new Channel('empty', messenger).members(), [])
  }
)

t.test('a channel that is destroyed has no members', async t => {
  const { messenger, red } = begin(t)
  const room = new Channel('room', messenger)
  await room.ajoin()
  room.destroy()
  t.equal(await room.abroadcast('e'), 0)
  t.same(await room.members(), [])
  t.same(eventsOf(red), [])
})

t.test('names that objects have are users and channels like any other', async t => {
  const { messenger, red } = begin(t)
  for (const name of ['__proto__', 'constructor']) {
    t.equal(await messenger.asend(name, name), 0)
    const channel = new Channel(name, messenger)
    t.equal(await channel.size(), 0)
    await channel.ajoin()
    t.equal(await channel.abroadcast(name, { [name]: 1 }), 1)
  }
  t.same(
    eventsOf(red).map(([name]) => name),
    ['__proto__', 'constructor']
  )
})
