/**
 * Lets contenders take turns, round after round, so that an hour in which the machine is slow is slow for all. Each
 * has a fresh process, and so has the load; only one of the servers has work at a time.
 */
import type { Case, Contender } from '../cases/case.js'
import { Child } from '../processes/child.js'
import { Racer, type RacerOptions } from '../processes/racer.js'
import type { Load, Measurement, Round } from '../work/work.js'

export interface Pace {
  /** Of each measurement. */
  readonly seconds: number
  /** Rounds. */
  readonly repeats: number
  /** How many, where a case is about connections that do nothing. */
  readonly connections: number
}

/** Somebody in the race, and how its process is started. */
export interface Entry extends RacerOptions {
  readonly contender: Contender
}

/** What was measured of one contender, a round each. */
export type Series = readonly Measurement[]

/** Of a case: ours, and for each row what stands beside it. */
export interface CaseSeries {
  readonly ours: Series
  /** undefined: a row without a floor, or with one that the work of ours reckons. */
  readonly floors: readonly (Series | undefined)[]
}

/** Most seconds that a server runs before it is measured, in each round. */
const mostWarmup = 0.5

/** Measures ours and the floors. `profile`: the folder for CPU profiles of ours. */
export async function measureCase(
  measured: Case,
  pace: Pace,
  profile: string | undefined
): Promise<CaseSeries> {
  const floors = measured.beside.map(({ floor }) => (typeof floor === 'object' ? floor : undefined))
  const entries: Entry[] = [{ contender: measured.ours, profile }]
  for (const contender of floors) if (contender !== undefined) entries.push({ contender })
  const [ours, ...others] = await race(entries, pace)
  return { ours: ours!, floors: floors.map(floor => floor && others.shift()!) }
}

/** Gives the series in the order of the entries. */
export async function race(
  entries: readonly Entry[],
  { seconds, repeats, connections }: Pace
): Promise<Series[]> {
  const load = new LazyLoad()
  const racers: Racer[] = []
  try {
    for (const { contender, ...options } of entries) racers.push(await Racer.start(contender, options))
    const series = racers.map((): Measurement[] => [])
    const turn: Round = {
      seconds,
      warmupSeconds: Math.min(mostWarmup, seconds),
      connections,
      get load() {
        return load.get()
      }
    }
    for (let round = 0; round < repeats; round++) {
      // Backwards and forwards by turns, so that none profits from its place in the round.
      const order = [...racers.keys()]
      if (round % 2 === 0) order.reverse()
      for (const i of order) series[i]!.push(await entries[i]!.contender.work.run(racers[i]!, turn))
    }
    return series
  } finally {
    await Promise.all([load.end(), ...racers.map(racer => racer.end())])
  }
}

/** The load, which a case that pushes by itself never needs. */
class LazyLoad {
  #load: Load | undefined

  get(): Load {
    this.#load ??= new Child('load/load')
    return this.#load
  }

  async end(): Promise<void> {
    await this.#load?.end()
  }
}
