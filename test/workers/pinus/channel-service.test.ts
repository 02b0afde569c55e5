/** The channels of Pinus against the gateway's half of the link. Receivers record what they are sent. */
import t, { type Test } from 'tap'
import type { Session } from '../../../gateway/sessions/session.js'
import { closeCodes } from '../../../shared/close-codes.js'
import type { PushOptions, PushTarget } from '../../../workers/index.js'
import type { FakeReceiver } from '../../helpers/fake-receiver.js'
import { createLinkPair, frontendId, type LinkPairOptions, namesOf } from '../../helpers/link-pair.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

/** Creates two sessions of the user red, one of blue, and one that is bound to nobody. */
function begin(t: Test, options: LinkPairOptions = {}) {
  const pair = createLinkPair(t, options)
  const [red, again, blue, unbound] = [pair.open(), pair.open(), pair.open(), pair.open()]
  pair.registry.bind(red, 'red')
  pair.registry.bind(again, 'red')
  pair.registry.bind(blue, 'blue')
  return { ...pair, red, again, blue, unbound, room: pair.channelService.getChannel('room', true) }
}

const eventsOf = (session: Session) => (session.receiver as FakeReceiver).events
const here = (uid: string): PushTarget => ({ uid, sid: frontendId })
const elsewhere = (uid: string): PushTarget => ({ uid, sid: 'gateway-2' })

/** Returns whether a callback was called in the tick of the call, and its arguments. */
function called(
  call: (done: (...got: unknown[]) => void) => void
): Promise<[isSameTick: boolean, ...unknown[]]> {
  return new Promise(resolve => {
    let isSameTick = true
    call((...got) => resolve([isSameTick, ...got]))
    isSameTick = false
  })
}

t.test('a user is added with all sessions of that gateway, each once', async t => {
  const { room, red, again, blue, channels } = begin(t)
  t.equal(room.add('red', frontendId), true)
  t.equal(room.add('red', frontendId), true)
  t.same(await room.getMembers(), ['red'])
  t.same([...channels.membersOf('room')], [red, again])
  t.equal(await room.aadd('blue', frontendId), 1)
  t.same([...channels.membersOf('room')], [red, again, blue])
  t.equal(await room.aadd('red', frontendId), 2)
  t.equal(await room.aadd('nobody', frontendId), 0, 'a user who is not here')
  t.same(await room.getMembers(), ['red', 'blue'])
  t.equal(await room.getUserAmount(), 2)
})

t.test('a session that the user opens later is not in, until the user is added again', async t => {
  const { room, open, registry } = begin(t)
  room.add('blue', frontendId)
  await room.getMembers()
  const later = open()
  registry.bind(later, 'blue')
  await room.apushMessage('first', 1)
  t.equal(await room.aadd('blue', frontendId), 2)
  await room.apushMessage('second', 2)
  t.same(eventsOf(later), [['second', '2']])
})

t.test('a user leaves with all sessions, by `leave` or by `removeMember`', async t => {
  const { room, blue, channels } = begin(t)
  for (const uid of ['red', 'blue']) room.add(uid, frontendId)
  t.equal(await room.aleave('red', frontendId), 2)
  t.equal(await room.aleave('red', frontendId), 0)
  t.same([...channels.membersOf('room')], [blue])
  room.add('red', frontendId)
  t.equal(room.leave('red', frontendId), true)
  t.same(await room.getMembers(), ['blue'])
  t.equal(room.removeMember('blue'), true)
  t.same(await room.getMembers(), [])
  t.equal(channels.size, 0)
})

t.test('without uid or sid nothing is added and nothing leaves, and the answer is false', async t => {
  const { room, sent } = begin(t)
  const none = undefined as unknown as string
  t.same([room.add('red', none), room.add(none, frontendId), room.add('red', '')], [false, false, false])
  t.same(
    [room.leave('red', none), room.leave(none, frontendId), room.removeMember(none)],
    [false, false, false]
  )
  t.same(await room.getMembers(), [])
  t.same(namesOf(sent), ['members'])
})

