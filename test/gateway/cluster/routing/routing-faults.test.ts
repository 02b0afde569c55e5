/** Operations on sessions of other gateways while the bus, a link or a gateway fails. */
import fc from 'fast-check'
import t from 'tap'
import type { Link } from '../../../../gateway/cluster/link/links.js'
import { readAnswers } from '../../../../gateway/cluster/relays/answers.js'
import { PeerRelay } from '../../../../gateway/cluster/relays/peer-relay.js'
import { RemoteViews } from '../../../../gateway/cluster/routing/remote-views.js'
import { Metrics } from '../../../../gateway/telemetry/metrics.js'
import { UnreadableError } from '../../../../shared/link/outbox-fields.js'
import { Channel } from '../../../../workers/api/channel.js'
import { matchRows } from '../../../helpers/match-rows.js'
import {
  allKnown,
  createRoutedGateways,
  eventsOf,
  openRedInRoom,
  type RoutedGateway
} from '../../../helpers/routed-gateways.js'
import { until } from '../../../helpers/until.js'

type Two = [RoutedGateway, RoutedGateway]
type Three = [RoutedGateway, RoutedGateway, RoutedGateway]

const namesOfEvents = (session: Parameters<typeof eventsOf>[0]) => eventsOf(session).map(([name]) => name)

t.test('without the bus an operation fails at once and is not done, and events wait', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'])
  const { network, all } = gateways
  const [a, b] = all as Two
  const session = b.open()
  const own = a.open()
  b.registry.bind(session, 'red')
  a.channels.join(own, 'room')
  b.channels.join(session, 'room')
  await allKnown(gateways)
  const messenger = a.messenger()
  const room = new Channel('room', messenger)
  t.equal(await room.size(), 2)
  network.setDown()
  const refused = { code: 'CLUSTER_UNAVAILABLE' }
  await t.rejects(a.service.apush('b', session.sid, 'n', 1), refused)
  await t.rejects(a.service.aget('b', session.sid), refused)
  await t.rejects(messenger.asend(b.address(session), 'awaited'), refused)
  await t.rejects(room.abroadcast('awaited'), refused)
  await t.rejects(messenger.abroadcast('awaited'), refused)
  t.equal(await messenger.asend('blue', 'awaited'), 0, 'nobody else was known to have the user')
  await t.rejects(room.size(), refused)
  await t.rejects(room.members(), refused)
  await t.rejects(a.service.akickByUid('*', 'red'), refused)
  await t.rejects(a.service.agetByUid('*', 'red'), refused)
  t.same(eventsOf(own), [], 'what can not reach all is done nowhere')
  const hall = new Channel('hall', messenger)
  a.channels.join(own, 'hall')
  b.channels.join(session, 'hall')
  await t.rejects(hall.size(), refused, 'nor is anything counted where another may have joined meanwhile')
  await t.rejects(hall.members(), refused)
  await t.rejects(a.service.agetByUid('*', 'blue'), refused)
  t.same(await a.service.agetByUid('a', 'blue'), [], 'what asks the own gateway alone has its answer')
  t.equal(await hall.abroadcast('awaited'), 1, 'members here get what is sent to a channel of this gateway')
  room.broadcast('one')
  messenger.send(b.address(session), 'two')
  messenger.broadcast('old', 1, { delivery: 'volatile' })
  await a.service.aget('a', own.sid)
  t.same(namesOfEvents(own), ['awaited', 'one', 'old'], 'the own sessions have them at once')
  network.setUp()
  t.equal(await messenger.asend(b.address(session), 'three'), 1)
  t.same(namesOfEvents(session), ['one', 'two', 'three'], 'without what is volatile')
  t.equal(session.get('n'), undefined)
  t.equal(a.metrics.read().clusterEventsLost, 0)
  t.ok(a.metrics.read().relayedFailed >= 9)
})

