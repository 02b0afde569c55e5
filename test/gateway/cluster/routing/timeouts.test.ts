/** What becomes of each operation on sessions of another gateway that gets no answer in time. */
import t, { type Test } from 'tap'
import type { Link } from '../../../../gateway/cluster/link/links.js'
import { linkVersions } from '../../../../gateway/cluster/link/messages.js'
import { PeerRelay } from '../../../../gateway/cluster/relays/peer-relay.js'
import { HostEvents } from '../../../../gateway/host/host-events.js'
import { HostOperations } from '../../../../gateway/host/host-operations.js'
import { SessionService } from '../../../../gateway/host/session-service.js'
import type { Session } from '../../../../gateway/sessions/session.js'
import { Metrics } from '../../../../gateway/telemetry/metrics.js'
import { inboxKinds } from '../../../../shared/link/inbox.js'
import { createLogger } from '../../../../shared/text/log.js'
import { standardLimits } from '../../../../testing/world/link-world.js'
import type { BackendSession } from '../../../../workers/api/backend-session.js'
import { Channel } from '../../../../workers/api/channel.js'
import {
  allKnown,
  createRoutedGateways,
  eventsOf,
  type RoutedGateway,
  type RoutedOptions
} from '../../../helpers/routed-gateways.js'
import { sweptHeap } from '../../../helpers/swept-heap.js'
import { until } from '../../../helpers/until.js'
import { VirtualTime } from '../../../helpers/virtual-time.js'

type Two = [RoutedGateway, RoutedGateway]

const timeout = 3_000
/** At most so long after its deadline an operation ends: it is looked for so often. */
const sweep = 50

/** What the code of a handler and of the host can call. */
interface Callers {
  readonly a: RoutedGateway
  readonly b: RoutedGateway
  readonly session: Session
  readonly copy: BackendSession
  readonly host: HostEvents
  readonly sessions: SessionService
  readonly room: Channel
}

/** Two gateways, with the user red in the channel `room` at each; `a` waits by a clock of the test's own. */
async function begin(t: Test, options: RoutedOptions = {}) {
  const time = new VirtualTime()
  const gateways = createRoutedGateways(t, ['a', 'b'], { timeout, time, ...options })
  const [a, b] = gateways.all as Two
  const [own, session] = [a.open(), b.open()]
  for (const [{ registry, channels }, each] of [
    [a, own],
    [b, session]
  ] as const) {
    registry.bind(each, 'red')
    channels.join(each, 'room')
  }
  await allKnown(gateways)
  const copy = (await a.service.aget('b', session.sid))!
  const { registry, channels, metrics, targets } = a
  const operations = new HostOperations(targets)
  const log = createLogger('silent', () => {})
  const sessions = new SessionService({ ...targets, limits: standardLimits, log, operations })
  const host = new HostEvents({ frontendId: 'a', registry, channels, sessions, metrics, operations })
  const room = new Channel('room', a.messenger())
  const callers: Callers = { a, b, session, copy, host, sessions, room }
  return { time, gateways, own, callers }
}

type Call = (callers: Callers) => Promise<unknown>

