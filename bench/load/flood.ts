/**
 * A closed loop. Each player keeps a fixed number of requests in flight: when replies arrive, it sends as
 * many new requests at once.
 */
import { createHistogram } from 'node:perf_hooks'
import { rateBetween, readUsage } from '../readings/usage.js'
import { jsonBody, RequestRing } from './frames.js'
import { joinAll, type Player, type PlayerListener, type ReplyCheck } from './player.js'
import { say, sleep } from './process.js'

export interface Flood {
  readonly kind: 'flood'
  readonly port: number
  readonly sockets: number
  /** Requests in flight on each socket. */
  readonly inFlight: number
  /** Route that each socket requests once, before the clock starts. */
  readonly first?: string | undefined
  readonly route: string
  readonly bodyBytes: number
  readonly check: ReplyCheck
  /** Whether requests may be refused, which then do not count; otherwise a refusal ends the run. */
  readonly mayBeRefused?: boolean | undefined
  /**
   * Whether latencies are measured, which needs replies in order. With one request in flight they always are.
   */
  readonly isTimed?: boolean | undefined
  /** Seconds before anything is counted. */
  readonly warmupSeconds: number
  readonly seconds: number
}

export interface FloodResult {
  readonly replies: number
  readonly seconds: number
  /** CPU of this process, as a share of one core. */
  readonly cpuShare: number
  /** Microseconds from request to reply; undefined if they were not measured. */
  readonly p50: number | undefined
  readonly p99: number | undefined
}

/** Keeps one player's requests in flight. */
class Loop implements PlayerListener {
  readonly #flood: RunningFlood
  readonly refusedTo: ((player: Player) => void) | undefined
  #sent = 0
  #heard = 0
  /** The times at which the requests in flight were sent: that of request n is at n modulo their number. */
  readonly #sentAt: Float64Array

  constructor(flood: RunningFlood, inFlight: number) {
    this.#flood = flood
    this.#sentAt = new Float64Array(inFlight)
    this.refusedTo = flood.mayBeRefused ? player => this.send(player, 1) : undefined
  }

  send(player: Player, count: number): void {
    if (this.#flood.isTimed) {
      const now = performance.now()
      for (let i = 0; i < count; i++) this.#sentAt[(this.#sent + i) % this.#sentAt.length] = now
    }
    player.send(this.#flood.ring.slice(this.#sent, count))
    this.#sent += count
  }

  heard(player: Player, count: number): void {
    const flood = this.#flood
    flood.replies += count
    if (flood.isTimed) {
      const now = performance.now()
      for (let i = 0; i < count; i++) {
        const sentAt = this.#sentAt[this.#heard++ % this.#sentAt.length]!
        flood.latencies.record(Math.max(1, Math.round((now - sentAt) * 1e6)))
      }
    }
    this.send(player, count)
  }
}

/** What all loops of a flood share. */
class RunningFlood {
  readonly ring: RequestRing
  readonly isTimed: boolean
  readonly mayBeRefused: boolean
  /** Nanoseconds. */
  readonly latencies = createHistogram()
  replies = 0

  constructor({ route, bodyBytes, inFlight, mayBeRefused = false, isTimed = inFlight === 1 }: Flood) {
    this.ring = new RequestRing(route, jsonBody(bodyBytes), inFlight)
    this.isTimed = isTimed
    this.mayBeRefused = mayBeRefused
  }

  /** Microseconds. */
  percentile(share: number): number | undefined {
    return this.isTimed ? this.latencies.percentile(share) / 1000 : undefined
  }
}

/** Seconds that a flood goes on for its first reply: a busy machine may give none in a short time. */
const patience = 5

/** Resolves when there is a reply, and without one after `patience`. */
export async function firstReply(countReplies: () => number): Promise<void> {
  const end = performance.now() + patience * 1000
  while (countReplies() === 0 && performance.now() < end) await sleep(0.05)
}

export async function flood(asked: Flood): Promise<FloodResult> {
  const running = new RunningFlood(asked)
  const { port, check, first, sockets } = asked
  const loops = Array.from({ length: sockets }, () => new Loop(running, asked.inFlight))
  const players = await joinAll(sockets, i => ({ port, check, first, listener: loops[i]! }))
  for (const [i, player] of players.entries()) loops[i]!.send(player, asked.inFlight)
  await sleep(asked.warmupSeconds)
  say({ kind: 'begun' })
  running.replies = 0
  running.latencies.reset()
  const before = readUsage()
  await sleep(asked.seconds)
  await firstReply(() => running.replies)
  const after = readUsage()
  const { replies } = running
  for (const player of players) player.leave()
  if (replies === 0) throw new Error('No reply came in all that time')
  return {
    replies,
    seconds: (after.at - before.at) / 1000,
    cpuShare: rateBetween(before, after).process / 1e6,
    p50: running.percentile(50),
    p99: running.percentile(99)
  }
}
