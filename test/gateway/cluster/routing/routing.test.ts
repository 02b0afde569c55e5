/** Operations of handlers on sessions of other gateways, over a bus within this process. */
import t from 'tap'
import type { Session } from '../../../../gateway/sessions/session.js'
import { ClaimedBinds } from '../../../../gateway/sessions/user-claims.js'
import { Channel } from '../../../../workers/api/channel.js'
import type { Member } from '../../../../workers/index.js'
import { FakeClaims } from '../../../helpers/fake-claims.js'
import {
  allKnown,
  createRoutedGateways,
  eventsOf,
  openRedInRoom,
  type RoutedGateway
} from '../../../helpers/routed-gateways.js'

type Two = [RoutedGateway, RoutedGateway]
type Three = [RoutedGateway, RoutedGateway, RoutedGateway]

t.test('a session of another gateway is read and changed as one of the own', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'])
  const { all } = gateways
  const [a, b] = all as Two
  const session = b.open()
  await a.service.apush('b', session.sid, 'score', 3)
  await a.service.apushAll('b', session.sid, { level: 2, name: 'é🎮' })
  await a.service.abind('b', session.sid, 'red')
  const found = await a.service.aget('b', session.sid)
  t.match(found?.export(), { id: session.sid, frontendId: 'b', uid: 'red' })
  t.same(found?.get('score'), 3)
  t.same(session.get('name'), 'é🎮')
  found?.set('level', 5)
  await found?.acommit()
  t.equal(session.get('level'), 5)
  const [byUid] = await a.service.agetByUid('b', 'red')
  t.equal(byUid?.id, session.sid)
  await found?.aunbind('red')
  t.equal(session.uid, null)
  await a.service.akickBySid('b', session.sid, 'enough')
  t.equal(session.isOpen, false)
  t.equal(await a.service.aget('b', session.sid), undefined)
  t.equal(a.routing.waiting, 0)
})

t.test('two gateways count one key up at once, and no step is lost', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b', 'c'], { timeout: 10_000 })
  const { all } = gateways
  const [a, b, c] = all as Three
  const session = c.open()
  const count = async ({ service }: RoutedGateway) => {
    const copy = (await service.aget<{ n: number }>('c', session.sid))!
    await Promise.all(Array.from({ length: 2_000 }, () => copy.aupdate('n', (n = 0) => n + 1)))
  }
  await Promise.all([count(a), count(b)])
  t.equal(session.get('n'), 4_000)
})

t.test('an event reaches a session of another gateway by its address', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'])
  const { all } = gateways
  const [a, b] = all as Two
  const session = b.open()
  const messenger = a.messenger()
  t.equal(await messenger.asend(b.address(session), 'said', { text: 'hi' }), 1)
  t.same(eventsOf(session), [['said', '{"text":"hi"}']])
})

