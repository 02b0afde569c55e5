/**
 * An overload: for some time more requests than a server can handle, then few. Requests are sent at random
 * times, whether earlier ones are answered or not. Some are refused with `OVERLOADED`; each is answered once.
 */

import { percentile } from '../figures/percentile.js'
import { rateBetween, readUsage } from '../readings/usage.js'
import { type Arrival, drawArrivals } from './arrivals.js'
import { idOf, jsonBody, RequestRing } from './frames.js'
import { keepTime } from './keep-time.js'
import { joinAll, type Player, type PlayerListener } from './player.js'
import { say, sleep } from './process.js'

export interface Overload {
  readonly kind: 'overload'
  readonly port: number
  /** The same seed results in the same arrivals. */
  readonly seed: number
  readonly sockets: number
  readonly route: string
  readonly bodyBytes: number
  /** Requests/s during the overload, and after it. */
  readonly rate: number
  readonly calmRate: number
  readonly seconds: number
  /** Seconds of the calm after the overload: first for the recovery, and then a part that is checked. */
  readonly recoverySeconds: number
  readonly calmSeconds: number
}

export interface OverloadResult {
  /** Answered requests during the overload: those with a reply, and those that were refused. */
  readonly accepted: number
  readonly refused: number
  /** Requests with a reply between the overload and the checked part of the calm. */
  readonly recovered: number
  /** Seconds from the first of them to the last. */
  readonly seconds: number
  /** CPU of this process, as a share of one core. */
  readonly cpuShare: number
  /** Microseconds from the due time of an accepted request to its reply. */
  readonly p50: number
  readonly p99: number
  readonly lateP99: number
  /** In the checked part of the calm: refusals, and latencies in microseconds. */
  readonly calm: { readonly requests: number; readonly refused: number; readonly p99: number }
}

/** Milliseconds to wait for the last replies. */
const answerGrace = 10_000

interface Sent extends Arrival {
  /** Milliseconds. */
  late: number
  latency: number
  isRefused: boolean
}

/** Requests that one socket has sent and that are not answered, by their ids. */
class Asker implements PlayerListener {
  readonly #unanswered = new Map<number, Sent>()
  readonly #loop: RunningOverload
  #count = 0

  constructor(loop: RunningOverload) {
    this.#loop = loop
  }

  send(player: Player, sent: Sent): void {
    const id = idOf(this.#count)
    if (this.#unanswered.has(id)) throw new Error('A socket of the load waits for too many replies')
    this.#unanswered.set(id, sent)
    player.send(this.#loop.ring.slice(this.#count++, 1))
  }

  repliedTo(_player: Player, id: number): void {
    this.#end(id, false)
  }

  refusedTo(_player: Player, id: number, code: string): void {
    if (code !== 'OVERLOADED') throw new Error(`Wrong answer: a request was refused with ${code}`)
    this.#end(id, true)
  }

  #end(id: number, isRefused: boolean): void {
    const sent = this.#unanswered.get(id)
    if (sent === undefined) throw new Error(`Wrong answer: ${id} was answered twice, or not asked for`)
    this.#unanswered.delete(id)
    sent.isRefused = isRefused
    this.#loop.answered(sent)
  }
}

class RunningOverload {
  readonly ring: RequestRing
  readonly arrivals: readonly Sent[]
  unanswered: number
  #startedAt = 0

  constructor(asked: Overload) {
    this.ring = new RequestRing(asked.route, jsonBody(asked.bodyBytes), 1)
    const { seed, sockets, rate, calmRate, seconds, recoverySeconds, calmSeconds } = asked
    const common = { sockets, heavyShare: 0 }
    const flood = drawArrivals({ ...common, seed, rate, seconds })
    const calm = { ...common, seed: seed + 1, rate: calmRate, seconds: recoverySeconds + calmSeconds }
    const all = [...flood, ...drawArrivals(calm).map(each => ({ ...each, at: each.at + seconds * 1000 }))]
    this.arrivals = all.map(each => ({ ...each, late: 0, latency: 0, isRefused: false }))
    this.unanswered = this.arrivals.length
  }

  async send(askers: readonly Asker[], players: readonly Player[]): Promise<void> {
    this.#startedAt = performance.now()
    const moments = this.arrivals.map(({ at }) => this.#startedAt + at)
    await keepTime(moments, (index, now) => {
      const arrival = this.arrivals[index]!
      arrival.late = now - moments[index]!
      askers[arrival.socket]!.send(players[arrival.socket]!, arrival)
    })
    for (let waited = 0; this.unanswered > 0; waited += 10) {
      if (waited > answerGrace) throw new Error(`${this.unanswered} requests were not answered`)
      await sleep(0.01)
    }
  }

  answered(sent: Sent): void {
    sent.latency = performance.now() - this.#startedAt - sent.at
    this.unanswered--
  }
}

export async function overload(asked: Overload): Promise<OverloadResult> {
  const { port, sockets, seconds, recoverySeconds } = asked
  const loop = new RunningOverload(asked)
  const askers = Array.from({ length: sockets }, () => new Asker(loop))
  const players = await joinAll(sockets, i => ({ port, check: 'any', listener: askers[i]! }))
  say({ kind: 'begun' })
  const before = readUsage()
  await loop.send(askers, players)
  const after = readUsage()
  for (const player of players) player.leave()
  const end = seconds * 1000
  const during = loop.arrivals.filter(({ at }) => at < end)
  const calmAt = end + recoverySeconds * 1000
  const recovery = loop.arrivals.filter(({ at, isRefused }) => at >= end && at < calmAt && !isRefused)
  const then = loop.arrivals.filter(({ at }) => at >= calmAt)
  const accepted = during.filter(({ isRefused }) => !isRefused)
  const micros = (which: readonly Sent[]) => which.map(({ latency }) => latency * 1000)
  return {
    accepted: accepted.length,
    refused: during.length - accepted.length,
    recovered: recovery.length,
    seconds,
    cpuShare: rateBetween(before, after).process / 1e6,
    p50: percentile(micros(accepted), 0.5),
    p99: percentile(micros(accepted), 0.99),
    lateP99: percentile(
      during.map(({ late }) => late * 1000),
      0.99
    ),
    calm: {
      requests: then.length,
      refused: then.filter(({ isRefused }) => isRefused).length,
      p99: percentile(micros(then), 0.99)
    }
  }
}
