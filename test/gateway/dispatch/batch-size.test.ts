/** A batch is as large as a millisecond of work, within bounds. */
import t from 'tap'
import { BatchSize } from '../../../gateway/dispatch/batch-size.js'

/** Returns the size that is learned from many batches of requests which take `micros` each. */
function learned(micros: number): BatchSize {
  const size = new BatchSize()
  for (let batches = 0; batches < 200; batches++) size.learn(10, 10 * micros)
  return size
}

t.test('a batch holds fewer requests the longer they take', async t => {
  t.equal(new BatchSize().requests, 10, 'the first batches are small')
  t.equal(learned(1).requests, 128, 'the most')
  t.equal(learned(30).requests, 33)
  t.equal(learned(5_000).requests, 1)
})

t.test('a batch without requests teaches nothing', async t => {
  const size = learned(30)
  size.learn(0, 1_000_000)
  t.equal(size.requests, 33)
})

t.test('one standstill does not make batches small for long', async t => {
  const size = learned(1)
  size.learn(1, 60_000_000)
  t.equal(size.requests, 1)
  for (let batches = 0; batches < 80; batches++) size.learn(10, 10)
  t.equal(size.requests, 128)
})

t.test('workers share the waiting lanes equally, but little work goes to one', async t => {
  t.equal(learned(100).shareOf(10, 4), 3)
  t.equal(learned(1).shareOf(10, 4), 10)
  t.equal(learned(100).shareOf(10, 0), 10, 'no worker is up')
})
