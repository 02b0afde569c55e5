/**
 * The test of truth over several gateways: connections are cut and gateways drained all the time, while
 * events and requests flow. In the end each player has received all events once and in the order of each
 * sender, and each request has run once and was answered, all in the session with which they began.
 */
import { ClusterCrowd } from './cluster-crowd.js'
import type { ClusterReport } from './cluster-report.js'
import type { Gateways } from './gateways.js'

export interface ClusterTruthInit {
  readonly gateways: Gateways
  readonly count: number
  readonly players: number
  /** Events for each player and second. */
  readonly rate: number
  readonly ms: number
  /** Milliseconds between two cuts, of half of the connections each; and between two drains. */
  readonly cutEvery: number
  readonly drainEvery: number
}

export interface ClusterTruthReport extends ClusterReport {
  readonly drains: number
}

export async function runClusterTruth(init: ClusterTruthInit): Promise<ClusterTruthReport> {
  const { gateways, count, players, rate, ms, cutEvery, drainEvery } = init
  const crowd = await ClusterCrowd.join({ gateways, players })
  let drains = 0
  crowd.every(cutEvery, 'cuts', () => crowd.cut(0.5))
  crowd.every(1_000 / rate, 'events', () => crowd.tick())
  crowd.every(20, 'requests', () => {
    for (let i = 0; i < players / 50; i++) crowd.follow('a request', crowd.any.take())
  })
  crowd.every(drainEvery, 'a drain', async () => {
    if (crowd.isOver) return
    const index = drains++ % count
    await crowd.keepFigures(gateways.at(index))
    const code = await gateways.roll(index)
    if (code !== 0) crowd.fault(`g${index + 1} drained and ended with ${code}`)
  })
  await new Promise(resolve => setTimeout(resolve, ms))
  const report = await crowd.end({ isExact: true })
  return { ...report, drains }
}
