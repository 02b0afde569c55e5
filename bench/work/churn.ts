/** Channels that a session joins and leaves. The value is joins/s. */
import type { StretchResult } from '../servers/stretch.js'
import { costOf, type Work } from './work.js'

export function churn(): Work {
  return {
    async run(racer, { seconds, warmupSeconds }) {
      await racer.ask('churn', { seconds: warmupSeconds })
      const { result, before, after } = await racer.ask<StretchResult>('churn', { seconds })
      return { value: result.count / result.seconds, cost: costOf(result.count, before, after) }
    }
  }
}
