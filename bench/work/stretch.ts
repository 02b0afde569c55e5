/** Stretches: operations that a server does by itself, mostly pushes. The value is operations/s. */
import type { Stretch, StretchResult } from '../servers/stretch.js'
import { costOf, type Work } from './work.js'

export function stretch(asked: Omit<Stretch, 'seconds'>): Work {
  return {
    async run(racer, { seconds, warmupSeconds }) {
      await racer.ask('stretch', { ...asked, seconds: warmupSeconds } satisfies Stretch)
      const { result, before, after } = await racer.ask<StretchResult>('stretch', {
        ...asked,
        seconds
      } satisfies Stretch)
      return { value: result.count / result.seconds, cost: costOf(result.count, before, after) }
    }
  }
}
