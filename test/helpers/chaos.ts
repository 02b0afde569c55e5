/** Chaos: a crowd under load while workers are ended in all ways, connections are cut in all ways, and the gateway's clock jumps. */
import type { Gateway } from '../../gateway/index.js'
import type { TcpProxy } from '../../testing/tcp-proxy.js'
import { Crowd, type CrowdReport } from './crowd.js'
import type { JumpingClock } from './jumping-clock.js'
import { Sampler, type Trend } from './trend.js'

export interface ChaosInit {
  readonly gateway: Gateway
  readonly proxy: TcpProxy
  /** Those of the gateway and of the clients. */
  readonly clocks: { readonly gateway: JumpingClock; readonly client: JumpingClock }
  readonly players: number
  readonly ms: number
  /** Milliseconds between two samples of the process' memory. */
  readonly sampleEvery: number
}

export interface ChaosReport extends CrowdReport {
  readonly clockJumps: number
  /** Of the memory that the process takes. */
  readonly rss: Trend
}

/** What a request may end with beside its reply, while workers die, routes are suspended and clocks jump. */
const stated = new Set([
  'WORKER_LOST',
  'HANDLER_FATAL',
  'TIMEOUT',
  'ROUTE_SUSPENDED',
  'OVERLOADED',
  'NO_WORKER'
])

/** Milliseconds that a clock jumps by, at most, on or back. */
const longestJump = 30_000

export async function runChaos(init: ChaosInit): Promise<ChaosReport> {
  const { gateway, proxy, clocks, players, ms, sampleEvery } = init
  const crowd = await Crowd.join({ gateway, proxy, players, stated, client: { now: clocks.client.now } })
  let clockJumps = 0
  crowd.every(1_000, () => crowd.cut(0.3))
  crowd.every(1_500, () => {
    const routes = ['player.exit', 'player.throwLater', 'player.loop', 'kill'] as const
    const route = routes[Math.floor(Math.random() * routes.length)]!
    if (route === 'kill') void gateway.killWorker(Math.floor(Math.random() * 2)).catch(() => {})
    else void crowd.ask(crowd.any, route, {})
  })
  crowd.every(50, () => crowd.tick())
  crowd.every(2_300, () => {
    const clock = Math.random() < 0.5 ? clocks.gateway : clocks.client
    clock.jump((Math.random() * 2 - 1) * longestJump)
    clockJumps++
  })
  crowd.play()
  const sampler = new Sampler(sampleEvery, async () => ({ rss: process.memoryUsage.rss() }))
  await sampler.run(ms)
  const report = await crowd.end()
  return { ...report, clockJumps, rss: sampler.trends()['rss']! }
}
