/** Operations on sessions of other gateways. The value is operations/s, or the median of one alone. */
import type { AskedFar, FarResult } from '../servers/far.js'
import { costOf, type Work } from './work.js'

export interface FarInit extends Omit<AskedFar, 'seconds'> {
  /** Members of the channel, if there is one: one in each gateway. */
  readonly members?: number
}

export function far({ members = 0, ...asked }: FarInit): Work {
  return {
    async run(racer, { seconds, warmupSeconds }) {
      if (members > 0) await racer.ask('join', members)
      await racer.ask('far', { ...asked, seconds: warmupSeconds } satisfies AskedFar)
      const { result, before, after } = await racer.ask<FarResult>('far', {
        ...asked,
        seconds
      } satisfies AskedFar)
      const { count, p50, p99 } = result
      const value = p50 ?? count / result.seconds
      return { value, p50, p99, cost: costOf(count, before, after) }
    }
  }
}
