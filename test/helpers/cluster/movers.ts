/** Gateways whose clients go from one to another: each is behind a proxy of its own. */
import type { Test } from 'tap'
import { type ClientOptions, connect } from '../../../client/node.js'
import type { Gateway, GatewayOptions } from '../../../gateway/index.js'
import { startCluster } from '../cluster.js'
import { startProxy } from '../gateway.js'
import { fixture } from '../paths.js'

const quick: ClientOptions = {
  backOff: { least: 1, most: 20 },
  heartbeat: 100,
  heartbeatTimeout: 1_000,
  attemptTimeout: 2_000
}

export async function startMovers(
  t: Test,
  names: readonly string[],
  options: Partial<GatewayOptions> = {},
  handlers = fixture('handlers-moves')
) {
  const cluster = await startCluster(t, handlers, { names, options: { drainSpread: 0, ...options } })
  const gateways = cluster.gateways.map(({ gateway }) => gateway)
  /** Joins by a proxy, which sends the client from one gateway to another. */
  const join = async (first: Gateway) => {
    const proxy = await startProxy(t, first.address.port)
    const client = await connect(proxy.url, quick)
    t.teardown(() => client.close())
    const ticks: unknown[] = []
    const losses: unknown[] = []
    client.on('tick', body => ticks.push(body))
    client.onState(change => {
      if (change.state === 'open' && !change.resumed) losses.push(change)
    })
    const goTo = (gateway: Gateway) => {
      proxy.port = gateway.address.port
    }
    return { client, proxy, ticks, losses, goTo }
  }
  return { ...cluster, gateways, lines: cluster.gateways.map(({ lines }) => lines), join }
}
