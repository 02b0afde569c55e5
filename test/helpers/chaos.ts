/**
 * Chaos: a crowd of players under load, while everything around it fails. Workers end in all ways, hang, fall
 * silent and send malformed messages. Connections are cut in all ways, and clients stop reading. Hooks throw.
 * The reader of the log stops. Strangers flood the port, and leave as much behind as they can. File
 * descriptors run short, and the machine's clock jumps.
 */
import { join } from 'node:path'
import type { Gateway, MetricName } from '../../gateway/index.js'
import type { TcpProxy } from '../../testing/tcp-proxy.js'
import { Crowd, type CrowdReport } from './crowd.js'
import { canLimitFiles, shortenFiles } from './file-limit.js'
import type { JumpingClock } from './jumping-clock.js'
import { root } from './paths.js'
import type { StallingLog } from './stalling-log.js'
import { Strangers } from './strangers.js'
import { Sampler, type Trend } from './trend.js'

/** Options of the gateway: handlers with faults, and limits that are soon reached. */
export const chaosOptions = {
  handlers: join(root, 'test/fixtures/handlers-chaos'),
  workers: 2,
  stuckAfter: 1_000,
  workerHeap: 64,
  maxGivenUpHandlers: 3,
  handshakeTimeout: 5_000,
  maxDetachedBytes: 16_777_216
} as const

export interface ChaosInit {
  readonly gateway: Gateway
  readonly proxy: TcpProxy
  /** The gateway's clock for the time of day. */
  readonly clock: JumpingClock
  /** The gateway's log. */
  readonly log: StallingLog
  readonly players: number
  readonly ms: number
  /** Milliseconds between two samples of the process's memory. */
  readonly sampleEvery: number
}

export interface ChaosReport extends CrowdReport {
  /** Number of times that each fault was caused. */
  readonly made: Readonly<Record<string, number>>
  /** The gateway's reactions to the faults, by its own metrics. */
  readonly met: Readonly<Record<string, number>>
  /** Greatest number of log bytes that waited for the reader. */
  readonly mostLogBytes: number
  /** Trend of the memory that the process takes. */
  readonly rss: Trend
}

/** Codes of errors with which a request may end while workers die and routes are suspended. */
const stated = new Set([
  'WORKER_LOST',
  'HANDLER_FATAL',
  'TIMEOUT',
  'ROUTE_SUSPENDED',
  'OVERLOADED',
  'NO_WORKER',
  // A filter of the handlers has thrown.
  'INTERNAL'
])

/**
 * What a second may bring at most, of all players together. One process has the players, their proxy and the
 * gateway. Node accepts one connection of a port in each round of the event loop (libuv 1.45 and later). With
 * more than this the loop is always busy, a round takes 20 ms, and fewer can come back than are cut off.
 */
const mostOf = { cuts: 40, requests: 600, events: 4_000 } as const

/** Share of the connections that are cut each second, if that is not too many. */
const cutShare = 0.3

/** Milliseconds between two events for a player, if that is not too many. */
const tickEvery = 50

/** Longest jump of the clock, forward or back, in milliseconds: two hours. */
const longestJump = 7_200_000

/** Bytes that may wait for the reader of the log: the limit of LogDoor, and a line. */
const mostLogBytes = 1.25 * 2 ** 20

/** Requests that harm the worker in which they run. */
const harms: readonly (readonly [route: string, body?: unknown])[] = [
  ['player.exit'],
  ['player.throwLater'],
  ['player.loop'],
  ['player.fill'],
  ['rogue.fallSilent'],
  ['rogue.greet'],
  ['rogue.send', { what: 'null' }],
  ['rogue.send', { what: 'a wrong kind in the middle' }]
]

/** Metrics that count the gateway's reactions to the faults. */
const metMetrics = [
  'workersLost',
  'workersStuck',
  'workersMute',
  'workersRetired',
  'handlersGivenUp',
  'routesSuspended',
  'detachedSessionsEvicted',
  'connectionsClosedSlow',
  'connectionsClosedSilent'
] as const satisfies readonly MetricName[]

export async function runChaos(init: ChaosInit): Promise<ChaosReport> {
  const { gateway, proxy, clock, log, players, ms, sampleEvery } = init
  const crowd = await Crowd.join({ gateway, proxy, players, stated })
  const strangers = new Strangers(gateway)
  const made: Record<string, number> = {}
  const count = (fault: string, by = 1) => {
    made[fault] = (made[fault] ?? 0) + by
  }
  const every = (interval: number, fault: string, make: () => void) =>
    crowd.every(interval, () => {
      count(fault)
      make()
    })
  const share = Math.min(cutShare, mostOf.cuts / players)
  crowd.every(1_000, () => crowd.cut(share))
  crowd.every(1_500, () => {
    const harm = harms[Math.floor(Math.random() * (harms.length + 1))]
    count(harm?.[0] ?? 'kill')
    if (harm === undefined) void gateway.killWorker(Math.floor(Math.random() * 2)).catch(() => {})
    else void crowd.ask(crowd.any, harm[0], harm[1] ?? {})
  })
  every(250, 'player.hang', () => void crowd.ask(crowd.any, 'player.hang', {}))
  // The gateway keeps some of them until they read again, and closes others before that.
  every(1_900, 'clients that stop reading', () => void proxy.hold(Math.random() * 6_000, 0.1))
  crowd.every(Math.max(tickEvery, (1_000 * players) / mostOf.events), () => crowd.tick())
  every(2_300, 'jumps of the clock', () => clock.jump((Math.random() * 2 - 1) * longestJump))
  every(700, 'moods of the log', () => log.changeMood())
  every(1_700, 'floods of silent sockets', () => strangers.openSilent(40))
  crowd.every(100, () => void strangers.visit())
  let shortage: Promise<boolean> | undefined
  const shorten = async () => {
    // Another one would take the present limit for the usual one.
    if (shortage !== undefined) return
    shortage = shortenFiles(0.3)
    if (await shortage) count('shortages of files')
    shortage = undefined
  }
  if (canLimitFiles) crowd.every(3_100, () => void shorten())
  crowd.play((1_000 * players) / mostOf.requests)
  const sampler = new Sampler(sampleEvery, async () => {
    // Reading the memory's size needs a file descriptor.
    await shortage
    return { rss: process.memoryUsage.rss() }
  })
  await sampler.run(ms)
  crowd.stopFaults()
  await shortage
  log.recover()
  await crowd.expect('all silent sockets are closed', () => strangers.silent === 0)
  endStrangersSessions(gateway)
  const report = await crowd.end()
  if (log.mostWaiting > mostLogBytes) crowd.fault(`${log.mostWaiting} bytes of the log waited`)
  count('visits that left all they could', strangers.visits)
  count('silent sockets', strangers.opened)
  const metrics = gateway.metrics()
  return {
    ...report,
    faults: crowd.faults,
    made,
    met: Object.fromEntries(metMetrics.map(name => [name, metrics[name]])),
    mostLogBytes: log.mostWaiting,
    rss: sampler.trends()['rss']!
  }
}

/** Ends the sessions that strangers have left behind, which would wait as long as those of players. */
function endStrangersSessions(gateway: Gateway): void {
  gateway.sessions.forEachSession(session => {
    if (session.uid === null) gateway.sessions.kickBySessionId(session.id)
  })
}
