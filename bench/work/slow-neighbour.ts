/**
 * Some requests of an open loop take long. What the others wait because of them is told beside what they would wait
 * in an ideal queue with the same arrivals and the same times of service.
 */
import { idealLatencies, type QueuedRequest } from '../figures/ideal-queue.js'
import { percentile } from '../figures/percentile.js'
import { arrivalsOf, type OpenLoop } from '../load/open-loop.js'
import { capacityOf, figuresOf, type OpenLoopInit, runOpenLoop, Seeds } from './open-loop.js'
import type { Measurement, Work } from './work.js'

export interface SlowNeighbourInit extends OpenLoopInit {
  readonly heavy: {
    /** Answers how many microseconds it took. */
    readonly route: string
    readonly share: number
    /** Milliseconds of CPU that it uses. */
    readonly millis: number
  }
  /** The rate, as a share of the capacity. */
  readonly share: number
  /** Of the gateway, and servers of the ideal queue. */
  readonly workers: number
}

/** Requests are few while some take long: so it is measured for so many times as long. */
const stretch = 5

/** The value is p99 in microseconds, of the requests that do not take long; the floor is that of the ideal queue. */
export function slowNeighbour({ share, workers, ...asked }: SlowNeighbourInit): Work {
  const capacity = capacityOf(asked)
  const seeds = new Seeds()
  return {
    async run(racer, round): Promise<Measurement> {
      // What a light request costs a worker when all are busy with nothing else.
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
  /** What each heavy request took, in the order of the arrivals. */
  readonly heavyMicros: readonly number[]
}

/** Milliseconds that each light request that is counted would have taken. */
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
