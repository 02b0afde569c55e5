/** Several gateways as one, within this process: on a LocalNetwork, or on a bus that the test gives. */
import type { Test } from 'tap'
import type { Bus } from '../../gateway/cluster/bus/bus.js'
import { LocalNetwork } from '../../gateway/cluster/bus/local-network.js'
import type { GatewayOptions } from '../../gateway/index.js'
import { type RunningGateway, startGateway } from './gateway.js'
import { until } from './until.js'

export interface ClusterInit {
  /** Names of the gateways. Default: a and b. */
  readonly names?: readonly string[]
  readonly options?: Partial<GatewayOptions>
  /** Options of one gateway beside those of all. */
  readonly optionsOf?: (name: string) => Partial<GatewayOptions>
  /** Returns the bus of a gateway. Default: one on `network`. */
  readonly busOf?: (name: string) => Bus
}

export interface RunningCluster {
  /** The gateways, in the order of their names. */
  readonly gateways: readonly RunningGateway[]
  /** What carries their messages, unless the test has given them buses. */
  readonly network: LocalNetwork
  /** Starts one more gateway, which may have the name of one that has ended. */
  start(name: string, options?: Partial<GatewayOptions>): Promise<RunningGateway>
}

/**
 * Starts gateways as one cluster, each with a worker. Resolves when each has links to all others. They end
 * with the test.
 */
export async function startCluster(
  t: Test,
  handlers: string,
  { names = ['a', 'b'], options = {}, optionsOf = () => ({}), busOf }: ClusterInit = {}
): Promise<RunningCluster> {
  const network = new LocalNetwork()
  const start = (name: string, own: Partial<GatewayOptions> = optionsOf(name)) =>
    startGateway(
      t,
      handlers,
      { workers: 1, ...options, ...own, frontendId: name },
      { bus: busOf?.(name) ?? network.join(name) }
    )
  const gateways = await Promise.all(names.map(name => start(name)))
  await untilLinked(gateways)
  return { gateways, network, start }
}

/** Waits until each of the gateways has a link to each other one. */
export async function untilLinked(gateways: readonly RunningGateway[]): Promise<void> {
  await until('all gateways have links to all others', () =>
    gateways.every(({ gateway }) => gateway.metrics().clusterPeers === gateways.length - 1)
  )
}
