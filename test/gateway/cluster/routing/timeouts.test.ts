/** Operations that another gateway does not answer in time. */
import t from 'tap'
import type { Link } from '../../../../gateway/cluster/link/links.js'
import { PeerRelay } from '../../../../gateway/cluster/relays/peer-relay.js'
import { Metrics } from '../../../../gateway/telemetry/metrics.js'
import { Channel } from '../../../../workers/api/channel.js'
import { allKnown, createRoutedGateways, type RoutedGateway } from '../../../helpers/routed-gateways.js'

type Two = [RoutedGateway, RoutedGateway]

t.test(
  'whatever a handler asks another gateway for ends with CLUSTER_TIMEOUT, and runs at most once',
  async t => {
    const gateways = createRoutedGateways(t, ['a', 'b'], { timeout: 60 })
    const { network, all } = gateways
    const [a, b] = all as Two
    const session = b.open()
    b.registry.bind(session, 'red')
    b.channels.join(session, 'room')
    await allKnown(gateways)
    const { service, channelService } = a
    const messenger = a.messenger()
    const room = new Channel('room', messenger)
    const { sid } = session
    const copy = (await service.aget<{ n: number }>('b', sid))!
    copy.set('n', 1)
    network.partition(['a'], ['b'])
    let updates = 0
    const asked: Record<string, () => Promise<unknown>> = {
      aget: () => service.aget('b', sid),
      agetByUid: () => service.agetByUid('b', 'red'),
      'agetByUid everywhere': () => service.agetByUid('*', 'red'),
      apush: () => copy.apush('n'),
      apushAll: () => copy.apushAll(),
      aupdate: () =>
        copy.aupdate('n', (n = 0) => {
          updates++
          return n + 1
        }),
      acommit: () => copy.acommit(),
      abind: () => copy.abind('blue'),
      aunbind: () => copy.aunbind('red'),
      asetResumeWindow: () => copy.asetResumeWindow(1_000),
      'push by the service': () => service.apush('b', sid, 'n', 2),
      akickBySid: () => service.akickBySid('b', sid),
      akickByUid: () => service.akickByUid('b', 'red'),
      'akickByUid everywhere': () => service.akickByUid('*', 'red'),
      'asend to an address': () => messenger.asend(b.address(session), 'e'),
      'asend to a user': () => messenger.asend('red', 'e'),
      'abroadcast to all': () => messenger.abroadcast('e'),
      'abroadcast to a channel': () => room.abroadcast('e'),
      ajoin: () => room.ajoin(copy),
      aleave: () => room.aleave(copy),
      size: () => room.size(),
      members: () => room.members(),
      apushMessageByUids: () => channelService.apushMessageByUids('e', {}, [{ uid: 'red', sid: 'b' }])
    }
    const ends = await Promise.all(
      Object.entries(asked).map(async ([name, ask]) => {
        const end = await ask().then(
          value => ({ value }),
          (error: { code: string }) => error
        )
        return [name, 'code' in end ? end.code : end.value]
      })
    )
    t.same(
      Object.fromEntries(ends),
      Object.fromEntries(Object.keys(asked).map(name => [name, 'CLUSTER_TIMEOUT']))
    )
    t.equal(updates, 1, 'an update whose end is not known is not tried again')
    t.equal(a.routing.waiting, 0)
  }
)

t.test('an answer that comes too late, or twice, is taken for nothing else', async t => {
  let now = 0
  const relay = new PeerRelay({
    link: { frontendId: 'b', version: 1, hasRoom: true } as Link,
    metrics: new Metrics(),
    monotonic: () => now,
    timeout: 100,
    bindTimeout: 300,
    isUp: () => true,
    onWaiting: () => {}
  })
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
