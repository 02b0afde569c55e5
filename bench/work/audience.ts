/**
 * Events from a server to many receivers, tick by tick.
 * The value is events/s received by all of them together. At a fixed rate, it is the server's CPU for each
 * received event.
 */
import type { Audience } from '../load/audience.js'
import { costOf, type Work } from './work.js'

export function audience(asked: Omit<Audience, 'kind' | 'port' | 'warmupSeconds' | 'seconds'>): Work {
  return {
    async run(racer, { load, seconds, warmupSeconds }) {
      const begun = load.next('begun')
      const listened = load.next('listened')
      // Both are awaited below; without this, a load that fails first would cause an unhandled rejection.
      listened.catch(() => {})
      load.say({ ...asked, kind: 'audience', port: racer.port, warmupSeconds, seconds } satisfies Audience)
      await begun
      const before = await racer.usage()
      const { result } = await listened
      const after = await racer.usage()
      const value = result.events / result.seconds
      // The load and the server have separate clocks, so each reports a rate by its own.
      const events = (value * (after.at - before.at)) / 1000
      const cost = costOf(events, before, after)
      return {
        value: asked.interval === undefined ? value : cost.process,
        cost,
        loadCpu: result.cpuShare
      }
    }
  }
}
