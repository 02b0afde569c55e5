/**
 * The table of interest alone: a million names of users with their gateways. `node interest.js` keeps them in
 * the table of the cluster, `node interest.js map` in a Map of texts, which is its floor.
 */
import { HashTable } from '../../gateway/cluster/interest/hash-table.js'
import { hashName } from '../../gateway/cluster/interest/name-hash.js'
import { readUsedMemory } from '../readings/memory.js'
import { serve } from './server.js'

/** What a task tells: how much memory the names took, and how long one of them took to be noted. */
export interface InterestResult {
  readonly bytes: number
  readonly micros: number
}

const isMap = process.argv[2] === 'map'

await serve(async () => ({
  port: 0,
  tasks: {
    fill(count: number): InterestResult {
      const table = new HashTable()
      const map = new Map<string, number>()
      const before = readUsedMemory()
      const start = performance.now()
      for (let i = 0; i < count; i++) {
        const name = `user-${i}`
        if (isMap) map.set(name, 1 << (i % 8))
        else table.set(hashName('user', name), 1 << (i % 8))
      }
      const micros = ((performance.now() - start) * 1_000) / count
      const bytes = (readUsedMemory() - before) / count
      const found = isMap ? map.size : table.size
      if (found !== count) throw new Error(`${count} names were noted, ${found} are there`)
      return { bytes, micros }
    }
  },
  async close() {}
}))