t.test(
  'each operation has one end while messages are lost, doubled and late, and is done once at most',
  async t => {
    const { network, all } = createRoutedGateways(t, ['a', 'b', 'c'], { timeout: 400 })
    const [a, b, c] = all as Three
    const sessions = [b.open(), c.open()]
    let count = 0
    network.fault = ({ kind }) => {
      if (kind !== 'message') return undefined
      count++
      return count % 5 === 0
        ? 'drop'
        : count % 7 === 0
          ? 'double'
          : count % 11 === 0
            ? { delay: 20 }
            : undefined
    }
    const ends: Promise<string>[] = []
    for (let n = 0; n < 400; n++) {
      const { frontendId, sid } = sessions[n % 2]!
      const pushed = a.service.apush(frontendId, sid, `key-${n}`, n)
      ends.push(
        pushed.then(
          () => 'done',
          error => (error as { code: string }).code
        )
      )
      if (n % 8 === 0) await new Promise(resolve => setImmediate(resolve))
      if (n === 200) network.setDown()
      if (n === 240) network.setUp()
    }
    const ended = await Promise.all(ends)
    network.fault = () => undefined
    ended.forEach((end, n) => {
      const isThere = sessions[n % 2]!.get(`key-${n}`) === n
      if (end === 'done') t.ok(isThere, `${n} was done`)
      else if (end === 'CLUSTER_UNAVAILABLE') t.notOk(isThere, `${n} was not done`)
      else t.ok(['CLUSTER_TIMEOUT', 'FRONTEND_LOST'].includes(end), end)
    })
    t.ok(ended.includes('done') && ended.includes('CLUSTER_UNAVAILABLE'))
    t.equal(a.routing.waiting, 0)
    for (const session of sessions) t.equal(session.version, session.kept.size, 'nothing was done twice')
  }
)

t.test('an operation that gets no answer times out, and so does a count without one gateway', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b', 'c'], { timeout: 60 })
  const { network, all } = gateways
  const [a, b] = all as Three
  const session = b.open()
  b.channels.join(session, 'room')
  await allKnown(gateways)
  network.partition(['a'], ['b'])
  const messenger = a.messenger()
  await t.rejects(a.service.apush('b', session.sid, 'n', 1), {
    code: 'CLUSTER_TIMEOUT',
    message: 'Gateway "b" has not answered push within 60 ms; it may be done or not'
  })
  await t.rejects(new Channel('room', messenger).size(), { code: 'CLUSTER_TIMEOUT' })
  await t.rejects(messenger.abroadcast('e'), { code: 'CLUSTER_TIMEOUT' })
  t.equal(a.routing.waiting, 0)
  t.equal(a.metrics.read().relayedFailed, 3)
})

t.test(
  'a bind has the time for the claim of its user, and holds up the time limit of nothing else',
  async t => {
    const gateways = createRoutedGateways(t, ['a', 'b'], { timeout: 60, bindTimeout: 300 })
    const { network, all } = gateways
    const [a, b] = all as [RoutedGateway, RoutedGateway]
    const session = b.open()
    await allKnown(gateways)
    network.partition(['a'], ['b'])
    const ends: string[] = []
    const failure = async (name: string, end: Promise<unknown>) => {
      const { code, message } = await end.then(
        () => ({ code: 'done', message: '' }),
        error => error
      )
      ends.push(`${name} ${code} ${/within \d+ ms/.exec(message)?.[0]}`)
    }
    await Promise.all([
      failure('bind', a.service.abind('b', session.sid, 'red')),
      failure('push', a.service.apush('b', session.sid, 'n', 1))
    ])
    t.same(ends, ['push CLUSTER_TIMEOUT within 60 ms', 'bind CLUSTER_TIMEOUT within 300 ms'])
  }
)

