/** Holds the table of hashes against a Map, and the hashes that all gateways reckon alike. */
import fc from 'fast-check'
import t from 'tap'
import { HashTable } from '../../../../gateway/cluster/interest/hash-table.js'
import { hashName, packHash, unpackHashes } from '../../../../gateway/cluster/interest/name-hash.js'

t.test('the table has what a Map has', async t => {
  const change = fc.oneof(
    {
      weight: 30,
      arbitrary: fc.record({ hash: fc.integer({ min: 1, max: 300 }), bits: fc.nat(0xffff_ffff) })
    },
    { weight: 15, arbitrary: fc.record({ hash: fc.integer({ min: 1, max: 300 }), bits: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ clear: fc.nat(0xffff_ffff) }) }
  )
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 400, size: 'max' }),
      fc.integer({ min: 1, max: 64 }),
      (list, step) => {
        const table = new HashTable()
        const map = new Map<number, number>()
        for (const each of list) {
          if ('clear' in each) {
            table.clear(each.clear)
            for (const [hash, bits] of map) map.set(hash, (bits & ~each.clear) >>> 0)
          } else {
            // A step of 64 has all hashes in one part of the table.
            table.set(each.hash * step, each.bits)
            map.set(each.hash * step, each.bits)
          }
        }
        const there = [...map].filter(([, bits]) => bits !== 0)
        return table.size === there.length && [...map].every(([hash, bits]) => table.get(hash) === bits)
      }
    ),
    { numRuns: 300 }
  )
  t.pass()
})

t.test('a name costs at most 30 bytes among a million, and nothing once it is gone', async t => {
  const table = new HashTable()
  const empty = table.bytes
  for (let n = 0; n < 1_000_000; n++) table.set(hashName('user', `user-${n}`), 1 + (n % 3))
  t.equal(table.size, 1_000_000, 'no two of these names have the same hash')
  t.ok(table.bytes <= 30_000_000, `${table.bytes / 1_000_000} bytes a name`)
  table.clear(1)
  t.equal(table.size, 666_666)
  table.clear(2)
  t.equal(table.size, 0)
  t.equal(table.bytes, empty)
})

t.test('hashes are the same in each gateway and release', async t => {
  t.same(
    ['', 'ann', 'user-1', 'ж😀'].map(name => [hashName('user', name), hashName('channel', name)]),
    [
      [8309288838186682, 6866421779139882],
      [7318658483865958, 4079385921965941],
      [3217429943183672, 923304774188704],
      [4841731426769385, 5033745129087215]
    ]
  )
})

t.test('names that differ little have different hashes, as users and as channels', async t => {
  const hashes = new Set<number>()
  for (let n = 0; n < 65_536; n++) {
    hashes.add(hashName('user', String.fromCharCode(n)))
    hashes.add(hashName('channel', String.fromCharCode(n)))
  }
  t.equal(hashes.size, 2 * 65_536)
})

t.test('hashes survive their text', async t => {
  const hashes = [1, 255, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, hashName('user', 'ann')]
  const read: number[] = []
  unpackHashes(hashes.map(packHash).join(''), hash => read.push(hash))
  t.same(read, hashes)
  t.throws(() => unpackHashes('12345678', () => {}), { message: 'hashes of 8 characters' })
})