t.test('what one handler sends arrives in order, over address, user, channel and all', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'])
  const { all } = gateways
  const [a, b] = all as Two
  const session = await openRedInRoom(gateways, b)
  const messenger = a.messenger()
  const expected: string[] = []
  const room = new Channel('room', messenger)
  const say: ((name: string) => void)[] = [
    name => messenger.send(b.address(session), name),
    name => messenger.send('red', name),
    name => room.broadcast(name),
    name => messenger.broadcast(name),
    name => a.channelService.pushMessageByUids(name, {}, [{ uid: 'red' }])
  ]
  for (let n = 0; n < 200; n++) {
    const name = `event-${n}`
    expected.push(name)
    say[n % say.length]!(name)
    // Bodies of all lengths, so that some events fill a message by themselves.
    if (n % 40 === 0) {
      expected.push(`${name}-long`)
      messenger.send('red', `${name}-long`, 'x'.repeat(90_000))
    }
    if (n % 50 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await messenger.asend(b.address(session), 'last')
  t.same(
    eventsOf(session).map(([name]) => name),
    [...expected, 'last']
  )
})

t.test('an event for a user, a channel or all is counted over all gateways', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b', 'c'])
  const { all } = gateways
  const [a, b, c] = all as Three
  const sessions = [a, a, b, c].map(gateway => gateway.open())
  const [first, second, third, fourth] = sessions as [Session, Session, Session, Session]
  a.registry.bind(first, 'red')
  b.registry.bind(third, 'red')
  c.registry.bind(fourth, 'blue')
  a.channels.join(second, 'room')
  b.channels.join(third, 'room')
  c.channels.join(fourth, 'room')
  await allKnown(gateways)
  const messenger = a.messenger()
  const room = new Channel('room', messenger)
  t.equal(await messenger.asend('red', 'to red'), 2)
  t.equal(await messenger.asend('nobody', 'to nobody'), 0)
  t.equal(await messenger.abroadcast('to all'), 4)
  t.equal(await messenger.abroadcast('to bound', 1, { filter: 'bound' }), 3)
  t.equal(await room.abroadcast('to room'), 3)
  t.equal(await room.size(), 3)
  const except = [a.address(second), b.address(third)]
  t.equal(await room.abroadcast('to one', 1, { except }), 1)
  t.equal(await messenger.asend('red', 'to one', 1, { except: a.address(first) }), 1)
  t.equal(await messenger.abroadcast('to two', 1, { except }), 2)
  // An address from before a move names another gateway.
  t.equal(await room.abroadcast('to one', 1, { except: [a.address(second), a.address(third)] }), 1)
  t.same(await a.channelService.apushMessageByUids('e', {}, [{ uid: 'blue' }, { uid: 'x' }]), ['x'])
  t.same(await a.channelService.apushMessageByUids('e', {}, [{ uid: 'red', sid: 'c' }]), ['red'])
  t.same(await a.channelService.apushMessageByUids('e', {}, [{ uid: 'red', sid: 'b' }, { uid: 'red' }]), [])
  t.same(
    eventsOf(third).map(([name]) => name),
    ['to red', 'to all', 'to bound', 'to room', 'to one', 'e'],
    'and once only where a user is named twice'
  )
})

t.test('members of all gateways come in pages by their numbers, each with its gateway', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b', 'c'])
  const { all } = gateways
  const [a] = all as Three
  const messenger = a.messenger()
  const expected = all.flatMap(gateway =>
    Array.from({ length: 4 }, () => {
      const session = gateway.open()
      gateway.channels.join(session, 'room')
      return { address: gateway.address(session), uid: null }
    })
  )
  const room = new Channel('room', messenger)
  await allKnown(gateways)
  t.same(await room.members(), expected)
  const paged: Member[] = []
  for (
    let page = await room.members({ limit: 5 });
    page.length > 0;
    page = await room.members({ after: page.at(-1), limit: 5 })
  )
    paged.push(...page)
  t.same(paged, expected)
})

t.test(
  'a user is found, kicked, and put into channels in all gateways, or in the one that is named',
  async t => {
    const gateways = createRoutedGateways(t, ['a', 'b', 'c'])
    const { all } = gateways
    const [a, b, c] = all as Three
    const here = a.open()
    const there = b.open()
    const third = c.open()
    a.registry.bind(here, 'red')
    b.registry.bind(there, 'red')
    c.registry.bind(third, 'blue')
    await allKnown(gateways)
    const found = await a.service.agetByUid('*', 'red')
    t.same(
      found.map(({ id, frontendId }) => ({ id, frontendId })),
      [
        { id: here.sid, frontendId: 'a' },
        { id: there.sid, frontendId: 'b' }
      ]
    )
    found[1]!.set('n', 1)
    await found[1]!.apush('n')
    t.equal(there.get('n'), 1)
    t.same(await a.service.agetByUid('c', 'red'), [])
    const room = a.channelService.getChannel('room')
    t.equal(await room.aadd('red', '*'), 2)
    t.equal(await room.aadd('blue', 'c'), 1)
    t.same((await room.getMembers()).sort(), ['blue', 'red'])
    t.same(await room.getMember('red'), { uid: 'red', sid: 'a' })
    t.same(await room.getMember('blue'), { uid: 'blue', sid: 'c' })
    t.equal(await room.getMember('green'), null)
    t.ok(room.removeMember('blue'))
    t.equal(await room.getMember('blue'), null)
    t.equal(await room.aleave('red', 'b'), 1)
    t.same(await room.getMember('red'), { uid: 'red', sid: 'a' })
    room.destroy()
    t.same(await room.getMembers(), [])
    await a.service.akickByUid('b', 'red')
    t.same([here.isOpen, there.isOpen], [true, false])
    const again = c.open()
    c.registry.bind(again, 'red')
    await allKnown(gateways)
    await a.service.akickByUid('*', 'red')
    t.same([here.isOpen, again.isOpen, third.isOpen], [false, false, true])
  }
)

