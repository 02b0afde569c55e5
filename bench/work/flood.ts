/** Requests in a closed loop, with a fixed number in flight on each socket. The value is requests/s. */
import type { Flood, FloodResult } from '../load/flood.js'
import { costOf, type Work } from './work.js'

/** `isTimed`: whether p50 and p99 are measured. */
export type FloodInit = Omit<Flood, 'kind' | 'port' | 'warmupSeconds' | 'seconds'>

export function flood({ isTimed = false, ...asked }: FloodInit): Work {
  return {
    async run(racer, { load, seconds, warmupSeconds }) {
      const begun = load.next('begun')
      const done = load.next('done')
      // Both are awaited below; without this, a load that fails first would cause an unhandled rejection.
      done.catch(() => {})
      // Timing costs the load little, but only those who are timed need it.
      const timing = isTimed ? { isTimed } : {}
      load.say({
        ...asked,
        ...timing,
        kind: 'flood',
        port: racer.port,
        warmupSeconds,
        seconds
      } satisfies Flood)
      await begun
      const before = await racer.usage()
      const result = (await done).result as FloodResult
      const after = await racer.usage()
      const value = result.replies / result.seconds
      // The load and the server have separate clocks, so each reports a rate by its own.
      const operations = (value * (after.at - before.at)) / 1000
      return {
        value,
        cost: costOf(operations, before, after),
        p50: isTimed ? result.p50 : undefined,
        p99: isTimed ? result.p99 : undefined,
        loadCpu: result.cpuShare
      }
    }
  }
}
