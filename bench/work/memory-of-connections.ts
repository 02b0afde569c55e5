/**
 * Connections that are there and do nothing. The value is bytes of the server's memory for each: what its heaps keep
 * free once they have grown is among them.
 */

import type { Racer } from '../processes/racer.js'
import { expectOpenFiles } from '../readings/open-files.js'
import { gather } from './crowd.js'
import type { Work } from './work.js'

/** `first`: what each connection asks for when it comes. */
export function memoryOfConnections(first: string): Work {
  return {
    async run(racer, { load, connections }) {
      expectOpenFiles({ sockets: connections, instead: 'ask for fewer by --connections' })
      // A process keeps memory that it has had: so each round has a fresh one.
      const fresh = await racer.startAnew()
      const become = (size: number) => gather(load, { port: fresh.port, first, size })
      try {
        // One is there before, so that what is loaded and made for the first of all is not counted.
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