/** Each operation that waits for another gateway, by the name that its error has. */
const calls: readonly (readonly [name: string, of: string, call: Call])[] = [
  ['aget', 'read', ({ a, session }) => a.service.aget('b', session.sid)],
  ['agetByUid', 'readByUid', ({ a }) => a.service.agetByUid('b', 'red')],
  ['agetByUid of all', 'readByUid', ({ a }) => a.service.agetByUid('*', 'red')],
  ['apush', 'push', ({ a, session }) => a.service.apush('b', session.sid, 'pushed', 1)],
  ['apushAll', 'pushAll', ({ a, session }) => a.service.apushAll('b', session.sid, { also: 1 })],
  ['abind', 'bind', ({ a, session }) => a.service.abind('b', session.sid, 'red')],
  ['aunbind', 'unbind', ({ a, session }) => a.service.aunbind('b', session.sid, 'red')],
  [
    'get with a callback',
    'read',
    ({ a, session }) =>
      new Promise((resolve, reject) =>
        a.service.get('b', session.sid, (error, found) => (error ? reject(error) : resolve(found)))
      )
  ],
  ["push of the session's copy", 'push', ({ copy }) => copy.apush('n')],
  ['aupdate', 'update', ({ copy }) => copy.aupdate('n', (n = 0) => Number(n) + 1)],
  [
    'acommit',
    'commit',
    ({ copy }) => {
      copy.set('committed', 1)
      return copy.acommit()
    }
  ],
  ['asetResumeWindow', 'setResumeWindow', ({ copy }) => copy.asetResumeWindow(5)],
  ['asend to an address', 'send', ({ a, b, session }) => a.messenger().asend(b.address(session), 'e')],
  ['asend to a user', 'sendToUser', ({ a }) => a.messenger().asend('red', 'e')],
  ['abroadcast', 'broadcast', ({ a }) => a.messenger().abroadcast('e')],
  ['ajoin', 'join', ({ b, session, room }) => room.ajoin(b.address(session))],
  ['aleave', 'leave', ({ b, session, room }) => room.aleave(b.address(session))],
  ['abroadcast of a channel', 'sendToChannel', ({ room }) => room.abroadcast('e')],
  ['members', 'members', ({ room }) => room.members()],
  ['size', 'channelSize', ({ room }) => room.size()],
  [
    'apushMessageByUids',
    'sendToUsers',
    ({ a }) => a.channelService.apushMessageByUids('e', {}, [{ uid: 'red', sid: 'b' }])
  ],
  ["aadd of Pinus' channel", 'joinUser', ({ a }) => a.channelService.getChannel('room').aadd('red', 'b')],
  [
    "aleave of Pinus' channel",
    'leaveUser',
    ({ a }) => a.channelService.getChannel('room').aleave('red', 'b')
  ],
  [
    "getMember of Pinus' channel",
    'sessionsInChannel',
    ({ a }) => a.channelService.getChannel('room').getMember('red')
  ],
  ["the host's asend", 'sendToUser', ({ host }) => host.asend('red', 'e')],
  ["the host's asend to an address", 'send', ({ host, b, session }) => host.asend(b.address(session), 'e')],
  ["the host's abroadcast", 'broadcast', ({ host }) => host.abroadcast('e')],
  ["the host's asize", 'channelSize', ({ host }) => host.channel('room').asize()],
  ["the host's amembers", 'members', ({ host }) => host.channel('room').amembers()],
  ["the host's ajoin", 'join', ({ host, b, session }) => host.channel('room').ajoin(b.address(session))],
  ["the host's aleave", 'leave', ({ host, b, session }) => host.channel('room').aleave(b.address(session))],
  ["the host's abroadcast of a channel", 'sendToChannel', ({ host }) => host.channel('room').abroadcast('e')],
  // The last ones, since they end the session.
  ['akickBySid', 'kick', ({ a, session }) => a.service.akickBySid('b', session.sid)],
  ['akickByUid', 'kickByUid', ({ a }) => a.service.akickByUid('b', 'red')],
  ['akickByUid of all', 'kickByUid', ({ a }) => a.service.akickByUid('*', 'red')],
  ["the host's akick", 'kick', ({ sessions, b, session }) => sessions.akick(b.address(session))],
  ["the host's akick of a user", 'kickByUid', ({ sessions }) => sessions.akick('red')]
]

/** Makes all calls, and notes how each ends. Resolves when all are on their way. */
async function callAll(callers: Callers, at = calls) {
  const ends = new Map<string, string>()
  const done = at.map(([name, , call]) =>
    call(callers).then(
      () => void ends.set(name, 'done'),
      ({ code, message }) => void ends.set(name, `${code} ${message}`)
    )
  )
  await until('all wait', () => callers.a.routing.waiting === at.length)
  return { ends, all: Promise.all(done) }
}

const expectedOf = (of: string) =>
  `CLUSTER_TIMEOUT Gateway "b" has not answered ${of} within ${timeout} ms; it may be done or not`