t.test('a member is a user with a session in the channel, and its sid the gateway’s name', async t => {
  const { room, red, again, channels, registry } = begin(t)
  channels.join(again, 'room')
  t.same(await room.getMember('red'), { uid: 'red', sid: frontendId })
  t.equal(await room.getMember('blue'), null)
  channels.leave(again, 'room')
  t.equal(await room.getMember('red'), null)
  room.add('red', frontendId)
  registry.unbind(red, 'red')
  t.same(
    await room.getMember('red'),
    { uid: 'red', sid: frontendId },
    'the other session is still the user’s'
  )
  registry.end(again, { code: closeCodes.normal, reason: 'left', kickReason: null })
  t.same([await room.getMember('red'), await room.getMembers()], [null, []])
})

t.test('members are all users, over all pages, and sessions without a user are none', async t => {
  const { open, registry, channels, unbound, room } = begin(t, { maxMembers: 2_002 })
  channels.join(unbound, 'room')
  const crowd = Array.from({ length: 2_001 }, open)
  for (const [i, session] of crowd.entries()) {
    registry.bind(session, `user ${i >> 1}`)
    channels.join(session, 'room')
  }
  const uids = await room.getMembers()
  t.equal(uids.length, 1_001)
  t.same([uids[0], uids[1_000]], ['user 0', 'user 1000'])
  t.equal(await room.getUserAmount(), 1_001)
})

t.test('a message goes to all members, as it was when it was pushed', async t => {
  const { room, red, again, blue, unbound } = begin(t)
  for (const uid of ['red', 'blue']) room.add(uid, frontendId)
  const msg = { text: 'hi' }
  room.pushMessage('onChat', msg)
  msg.text = 'changed'
  t.same(await room.apushMessage('onChat', 2), [])
  for (const session of [red, again, blue])
    t.same(eventsOf(session), [
      ['onChat', '{"text":"hi"}'],
      ['onChat', '2']
    ])
  t.same(eventsOf(unbound), [])
})

t.test(
  'a channel is the same under its name, however it is got, and empty when it was destroyed',
  async t => {
    const { channelService, room, channels } = begin(t)
    t.equal(room.name, 'room')
    channelService.createChannel('room').add('red', frontendId)
    t.same(await channelService.getChannel('room').getMembers(), ['red'])
    t.same(await channelService.getChannel('other', false).getMembers(), [])
    channelService.destroyChannel('room')
    t.same(await room.getMembers(), [])
    room.add('red', frontendId)
    room.destroy()
    t.same([await room.getMembers(), channels.size], [[], 0])
    room.add('blue', frontendId)
    t.same(await room.getMembers(), ['blue'])
    t.throws(() => channelService.getChannel(undefined as unknown as string), { code: 'CHANNEL_INVALID' })
  }
)

t.test('a message to users reaches all their sessions once, and says who is not here', async t => {
  const { channelService, red, again, blue, unbound, sent } = begin(t)
  const targets = [here('red'), here('nobody'), here('blue'), here('red')]
  channelService.pushMessageByUids('onChat', { a: 1 }, targets)
  t.same(await channelService.apushMessageByUids('onChat', { a: 2 }, targets), ['nobody'])
  for (const session of [red, again, blue])
    t.same(eventsOf(session), [
      ['onChat', '{"a":1}'],
      ['onChat', '{"a":2}']
    ])
  t.same(eventsOf(unbound), [])
  t.same(namesOf(sent), ['sendToUsers', 'sendToUsers'], 'one item, however many users')
})

