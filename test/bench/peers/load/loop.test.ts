/** The loop that keeps requests in flight and counts replies, without a socket. */
import t from 'tap'
import { Loop } from '../../../../bench/peers/load/loop.js'
import type { ReplyCheck } from '../../../../bench/peers/load/messages.js'
import { idCount, RequestRing } from '../../../../bench/peers/load/ring.js'
import { createProtocol } from '../../../../bench/peers/protocols/index.js'

const ring = new RequestRing(createProtocol('json'), 'counter.add', {}, 16)
const frameLength = ring.slice(0, 1).length

/** Creates a loop, and the ids of the requests that it has sent, grouped as they were sent together. */
function start(check: ReplyCheck) {
  const sent: number[][] = []
  const times: number[] = []
  const sender = {
    send(frames: Buffer) {
      const ids: number[] = []
      for (let at = 0; at < frames.length; at += frameLength) {
        const mask = frames.subarray(at + 2, at + 6)
        const payload = frames.subarray(at + 6, at + frameLength).map((byte, i) => byte ^ mask[i & 3]!)
        ids.push(JSON.parse(Buffer.from(payload).toString())[0])
      }
      sent.push(ids)
    }
  }
  const loop = new Loop({ check, onReply: milliseconds => times.push(milliseconds) })
  return { loop, sender, sent, times }
}

t.test(
  'as many requests are in flight as were asked for, and as many are sent at once as were answered',
  async t => {
    const { loop, sender, sent, times } = start('numbers')
    loop.begin(sender, ring, 3)
    loop.replied(1001, 5)
    loop.replied(1000, 5)
    loop.heard(sender, 2)
    loop.replied(1003, 6)
    loop.heard(sender, 1)
    t.same(sent, [[1000, 1001, 1002], [1003, 1004], [1005]])
    t.equal(times.length, 3)
    t.ok(times.every(time => time >= 0))
  }
)

t.test('a reply that no request waits for is wrong, and so is a second one', async t => {
  const { loop, sender } = start('numbers')
  loop.begin(sender, ring, 1)
  for (const id of [1001, 999, 1000 + idCount, Number.NaN])
    t.throws(() => loop.replied(id, 1), /no request waits/)
  loop.replied(1000, 1)
  t.throws(() => loop.replied(1000, 1), /no request waits/)
})

t.test('a counter must count, numbers must be numbers, and bodies may be anything', async t => {
  for (const [check, values, isWrong] of [
    ['counted', [1, 2, 3], false],
    ['counted', [1, 1], true],
    ['counted', [2], true],
    ['numbers', [2, 2, 1], false],
    ['numbers', [Number.NaN], true],
    ['bodies', [Number.NaN], false]
  ] as const) {
    const { loop, sender } = start(check)
    loop.begin(sender, ring, values.length)
    const hear = () => {
      for (const [i, value] of values.entries()) loop.replied(1000 + i, value)
    }
    if (isWrong) t.throws(hear, /Wrong answer/, `${check} ${values}`)
    else hear()
  }
})

t.test('a loop that drains sends no more, and is drained when all is answered', async t => {
  const { loop, sender, sent } = start('numbers')
  loop.begin(sender, ring, 2)
  let drained: number | undefined
  const draining = loop.drain().then(count => {
    drained = count
  })
  loop.replied(1000, 1)
  loop.heard(sender, 1)
  await Promise.resolve()
  t.equal(drained, undefined)
  loop.replied(1001, 1)
  loop.heard(sender, 1)
  await draining
  t.equal(drained, 2)
  t.same(sent, [[1000, 1001]])
})

t.test('one that is asked alone is answered with its number', async t => {
  const { loop, sender, sent } = start('numbers')
  const asked = loop.ask(sender, ring)
  loop.replied(1000, 17)
  loop.heard(sender, 1)
  t.equal(await asked, 17)
  t.same(sent, [[1000]])
})

t.test('a request that all other ids have overtaken is noticed', async t => {
  const { loop, sender } = start('numbers')
  loop.begin(sender, ring, 2)
  t.throws(() => {
    for (let i = 1; i <= idCount; i++) {
      loop.replied(1000 + (i % idCount), i)
      loop.heard(sender, 1)
    }
  }, /overtaken/)
})
