/** Requests in an open loop, at a rate that is a share of the server's capacity at this moment. */
import type { OpenLoop, OpenLoopResult } from '../load/open-loop.js'
import type { Racer } from '../processes/racer.js'
import { flood } from './flood.js'
import { type Cost, costOf, type Measurement, type Round, type Work } from './work.js'

export type OpenLoopInit = Omit<OpenLoop, 'kind' | 'port' | 'seed' | 'rate' | 'warmupSeconds' | 'seconds'>

export interface AtLoadInit extends OpenLoopInit {
  /** Rate, as a share of the capacity. */
  readonly share: number
}

/** Returns the work; its value is p99 in microseconds. */
export function atLoad({ share, ...asked }: AtLoadInit): Work {
  const capacity = capacityOf(asked)
  const seeds = new Seeds()
  return {
    async run(racer, round): Promise<Measurement> {
      const rate = share * (await capacity(racer, round))
      const { warmupSeconds, seconds } = round
      const loop = { ...asked, rate, warmupSeconds, seconds, seed: seeds.next(racer) }
      const { result, cost } = await runOpenLoop(racer, round, loop)
      return { value: result.p99, cost, ...figuresOf(result) }
    }
  }
}

/**
 * Measures the capacity: requests/s of a closed loop over the same sockets, with one request in flight on
 * each, so that each is a message of its own, as in the open loop.
 */
export function capacityOf({ sockets, route, bodyBytes }: OpenLoopInit) {
  const closed = flood({ sockets, inFlight: 1, route, bodyBytes, check: 'counted' })
  return async (racer: Racer, round: Round): Promise<number> => (await closed.run(racer, round)).value
}

export async function runOpenLoop(
  racer: Racer,
  { load }: Round,
  asked: Omit<OpenLoop, 'kind' | 'port'>
): Promise<{ result: OpenLoopResult; cost: Cost }> {
  const begun = load.next('begun')
  const paced = load.next('paced')
  // Both are awaited below; without this, a load that fails first would cause an unhandled rejection.
  paced.catch(() => {})
  load.say({ ...asked, kind: 'open-loop', port: racer.port } satisfies OpenLoop)
  await begun
  const before = await racer.usage()
  const { result } = await paced
  return { result, cost: costOf(result.requests, before, await racer.usage()) }
}

export function figuresOf({ requests, seconds, p50, p99, lateP99, cpuShare }: OpenLoopResult) {
  return { rate: requests / seconds, p50, p99, lateP99, loadCpu: cpuShare }
}

/** Seed of a round's arrivals: another one in each round, the same for all contenders. */
export class Seeds {
  readonly #rounds = new WeakMap<Racer, number>()

  next(racer: Racer): number {
    const round = (this.#rounds.get(racer) ?? 0) + 1
    this.#rounds.set(racer, round)
    return round
  }
}