for (const [silent, isDone] of [
  ['does not hear it', false],
  ['answers, and the answer is lost', true]
] as const) {
  t.test(`each operation ends when its time is over, if the other gateway ${silent}`, async t => {
    const { time, gateways, own, callers } = await begin(t)
    const { network } = gateways
    const { a, b, session } = callers
    network.fault = ({ from }) => (from === (isDone ? 'b' : 'a') ? 'drop' : undefined)
    const { ends, all } = await callAll(callers)
    if (isDone) await until('it is done', () => !session.isOpen)
    time.pass(timeout - 1)
    await a.service.aget('a', own.sid)
    t.same([...ends], [], 'none ends earlier')
    t.equal(a.routing.waiting, calls.length)
    time.pass(1 + sweep)
    await until('all have ended', () => ends.size === calls.length)
    await all
    t.same(
      ends,
      new Map(calls.map(([name, of]) => [name, expectedOf(of)])),
      'each has one end, and it is not known whether it was done'
    )
    t.equal(a.routing.waiting, 0)
    t.equal(a.metrics.read().clusterWaiting, 0)
    t.equal(session.isOpen, !isDone)
    t.equal(time.waiting, 0, 'no timer is left')
    t.equal(a.metrics.read().relayedFailed, calls.length)

    // The answers come now, beside those to new operations.
    const next = b.open()
    b.registry.bind(next, 'blue')
    b.channels.join(next, 'hall')
    await b.service.apush('b', next.sid, 'who', 'blue')
    network.fault = () => undefined
    await allKnown(gateways)
    const room = new Channel('hall', a.messenger())
    const later: readonly (readonly [Promise<unknown>, unknown])[] = [
      [a.service.aget('b', next.sid).then(found => found?.get('who')), 'blue'],
      [a.service.apush('b', next.sid, 'n', 1), undefined],
      [a.messenger().asend(b.address(next), 'first'), 1],
      [room.size(), 1],
      [room.members().then(found => found.map(({ uid }) => uid)), ['blue']],
      [callers.host.channel('hall').asize(), 1],
      [callers.host.asend(b.address(next), 'second'), 1],
      [a.service.agetByUid('b', 'blue').then(found => found.map(({ uid }) => uid)), ['blue']]
    ]
    for (const [answer, expected] of later) t.same(await answer, expected, 'an answer of its own')
    const got = eventsOf(next).map(([name]) => name)
    t.same(got.filter(name => name !== 'e').sort(), ['first', 'second'])
    t.equal(a.routing.waiting, 0)
    t.equal(ends.size, calls.length, 'and no end came twice')
  })
}

t.test('an update is tried once, and its key is free for the next one', async t => {
  const { time, gateways, callers } = await begin(t)
  const { copy, session } = callers
  gateways.network.fault = ({ from }) => (from === 'b' ? 'drop' : undefined)
  let tries = 0
  const update = () =>
    copy.aupdate('n', (n = 0) => {
      tries++
      return Number(n) + 1
    })
  const lost = t.rejects(update(), { code: 'CLUSTER_TIMEOUT' })
  await until('it is done', () => session.get('n') === 1)
  time.pass(timeout + sweep)
  await lost
  t.equal(tries, 1)
  gateways.network.fault = () => undefined
  t.equal(await update(), 2, 'the next one meets a conflict, and counts on')
  t.equal(session.get('n'), 2)
  t.equal(tries, 3)
})

t.test('a bind, and what waits behind one, has the time of a claim besides', async t => {
  const bindTimeout = 10_000
  const { time, gateways, callers } = await begin(t, { bindTimeout })
  const binds = calls.filter(([, of]) => of === 'bind' || of === 'unbind')
  const others = calls.filter(each => !binds.includes(each))
  gateways.network.partition(['a'], ['b'])
  const { ends, all } = await callAll(callers, [...binds, ...others])
  time.pass(timeout + sweep)
  await until('all others have ended', () => ends.size === others.length)
  t.equal(callers.a.routing.waiting, binds.length)
  time.pass(bindTimeout)
  await all
  for (const [name] of binds) t.match(ends.get(name), /^CLUSTER_TIMEOUT .* within 10000 ms;/, name)
})

