import t from 'tap'
import { readFarewells, writeFarewells } from '../../../../gateway/cluster/items/farewells.js'
import type { KeptFarewell } from '../../../../gateway/resume/farewells.js'

const farewells: KeptFarewell[] = [
  {
    sid: 7,
    code: 4500,
    kickReason: 'Enough.',
    users: [null, 'red'],
    left: 12.5,
    hashes: ['held', 'offered']
  },
  { sid: 8, code: 4503, kickReason: null, users: ['blue', 'blue'], left: 0, hashes: ['other'] }
]
const items = [
  7,
  4500,
  'Enough.',
  null,
  'red',
  13,
  2,
  'held',
  'offered',
  8,
  4503,
  null,
  'blue',
  'blue',
  0,
  1,
  'other'
]

t.test('farewells are written as items in a frozen order, and read again', async t => {
  t.same(writeFarewells(farewells), items)
  t.same(readFarewells(items), [{ ...farewells[0], left: 13 }, farewells[1]])
  t.same(readFarewells(writeFarewells([])), [])
})

t.test('items that no gateway writes are refused', async t => {
  for (const each of [[7], [7, 'x'], items.slice(0, -1), [...items, 1], ['x'], items.with(5, -1)])
    t.throws(() => readFarewells(each), { message: /^a farewell without / }, JSON.stringify(each))
})