t.test('what waits for a gateway that ends fails at once', async t => {
  const gateways = createRoutedGateways(t, ['a', 'b'], { timeout: 60_000 })
  const { network, all } = gateways
  const [a, b] = all as Two
  const session = await openRedInRoom(gateways, b)
  network.partition(['a'], ['b'])
  const asked = [
    a.service.apush('b', session.sid, 'n', 1),
    new Channel('room', a.messenger()).size(),
    a.messenger().asend('red', 'e')
  ]
  await until('all are sent', () => a.routing.waiting === 3)
  a.links.remove(b.start)
  for (const each of asked) await t.rejects(async () => void (await each), { code: 'FRONTEND_LOST' })
  await t.rejects(a.service.aget('b', session.sid), { code: 'FRONTEND_UNKNOWN' })
  t.equal(await new Channel('room', a.messenger()).size(), 0, 'who is gone has nobody')
})

t.test('a full queue refuses operations and drops events, which are counted and told once', async t => {
  const { network, all } = createRoutedGateways(t, ['a', 'b'], { queueBytes: 100_000 })
  const [a, b] = all as Two
  const session = b.open()
  const messenger = a.messenger()
  network.setDown()
  for (let n = 0; n < 10; n++) {
    messenger.send(b.address(session), `e${n}`, 'x'.repeat(40_000))
    await new Promise(resolve => setImmediate(resolve))
    await a.service.aget('a', 7)
  }
  const lost = a.metrics.read().clusterEventsLost
  t.ok(lost > 0 && lost < 10, `${lost} are lost`)
  matchRows(
    t,
    a.lines.filter(({ message }) => message === 'Events for another gateway are lost'),
    [{ level: 'warn', fields: { peer: 'b', why: 'too much waits for it' } }]
  )
  network.setUp()
  await until('the others come', () => eventsOf(session).length === 10 - lost)
  t.same(
    namesOfEvents(session),
    Array.from({ length: 10 - lost }, (_, n) => `e${n}`)
  )
})

t.test(
  'events that a link has not brought to its end are counted, those that wait and those on their way',
  async t => {
    const gateways = createRoutedGateways(t, ['a', 'b'])
    const { network, all } = gateways
    const [a, b] = all as Two
    const session = await openRedInRoom(gateways, b)
    const messenger = a.messenger()
    const send = async (count: number) => {
      for (let n = 0; n < count; n++) {
        messenger.send(b.address(session), 'session')
        messenger.send('red', 'user')
        new Channel('room', messenger).broadcast('room')
        new Channel('room', messenger).broadcast('room', n, { delivery: 'volatile' })
      }
      await a.service.aget('a', 7)
    }
    await send(2)
    await until('they come', () => eventsOf(session).length === 8)
    await until('all are acknowledged', () => a.links.find('b')!.figures().unackedBytes === 0)
    // Dead, but not known to be: its messages get lost on their way. Then NATS is away, too.
    network.fault = ({ from, kind }) => (kind === 'message' && from !== undefined ? 'drop' : undefined)
    await send(3)
    network.setDown()
    await send(4)
    t.equal(a.metrics.read().clusterEventsLost, 0)
    a.links.remove(b.start)
    t.equal(a.metrics.read().clusterEventsLost, 3 * 3 + 3 * 4)
    t.equal(eventsOf(session).length, 8)
  }
)

t.test('an event for all is counted as lost if the link to a gateway is about to begin anew', async t => {
  const { all } = createRoutedGateways(t, ['a', 'b'])
  const [a, b] = all as Two
  for (let faults = 1; faults <= 2; faults++) {
    await until('there is a link', () => [a.links.find('b'), b.links.find('a')].every(each => each?.isOpen))
    const link = a.links.find('b')
    b.links.find('a')!.send('interest', [0, 1])
    await until('it has ended', () => a.links.find('b') !== link)
  }
  await until('the next one waits', () => a.links.broken.includes('b'))
  const before = a.metrics.read().clusterEventsLost
  const messenger = a.messenger()
  for (let n = 0; n < 3; n++) messenger.broadcast('e')
  messenger.send('nobody', 'e')
  await a.service.aget('a', 7)
  t.equal(a.metrics.read().clusterEventsLost - before, 4)
  t.ok(a.links.broken.includes('b'))
})

