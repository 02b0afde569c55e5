/**
 * An open loop. Requests are sent when they are due, whether earlier ones are answered or not, as independent
 * players do. A latency counts from the moment when the request was due, so that it shows delays of both the
 * server and the load.
 */

import { percentile } from '../figures/percentile.js'
import { rateBetween, readUsage, type Usage } from '../readings/usage.js'
import { type Arrival, drawArrivals } from './arrivals.js'
import { jsonBody, RequestRing } from './frames.js'
import { keepTime } from './keep-time.js'
import { expectCount, joinAll, type Player, type PlayerListener } from './player.js'
import { say } from './process.js'

export interface OpenLoop {
  readonly kind: 'open-loop'
  readonly port: number
  /** The same seed results in the same arrivals. */
  readonly seed: number
  /** Requests/s on average. */
  readonly rate: number
  readonly sockets: number
  /** Route of a counter, which replies 1, 2, 3 … on each socket. */
  readonly route: string
  /**
   * Slow requests: this share of all requests calls another route. It replies with numbers, which
   * `heavyValues` returns.
   */
  readonly heavy?: { readonly route: string; readonly share: number } | undefined
  readonly bodyBytes: number
  /** Seconds at the beginning whose requests do not count. */
  readonly warmupSeconds: number
  readonly seconds: number
}

export interface OpenLoopResult {
  /** Counted requests, all of which were answered. */
  readonly requests: number
  /** Seconds from the first of them to the last. */
  readonly seconds: number
  /** CPU of this process, as a share of one core. */
  readonly cpuShare: number
  /** Microseconds from the due time of a request to its reply, without the slow requests. */
  readonly p50: number
  readonly p99: number
  /** Microseconds from the due time of a request to its writing. */
  readonly lateP99: number
  /** Replies of the slow requests, in the order of the arrivals, including those of the warm-up. */
  readonly heavyValues: readonly number[]
}

/** Milliseconds to wait for the last replies. */
const answerGrace = 10_000

/** Returns the arrivals of an open loop, including the warm-up. */
export function arrivalsOf({ heavy, ...asked }: Omit<OpenLoop, 'kind' | 'port'>): Arrival[] {
  const seconds = asked.warmupSeconds + asked.seconds
  return drawArrivals({ ...asked, seconds, heavyShare: heavy?.share ?? 0 })
}

/** An arrival, with the times when it was sent and answered. */
interface Sent extends Arrival {
  late: number
  latency: number
  value: number
}

/** Requests that one socket has sent, in the order in which their replies arrive. */
class Sender implements PlayerListener {
  readonly #loop: RunningLoop
  readonly #sent: Sent[] = []
  #counted = 0

  constructor(loop: RunningLoop) {
    this.#loop = loop
  }

  send(player: Player, arrival: Sent): void {
    const { light, heavy } = this.#loop
    player.send((arrival.isHeavy ? heavy! : light).slice(this.#sent.length, 1))
    this.#sent.push(arrival)
  }

  replied(_player: Player, index: number, value: number): void {
    const arrival = this.#sent[index]!
    if (!arrival.isHeavy) expectCount(++this.#counted, value)
    else if (Number.isNaN(value)) throw new Error('Wrong answer: a heavy request answers a number')
    this.#loop.answered(arrival, value)
  }
}

class RunningLoop {
  readonly light: RequestRing
  readonly heavy: RequestRing | undefined
  readonly arrivals: readonly Sent[]
  readonly #senders: readonly Sender[]
  #startedAt = 0
  #unanswered: number
  #onAllAnswered: (() => void) | undefined

  constructor(asked: OpenLoop) {
    const body = jsonBody(asked.bodyBytes)
    this.light = new RequestRing(asked.route, body, 1)
    this.heavy = asked.heavy && new RequestRing(asked.heavy.route, body, 1)
    this.arrivals = arrivalsOf(asked).map(each => ({ ...each, late: 0, latency: 0, value: 0 }))
    this.#senders = Array.from({ length: asked.sockets }, () => new Sender(this))
    this.#unanswered = this.arrivals.length
  }

  join({ port, sockets }: OpenLoop): Promise<Player[]> {
    return joinAll(sockets, i => ({ port, check: 'ordered', listener: this.#senders[i]! }))
  }

  /** Sends each request when it is due. `onSend` is called before each. */
  send(players: readonly Player[], onSend: (index: number) => void): Promise<void> {
    const startedAt = performance.now()
    this.#startedAt = startedAt
    const moments = this.arrivals.map(({ at }) => startedAt + at)
    return keepTime(moments, (index, now) => {
      onSend(index)
      const arrival = this.arrivals[index]!
      arrival.late = now - moments[index]!
      this.#senders[arrival.socket]!.send(players[arrival.socket]!, arrival)
    })
  }

  answered(arrival: Sent, value: number): void {
    arrival.latency = performance.now() - this.#startedAt - arrival.at
    arrival.value = value
    this.#unanswered--
    if (this.#unanswered === 0) this.#onAllAnswered?.()
  }

  /** Resolves when every request is answered. */
  allAnswered(): Promise<void> {
    if (this.#unanswered === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#unanswered} requests were not answered within ${answerGrace} ms`)),
        answerGrace
      )
      this.#onAllAnswered = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

export async function openLoop(asked: OpenLoop): Promise<OpenLoopResult> {
  const loop = new RunningLoop(asked)
  const { arrivals } = loop
  const firstCounted = arrivals.findIndex(({ at }) => at >= asked.warmupSeconds * 1000)
  if (firstCounted < 0) throw new Error('No request was due in all that time')
  const players = await loop.join(asked)
  let before: Usage | undefined
  await loop.send(players, index => {
    if (index !== firstCounted) return
    say({ kind: 'begun' })
    before = readUsage()
  })
  const after = readUsage()
  await loop.allAnswered()
  for (const player of players) player.leave()
  const counted = arrivals.slice(firstCounted)
  const light = counted.filter(({ isHeavy }) => !isHeavy).map(({ latency }) => latency * 1000)
  return {
    requests: counted.length,
    seconds: (after.at - before!.at) / 1000,
    cpuShare: rateBetween(before!, after).process / 1e6,
    p50: percentile(light, 0.5),
    p99: percentile(light, 0.99),
    lateP99: percentile(
      counted.map(({ late }) => late * 1000),
      0.99
    ),
    heavyValues: arrivals.filter(({ isHeavy }) => isHeavy).map(({ value }) => value)
  }
}