t.test('a message that is rich only misses users whose clients can not read it', async t => {
  const { channelService, red, again, blue } = begin(t)
  Object.assign(again.receiver as FakeReceiver, { readsRich: true })
  const targets = [here('red'), here('blue')]
  const message = { teams: new Map() }
  t.same(await channelService.apushMessageByUids('teams', message, targets, { richOnly: true }), ['blue'])
  t.same([eventsOf(again).length, eventsOf(red), eventsOf(blue)], [1, [], []])
})

t.test('a user without a sid is one of all gateways', async t => {
  const { channelService, room, blue } = begin(t)
  t.same(await channelService.apushMessageByUids('onChat', 1, [{ uid: 'blue' }]), [])
  // A handler written for Pinus does not expect a promise here.
  const member = room.getMember('blue') as unknown as { sid: string }
  channelService.pushMessageByUids('onChat', 2, [{ uid: 'blue', sid: member.sid }])
  t.same(await channelService.apushMessageByUids('onChat', 3, [{ uid: 'blue', sid: '' }]), [])
  t.equal(eventsOf(blue).length, 3)
})

t.test('users of a server that is not known are not reached, and an error only if they are all', async t => {
  const { channelService, blue, lines, room } = begin(t)
  t.same(await channelService.apushMessageByUids('e', 1, [elsewhere('red'), here('blue')]), ['red'])
  t.equal(eventsOf(blue).length, 1)
  const unknown = { code: 'FRONTEND_UNKNOWN', message: /gateway-2/ }
  await t.rejects(channelService.apushMessageByUids('e', 1, [elsewhere('red')]), unknown)
  await t.rejects(room.aadd('red', 'gateway-2'), unknown)
  await t.rejects(room.aleave('red', 'gateway-2'), unknown)
  channelService.pushMessageByUids('e', 1, [elsewhere('red')])
  room.add('red', 'gateway-2')
  t.same(await room.getMembers(), [])
  const told = lines.map(({ fields }) => [fields.operation, fields.code])
  t.same(
    told,
    ['sendToUsers', 'sendToUsers', 'joinUser', 'leaveUser', 'sendToUsers', 'joinUser'].map(operation => [
      operation,
      'FRONTEND_UNKNOWN'
    ])
  )
})

t.test('nobody to push to is an error for who asks, and else nothing', async t => {
  const { channelService, sent } = begin(t)
  const error = { message: 'uids should not be empty' }
  for (const [uids, expected] of [
    [7, 'Expected uids to be an array, got 7 (number)'],
    [[null], 'Expected each of uids to be an object, got null']
  ]) {
    await t.rejects(channelService.apushMessageByUids('e', 1, uids as never), { message: expected as string })
  }
  const nobody = null as unknown as PushTarget[]
  for (const uids of [[], nobody]) {
    await t.rejects(channelService.apushMessageByUids('e', 1, uids), error)
    matchRows(t, await called(done => channelService.pushMessageByUids('e', 1, uids, done)), [false, error])
    channelService.pushMessageByUids('e', 1, uids)
  }
  t.ok(namesOf(sent).every(name => name === 'refused'))
})

t.test(
  'a broadcast reaches all sessions, whatever the server type, or with `binded` those of users, each once',
  async t => {
    const { channelService, red, again, blue, unbound } = begin(t)
    channelService.broadcast('connector', 'news', 1)
    await channelService.abroadcast('gate', 'news', 2, { filterParam: {} })
    channelService.broadcast('connector', 'news', 3, { binded: true })
    t.equal(await channelService.abroadcast('connector', 'news', 4, { binded: true }), undefined)
    t.same(eventsOf(unbound), [
      ['news', '1'],
      ['news', '2']
    ])
    for (const session of [red, again, blue])
      t.same(
        eventsOf(session).map(([, body]) => body),
        ['1', '2', '3', '4']
      )
  }
)

