/** Events that come before their name has a listener. */
import t from 'tap'
import type { DroppedEvents } from '../../client/base/options.js'
import { EarlyEvents } from '../../client/early-events.js'

function start() {
  const told: unknown[] = []
  const dropped: DroppedEvents[] = []
  const early = new EarlyEvents({
    tell: (name, body) => told.push(`${name}${body}`),
    dropped: each => dropped.push(each)
  })
  return { early, told, dropped }
}

const microtask = () => new Promise<void>(resolve => queueMicrotask(resolve))

t.test('the first listeners get what came before, in order and before what comes later', async t => {
  const { early, told } = start()
  for (const [name, n] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
    ['a', 4]
  ] as const)
    early.receive(name, n, 10, true)
  early.listen('b')
  early.listen('a')
  t.same(told, [], 'other listeners may be added in the same task')
  early.receive('a', 5, 10, true)
  await microtask()
  t.same(told, ['a1', 'b2', 'a4', 'a5'])
  early.receive('b', 6, 10, true)
  t.same(told.splice(0), ['a1', 'b2', 'a4', 'a5', 'b6'])
  early.receive('c', 7, 10, true)
  early.listen('c')
  await microtask()
  t.same(told.splice(0), ['c3', 'c7'])
  early.listen('c')
  await microtask()
  t.same(told, [], 'a second listener gets nothing of what came before')
})

t.test('a name that had a listener when nothing had come is passed on at once from then on', t => {
  const { early, told, dropped } = start()
  early.listen('a')
  for (let n = 0; n < 1_000; n++) early.receive('a', n, 10, true)
  t.equal(told.length, 1_000)
  t.same(dropped, [])
  t.end()
})

t.test('of events that are not counted only the newest of each name is kept', async t => {
  const { early, told, dropped } = start()
  early.receive('a', 0, 10, true)
  for (let n = 1; n < 1_000; n++) {
    early.receive('a', n, 10, false)
    early.receive('b', n, 10, false)
  }
  early.listen('a')
  early.listen('b')
  await microtask()
  t.same(told, ['a0', 'a999', 'b999'])
  t.same(dropped, [])
})

t.test(
  'beyond 256 events the name that takes the most is dropped, told once, and not kept again',
  async t => {
    const { early, told, dropped } = start()
    early.receive('a', 0, 10, true)
    for (let n = 0; n < 255; n++) early.receive('b', n, 10, true)
    t.same(dropped, [])
    early.receive('a', 1, 10, true)
    t.same(dropped, [{ event: 'b', count: 255 }])
    for (let n = 0; n < 300; n++) early.receive('b', n, 10, true)
    t.equal(dropped.length, 1)
    t.ok(
      told.splice(0).every(each => String(each).startsWith('b')),
      'they are passed on, to nobody'
    )
    early.listen('a')
    early.listen('b')
    await microtask()
    t.same(told, ['a0', 'a1'])
  }
)

t.test('beyond 256 KiB too, be it by one event', async t => {
  const { early, told, dropped } = start()
  early.receive('a', 1, 200_000, true)
  early.receive('b', 2, 60_000, true)
  t.same(dropped, [])
  early.receive('b', 3, 3_000, true)
  t.same(dropped.splice(0), [{ event: 'a', count: 1 }])
  early.receive('c', 4, 300_000, true)
  t.same(dropped, [{ event: 'c', count: 1 }])
  early.listen('b')
  await microtask()
  t.same(told, ['b2', 'b3'])
})

t.test('a listener that clears stops what would come after it', async t => {
  const told: unknown[] = []
  const early: EarlyEvents = new EarlyEvents({
    tell: (_name, body) => {
      told.push(body)
      if (body === 2) early.clear()
    },
    dropped: () => t.fail('nothing is dropped')
  })
  for (const n of [1, 2, 3]) early.receive('a', n, 10, true)
  early.listen('a')
  await microtask()
  t.same(told, [1, 2])
})
