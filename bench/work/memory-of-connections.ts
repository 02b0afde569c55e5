/**
 * The memory of idle connections. The value is bytes of the server's memory for each, including what its
 * heaps keep free once they have grown.
 */

import type { Racer } from '../processes/racer.js'
import { expectOpenFiles } from '../readings/open-files.js'
import { gather } from './crowd.js'
import type { Work } from './work.js'

/** Returns the work. `first`: the route that each connection requests when it is open. */
export function memoryOfConnections(first: string): Work {
  return {
    async run(racer, { load, connections }) {
      expectOpenFiles({ sockets: connections, instead: 'ask for fewer by --connections' })
      // A process keeps memory that it once had, so each round starts a fresh one.
      const fresh = await racer.startAnew()
      const become = (size: number) => gather(load, { port: fresh.port, first, size })
      try {
        // Memory for a server's very first connection should not count, so one connection is made first.
        await become(1)
        const before = await readMemory(fresh)
        await become(connections)
        const after = await readMemory(fresh)
        await become(0)
        return { value: (after - before) / (connections - 1) }
      } finally {
        await fresh.end()
      }
    }
  }
}

async function readMemory(racer: Racer): Promise<number> {
  return (await racer.ask<number>('memory')).result
}
