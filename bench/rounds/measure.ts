/**
 * Measures the contenders of a case in turns, round after round. A slow phase of the machine thus slows all
 * of them. Each has a fresh process, and so has the load; only one of the servers has work at a time.
 */
import type { Case, Contender } from '../cases/case.js'
import { Child } from '../processes/child.js'
import { Racer, type RacerOptions } from '../processes/racer.js'
import type { Load, Measurement, Round } from '../work/work.js'

export interface Pace {
  /** Seconds of each measurement. */
  readonly seconds: number
  /** Number of rounds. */
  readonly repeats: number
  /** Number of connections, in cases about idle connections. */
  readonly connections: number
}

/** A contender, and how its process is started. */
export interface Entry extends RacerOptions {
  readonly contender: Contender
}

/** Measurements of one contender, one for each round. */
export type Series = readonly Measurement[]

/** Measurements of a case: of ours, and of each floor. */
export interface CaseSeries {
  readonly ours: Series
  /**
   * Measurements of each floor; undefined: the row has no floor, or our work calculates the floor's figure.
   */
  readonly floors: readonly (Series | undefined)[]
}

/** Longest warm-up in seconds before each measurement. */
const mostWarmup = 0.5

/**
 * Measures our server and the floors. `profile`: folder for CPU profiles of ours; undefined: none are
 * recorded.
 */
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

/** Runs the rounds. Returns the measurements in the order of the entries. */
export async function race(
  entries: readonly Entry[],
  { seconds, repeats, connections }: Pace
): Promise<Series[]> {
  const load = new LazyLoad()
  const racers: Racer[] = []
  try {
    for (const { contender, ...options } of entries) racers.push(await Racer.start(contender, options))
    const series = racers.map((): Measurement[] => [])
    const conditions: Round = {
      seconds,
      warmupSeconds: Math.min(mostWarmup, seconds),
      connections,
      get load() {
        return load.get()
      }
    }
    for (let round = 0; round < repeats; round++) {
      // In alternating order, so that no contender profits from its place in the round.
      const order = [...racers.keys()]
      if (round % 2 === 0) order.reverse()
      for (const i of order) series[i]!.push(await entries[i]!.contender.work.run(racers[i]!, conditions))
    }
    return series
  } finally {
    await Promise.all([load.end(), ...racers.map(racer => racer.end())])
  }
}

/** The load, started at its first use: a case whose handlers push by themselves never needs it. */
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