t.test('what another gateway passes on to a third one ends once, in time, at both', async t => {
  const time = new VirtualTime()
  const gateways = createRoutedGateways(t, ['a', 'b', 'c'], { timeout, time })
  const [a, b, c] = gateways.all as [RoutedGateway, RoutedGateway, RoutedGateway]
  const session = c.open()
  const old = { frontendId: 'b', sid: session.sid }
  b.moved.set(session.sid, 'c')
  await a.service.apush('b', session.sid, 'n', 1)
  t.equal(session.get('n'), 1)
  gateways.network.partition(['b'], ['c'])
  const ends: string[] = []
  const end = ({ code }: { code: string }) => void ends.push(code)
  const asked = [
    a.service.apush('b', session.sid, 'n', 2),
    a.service.aget('b', session.sid),
    a.messenger().asend(old, 'e'),
    new Channel('room', a.messenger()).ajoin(old)
  ].map(each => each.then(() => ends.push('done'), end))
  await until('b waits for c, and a for b', () => a.routing.waiting === 4 && b.routing.waiting === 4)
  time.pass(timeout + sweep)
  await Promise.all(asked)
  t.same(ends, Array(4).fill('CLUSTER_TIMEOUT'))
  t.same([a.routing.waiting, b.routing.waiting], [0, 0])
  gateways.network.heal()
  await a.service.aget('c', session.sid)
  t.equal(ends.length, 4)
})

t.test('nothing of operations that had no answer stays in memory', async t => {
  const { time, gateways, own, callers } = await begin(t)
  const { a, b, copy } = callers
  const large = 'x'.repeat(20_000)
  const many = 40
  const manySmall = 3_000
  const run = async () => {
    gateways.network.fault = ({ from }) => (from === 'b' ? 'drop' : undefined)
    const asked: Promise<unknown>[] = []
    for (let n = 0; n < many; n++) {
      asked.push(a.service.apush('b', callers.session.sid, 'large', large + n))
      asked.push(copy.aupdate(`key ${n % 10}`, () => large + n))
      asked.push(a.messenger().asend(b.address(callers.session), 'large', large + n))
    }
    for (let n = 0; n < manySmall; n++)
      asked.push(callers.host.asend('red', 'small'), a.messenger().asend('red', 'small'))
    const ended = Promise.allSettled(asked)
    // An update waits for the one before it, and then has a time of its own.
    while (await Promise.race([ended.then(() => false), new Promise(resolve => setImmediate(resolve, true))]))
      time.pass(timeout + sweep)
    for (const { status } of await ended) if (status !== 'rejected') t.fail('It had no answer')
    gateways.network.fault = () => undefined
    await a.service.aget('b', callers.session.sid)
    for (const each of [own, callers.session]) eventsOf(each).length = 0
    a.sent.length = 0
    b.sent.length = 0
  }
  // The first runs fill what is kept in any case, such as tables that do not become smaller. Something that
  // stays would be there after each further look, too.
  const limit = 16 * 2 ** 20
  let growth = Number.POSITIVE_INFINITY
  for (let look = 0; look < 4 && growth >= limit; look++) {
    const before = sweptHeap()
    // All that is asked has more than 20 MiB.
    for (let i = 0; i < 6; i++) await run()
    growth = sweptHeap() - before
  }
  t.ok(growth < limit, `${growth} bytes`)
})

