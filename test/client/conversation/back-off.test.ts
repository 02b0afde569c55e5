import t from 'tap'
import { BackOff } from '../../../client/conversation/back-off.js'

t.test('the bound doubles with each failure up to the most, and begins anew after a success', async t => {
  const backOff = new BackOff({ least: 100, most: 1_000 }, () => 0.5)
  t.same(
    Array.from({ length: 6 }, () => backOff.next()),
    [50, 100, 200, 400, 500, 500]
  )
  backOff.succeeded()
  t.equal(backOff.next(), 50)
})

t.test('a wait is anything from 0 to its bound', async t => {
  const random = [0, 0.999]
  const backOff = new BackOff({ least: 1_000, most: 1_000 }, () => random.shift()!)
  t.same([backOff.next(), backOff.next()], [0, 999])
})
