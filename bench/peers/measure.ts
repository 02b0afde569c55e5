/** Measures: lets the contenders take turns, round after round, so that what slows the machine down slows all down. */
import { Child } from '../processes/child.js'
import type { Case, Load, Measurement } from './cases.js'
import type { Contender } from './contenders.js'
import { Racer } from './racer.js'

export interface Pace {
  readonly rounds: number
  /** Of each measurement. */
  readonly seconds: number
}

export interface Series {
  readonly contender: Contender
  readonly rounds: readonly Measurement[]
  /** Why there are none. */
  readonly fault: string | undefined
}

/** `faultOf`: why a contender cannot be started at all. */
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
      // From the first to the last and back by turns, so that none profits from its place in the round.
      const order = round % 2 === 0 ? entrants : [...entrants].reverse()
      for (const entrant of order) await entrant.run(measured, load, pace)
    }
    return entrants.map(({ contender, rounds, fault }) => ({ contender, rounds, fault }))
  } finally {
    await Promise.all([load.end(), ...entrants.map(entrant => entrant.end())])
  }
}

/** A contender on its way through the rounds of a case. */
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

  /** Ours and the floors must start; a peer that does not is told of in the table. */
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
