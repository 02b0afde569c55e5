/** Accounting of frames and bytes, without a socket. */
import t from 'tap'
import { Traffic } from '../../../gateway/connections/traffic.js'

const limits = { maxFramesPerSecond: 5, maxMessageBytes: 10_000 }

t.test('what requests pay for is not due, and headers are when they have added up', async t => {
  const traffic = new Traffic(limits, 700)
  let header = 0
  for (const length of [10, 300, 70_000]) {
    traffic.came(length)
    traffic.paid(length)
    t.notOk(traffic.isDue)
    header += length < 126 ? 6 : length < 65_536 ? 8 : 14
  }
  t.equal(traffic.settle(), header)
  for (let i = 0; i < 170; i++) traffic.came(0)
  t.notOk(traffic.isDue)
  traffic.came(0)
  t.ok(traffic.isDue)
  t.equal(traffic.settle(), 171 * 6)
  t.equal(traffic.settle(), 0, 'settled is settled')
})

t.test('what was read beyond one message that is not whole is fragments, and weighs more', async t => {
  const traffic = new Traffic(limits, 700)
  traffic.compare(700 + 10_000 + 131_072)
  t.equal(traffic.settle(), 0)
  traffic.compare(700 + 10_000 + 131_072 + 60)
  t.equal(traffic.settle(), 60 * 32)
  traffic.compare(700 + 10_000 + 131_072 + 60)
  t.equal(traffic.settle(), 0, 'once')
  traffic.came(100)
  traffic.compare(700 + 10_000 + 131_072 + 60 + 106)
  t.equal(traffic.settle(), 106)
})

t.test(
  'a part of a message is a sign of life at the next look; a whole one was one when it came',
  async t => {
    const traffic = new Traffic(limits, 700)
    t.notOk(traffic.compare(700))
    t.ok(traffic.compare(701))
    t.notOk(traffic.compare(701))
    t.ok(traffic.compare(300_000), 'and what is paid for as fragments')
    t.notOk(traffic.compare(300_000))
    traffic.came(100)
    t.notOk(traffic.compare(300_106), 'a whole message')
    traffic.came(100)
    t.ok(traffic.compare(300_213), 'and one byte more')
  }
)

t.test('frames have a rate, and none where it is 0', async t => {
  const [traffic, free] = [new Traffic(limits, 0), new Traffic({ ...limits, maxFramesPerSecond: 0 }, 0)]
  t.same(
    Array.from({ length: 12 }, () => traffic.countFrame(0)),
    [...Array(10).fill(true), false, false]
  )
  t.ok(Array.from({ length: 10_000 }, () => free.countFrame(0)).every(Boolean))
})
