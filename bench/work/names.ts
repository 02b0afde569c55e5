/** The memory of names of interest. The value is bytes for each. */
import type { InterestResult } from '../servers/interest.js'
import type { Work } from './work.js'

export function names(count: number): Work {
  return {
    async run(racer) {
      // A process keeps memory that it once had, so each round starts a fresh one.
      const fresh = await racer.startAnew()
      try {
        const { bytes } = (await fresh.ask<InterestResult>('fill', count)).result
        return { value: bytes }
      } finally {
        await fresh.end()
      }
    }
  }
}
