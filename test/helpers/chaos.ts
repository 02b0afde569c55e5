/**
 * Chaos: a crowd under load while workers are ended in all ways, connections are cut in all ways, clients stop reading, hooks throw,
 * and the machine's clock jumps.
 */
import { join } from 'node:path'
import type { Gateway } from '../../gateway/index.js'
import type { TcpProxy } from '../../testing/tcp-proxy.js'
import { Crowd, type CrowdReport } from './crowd.js'
import type { JumpingClock } from './jumping-clock.js'
import { root } from './sources.js'
import { Sampler, type Trend } from './trend.js'

/** What the gateway needs for it: handlers with faults, and so little memory for workers that it can run out soon. */
export const chaosOptions = {
  handlers: join(root, 'test/fixtures/handlers-chaos'),
  workers: 2,
  stuckAfter: 1_000,
  workerHeap: 64
} as const

export interface ChaosInit {
  readonly gateway: Gateway
  readonly proxy: TcpProxy
  /** The time of day. */
  readonly clock: JumpingClock
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

/** What a request may end with beside its reply, while workers die, routes are suspended. */
const stated = new Set([
  'WORKER_LOST',
  'HANDLER_FATAL',
  'TIMEOUT',
  'ROUTE_SUSPENDED',
  'OVERLOADED',
  'NO_WORKER',
  // A filter has thrown.
  'INTERNAL'
])

/** Milliseconds that the clock jumps by, at most, on or back: two hours. */
const longestJump = 7_200_000

export async function runChaos(init: ChaosInit): Promise<ChaosReport> {
  const { gateway, proxy, clock, players, ms, sampleEvery } = init
  const crowd = await Crowd.join({ gateway, proxy, players, stated })
  let clockJumps = 0
  crowd.every(1_000, () => crowd.cut(0.3))
  crowd.every(1_500, () => {
    const routes = ['player.exit', 'player.throwLater', 'player.loop', 'player.fill', 'kill'] as const
    const route = routes[Math.floor(Math.random() * routes.length)]!
    if (route === 'kill') void gateway.killWorker(Math.floor(Math.random() * 2)).catch(() => {})
    else void crowd.ask(crowd.any, route, {})
  })
  // Some hold out until they read again, others are given up before.
  crowd.every(1_900, () => void proxy.hold(Math.random() * 6_000, 0.1))
  crowd.every(50, () => crowd.tick())
  crowd.every(2_300, () => {
    clock.jump((Math.random() * 2 - 1) * longestJump)
    clockJumps++
  })
  crowd.play()
  const sampler = new Sampler(sampleEvery, async () => ({ rss: process.memoryUsage.rss() }))
  await sampler.run(ms)
  const report = await crowd.end()
  return { ...report, clockJumps, rss: sampler.trends()['rss']! }
}