t.test('an operation that comes late is refused, and not done', async t => {
  const { network, all } = createRoutedGateways(t, ['a', 'b'], { timeout: 100 })
  const [a, b] = all as Two
  const session = b.open()
  await a.service.apush('b', session.sid, 'n', 1)
  network.partition(['a'], ['b'])
  const late = a.service.apush('b', session.sid, 'n', 2)
  a.messenger().send(b.address(session), 'not late')
  await t.rejects(late, { code: 'CLUSTER_TIMEOUT' })
  network.heal()
  await until('an event that nobody waits for is delivered late', () => eventsOf(session).length === 1)
  t.equal(session.get('n'), 1)
})

t.test('a frame that no gateway writes ends its link and nothing else', async t => {
  const { all } = createRoutedGateways(t, ['a', 'b'])
  const [a, b] = all as Two
  const session = b.open()
  const frames: (readonly [(link: Link) => void, string])[] = [
    [link => link.outbox.reply(1, 'x'), 'an outcome'],
    [link => link.inbox.aborted(1, 'timeout'), 'an abort'],
    [
      link => link.outbox.push({ rid: 0, viewId: 0, ack: -1, frontendId: 'b', sid: 1 }, 'k', 't'),
      'a wrong ack'
    ]
  ]
  for (const [write, what] of frames) {
    const before = a.links.find('b')!
    write(before)
    before.flushSoon()
    await until(
      `a new link after ${what}`,
      () => a.links.find('b') !== before && a.links.find('b') !== undefined
    )
    await a.service.apush('b', session.sid, 'what', what)
    t.equal(session.get('what'), what)
  }
})

t.test('an operation that throws at its gateway fails alone', async t => {
  const { all } = createRoutedGateways(t, ['a', 'b'])
  const [a, b] = all as Two
  const link = a.links.find('b')!
  link.outbox.broadcast({ rid: 0, ack: 0, frontendId: '*' }, 0, eventText, 'no JSON')
  link.flushSoon()
  const session = b.open()
  await a.service.apush('b', session.sid, 'n', 1)
  t.equal(a.links.find('b'), link)
  t.ok(b.lines.some(({ message }) => message === 'An operation failed while it was applied'))
})

t.test('no text of answers does harm', async () => {
  const answers = { acked() {}, allAcked() {}, refused() {} }
  const item = fc.oneof(fc.integer({ min: -3, max: 5 }), fc.maxSafeInteger(), fc.string(), fc.constant(null))
  fc.assert(
    fc.property(fc.array(item), items => {
      try {
        readAnswers(items, answers)
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error
      }
    })
  )
})

t.test('a view that was forgotten has another number', async t => {
  const views = new RemoteViews(2)
  const others = new RemoteViews(2)
  const [first, second] = [views.numberOf(-5), views.numberOf(-6)]
  t.equal(views.numberOf(-5), first)
  t.not(second, first)
  t.not(others.numberOf(-5), first, 'numbers are unique over all gateways')
  t.equal(views.numberOf(0), 0)
  views.numberOf(-7)
  t.not(views.numberOf(-5), first)
  t.ok([first, second].every(number => number < -(2 ** 52) && Number.isSafeInteger(number)))
})

t.test('an operation that the other version does not know is refused', async t => {
  const link = { frontendId: 'b', version: 0, hasRoom: true } as Link
  const relay = new PeerRelay({
    link,
    metrics: new Metrics(),
    monotonic: () => 0,
    timeout: 1,
    bindTimeout: 1,
    isUp: () => true,
    onWaiting: () => {},
    onLost: () => {}
  })
  t.match(relay.judge('push'), { code: 'CLUSTER_UNSUPPORTED' })
})

const eventText = { name: 'e', body: '', rich: '', richOnly: false, delivery: 0, key: '' } as const
