import t from 'tap'
import { FlushRound } from '../../../gateway/connections/flush-round.js'
import { Outgoing } from '../../../gateway/connections/outgoing.js'
import { createEvent } from '../../../gateway/events/event.js'
import { latestCost, messageCost } from '../../../gateway/events/frame-cost.js'
import { SharedBudget } from '../../../gateway/limits/shared-budget.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import type { EventOptions } from '../../../shared/events/event.js'
import { tick } from '../../helpers/core.js'
import { FakeSocket } from '../../helpers/fake-socket.js'

const latest = (key: string): EventOptions => ({ delivery: 'latest', key })
const volatile: EventOptions = { delivery: 'volatile' }

/** Returns the bytes that `count` messages of `length` characters in all count as. */
const messages = (count: number, length: number) => count * messageCost.own + length

/** Returns the bytes that a latest event of `length` characters counts as, with its key. */
const latestOf = (length: number, place: string) => latestCost.own + length + place.length

/** A clock that stands still: no late flush becomes due. */
const round = new FlushRound(() => 0)

interface Limits {
  readonly maxBytes?: number
  readonly budget?: SharedBudget
}

/** Creates the send queue of one client. Its socket takes everything until a test stalls it. */
function begin({ maxBytes = 1_000_000, budget = new SharedBudget(1_000_000_000, () => 1) }: Limits = {}) {
  const socket = new FakeSocket()
  const metrics = new Metrics()
  const behind: number[] = []
  const outgoing = new Outgoing({
    webSocket: socket,
    socket,
    metrics,
    budget,
    round,
    maxBytes,
    onBehind: () => behind.push(outgoing.bytesWaiting)
  })
  return {
    socket,
    outgoing,
    behind,
    /** The frame is the text itself. */
    send: (text: string, options?: EventOptions) => outgoing.addEvent(createEvent('e', 0, options), text),
    count: (name: 'eventsDropped' | 'eventsReplaced') => metrics.read()[name],
    /** Stalls the socket: a write is stuck in it, since its client does not read. */
    stall: async () => {
      socket.isTaking = false
      outgoing.add('stuck ')
      await tick()
    },
    /** Lets the client read again. Returns all that it has received. */
    resume: async () => {
      socket.isTaking = true
      socket.take()
      await tick()
      return socket.taken.join('')
    }
  }
}

t.test(
  'the frames of a round leave in one write, replies and events in the order in which they came',
  async t => {
    const { outgoing, socket, send } = begin()
    outgoing.add('a')
    send('b')
    send('c', latest('x'))
    outgoing.add('d')
    send('e', volatile)
    send('f', latest('y'))
    t.same(socket.taken, [], 'nothing before the round is over')
    const newest = messages(2, 2) + latestOf(1, '1:ex') + latestCost.shared
    const next = messages(2, 2) + latestOf(1, '1:ey') + latestCost.shared
    t.equal(outgoing.bytesWaiting, newest + next, 'and the places of those that may be replaced')
    await tick()
    t.same(socket.taken, ['abcdef'])
    t.equal(outgoing.bytesWaiting, 0)
    send('g')
    await tick()
    t.same(socket.taken, ['abcdef', 'g'])
  }
)

t.test('what several callbacks of one round of the event loop bring leaves in one write', async t => {
  const { outgoing, socket, send } = begin()
  outgoing.add('a')
  process.nextTick(() => send('b'))
  queueMicrotask(() => outgoing.add('c'))
  await new Promise<void>(resolve => process.nextTick(resolve))
  t.same(socket.taken, [])
  await tick()
  t.same(socket.taken, ['acb'])
})

t.test('a reply that expects another waits for it while each round brings something', async t => {
  const { outgoing, socket } = begin()
  const other = begin()
  outgoing.add('a', true)
  await tick()
  t.same(socket.taken, [], 'this round has brought it')
  outgoing.add('b', true)
  await tick()
  t.same(socket.taken, [], 'this one as well')
  other.outgoing.add('x')
  await tick()
  t.same(socket.taken, [], 'and this one something for another client')
  await tick()
  t.same(socket.taken, ['ab'])
})

t.test('a frame that expects no other takes along what waits for it', async t => {
  const { outgoing, socket, send } = begin()
  outgoing.add('a', true)
  outgoing.add('b')
  await tick()
  t.same(socket.taken, ['ab'])
  outgoing.add('c', true)
  send('d')
  await tick()
  t.same(socket.taken, ['ab', 'cd'])
  await tick()
  await tick()
  t.same(socket.taken, ['ab', 'cd'], 'and nothing is written twice')
})

