import t from 'tap'
import { Farewells } from '../../../gateway/resume/farewells.js'
import { closeCodes } from '../../../shared/close-codes.js'

function begin(window = 1_000) {
  const farewells = new Farewells(window)
  const add = (code: number, hashes: string[], now = 0, uid: string | null = null) =>
    farewells.add({ sid: 1, code, kickReason: 'Enough.', hashes, users: [uid, uid] }, now)
  return { farewells, add }
}

t.test('who comes back with either secret is told, and for 10 s again', async t => {
  const { farewells, add } = begin(60_000)
  add(closeCodes.kicked, ['held', 'offered'])
  add(closeCodes.replaced, ['other'])
  t.same(farewells.tell('offered', null, 1_000), { code: 4500, kickReason: 'Enough.' })
  t.same(farewells.tell('held', null, 10_999), { code: 4500, kickReason: 'Enough.' }, 'the word may be lost')
  t.same(farewells.tell('held', null, 11_000), undefined)
  t.same(farewells.tell('offered', null, 11_000), undefined)
  farewells.look(11_000)
  t.equal(farewells.size, 1)
  t.match(farewells.tell('other', null, 59_999), { code: 4503 })
  t.equal(farewells.tell('other', null, 60_000), undefined, 'no longer than it is kept')
  farewells.look(60_000)
  t.equal(farewells.size, 0)
})

t.test('only an end that somebody wanted is told', async t => {
  const { farewells, add } = begin()
  for (const code of [closeCodes.slow, closeCodes.silent, closeCodes.resumed, closeCodes.restart, 1006])
    add(code, [`of ${code}`])
  add(closeCodes.kicked, [])
  t.equal(farewells.size, 0, 'nor one whose client has no secret')
})

t.test('another user who has the secret is not told, and its own is told after', async t => {
  const { farewells, add } = begin()
  add(closeCodes.kicked, ['secret'], 0, 'red')
  t.equal(farewells.tell('secret', 'blue', 1), undefined)
  t.match(farewells.tell('secret', 'red', 1), { code: 4500 })
})

t.test('it is kept for its time, and the oldest go when there are too many', async t => {
  const { farewells, add } = begin(1_000)
  add(closeCodes.kicked, ['a'], 0)
  add(closeCodes.kicked, ['b'], 500)
  farewells.look(999)
  t.equal(farewells.size, 2)
  farewells.look(1_000)
  t.equal(farewells.tell('a', null, 1_001), undefined)
  for (let n = 0; n < 20_000; n++) add(closeCodes.kicked, [`held ${n}`, `offered ${n}`], 1_000)
  t.equal(farewells.size, 10_000)
  t.equal(farewells.tell('b', null, 1_001), undefined)
  t.equal(farewells.tell('held 9999', null, 1_001), undefined)
  t.match(farewells.tell('held 10000', null, 1_001), { code: 4500 })
  t.match(farewells.tell('offered 19999', null, 1_001), { code: 4500 })
})

t.test('another gateway keeps them on for the rest of their time', async t => {
  const { farewells, add } = begin(1_000)
  add(closeCodes.kicked, ['held', 'offered'], 0, 'red')
  add(closeCodes.replaced, ['other'], 300)
  const heirs = begin(1_000)
  for (const each of farewells.list(400)) heirs.farewells.keepOn(each, 5_000)
  for (const each of farewells.list(400)) heirs.farewells.keepOn(each, 5_100)
  t.equal(heirs.farewells.size, 2, 'each once')
  t.equal(heirs.farewells.tell('held', 'blue', 5_200), undefined)
  t.same(heirs.farewells.tell('held', 'red', 5_599), { code: 4500, kickReason: 'Enough.' })
  t.equal(heirs.farewells.tell('offered', 'red', 5_600), undefined)
  heirs.farewells.look(5_899)
  t.equal(heirs.farewells.size, 1)
  heirs.farewells.look(5_900)
  t.equal(heirs.farewells.size, 0)
  heirs.farewells.keepOn(
    { sid: 1, code: 4500, kickReason: null, hashes: ['x'], users: [null, null], left: 1e9 },
    6_000
  )
  heirs.farewells.look(7_000)
  t.equal(heirs.farewells.size, 0, 'none longer than its own')
})
