/** Events and channels of the host, in a gateway alone and in a cluster within this process. */
import t, { type Test } from 'tap'
import { HostEvents } from '../../../gateway/host/host-events.js'
import { HostOperations } from '../../../gateway/host/host-operations.js'
import { SessionService } from '../../../gateway/host/session-service.js'
import { createLogger } from '../../../shared/text/log.js'
import { createLinkPair, type LinkPair } from '../../helpers/link-pair.js'
import {
  allKnown,
  createRoutedGateways,
  eventsOf,
  type RoutedGateway
} from '../../helpers/routed-gateways.js'

const log = createLogger('silent', () => {})

function serviceOf({ targets }: Pick<LinkPair, 'targets'>): SessionService {
  const limits = { maxSettingsLength: 100, maxSettingsKeys: 10 }
  return new SessionService({ ...targets, limits, log, operations: new HostOperations(targets) })
}

function hostOf({ registry, channels, metrics, targets }: LinkPair): HostEvents {
  const { frontendId } = targets
  const operations = new HostOperations(targets)
  const sessions = serviceOf({ targets })
  return new HostEvents({ frontendId, registry, channels, sessions, metrics, operations })
}

const names = (session: Parameters<typeof eventsOf>[0]) => eventsOf(session).map(([name]) => name)

/** Two gateways with a bound session each, both in one channel. */
async function begin(t: Test) {
  const gateways = createRoutedGateways(t, ['a', 'b'])
  const [a, b] = gateways.all as [RoutedGateway, RoutedGateway]
  const [own, far] = [a.open(), b.open()]
  a.registry.bind(own, 'red')
  b.registry.bind(far, 'red')
  a.channels.join(own, 'room')
  b.channels.join(far, 'room')
  await allKnown(gateways)
  return { ...gateways, a, b, own, far, host: hostOf(a), room: hostOf(a).channel('room') }
}

t.test('in a gateway alone the awaited forms count what the others count', async t => {
  const pair = createLinkPair(t)
  const host = hostOf(pair)
  const session = pair.open()
  pair.registry.bind(session, 'red')
  const room = host.channel('room')
  await room.ajoin(session.sid)
  t.same([room.size, await room.asize()], [1, 1])
  t.same(await room.amembers(), [{ address: { frontendId: 'gateway-1', sid: session.sid }, uid: 'red' }])
  t.equal(await host.asend('red', 'a'), 1)
  t.equal(await host.asend(session.sid, 'b'), 1)
  t.equal(await host.asend(session.sid, 'c', 1, { except: session.sid }), 0)
  t.equal(await host.abroadcast('d'), 1)
  t.equal(await room.abroadcast('e'), 1)
  t.same(names(session), ['a', 'b', 'd', 'e'])
  await room.aleave(session.sid)
  t.equal(await room.asize(), 0)
  const elsewhere = { frontendId: 'b', sid: session.sid }
  await t.rejects(host.asend(elsewhere, 'e'), { code: 'FRONTEND_UNKNOWN' })
  await t.rejects(room.ajoin(elsewhere), { code: 'FRONTEND_UNKNOWN' })
  await t.rejects(room.ajoin(7), { code: 'SESSION_NOT_FOUND' })
  await t.rejects(host.asend('', 'e'), { code: 'UID_INVALID' })
  await t.rejects(room.amembers({ limit: 0 }), {
    message: 'Expected a limit from 1 to 1000, got 0 (number)'
  })
  t.throws(() => host.send(elsewhere, 'e'), { code: 'FRONTEND_UNKNOWN' })
})

t.test(
  'events go to all gateways; what is answered at once counts this one, an awaited form all',
  async t => {
    const { own, far, a, b, host, room } = await begin(t)
    t.equal(host.send('red', '1'), 1)
    t.equal(host.broadcast('2'), 1)
    t.equal(room.broadcast('3'), 1)
    t.equal(room.broadcast('not to b', 1, { except: b.address(far) }), 1)
    t.equal(await host.asend('red', '4'), 2)
    t.equal(await host.abroadcast('5', 1, { filter: 'bound' }), 2)
    t.equal(await room.abroadcast('6'), 2)
    t.equal(await host.asend(b.address(far), '7'), 1)
    t.same(names(far), ['1', '2', '3', '4', '5', '6', '7'])
    t.same(names(own), ['1', '2', '3', 'not to b', '4', '5', '6'])
    t.same([room.size, await room.asize()], [1, 2])
    t.same(await room.amembers({ limit: 1 }), [{ address: a.address(own), uid: 'red' }])
    const [first] = await room.amembers()
    t.same(await room.amembers({ after: first }), [{ address: b.address(far), uid: 'red' }])
  }
)

t.test('the host reaches a session of another gateway by the awaited forms only', async t => {
  const { far, b, host, room } = await begin(t)
  const expected = {
    name: 'TypeError',
    message: 'Expected a session of this gateway, got one of "b": asend, ajoin and aleave reach it'
  }
  const address = b.address(far)
  t.throws(() => host.send(address, 'e'), expected)
  t.throws(() => room.join(address), expected)
  t.throws(() => room.leave(address), expected)
  await room.aleave(address)
  t.equal(b.channels.membersOf('room').size, 0)
  await room.ajoin(address)
  t.equal(b.channels.membersOf('room').size, 1)
  room.destroy()
  t.equal(await room.asize(), 0)
})

t.test('the host ends sessions of other gateways by the awaited form', async t => {
  const { a, b, own, far, network } = await begin(t)
  const service = serviceOf(a)
  service.kick('red')
  t.same([own.isOpen, far.isOpen], [false, true], 'what is answered at once ends those of this gateway')
  await service.akick('red', 'because')
  t.equal(far.isOpen, false)
  const [next, mine] = [b.open(), a.open()]
  await service.akick(b.address(next))
  await service.akick(mine.sid)
  t.same([next.isOpen, mine.isOpen], [false, false])
  await service.akick(b.address(next))
  await service.akick('nobody')
  await t.rejects(service.akick({ frontendId: 'x', sid: 1 }), { code: 'FRONTEND_UNKNOWN' })
  await t.rejects(service.akick(''), { code: 'UID_INVALID' })
  await t.rejects(service.akick({} as never), TypeError)
  network.setDown()
  await t.rejects(service.akick(b.address(far)), { code: 'CLUSTER_UNAVAILABLE' })
})

t.test('an awaited form rejects if a gateway can not be asked', async t => {
  const { network, host, room, own } = await begin(t)
  network.setDown()
  const refused = { code: 'CLUSTER_UNAVAILABLE' }
  await t.rejects(room.asize(), refused)
  await t.rejects(room.abroadcast('e'), refused)
  await t.rejects(host.asend('red', 'e'), refused)
  t.equal(room.broadcast('own'), 1)
  t.same(names(own), ['own'])
})
