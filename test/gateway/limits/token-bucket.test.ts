import t from 'tap'
import { TokenBucket } from '../../../gateway/limits/token-bucket.js'

t.test('a burst of two seconds is there at once, then as much as comes by', async t => {
  const rate = new TokenBucket(10, 0)
  t.same(
    Array.from({ length: 20 }, () => rate.spend(1, 0)),
    Array(20).fill(0)
  )
  t.equal(rate.spend(1, 0), 100, 'a tenth of a second until there is one more')
  t.equal(rate.spend(1, 200), 0)
})

t.test('who goes on all the same is known by it, and is let in as soon as anybody', async t => {
  const rate = new TokenBucket(10, 0)
  for (let i = 0; i < 70; i++) rate.spend(1, 0)
  t.ok(Math.abs(rate.insistence - 5) < 0.001)
  t.equal(rate.spend(1, 100), 0, 'what was refused took nothing')
  rate.spend(1, 20_100)
  t.equal(rate.insistence, 0)
})

t.test('more than a bucket holds passes where it is full, and is paid for afterwards', async t => {
  const rate = new TokenBucket(10, 0)
  t.equal(rate.spend(50, 0), 0)
  t.equal(rate.spend(1, 0), 3_100)
})

t.test(
  'who sends half as much again is known by it after a while, and who sends a fifth more is not',
  async t => {
    const [more, little] = [new TokenBucket(10, 0), new TokenBucket(10, 0)]
    for (let ms = 0; ms < 60_000; ms += 1_000) {
      for (let i = 0; i < 15; i++) more.spend(1, ms)
      for (let i = 0; i < 12; i++) little.spend(1, ms)
    }
    t.ok(more.insistence > 10)
    t.ok(little.insistence < 1)
  }
)