t.test('while its client has not taken what was written, the next wait, and follow in one write', async t => {
  const { outgoing, socket, send, stall, resume } = begin()
  await stall()
  send('a')
  await tick()
  outgoing.add('b')
  await tick()
  t.equal(socket.bufferedAmount, 6, 'the socket has not got them')
  t.equal(outgoing.bytesWaiting, 6 + messages(2, 2))
  await resume()
  t.same(socket.taken, ['stuck ', 'ab'])
  send('c')
  await tick()
  t.same(socket.taken, ['stuck ', 'ab', 'c'])
})

t.test(
  'a latest event that has not left is replaced by a newer one of its key, which stands in the order of its own sending',
  async t => {
    const { send, stall, resume, count, outgoing } = begin()
    await stall()
    send('x1 ', latest('x'))
    send('a ')
    send('y1 ', latest('y'))
    outgoing.add('reply ')
    send('x2 ', latest('x'))
    send('b ')
    send('x3 ', latest('x'))
    send('c ')
    t.equal(await resume(), 'stuck a y1 reply b x3 c ')
    t.equal(count('eventsReplaced'), 2)
  }
)

t.test(
  'a latest event never overtakes, and is not overtaken by, what was sent before and after it',
  async t => {
    const { send, stall, resume } = begin()
    await stall()
    send('before ')
    send('latest ', latest('x'))
    send('after ')
    t.equal(await resume(), 'stuck before latest after ')
  }
)

t.test('what has left is not replaced', async t => {
  const { send, stall, resume, count } = begin()
  send('x1 ', latest('x'))
  await tick()
  await stall()
  send('x2 ', latest('x'))
  t.equal(await resume(), 'x1 stuck x2 ')
  t.equal(count('eventsReplaced'), 0)
})

t.test('replaced events take no room, however many there are', async t => {
  const { send, stall, outgoing, behind } = begin({ maxBytes: 2_000 })
  await stall()
  for (let i = 0; i < 10_000; i++) send('position', latest(String(i % 5)))
  t.equal(outgoing.bytesWaiting, 6 + 5 * latestOf('position'.length, '1:e0'))
  t.same(behind, [])
})

t.test('a volatile event is dropped while its client is behind, and only then', async t => {
  const { send, stall, resume, count } = begin()
  send('a ', volatile)
  send('b ', volatile)
  await tick()
  await stall()
  send('c ', volatile)
  send('d ')
  send('e ', volatile)
  t.equal(count('eventsDropped'), 2)
  t.equal(await resume(), 'a b stuck d ')
  send('f ', volatile)
  t.equal(await resume(), 'a b stuck d f ')
})

t.test('whoever has more waiting than may is told of once, and what waited is dropped', async t => {
  const { send, stall, behind, outgoing, socket } = begin({ maxBytes: messages(1, 94) })
  await stall()
  send('x'.repeat(94))
  t.same(behind, [], 'exactly as much as may')
  send('y')
  t.same(behind, [6], 'only what was written is left')
  send('z')
  outgoing.add('z')
  outgoing.check()
  await tick()
  t.equal(behind.length, 1)
  socket.take()
  await tick()
  t.same(socket.taken, ['stuck '])
})

t.test('who was behind before is judged at each event, and who was not at the end of the tick', async t => {
  const slow = begin({ maxBytes: messages(199, 199_000) })
  await slow.stall()
  let sent = 0
  for (; slow.behind.length === 0; sent++) slow.send('x'.repeat(1_000))
  t.equal(sent, 200)
  const late = begin({ maxBytes: 200_000 })
  late.socket.isTaking = false
  for (let i = 0; i < 1_000; i++) late.send('x'.repeat(1_000))
  t.same(late.behind, [], 'it may be ended for another reason yet')
  t.ok(late.socket.bufferedAmount < 100_000, 'and its socket does not get all of it')
  await tick()
  t.equal(late.behind.length, 1)
})

t.test('a client that takes what it is sent may be sent more in a tick than may wait', async t => {
  const { send, behind, socket } = begin({ maxBytes: 100_000 })
  for (let i = 0; i < 1_000; i++) send('x'.repeat(1_000))
  await tick()
  t.same(behind, [])
  t.equal(socket.taken.join('').length, 1_000_000)
})

t.test(
  'a write that began when nothing waited may be of any size, and what waits behind it may not',
  async t => {
    const { outgoing, send, behind, socket } = begin({ maxBytes: messages(2, 100) })
    socket.isTaking = false
    send('x'.repeat(1_000_000))
    await tick()
    outgoing.check()
    t.same(behind, [], 'it is on its way')
    t.equal(outgoing.bytesWaiting, 1_000_000, 'and counts as waiting')
    send('y'.repeat(100))
    await tick()
    t.same(behind, [])
    socket.take()
    await tick()
    t.same(behind, [], 'what was behind it is on its way now')
    socket.write('a pong'.repeat(60))
    outgoing.check()
    t.equal(behind.length, 1, 'what others write behind it counts too')
  }
)

