/**
 * Requests in an open loop, some of which take long. Compares the latency of the others with that in an ideal
 * queue with the same arrivals and service times.
 */
import { idealLatencies, type QueuedRequest } from '../figures/ideal-queue.js'
import { percentile } from '../figures/percentile.js'
import { arrivalsOf, type OpenLoop } from '../load/open-loop.js'
import { capacityOf, figuresOf, type OpenLoopInit, runOpenLoop, Seeds } from './open-loop.js'
import type { Measurement, Work } from './work.js'

export interface SlowNeighbourInit extends OpenLoopInit {
  readonly heavy: {
    /** Route that replies with the microseconds that it took. */
    readonly route: string
    readonly share: number
    /** Milliseconds of CPU that it uses. */
    readonly millis: number
  }
  /** Rate, as a share of the capacity. */
  readonly share: number
  /** Workers of the gateway, and servers of the ideal queue. */
  readonly workers: number
}

/** Slow requests keep the rate low, so the measurement is this many times as long. */
const stretch = 5

/**
 * Returns the work. Its value is the p99 of the quick requests in microseconds; its floor is their p99 in the
 * ideal queue.
 */
export function slowNeighbour({ share, workers, ...asked }: SlowNeighbourInit): Work {
  const capacity = capacityOf(asked)
  const seeds = new Seeds()
  return {
    async run(racer, round): Promise<Measurement> {
      // Time that a quick request keeps a worker, if all workers are busy with quick requests only.
      const lightMillis = (workers * 1000) / (await capacity(racer, round))
      const meanMillis = lightMillis + asked.heavy.share * asked.heavy.millis
      const loop: Omit<OpenLoop, 'kind' | 'port'> = {
        ...asked,
        rate: (share * workers * 1000) / meanMillis,
        seed: seeds.next(racer),
        warmupSeconds: round.warmupSeconds,
        seconds: round.seconds * stretch
      }
      const { result, cost } = await runOpenLoop(racer, round, loop)
      const floor = percentile(
        idealLight(loop, { lightMillis, workers, heavyMicros: result.heavyValues }),
        0.99
      )
      return { value: result.p99, floor: floor * 1000, cost, ...figuresOf(result) }
    }
  }
}

interface Ideal {
  readonly lightMillis: number
  readonly workers: number
  /** Time that each slow request took, in the order of the arrivals. */
  readonly heavyMicros: readonly number[]
}

/** Returns the milliseconds that each counted quick request would have taken. */
function idealLight(
  loop: Omit<OpenLoop, 'kind' | 'port'>,
  { lightMillis, workers, heavyMicros }: Ideal
): number[] {
  const arrivals = arrivalsOf(loop)
  let heavy = 0
  const requests = arrivals.map(({ at, isHeavy }): QueuedRequest => {
    return { at, service: lightMillis + (isHeavy ? heavyMicros[heavy++]! / 1000 : 0) }
  })
  const latencies = idealLatencies(requests, workers)
  return latencies.filter((_, i) => !arrivals[i]!.isHeavy && arrivals[i]!.at >= loop.warmupSeconds * 1000)
}