t.test('a handler joins and leaves with a session of another gateway', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'], { maxMembers: 1 })
  const { all } = gateways
  const [a, b] = all as Two
  const session = b.open()
  const room = new Channel('room', a.messenger())
  await room.ajoin(b.address(session))
  t.equal(await room.size(), 1)
  await t.rejects(room.ajoin(b.address(b.open())), { code: 'CHANNEL_FULL' })
  await t.rejects(room.ajoin({ frontendId: 'b', sid: 7 }), { code: 'SESSION_NOT_FOUND' })
  await t.rejects(room.ajoin({ frontendId: 'z', sid: 7 }), { code: 'FRONTEND_UNKNOWN' })
  await room.aleave(b.address(session))
  t.equal(await room.size(), 0)
})

t.test('a change of another gateway is foreign to all but its own view', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'])
  const { all } = gateways
  const [a, b] = all as Two
  const session = b.open()
  const read = async ({ service }: RoutedGateway) => (await service.aget('b', session.sid))!
  const [mine, other, local] = [await read(a), await read(a), await read(b)]
  mine.set('key', 1)
  await mine.apush('key')
  mine.set('key', 2)
  await mine.acommit()
  t.equal(session.get('key'), 2, 'its own push is no conflict')
  for (const copy of [other, local]) {
    copy.set('key', 3)
    await t.rejects(copy.acommit(), { code: 'CONFLICT' })
  }
  t.equal(session.get('key'), 2)
})

t.test('an operation follows a session that has moved, and names its new gateway', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b', 'c'])
  const { all } = gateways
  const [a, b, c] = all as Three
  // A session that has begun in b keeps its number in c.
  const begun = b.open()
  c.registry.numberFrom(begun.sid - 1)
  const session = c.open()
  b.registry.end(begun, { code: 4001, reason: 'moved', kickReason: null })
  const old = { frontendId: 'b', sid: session.sid }
  b.moved.set(session.sid, 'c')
  await a.service.apush('b', session.sid, 'by', 'b')
  t.equal(session.get('by'), 'b', 'b sends it on')
  t.equal((await a.service.aget('b', session.sid))?.frontendId, 'c')
  await t.rejects(a.service.abind('b', session.sid, ''), { code: 'UID_INVALID' })
  t.equal(await a.messenger().asend(old, 'e'), 1)
  a.moved.set(session.sid, 'c')
  const served = b.metrics.read().served
  await a.service.apush('b', session.sid, 'by', 'a')
  t.equal(session.get('by'), 'a')
  t.equal(b.metrics.read().served, served, 'a knows where it is')
  await c.service.apush('b', session.sid, 'by', 'c')
  t.equal(session.get('by'), 'c', 'and c finds it at home')
})

t.test('a bind that takes time is answered when it is done, and what follows is not held up', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'], { timeout: 10_000 })
  const [a, b] = gateways.all as Two
  for (const [gateway, service] of [
    [b, a.service],
    [a, a.service]
  ] as const) {
    const claims = new FakeClaims()
    gateway.registry.claimed = new ClaimedBinds({ claims, registry: gateway.registry, mode: 'reject' })
    const session = gateway.open()
    const other = gateway.open()
    const bound = service.abind(gateway.name, session.sid, 'red')
    await service.apush(gateway.name, other.sid, 'n', 1)
    t.equal(session.uid, null)
    claims.answers[0]!()
    await bound
    t.equal(session.uid, 'red', gateway.name)
  }
})

t.test('what a handler sends behind a join or a bind elsewhere reaches the session', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'])
  const [a, b] = gateways.all as Two
  await allKnown(gateways)
  const session = b.open()
  const messenger = a.messenger()
  const room = new Channel('room', messenger)
  room.join(b.address(session))
  room.broadcast('joined')
  a.service.bind('b', session.sid, 'red')
  messenger.send('red', 'bound')
  t.equal(await messenger.asend(b.address(session), 'last'), 1)
  t.same(
    eventsOf(session).map(([name]) => name),
    ['joined', 'bound', 'last']
  )
})