t.test('one write on its way counts in the budget of the gateway', async t => {
  const budget = new SharedBudget(500_000, () => 2)
  const { send, behind, socket } = begin({ budget })
  socket.isTaking = false
  send('x'.repeat(1_000_000))
  await tick()
  t.same(behind, [1_000_000])
})

t.test('the budget of the gateway is told what waits, and what does not any more', async t => {
  const budget = new SharedBudget(12 + messages(2, 87), () => 1)
  const one = begin({ budget })
  const two = begin({ budget })
  await one.stall()
  await two.stall()
  one.send('x'.repeat(40))
  two.send('x'.repeat(47))
  t.notOk(budget.isExceeded, 'exactly as much as may')
  await one.resume()
  two.outgoing.check()
  two.send('x'.repeat(46))
  t.notOk(budget.isExceeded, 'what was taken is free without another sending')
  t.same([one.behind, two.behind], [[], []])
  two.send('x'.repeat(100))
  t.same(two.behind, [6])
  t.notOk(budget.isExceeded)
})

t.test(
  'when all have too much together, who has more than an equal share is told of, and others are not',
  async t => {
    const budget = new SharedBudget(12 + messages(2, 99), () => 2)
    const small = begin({ budget })
    const large = begin({ budget })
    await small.stall()
    await large.stall()
    large.send('x'.repeat(80))
    t.same(large.behind, [], 'alone it may')
    small.send('x'.repeat(20))
    t.same(small.behind, [])
    large.outgoing.check()
    t.same([small.behind, large.behind], [[], [6]])
    small.send('x')
    t.same(small.behind, [], 'and then there is room')
  }
)

t.test(
  'when it ends, what waits is dropped, and the budget has all of it back when the socket is closed',
  async t => {
    const budget = new SharedBudget(1_000_000, () => 1)
    const { outgoing, send, stall, socket, resume, behind } = begin({ budget })
    await stall()
    send('a ')
    send('b ', latest('x'))
    t.equal(budget.bytes, 6 + messages(1, 2) + latestCost.shared + latestOf(2, '1:ex'))
    outgoing.close()
    t.equal(budget.bytes, 6, 'what was written is with the socket')
    t.equal(outgoing.bytesWaiting, 6)
    socket.readyState = 3
    outgoing.close()
    t.equal(budget.bytes, 0)
    send('c ', latest('x'))
    outgoing.add('d ')
    t.equal(await resume(), 'stuck ')
    t.equal(budget.bytes, 0, 'nothing is given back twice')
    t.same(behind, [])
  }
)

t.test('a connection that is ended in peace is given what waits first', async t => {
  const { outgoing, send, stall, resume } = begin()
  await stall()
  send('a ')
  send('b ', latest('x'))
  outgoing.write()
  outgoing.close()
  t.equal(await resume(), 'stuck a b ')
})

t.test('once the client has said goodbye nothing is written, and nothing is kept', async t => {
  const { outgoing, send, stall, socket, resume } = begin()
  await stall()
  send('a ', latest('x'))
  socket.readyState = 2
  send('b ', latest('x'))
  send('c ')
  await tick()
  t.equal(outgoing.bytesWaiting, 6)
  t.equal(await resume(), 'stuck ')
  t.equal(outgoing.bytesWaiting, 0)
  const other = begin()
  other.send('a ')
  other.socket.readyState = 2
  other.outgoing.write()
  t.same(other.socket.taken, [], 'not even at the end')
})

t.test(
  'while it is held only what the protocol has to say leaves, and the rest follows its release',
  async t => {
    const { outgoing, send, socket, count } = begin()
    outgoing.cork()
    send('a ')
    send('x1 ', latest('x'))
    send('v ', volatile)
    send('b ')
    send('x2 ', latest('x'))
    outgoing.add('handshake ')
    await tick()
    t.same(socket.taken, ['handshake '])
    t.equal(outgoing.bytesWaiting, messages(2, 4) + 2 * latestCost.shared + latestOf(3, '1:ex'))
    outgoing.uncork()
    t.same(socket.taken, ['handshake ', 'a b x2 '])
    t.same([count('eventsDropped'), count('eventsReplaced')], [1, 1])
    send('c ')
    await tick()
    t.equal(socket.taken.at(-1), 'c ')
  }
)

t.test('what is held counts as waiting, and is not written when the connection ends', async t => {
  const { outgoing, send, behind, socket } = begin({ maxBytes: messages(1, 100) })
  outgoing.cork()
  send('x'.repeat(100))
  t.same(behind, [])
  send('x')
  t.same(behind, [0])
  outgoing.write()
  outgoing.uncork()
  await tick()
  t.same(socket.taken, [])
})
