/**
 * Clients that all lose their connections at once and reconnect. The value is how many are back in a second,
 * with every event that they missed.
 */
import type { Storm } from '../load/storm.js'
import { expectOpenFiles } from '../readings/open-files.js'
import { costOf, type Work } from './work.js'

/** Returns the work. `missed`: events sent to each client while it is away; 0: the clients connect anew. */
export function storm(asked: Pick<Storm, 'first' | 'missed'>): Work {
  return {
    async run(racer, { load, connections }) {
      expectOpenFiles({ sockets: connections, instead: 'ask for fewer by --connections' })
      // Sessions of the previous round must not count as clients that are away.
      const fresh = await racer.startAnew()
      try {
        const away = load.next('away')
        const weathered = load.next('weathered')
        weathered.catch(() => {})
        const awayMs = Math.max(1_000, connections)
        load.say({ ...asked, kind: 'storm', port: fresh.port, clients: connections, awayMs } satisfies Storm)
        await away
        if (asked.missed > 0) await fresh.ask('tell', { missed: asked.missed, clients: connections })
        const before = await fresh.usage()
        const { result } = await weathered
        const after = await fresh.usage()
        return {
          value: connections / result.seconds,
          cost: costOf(connections, before, after),
          loadCpu: result.cpuShare
        }
      } finally {
        await fresh.end()
      }
    }
  }
}
