import t from 'tap'
import { SharedBudget } from '../../../gateway/limits/shared-budget.js'

t.test('it is exceeded while more waits than may, and not any more when enough was taken', async t => {
  const budget = new SharedBudget(100, () => 2)
  budget.change(60)
  budget.change(40)
  t.notOk(budget.isExceeded, 'exactly the limit')
  budget.change(1)
  t.ok(budget.isExceeded)
  budget.change(-50)
  t.notOk(budget.isExceeded)
})

t.test('who has more than an equal share waiting is greedy', async t => {
  let clients = 4
  const budget = new SharedBudget(100, () => clients)
  t.same(
    [0, 25, 26].map(bytes => budget.isGreedy(bytes)),
    [false, false, true]
  )
  clients = 2
  t.same(
    [26, 50, 51].map(bytes => budget.isGreedy(bytes)),
    [false, false, true]
  )
  clients = 0
  t.same(
    [100, 101].map(bytes => budget.isGreedy(bytes)),
    [false, true]
  )
})

t.test('of those who have more than may wait, one at least is greedy', async t => {
  const budget = new SharedBudget(100, () => 3)
  for (const bytes of [30, 30, 41]) budget.change(bytes)
  t.ok(budget.isExceeded)
  t.ok([30, 30, 41].some(bytes => budget.isGreedy(bytes)))
})
