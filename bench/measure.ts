/**
 * Measures one case: starts a fresh process for each contender and one for the load, and lets the contenders take
 * turns, round after round, so that an hour in which the machine is slow is slow for all.
 */
import type { Case, Contender, Work } from './cases.js'
import { Child } from './child.js'
import type { Flood, LoadAnswer } from './load.js'
import type { ServerAnswer, ServerQuestion } from './server.js'
import { rateBetween, type Usage } from './usage.js'

export interface Pace {
  /** Of each measurement. */
  readonly seconds: number
  /** Rounds. */
  readonly repeats: number
  /** The folder for CPU profiles of ours; undefined: none are made. */
  readonly profile: string | undefined
}

/** One contender in one round. */
export interface Measurement {
  readonly perSecond: number
  /** Microseconds of CPU of the server's process for each operation. */
  readonly cpuMicros: number
  /** The part of it that the first thread used; undefined where the system does not say. */
  readonly mainMicros: number | undefined
  /** Microseconds. */
  readonly p50: number | undefined
  readonly p99: number | undefined
  /** The load's CPU, as a share of one core. */
  readonly loadCpu: number | undefined
}

/** The measurements of one contender, a round each. */
export interface Series {
  readonly contender: Contender
  readonly rounds: readonly Measurement[]
}

/** Ours first, then the floors in the order of the case. */
export async function measureCase(measured: Case, pace: Pace): Promise<Series[]> {
  const contenders = [measured.ours, ...measured.floors]
  const racers: Racer[] = []
  const load = measured.work.kind === 'flood' ? new Child<Flood, LoadAnswer>('load') : undefined
  try {
    for (const contender of contenders) {
      racers.push(await Racer.start(contender, contender === measured.ours ? pace.profile : undefined))
    }
    const series: Series[] = []
    const rounds = contenders.map((): Measurement[] => [])
    for (let round = 0; round < pace.repeats; round++) {
      // Floors before ours and after it by turns, so that none profits from its place in the round.
      const order = [...racers.keys()]
      if (round % 2 === 0) order.reverse()
      for (const i of order) rounds[i]!.push(await racers[i]!.run(measured.work, load, pace.seconds))
    }
    for (const [i, contender] of contenders.entries()) series.push({ contender, rounds: rounds[i]! })
    return series
  } finally {
    await Promise.all([load?.end(), ...racers.map(racer => racer.end())])
  }
}

/** Seconds that a server runs before it is measured, in each round. */
const warmupSeconds = 0.5

/** A contender's running server. */
class Racer {
  readonly #contender: Contender
  readonly #server: Child<ServerQuestion, ServerAnswer>
  #port = 0

  private constructor(contender: Contender, profile: string | undefined) {
    this.#contender = contender
    const nodeOptions = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
    this.#server = new Child(contender.file, contender.args, nodeOptions)
  }

  static async start(contender: Contender, profile: string | undefined): Promise<Racer> {
    const racer = new Racer(contender, profile)
    racer.#port = (await racer.#server.next('up')).port
    return racer
  }

  end(): Promise<void> {
    return this.#server.end({ kind: 'end' })
  }

  run(work: Work, load: Child<Flood, LoadAnswer> | undefined, seconds: number): Promise<Measurement> {
    return work.kind === 'flood' ? this.#flood(work, load!, seconds) : this.#stretch(work.waiting, seconds)
  }

  async #flood(
    { sockets, inFlight, bodyBytes }: Work & { kind: 'flood' },
    load: Child<Flood, LoadAnswer>,
    seconds: number
  ): Promise<Measurement> {
    const { route, check } = this.#contender
    const begun = load.next('begun')
    const done = load.next('done')
    // Both are awaited below; a load that fails first must not be a rejection that nobody handles.
    done.catch(() => {})
    load.say({
      port: this.#port,
      sockets,
      inFlight,
      bodyBytes,
      route: route!,
      check: check!,
      warmupSeconds,
      seconds
    })
    await begun
    const before = await this.#usage()
    const { result } = await done
    const after = await this.#usage()
    const { p50, p99, cpuShare } = result
    return { ...perOperation(result.replies / result.seconds, before, after), p50, p99, loadCpu: cpuShare }
  }

  async #stretch(waiting: number, seconds: number): Promise<Measurement> {
    await this.#ask(waiting, warmupSeconds)
    const { result, before, after } = await this.#ask(waiting, seconds)
    const perSecond = result.count / result.seconds
    return { ...perOperation(perSecond, before, after), p50: undefined, p99: undefined, loadCpu: undefined }
  }

  #ask(waiting: number, seconds: number) {
    const answer = this.#server.next('stretch')
    this.#server.say({ kind: 'stretch', stretch: { waiting, seconds } })
    return answer
  }

  async #usage(): Promise<Usage> {
    const answer = this.#server.next('usage')
    this.#server.say({ kind: 'usage' })
    return (await answer).usage
  }
}

/** The load's clock and the server's are two: both are asked for what they saw in a second. */
function perOperation(perSecond: number, before: Usage, after: Usage) {
  const { process: cpu, mainThread } = rateBetween(before, after)
  return {
    perSecond,
    cpuMicros: cpu / perSecond,
    mainMicros: mainThread === undefined ? undefined : mainThread / perSecond
  }
}