t.test('an operation that the version of the other gateway does not have is done nowhere', async t => {
  const names = new Set(calls.map(([, of]) => of))
  const sinceVersions = Object.fromEntries([...names].map(name => [name, linkVersions.most + 1]))
  // Reading is as old as the protocol: the session's copy comes by it.
  delete sinceVersions['read']
  const { own, callers } = await begin(t, { sinceVersions })
  const { a, b, session } = callers
  const { version } = session
  const refused = calls.filter(([, of]) => of !== 'read')
  for (const [name, of, call] of refused) {
    await t.rejects(
      call(callers),
      {
        code: 'CLUSTER_UNSUPPORTED',
        message: `Gateway "b" runs an older version, which does not know ${of}`
      },
      name
    )
  }
  t.match(await a.service.aget('b', session.sid), { uid: 'red' }, 'what it knows is done')
  t.same([session.uid, session.version, session.kept.size, session.isOpen], ['red', version, 0, true])
  t.same([eventsOf(session), eventsOf(own)], [[], []], 'also not in the own gateway')
  const { relayedFailed, clusterEventsLost } = a.metrics.read()
  t.equal(relayedFailed, refused.length)

  // An event that nobody waits for is lost for that gateway, and its link goes on.
  const link = a.links.find('b')
  a.messenger().send(b.address(session), 'e')
  a.messenger().broadcast('e')
  callers.host.send('red', 'e')
  await a.service.aget('b', session.sid)
  t.equal(a.metrics.read().clusterEventsLost - clusterEventsLost, 3)
  t.equal(a.links.find('b'), link)
  t.same(
    eventsOf(own).map(([name]) => name),
    ['e', 'e'],
    'and reaches the own sessions'
  )
})

function createRelay(monotonic: () => number): PeerRelay {
  return new PeerRelay({
    link: { frontendId: 'b', version: 1, hasRoom: true } as Link,
    metrics: new Metrics(),
    monotonic,
    timeout: 100,
    bindTimeout: 300,
    isUp: () => true,
    onWaiting: () => {},
    onLost: () => {}
  })
}

t.test('an answer that comes too late, or twice, is taken for nothing else', async t => {
  let now = 0
  const relay = createRelay(() => now)
  const ends: unknown[] = []
  const asker = {
    answered: (ack: number, value: string) => void ends.push([ack, value]),
    failed: (ack: number, { code }: { code: string }) => void ends.push([ack, code])
  }
  const first = relay.expect('read', asker, 71)
  now = 60
  const second = relay.expect('read', asker, 72)
  now = 100
  t.equal(relay.sweep(now), true, 'the second still waits')
  t.same(ends.splice(0), [[71, 'CLUSTER_TIMEOUT']])
  relay.acked(first, 'late')
  t.same(ends, [])
  relay.acked(second, 'in time')
  relay.acked(second, 'again')
  t.same(ends.splice(0), [[72, 'in time']])
  t.equal(relay.sweep(1_000), false)
  t.same(ends, [])
  t.equal(relay.waiting, 0)
})

/** Begins operations of `a` on a session that is on its way from there, as `b` takes it in. */
async function beginOnTheWay(t: Test) {
  const { time, gateways, callers } = await begin(t)
  const { a, b, room, host, sessions } = callers
  const session = a.open()
  const { sid } = session
  const address = a.address(session)
  a.channels.join(session, 'left')
  a.registry.leave(session)
  /** The session has gone: what waits for it is done at b. */
  const decide = () => {
    a.registry.moveOut(session, 'b')
    a.moved.set(sid, 'b')
    a.routing.decided(sid)
  }
  const begun = [
    () => room.ajoin(address),
    () => new Channel('left', a.messenger()).aleave(address),
    () => host.channel('room').ajoin(address),
    () => sessions.akick(address),
    () => a.service.akickBySid('a', sid)
  ]
  const push = () => a.service.apush('a', sid, 'n', 1)
  const codeOf = (each: Promise<unknown>) =>
    each.then(
      () => 'done',
      ({ code }: { code: string }) => code
    )
  return { time, gateways, a, b, callers, session, begun, push, decide, codeOf }
}

/** Waits until all that the worker and the host have asked for has come to the gateway. */
const untilWaiting = ({ routing }: RoutedGateway, { sid }: Session) =>
  until('it waits', () => routing.awaits(sid))