t.test('a callback is told later, behind the options or in their place', async t => {
  const { channelService, room } = begin(t)
  room.add('red', frontendId)
  const uids = [here('red'), here('nobody')]
  const options: PushOptions = { delivery: 'volatile', isPush: true }
  for (const [call, ...expected] of [
    [done => room.pushMessage('e', 1, options, done), null, []],
    [done => room.pushMessage('e', 1, done), null, []],
    [done => room.pushMessage('e', 1, null, done), null, []],
    [done => room.pushMessage({ route: 'e' }, done), null, []],
    [done => room.pushMessage({ route: 'e' }, options, done), null, []],
    [done => channelService.pushMessageByUids('e', 1, uids, options, done), null, ['nobody']],
    [done => channelService.pushMessageByUids('e', 1, uids, done), null, ['nobody']],
    [done => channelService.pushMessageByUids({ route: 'e' }, uids, done), null, ['nobody']],
    [done => channelService.pushMessageByUids({ route: 'e' }, uids, undefined, done), null, ['nobody']],
    [done => channelService.broadcast('connector', 'e', 1, options, done), null],
    [done => channelService.broadcast('connector', 'e', 1, done), null]
  ] as [(done: (...got: unknown[]) => void) => void, ...unknown[]][]) {
    t.same(await called(call), [false, ...expected], String(call))
  }
})

t.test('a message that names its route is sent whole, under that route', async t => {
  const { channelService, room, blue } = begin(t)
  room.add('blue', frontendId)
  const msg = { route: 'onChat', text: 'hi' }
  room.pushMessage(msg)
  await room.apushMessage(msg)
  channelService.pushMessageByUids(msg, [here('blue')])
  await channelService.apushMessageByUids(msg, [here('blue')])
  t.same(eventsOf(blue), Array(4).fill(['onChat', JSON.stringify(msg)]))
})

t.test('the options of an event hold', async t => {
  const { channelService, room, sent } = begin(t)
  room.add('blue', frontendId)
  const latest: PushOptions = { delivery: 'latest', key: 'k' }
  room.pushMessage('e', 1, latest)
  await room.apushMessage('e', 1, latest)
  channelService.pushMessageByUids('e', 1, [here('blue')], latest)
  await channelService.apushMessageByUids('e', 1, [here('blue')], latest)
  channelService.broadcast('connector', 'e', 1, latest)
  await channelService.abroadcast('connector', 'e', 1, latest)
  const items = sent.flat().join(' ')
  t.equal([...items.matchAll(/ e 1 {2}0 1 k/g)].length, 6, items)
})

t.test('what can’t be sent is thrown where nobody waits, and else told to who does', async t => {
  const { channelService, room, sent } = begin(t)
  const uids = [here('red')]
  const none = { route: undefined } as unknown as { route: string }
  for (const [expected, throwing, rejecting, calling] of [
    [
      { code: 'EVENT_NOT_SERIALIZABLE' },
      [
        () => room.pushMessage('e', 1n),
        () => channelService.pushMessageByUids('e', 1n, uids),
        () => channelService.broadcast('c', 'e', 1n)
      ],
      [
        () => room.apushMessage('e', 1n),
        () => channelService.apushMessageByUids('e', 1n, uids),
        () => channelService.abroadcast('c', 'e', 1n)
      ],
      [
        done => room.pushMessage('e', 1n, done),
        done => channelService.pushMessageByUids('e', 1n, uids, done),
        done => channelService.broadcast('c', 'e', 1n, done)
      ]
    ],
    [
      { name: 'TypeError', message: /^Expected the name of an event to be a text/ },
      [() => room.pushMessage(none), () => channelService.pushMessageByUids(none, uids)],
      [() => room.apushMessage(none), () => channelService.apushMessageByUids(none, uids)],
      [done => room.pushMessage(none, done), done => channelService.pushMessageByUids(none, uids, done)]
    ],
    [
      { code: 'UID_INVALID' },
      [
        () => channelService.pushMessageByUids('e', 1, [here('red'), here(5 as unknown as string)]),
        () => room.add(5 as unknown as string, frontendId),
        () => room.leave(5 as unknown as string, frontendId)
      ],
      [
        () => channelService.apushMessageByUids('e', 1, [here('')]),
        () => room.aadd('', frontendId),
        () => room.aleave('', frontendId),
        () => room.getMember('')
      ],
      [done => channelService.pushMessageByUids('e', 1, [here('')], done)]
    ],
    [
      { name: 'TypeError', message: /^Expected frontendId to be a string/ },
      [
        () => room.add('red', 5 as unknown as string),
        () => channelService.pushMessageByUids('e', 1, [{ uid: 'red', sid: 5 as unknown as string }])
      ],
      [
        () => room.aadd('red', undefined as unknown as string),
        () => channelService.apushMessageByUids('e', 1, [{ uid: 'red', sid: {} as unknown as string }])
      ],
      []
    ]
  ] as [
    { code: string },
    (() => void)[],
    (() => Promise<unknown>)[],
    ((done: (...got: unknown[]) => void) => void)[]
  ][]) {
    for (const call of throwing) t.throws(call, expected, String(call))
    for (const call of rejecting) await t.rejects(call(), expected, String(call))
    for (const call of calling) matchRows(t, await called(call), [false, expected], String(call))
  }
  t.ok(namesOf(sent).every(name => name === 'refused'))
})

