import fc from 'fast-check'
import t from 'tap'
import { type Rank, Ranking } from '../../../gateway/limits/ranking.js'

t.test('the top is the one that has most, and nothing is the top of nobody', async t => {
  const ranking = new Ranking<string>()
  t.equal(ranking.top, undefined)
  const [a, b] = [ranking.add('a', 1), ranking.add('b', 2)]
  t.match(ranking.top, { item: 'b', weight: 2 })
  ranking.change(a, 3)
  t.match(ranking.top, { item: 'a', weight: 3 })
  ranking.remove(a)
  ranking.remove(a)
  ranking.change(a, 9)
  t.match(ranking.top, { item: 'b', weight: 2 })
  ranking.remove(b)
  t.same([ranking.top, ranking.size], [undefined, 0])
})

t.test('whatever is done to it, its top has most', async t => {
  const step = fc.record({
    what: fc.constantFrom('add', 'change', 'remove'),
    at: fc.nat(),
    weight: fc.nat(9)
  })
  const check = () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), steps => {
        const ranking = new Ranking<number>()
        const ranks: Rank<number>[] = []
        for (const [number, { what, at, weight }] of steps.entries()) {
          const index = at % Math.max(1, ranks.length)
          const rank = ranks[index]
          if (what === 'add' || rank === undefined) ranks.push(ranking.add(number, weight))
          else if (what === 'change') ranking.change(rank, weight)
          else ranking.remove(ranks.splice(index, 1)[0]!)
          if (ranking.size !== ranks.length) return false
          const most = Math.max(...ranks.map(each => each.weight))
          if (ranks.length > 0 && (ranking.top?.weight !== most || !ranks.includes(ranking.top))) return false
        }
        return true
      })
    )
  t.doesNotThrow(check)
})
