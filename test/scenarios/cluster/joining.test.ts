/** How gateways become a cluster, and leave it: within this process, on a bus without a server. */
import t from 'tap'
import { LocalNetwork } from '../../../gateway/cluster/bus/local-network.js'
import { startOf } from '../../../gateway/cluster/leases/start-number.js'
import type { Gateway } from '../../../gateway/index.js'
import { assembleGateway } from '../../../gateway/start.js'
import { TestGateway } from '../../../testing/index.js'
import { startCluster, untilLinked } from '../../helpers/cluster.js'
import { handlersFolder, startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

t.test('gateways of a cluster', async t => {
  const cluster = await startCluster(t, 'rooms', {
    options: { cluster: 'game', nats: 'nats://given', drainSpread: 20 }
  })
  const [a, b] = cluster.gateways.map(({ gateway }) => gateway) as [Gateway, Gateway]

  await t.test('know each other, with their states and loads', async t => {
    for (const [own, other, name] of [
      [a, b, 'b'],
      [b, a, 'a']
    ] as const) {
      t.match(own.cluster, { name: 'game', state: 'up', start: Number })
      matchRows(t, own.cluster!.peers(), [
        {
          frontendId: name,
          start: other.cluster!.start,
          state: 'up',
          version: /^\d+\.\d+\.\d+/,
          load: { connections: 0, sessions: 0, queueDelay: 0, eventLoopDelay: Number, heapUsed: Number },
          silentFor: Number
        }
      ])
    }
    t.not(a.cluster!.start, b.cluster!.start)
    t.match(a.metrics(), { clusterUp: 1, clusterPeers: 1 })
  })

  await t.test('number their sessions by their starts, so that no two are the same', async t => {
    for (const [index, gateway] of [a, b].entries()) {
      await cluster.gateways[index]!.connect()
      await until('its session is there', () => gateway.sessions.getSessionsCount() === 1)
      const sids: number[] = []
      gateway.sessions.forEachSession(({ id }) => sids.push(id))
      t.same(sids.map(startOf), [gateway.cluster!.start])
    }
    await until('the other one is told', () => a.cluster!.peers()[0]?.load.sessions === 1)
  })

  await t.test('a name that lives is not given twice, and nothing is left of the attempt', async t => {
    await t.rejects(cluster.start('b', { leaseTtl: 1_000 }), { code: 'FRONTEND_TAKEN', message: /"b"/ })
    t.same(
      a.cluster!.peers().map(({ start }) => start),
      [b.cluster!.start]
    )
  })

  await t.test('one that can not start leaves at once', async t => {
    await t.rejects(startGateway(t, '/nowhere', { frontendId: 'c' }, { bus: cluster.network.join('c') }), {
      code: 'HANDLERS_INVALID'
    })
    await until('it has left', () => a.cluster!.peers().length === 1)
  })

  await t.test('one that drains says so, and is gone at its end, when its name is free', async t => {
    const { start } = b.cluster!
    const drained = b.drain()
    t.equal(b.cluster!.state, 'draining')
    await until('the other one has heard', () => a.cluster!.peers()[0]?.state !== 'up')
    await drained
    await until('the other one has heard of the end', () => a.cluster!.peers().length === 0)
    const next = await cluster.start('b')
    t.ok(next.gateway.cluster!.start > start)
    await untilLinked([cluster.gateways[0]!, next])
  })
})

t.test('a gateway that is closed while it waits for its name ends at once', async t => {
  const network = new LocalNetwork()
  const a = await TestGateway.start({ handlers: handlersFolder('rooms'), frontendId: 'a', network })
  t.teardown(() => a.close())
  const bus = network.join('second')
  const options = { handlers: handlersFolder('rooms'), frontendId: 'a', port: 0, leaseTtl: 600_000 }
  const gateway = assembleGateway({ ...options, logLevel: 'silent' }, { bus })
  let hasAsked = false
  network.fault = ({ from, to }) => {
    hasAsked ||= from === 'second' && to.includes('leases')
    return undefined
  }
  const started = t.rejects(gateway.start(), { code: 'CLOSING' })
  await until('it asks whether the one that has its name lives', () => hasAsked)
  await gateway.close()
  await started
  t.equal(bus.isUp, false)
})

t.test('a NATS whose messages are too small is refused', async t => {
  const bus = new LocalNetwork().join('a')
  t.intercept(bus, 'maxBytes', { value: 8_192 })
  const options = { handlers: handlersFolder('rooms'), frontendId: 'a', port: 0, logLevel: 'silent' } as const
  await t.rejects(assembleGateway(options, { bus }).start(), {
    code: 'NATS_FAILED',
    message: 'NATS takes messages of at most 8192 bytes (max_payload); the cluster needs 16384 at least'
  })
  t.equal(bus.isUp, false)
})

t.test('a gateway that is closed while it joins is in no cluster', async t => {
  const network = new LocalNetwork()
  const a = await TestGateway.start({ handlers: handlersFolder('rooms'), frontendId: 'a', network })
  t.teardown(() => a.close())
  const bus = network.join('b')
  const options = { handlers: handlersFolder('rooms'), frontendId: 'b', port: 0 }
  const gateway = assembleGateway({ ...options, logLevel: 'silent' }, { bus })
  const started = gateway.start()
  await gateway.close()
  await t.rejects(started, { code: 'CLOSING' })
  t.equal(bus.isUp, false)
  await until('the others have heard that it is gone', () => a.gateway.cluster!.peers().length === 0)
})