t.test('what nobody waits for leaves by itself', async t => {
  const { channelService, room, channels, blue } = begin(t)
  room.add('blue', frontendId)
  await until('blue is in', () => channels.size === 1)
  channelService.pushMessageByUids('e', 1, [here('blue')])
  await until('blue has it', () => eventsOf(blue).length === 1)
  room.leave('blue', frontendId)
  await until('blue is out', () => channels.size === 0)
})

t.test('events and operations are counted', async t => {
  const { channelService, room, metrics } = begin(t)
  await room.aadd('red', frontendId)
  await room.getMember('red')
  await channelService.apushMessageByUids('e', 1, [here('red'), here('blue'), here('nobody')])
  await room.aleave('red', frontendId)
  t.match(metrics.read(), { operations: 4, eventsSent: 3 })
})

t.test('who does not fit into a channel is told of, and the user’s other sessions are in', async t => {
  const { room, channels, open, registry, lines } = begin(t, { maxMembers: 2 })
  const third = open()
  registry.bind(third, 'red')
  await t.rejects(room.aadd('red', frontendId), { code: 'CHANNEL_FULL' })
  t.equal(channels.membersOf('room').size, 2)
  room.add('blue', frontendId)
  t.same(await room.getMembers(), ['red'])
  matchRows(
    t,
    lines.map(({ fields }) => fields),
    Array(2).fill({ operation: 'joinUser', about: 'room', code: 'CHANNEL_FULL' })
  )
})

t.test('a failure that nobody waits for ends nothing', async t => {
  const { channelService, room } = begin(t)
  // If its failure were not handled, each would be an unhandled rejection, which ends a worker.
  void room.aadd('red', 'gateway-2')
  void room.aleave('', frontendId)
  void room.getMember('')
  void room.apushMessage('', 1)
  void channelService.apushMessageByUids('e', 1, [])
  void channelService.apushMessageByUids('e', 1, [elsewhere('red')])
  void channelService.abroadcast('c', '', 1)
  t.same(await room.getMembers(), [])
})

t.test('what is asked for takes place in the order in which it was asked for', async t => {
  const { channelService, room, copy, open, channels } = begin(t)
  const green = open()
  void copy(green).abind('green')
  room.add('green', frontendId)
  room.pushMessage('first', 1)
  channelService.pushMessageByUids('second', 2, [here('green')])
  room.leave('green', frontendId)
  room.pushMessage('never', 3)
  await channelService.abroadcast('connector', 'last', 4)
  t.same(
    eventsOf(green).map(([name]) => name),
    ['first', 'second', 'last']
  )
  t.equal(channels.size, 0)
})
