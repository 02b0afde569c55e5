/**
 * Chaos over several gateways: players under load, while gateways are killed, stopped and drained, workers
 * end and hang, NATS is killed and stopped, and connections are cut.
 *
 * What may be lost is what a killed gateway had, and nothing else.
 */
import { ClusterCrowd } from './cluster-crowd.js'
import type { ClusterReport } from './cluster-report.js'
import type { GatewayProcess } from './gateway-process.js'
import type { Gateways } from './gateways.js'
import { History } from './history.js'

export interface ClusterChaosInit {
  readonly gateways: Gateways
  readonly count: number
  readonly players: number
  readonly ms: number
  /** Milliseconds between two faults of gateways, and between two of NATS. */
  readonly faultEvery: number
}

export interface ClusterChaosReport extends ClusterReport {
  /** Number of times that each fault was caused. */
  readonly made: Readonly<Record<string, number>>
  /** What was left over in the processes of the gateways that were closed in the end. */
  readonly left: readonly string[]
  /**
   * Leases that ran out while their gateways lived, since NATS was away for too long. What such a gateway had
   * may be lost, and the events for it. So `faults` has no such loss then.
   */
  readonly lapses: number
  /** If a check has failed: which faults were caused when, and what the gateways have written. */
  readonly said: readonly string[]
}

/**
 * Options of the gateways. A client may be cut off, without a word, before it hears of its session. Then the
 * gateway has to notice that, and to wait for the window, before all must be gone.
 */
export const clusterChaosOptions = {
  singleSession: 'kick',
  stuckAfter: 1_000,
  handshakeTimeout: 5_000,
  heartbeat: 3_000,
  resumeWindow: 10_000
}

/** Codes with which a request may end while workers die, hang and are replaced. */
const stated = new Set([
  'WORKER_LOST',
  'HANDLER_FATAL',
  'TIMEOUT',
  'ROUTE_SUSPENDED',
  'OVERLOADED',
  'NO_WORKER'
])

/** Codes that a login may end with, beside: its user is still held by a gateway that was killed. */
const ofLogins = ['SINGLE_SESSION', 'CLUSTER_UNAVAILABLE', 'CLUSTER_TIMEOUT', 'FRONTEND_LOST']

/** Requests that harm the worker in which they run. */
const harms = ['player.exit', 'player.throwLater', 'player.loop']

/** Milliseconds that a process is stopped. */
const stopped = 700

/** Faults that a lease which has run out explains. */
const loss = / got a new session$| ended with SESSION_LOST| events of process /m

/** A line of a gateway's log. */
const lostGateway = /Gateway was lost peer=\S+ start=(\d+)/g

/** Returns how many gateways were taken for dead by others. */
function countLost(said: readonly string[]): number {
  return new Set(said.flatMap(text => [...text.matchAll(lostGateway)].map(([, start]) => start))).size
}

export async function runClusterChaos(init: ClusterChaosInit): Promise<ClusterChaosReport> {
  const { gateways, count, players, ms, faultEvery } = init
  const crowd = await ClusterCrowd.join({ gateways, players, stated: new Set([...stated, ...ofLogins]) })
  const made: Record<string, number> = {}
  const history = new History()
  const make = (fault: string) => {
    history.add(fault)
    made[fault] = (made[fault] ?? 0) + 1
  }
  const pause = (most: number) => new Promise(resolve => setTimeout(resolve, Math.random() * most))

  let next = 0
  const faultOfGateway = async () => {
    if (crowd.isOver) return
    const index = next++ % count
    const gateway = gateways.at(index)
    const kind = (['killed', 'drained', 'stopped'] as const)[Math.floor(Math.random() * 3)]!
    make(`gateways ${kind}`)
    if (kind === 'killed') {
      await crowd.kill(gateway)
      await pause(500)
      await gateways.startAnew(index)
    } else if (kind === 'drained') {
      await crowd.keepFigures(gateway)
      const code = await gateways.roll(index)
      if (code !== 0) crowd.fault(`g${index + 1} drained and ended with ${code}`)
    } else await stop(gateway, pause)
  }

  const faultOfNats = async () => {
    if (crowd.isOver) return
    if (Math.random() < 0.5) {
      make('NATS killed')
      await gateways.nats.kill()
      await pause(stopped)
      await gateways.nats.startAgain()
    } else {
      make('NATS stopped')
      gateways.nats.stop()
      await pause(stopped)
      gateways.nats.go()
    }
  }

  const faultOfWorker = async () => {
    const route = harms[Math.floor(Math.random() * (harms.length + 1))]
    make(route ?? 'workers killed')
    if (route !== undefined) await crowd.any.ask(route)
    else {
      const { up } = gateways
      await up[Math.floor(Math.random() * up.length)]?.ask('killWorker', 0).catch(() => {})
    }
  }

  crowd.every(1_000, 'cuts', () => crowd.cut(0.3))
  crowd.every(1_900, 'stalls', () => gateways.proxy.hold(Math.random() * 3_000, 0.1))
  crowd.every(faultEvery, 'a fault of a gateway', faultOfGateway)
  crowd.every(faultEvery * 1.3, 'a fault of NATS', faultOfNats)
  crowd.every(2_500, 'a fault of a worker', faultOfWorker)
  crowd.every(100, 'events', () => crowd.tick())
  crowd.play({ pause: 20 })
  await new Promise(resolve => setTimeout(resolve, ms))
  const report = await crowd.end({ isExact: false })
  const left = (await Promise.all(gateways.up.map(each => each.close()))).flat()
  const lapses = Math.max(0, countLost(gateways.said) - (made['gateways killed'] ?? 0))
  const faults = crowd.faults.filter(fault => lapses === 0 || !loss.test(fault))
  return {
    ...report,
    faults,
    made,
    left,
    lapses,
    said: faults.length === 0 ? [] : [`${history}`, ...gateways.said]
  }
}

async function stop(gateway: GatewayProcess, pause: (most: number) => Promise<unknown>): Promise<void> {
  gateway.stop()
  await pause(stopped)
  gateway.go()
}
