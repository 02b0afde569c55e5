/** A model of a hold: sources whose events take different ways, and come in the order of their sender. */
import fc from 'fast-check'
import t from 'tap'
import { Hold, ownSource } from '../../../../gateway/cluster/cuts/hold.js'
import { GatewayEvent } from '../../../../gateway/events/event.js'
import { deliveries } from '../../../../shared/events/event.js'

function event(source: number, n: number, delivery = deliveries.reliable as GatewayEvent['delivery']) {
  const body = JSON.stringify([source, n])
  return new GatewayEvent({ name: 'e', body, rich: '', richOnly: false, delivery, key: '' })
}

const bare = { name: 'e', body: '[4,0]', rich: '', richOnly: false, key: '' }

/** A session that has come from start 2, and to that from start 3; 4 is another gateway. */
function hold(source: () => number) {
  const heard: [source: number, n: number][] = []
  const ends: boolean[] = []
  const givers = new Map([
    [ownSource, [2, 3]],
    [2, []],
    [3, [2]],
    [4, [2, 3]]
  ])
  const held = new Hold({
    givers,
    source,
    deliver: ({ body }) => heard.push(JSON.parse(body)),
    done: isOrdered => ends.push(isOrdered)
  })
  return { held, heard, ends }
}

/** What comes on one way, in order: an event of a sender, or a word about a source. */
type Item = { readonly from: number; readonly n: number } | { readonly word: number }

/**
 * Each sender sends 1 to 9: some to the oldest gateway, some to the next, the rest to the newest. The oldest
 * one passes `switched` items on by the next one, until it knows better. The next one had the session only
 * once what came for it was in order, and so it has events of those alone about whom it knew the word.
 */
function waysOf(parts: Readonly<Record<number, readonly [number, number]>>, switched: number) {
  const numbers = Array.from({ length: 9 }, (_, i) => i + 1)
  const ways: Record<number, Item[]> = { [ownSource]: [], 2: [], 3: [], 4: [] }
  const old: Item[] = []
  for (const source of [ownSource, 4]) {
    const events = numbers.map(n => ({ from: source, n }))
    const [first, either] = parts[source]!
    old.push(...events.slice(0, first), { word: source })
    const second = old.length <= switched ? either : first
    ways[2]!.push(...events.slice(first, second))
    ways[source]!.push(...events.slice(second))
  }
  const passedOn = old.slice(0, switched)
  const [, second] = parts[3]!
  const own = numbers.map(n => ({ from: 3, n }))
  ways[2] = [...passedOn, ...own.slice(0, second), ...ways[2]!]
  ways[3] = [...old.slice(switched), ...own.slice(second)]
  for (const source of [ownSource, 3, 4]) ways[2]!.push({ word: source })
  return { ways, passedOn }
}

t.test('events come in the order of their sender, whichever way is slow', t => {
  const part = fc
    .tuple(fc.nat(9), fc.nat(9))
    .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)])
  const parts = fc.record({ [ownSource]: part, 3: part, 4: part })
  let held = 0
  fc.assert(
    fc.property(parts, fc.nat(25), fc.infiniteStream(fc.nat(3)), (parts, switched, order) => {
      let source = ownSource
      const { held: hold_, heard, ends } = hold(() => source)
      const { ways, passedOn } = waysOf(parts, switched)
      const giverOf = (way: number, item: Item) => (way === 3 || passedOn.includes(item) ? 3 : 2)
      const sources = [ownSource, 2, 3, 4]
      for (const choice of order) {
        const left = sources.filter(each => ways[each]!.length > 0)
        if (left.length === 0) break
        const way = left[choice % left.length]!
        const item = ways[way]!.shift()!
        source = way
        if ('word' in item) hold_.hear(way, giverOf(way, item), item.word)
        else if (hold_.take(event(item.from, item.n))) held++
        else heard.push([item.from, item.n])
      }
      for (const sender of [ownSource, 3, 4]) {
        const numbers = heard.filter(([from]) => from === sender).map(([, n]) => n)
        if (String(numbers) !== '1,2,3,4,5,6,7,8,9') return false
      }
      return String(ends) === 'true' && hold_.isEmpty
    }),
    { numRuns: 2_000 }
  )
  t.ok(held > 1_000, `${held} events waited`)
  t.end()
})

t.test('volatile events wait for nothing', t => {
  const { held } = hold(() => 4)
  t.equal(held.take(event(4, 1, deliveries.volatile)), false)
  t.equal(held.take(event(4, 1, deliveries.latest)), true)
  t.end()
})

t.test('what is too much, or takes too long, comes in the order of each source, which is told once', t => {
  const { held, heard, ends } = hold(() => 4)
  const runs: string[] = []
  held.whenOwn(() => runs.push('own'))
  held.take(event(4, 1))
  const large = { name: 'e', body: JSON.stringify([4, 2, 'x'.repeat(1_048_576)]), rich: '' }
  held.take(new GatewayEvent({ ...large, richOnly: false, delivery: deliveries.reliable, key: '' }))
  t.same(
    heard.map(([, n]) => n),
    [1, 2]
  )
  t.equal(held.take(event(4, 3)), false, 'nothing waits any more')
  held.giveUp()
  t.same([ends, runs], [[false], ['own']])
  t.end()
})

t.test('small events, and words about nobody, are not kept without end', t => {
  for (const fill of [
    (hold_: Hold) => hold_.take(new GatewayEvent({ ...bare, delivery: deliveries.reliable })),
    (hold_: Hold) => hold_.hear(4, 9, 9)
  ]) {
    const { held, ends } = hold(() => 4)
    let done = 0
    held.whenDone(() => done++)
    for (let n = 0; n < 20_000; n++) fill(held)
    t.same([ends, done], [[false], 1])
  }
  t.end()
})

t.test('a giver that is gone is not waited for', t => {
  const { held, heard, ends } = hold(() => 4)
  held.take(event(4, 1))
  held.drop(3)
  t.same(heard, [])
  held.drop(2)
  t.same([heard, ends], [[[4, 1]], [true]])
  t.end()
})

t.test('what waits for a session that ends is for nobody', t => {
  const { held, heard, ends } = hold(() => 4)
  const told: string[] = []
  held.whenDone(() => told.push('done'))
  held.whenOwn(() => told.push('own'))
  held.take(event(4, 1))
  held.discard()
  held.giveUp()
  t.same([heard, ends, told.sort()], [[], [], ['done', 'own']])
  t.end()
})
