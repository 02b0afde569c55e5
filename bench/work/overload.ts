/**
 * Three times what the server can do, and what it makes of that: how much it still does, and how long those wait whom it lets in.
 * Then everything must soon be as before.
 */
import type { Overload, OverloadResult } from '../load/overload.js'
import { flood } from './flood.js'
import { Seeds } from './open-loop.js'
import { costOf, type Measurement, type Work } from './work.js'

export interface OverloadInit {
  readonly sockets: number
  /** It takes the same time each time. */
  readonly route: string
  readonly bodyBytes: number
  /** How many times the capacity comes, and then which part of it. */
  readonly times: number
  readonly calm: number
  /** Milliseconds that requests may wait once it is over for `recoverySeconds`. */
  readonly maxQueueDelay: number
}

/** It must last long beside the wait that is let happen, so it is measured for so many times as long. */
const stretch = 5
/** Within so many seconds everything is as before; for so long it is looked at then. */
const recoverySeconds = 2
const calmSeconds = 1
/** So few that none of them waits long: what the server can do. */
const closedSockets = 8

/** The value is what was done in a second; the floor what a closed loop gets. */
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
      // Both are awaited below; a load that fails first must not be a rejection that nobody handles.
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
        cost: costOf(result.accepted + result.calm.requests, before, after),
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
