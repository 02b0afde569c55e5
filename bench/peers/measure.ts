/**
 * Measures the contenders in turns, round after round. A slow phase of the machine thus slows all of them.
 */
import { Child } from '../processes/child.js'
import type { Case, Load, Measurement } from './cases.js'
import type { Contender } from './contenders.js'
import { Racer } from './racer.js'

export interface Pace {
  readonly rounds: number
  /** Seconds of each measurement. */
  readonly seconds: number
}

export interface Series {
  readonly contender: Contender
  readonly rounds: readonly Measurement[]
  /** The reason why there are no measurements; undefined: there are some. */
  readonly fault: string | undefined
}

/** Measures a case. `faultOf` returns why a contender cannot be started at all. */
export async function measureCase(
  measured: Case,
  contenders: readonly Contender[],
  pace: Pace,
  faultOf: (contender: Contender) => string | undefined
): Promise<Series[]> {
  const entrants = contenders.filter(measured.takesPart).map(each => new Entrant(each, faultOf(each)))
  const load: Load = new Child('peers/load/load')
  try {
    for (let round = 0; round < pace.rounds; round++) {
      // In alternating order, so that no contender profits from its place in the round.
      const order = round % 2 === 0 ? entrants : [...entrants].reverse()
      for (const entrant of order) await entrant.run(measured, load, pace)
    }
    return entrants.map(({ contender, rounds, fault }) => ({ contender, rounds, fault }))
  } finally {
    await Promise.all([load.end(), ...entrants.map(entrant => entrant.end())])
  }
}

/** A contender in the rounds of a case. */
class Entrant {
  readonly contender: Contender
  readonly rounds: Measurement[] = []
  fault: string | undefined
  #racer: Racer | undefined

  constructor(contender: Contender, fault: string | undefined) {
    this.contender = contender
    this.fault = fault
  }

  async run({ work, isFresh }: Case, load: Load, pace: Pace): Promise<void> {
    const racer = await this.#start()
    if (racer === undefined) return
    try {
      this.rounds.push(await work(racer, load, pace.seconds))
    } catch (error) {
      throw new Error(`${this.contender.name}: ${(error as Error).message}`)
    }
    if (isFresh) await this.end()
  }

  async end(): Promise<void> {
    await this.#racer?.end()
    this.#racer = undefined
  }

  /**
   * Starts the server. A failure of ours or of a floor ends the run; a failure of a peer is reported in the
   * table.
   */
  async #start(): Promise<Racer | undefined> {
    if (this.fault !== undefined) return undefined
    try {
      return (this.#racer ??= await Racer.start(this.contender))
    } catch (error) {
      if (this.contender.role !== 'peer') throw error
      this.fault = (error as Error).message
      return undefined
    }
  }
}
