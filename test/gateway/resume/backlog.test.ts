import fc from 'fast-check'
import t from 'tap'
import { EventFrame } from '../../../gateway/events/event-frame.js'
import { latestCost, messageCost, sharedFrameCost } from '../../../gateway/events/frame-cost.js'
import { SharedBudget } from '../../../gateway/limits/shared-budget.js'
import { Backlog } from '../../../gateway/resume/backlog.js'

function begin(limits = {}, budget = new SharedBudget(1_000_000, () => 1)) {
  return new Backlog(
    { maxBacklogBytes: 100_000, maxBacklogMessages: 100, maxSendBytes: 1_000_000, ...limits },
    budget
  )
}

/** Returns the bytes that messages with these frames count as. */
const messages = (...frames: string[]) => frames.length * messageCost.own + frames.join('').length

/** Returns the bytes that a latest event counts as. */
const latestOf = (place: string, frame: string) => latestCost.own + place.length + frame.length

/** Returns the frames of all counted messages in a backlog. */
function framesOf(backlog: Backlog): string[] {
  const frames: string[] = []
  for (let number = backlog.floor + 1; number <= backlog.sent; number++) frames.push(backlog.frame(number))
  return frames
}

t.test('it has what was sent and not acknowledged, in order', async t => {
  const backlog = begin()
  for (const frame of ['a', 'b', 'c', 'd']) backlog.add(frame)
  backlog.acknowledge(2)
  t.same(framesOf(backlog), ['c', 'd'])
  backlog.acknowledge(1)
  t.same(framesOf(backlog), ['c', 'd'], 'an older count says nothing new')
  backlog.add('e')
  t.same(framesOf(backlog), ['c', 'd', 'e'])
  backlog.acknowledge(5)
  t.same([framesOf(backlog), backlog.bytes], [[], 0])
})

t.test('of what is not counted it has the newest of each place, until a later message has come', async t => {
  const backlog = begin()
  backlog.keep('p', 'p1')
  backlog.add('a')
  backlog.keep('q', 'q1')
  backlog.keep('p', 'p2')
  t.same(backlog.latestKeys, ['q', 'p'])
  t.equal(backlog.latest('p'), 'p2')
  backlog.acknowledge(1)
  t.same(backlog.latestKeys, ['q', 'p'], 'they were sent after the message that has come')
  backlog.add('b')
  backlog.acknowledge(2)
  t.same([backlog.latestKeys, backlog.bytes], [[], 0])
})

t.test('beyond its limits the oldest messages go', async t => {
  const few = begin({ maxBacklogMessages: 3 })
  for (let n = 1; n <= 5; n++) few.add(String(n))
  t.same([few.floor, framesOf(few)], [2, ['3', '4', '5']])
  const short = begin({ maxBacklogBytes: messages('bbbb', 'cccc') + 2 })
  for (const frame of ['aaaa', 'bbbb', 'cccc']) short.add(frame)
  t.same([short.floor, framesOf(short), short.bytes], [1, ['bbbb', 'cccc'], messages('bbbb', 'cccc')])
})

t.test(
  'places that are too much by themselves go, and are missing for whoever has not got the next',
  async t => {
    const backlog = begin({ maxBacklogBytes: 2 * latestOf('p', 'xxxx') })
    backlog.add('a')
    backlog.acknowledge(1)
    for (const place of ['p', 'q', 'r']) backlog.keep(place, 'xxxx')
    t.same([backlog.latestKeys, backlog.bytes, backlog.floor], [[], 0, 2])
    backlog.add('b')
    t.equal(backlog.frame(2), 'b')
    backlog.acknowledge(2)
    t.equal(backlog.floor, 2, 'who has got it has missed nothing')
  }
)

t.test('while all together take too much, the greedy lose their oldest', async t => {
  const budget = new SharedBudget(messages('ss', 'llll', 'llll'), () => 2)
  const [small, large] = [begin({}, budget), begin({}, budget)]
  small.add('ss')
  for (let n = 0; n < 3; n++) large.add('llll')
  t.same([small.floor, large.floor], [0, 1])
  t.equal(budget.bytes, messages('ss', 'llll', 'llll'))
  large.clear()
  small.clear()
  t.equal(budget.bytes, 0)
})

t.test('an event that several keep counts once for all of them, from the first to the last', async t => {
  const budget = new SharedBudget(1_000_000, () => 3)
  const backlogs = [begin({}, budget), begin({}, budget), begin({}, budget)]
  const [event, position] = [new EventFrame('an event'), new EventFrame('a position')]
  const once = 2 * sharedFrameCost + event.text.length + position.text.length
  const each = messageCost.shared + latestCost.shared + 'p'.length
  for (const backlog of backlogs) {
    backlog.add(event)
    backlog.keep('p', position)
  }
  t.equal(budget.bytes, once + 3 * each)
  const [first, second, third] = backlogs
  t.equal(first!.ownBytes, each)
  t.equal(first!.bytes, messages(event.text) + latestOf('p', position.text), 'what it would take alone')
  first!.clear()
  second!.keep('p', 'another')
  second!.acknowledge(1)
  t.equal(budget.bytes, once + each + latestOf('p', 'another'))
  t.same([framesOf(third!), third!.latest('p')], [[event.text], position.text])
  third!.clear()
  second!.clear()
  t.equal(budget.bytes, 0)
})

t.test('whatever is done to it, it has the last messages in order, and its bytes are theirs', async t => {
  const step = fc.oneof(
    fc.record({ add: fc.string({ minLength: 1, maxLength: 9 }) }),
    fc.record({ keep: fc.constantFrom('p', 'q', 'r'), frame: fc.string({ maxLength: 9 }) }),
    fc.record({ acknowledge: fc.nat(40) })
  )
  const maxBacklogBytes = 9 * messageCost.own
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), steps => {
      const budget = new SharedBudget(1_000_000, () => 1)
      const backlog = begin({ maxBacklogBytes, maxBacklogMessages: 9 }, budget)
      const sent: string[] = []
      for (const each of steps) {
        if ('add' in each) {
          sent.push(each.add)
          backlog.add(each.add)
        } else if ('keep' in each) backlog.keep(each.keep, each.frame)
        else backlog.acknowledge(Math.min(each.acknowledge, sent.length))
        const frames = framesOf(backlog)
        const latest = backlog.latestKeys.map(place => backlog.latest(place)!)
        t.equal(backlog.sent, sent.length)
        const budgetThere = new SharedBudget(1_000_000, () => 1)
        const there = begin({ maxBacklogBytes, maxBacklogMessages: 9 }, budgetThere)
        there.importState(backlog.exportState())
        t.same(there.exportState(), backlog.exportState(), 'a copy in another gateway is the same')
        t.same([there.bytes, there.floor, budgetThere.bytes], [backlog.bytes, backlog.floor, backlog.bytes])
        if (backlog.floor <= sent.length) t.same(frames, sent.slice(backlog.floor))
        const costs = messages(...frames) + latest.length * latestCost.own
        const bytes = costs + [...latest, ...backlog.latestKeys].join('').length
        t.ok(bytes <= maxBacklogBytes && frames.length <= 9)
        t.equal(budget.bytes, bytes)
        t.equal(backlog.bytes, bytes)
      }
    }),
    { numRuns: 30 }
  )
})
