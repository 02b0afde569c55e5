/**
 * Requests at three times the server's capacity. Measures how many of them it still answers, and the latency
 * of accepted ones. Soon after the overload, no request may be refused and latency must be low again.
 */
import type { Overload, OverloadResult } from '../load/overload.js'
import { flood } from './flood.js'
import { Seeds } from './open-loop.js'
import { costOf, type Measurement, type Work } from './work.js'

export interface OverloadInit {
  readonly sockets: number
  /** A handler that always takes the same time. */
  readonly route: string
  readonly bodyBytes: number
  /** Rate of the overload and of the calm after it, as multiples of the capacity. */
  readonly times: number
  readonly calm: number
  /** Greatest p99 in milliseconds once the overload has been over for `recoverySeconds`. */
  readonly maxQueueDelay: number
}

/**
 * The overload must last long compared with the wait that is allowed, so it lasts this many times the
 * measurement.
 */
const stretch = 5
/**
 * Seconds for the recovery after the overload, and then seconds for which latency and refusals are checked.
 */
const recoverySeconds = 2
const calmSeconds = 1
/** Requests in flight of a closed loop: so few that none waits long. They show the server's capacity. */
const closedSockets = 8

/** Returns the work; its value is the number of replies in a second, its floor that of a closed loop. */
export function overload({ times, calm, maxQueueDelay, ...asked }: OverloadInit): Work {
  const { route, bodyBytes } = asked
  const common = { route, bodyBytes, inFlight: 1, check: 'any' } as const
  const closed = flood({ ...common, sockets: closedSockets, mayBeRefused: true })
  const seeds = new Seeds()
  return {
    async run(racer, round): Promise<Measurement> {
      const { load } = round
      const capacity = (await closed.run(racer, round)).value
      const begun = load.next('begun')
      const overloaded = load.next('overloaded')
      // Both are awaited below; without this, a load that fails first would cause an unhandled rejection.
      overloaded.catch(() => {})
      const seconds = round.seconds * stretch
      load.say({
        ...asked,
        kind: 'overload',
        port: racer.port,
        seed: 2 * seeds.next(racer),
        rate: times * capacity,
        calmRate: calm * capacity,
        seconds,
        recoverySeconds,
        calmSeconds
      } satisfies Overload)
      await begun
      const before = await racer.usage()
      const watched = racer.ask<number>('watchMemory', seconds * 1000)
      const { result } = await overloaded
      const { result: memoryGrowth } = await watched
      const after = await racer.usage()
      expectCalm(result, maxQueueDelay)
      return {
        value: result.accepted / result.seconds,
        floor: capacity,
        cost: costOf(result.accepted + result.recovered + result.calm.requests, before, after),
        rate: (result.accepted + result.refused) / result.seconds,
        p50: result.p50,
        p99: result.p99,
        lateP99: result.lateP99,
        memoryGrowth,
        loadCpu: result.cpuShare
      }
    }
  }
}

function expectCalm({ calm }: OverloadResult, maxQueueDelay: number): void {
  const since = `${recoverySeconds} s after the overload`
  if (calm.refused > 0) throw new Error(`${since} ${calm.refused} of ${calm.requests} requests were refused`)
  if (calm.p99 > maxQueueDelay * 1000) throw new Error(`${since} p99 was ${Math.round(calm.p99)} µs`)
}