t.test('one that has waited for its session has only the rest of its time at the next gateway', async t => {
  const { time, gateways, a, session, callers, begun, push, decide, codeOf } = await beginOnTheWay(t)
  gateways.network.fault = ({ from }) => (from === 'b' ? 'drop' : undefined)
  const ends: string[] = []
  const asked = [...begun, push].map(call => codeOf(call()).then(code => ends.push(code)))
  await untilWaiting(a, session)
  await a.service.aget('a', a.open().sid)
  time.pass(timeout - 100)
  // One with all of its time is ahead of them.
  const other = codeOf(callers.a.messenger().asend('red', 'e'))
  await until('the other waits', () => a.routing.waiting === 1)
  decide()
  await until('all wait', () => a.routing.waiting === asked.length + 1)
  time.pass(99)
  await a.service.aget('a', a.open().sid)
  t.same(ends, [], 'none ends earlier')
  time.pass(1 + sweep)
  await Promise.all(asked)
  t.same(new Set(ends), new Set(['CLUSTER_TIMEOUT']))
  t.equal(a.routing.waiting, 1)
  time.pass(timeout)
  t.equal(await other, 'CLUSTER_TIMEOUT')
  t.equal(time.waiting, 0, 'no timer is left')
})

t.test('what was done while a session was on its way is not said to have been done nowhere', async t => {
  const { gateways, a, session, begun, push, decide, codeOf } = await beginOnTheWay(t)
  const asked = [...begun, push].map(call => codeOf(call()))
  await untilWaiting(a, session)
  await a.service.aget('a', a.open().sid)
  t.same([session.channels?.has('room'), session.channels?.has('left')], [true, false])
  t.ok(a.registry.isEnding(session))
  gateways.network.setDown('a')
  decide()
  const ends = await Promise.all(asked)
  t.equal(ends.pop(), 'CLUSTER_UNAVAILABLE', 'a push was done nowhere')
  t.same(ends, Array(begun.length).fill('CLUSTER_TIMEOUT'))
})

t.test('what can not wait for a session on its way is not done there either', async t => {
  const { a, session, begun, decide, codeOf } = await beginOnTheWay(t)
  const { sid } = session
  const push = (n: number, length: number) => codeOf(a.service.apush('a', sid, `n${n}`, 'x'.repeat(length)))
  // More than the 16 MiB that may wait, and then what is left of it.
  const full = Array.from({ length: 900 }, (_, n) => push(n % 4, 20_000))
  full.push(...Array.from({ length: 200 }, () => push(0, 1)))
  await untilWaiting(a, session)
  const ends = await Promise.all(begun.map(call => codeOf(call())))
  t.same(ends, Array(begun.length).fill('CLUSTER_UNAVAILABLE'))
  t.same([session.channels?.has('room'), session.channels?.has('left')], [false, true])
  t.notOk(a.registry.isEnding(session))
  decide()
  t.same(new Set(await Promise.all(full)), new Set(['CLUSTER_UNAVAILABLE', 'SESSION_NOT_FOUND']))
})

t.test('ranges of acks may not be longer than what was sent, each and together', t => {
  const relay = createRelay(() => 0)
  const ends: number[] = []
  const asker = { answered: (ack: number) => void ends.push(ack), failed: () => t.fail('none has failed') }
  const send = () => relay.expect('push', asker, 0)
  for (let n = 0; n < 50_000; n++) send()
  const { allAcked } = inboxKinds
  const tooMany = { message: /^acks of 1 to / }
  t.throws(() => relay.read([allAcked, 1, 50_001]), tooMany)
  t.throws(() => relay.read([allAcked, 1, 2 ** 40]), tooMany)
  t.equal(ends.length, 0)
  const other = createRelay(() => 0)
  for (let n = 0; n < 50_000; n++) other.expect('push', asker, n)
  other.read([allAcked, 1, 20_000, allAcked, 20_001, 50_000])
  t.equal(ends.length, 50_000)
  t.ok(
    ends.every((ack, n) => ack === n),
    'in order'
  )
  const many = Array.from({ length: 100 }, () => [allAcked, 1, 50_000]).flat()
  t.throws(() => other.read(many), tooMany)
  t.equal(other.waiting, 0)
  t.end()
})
