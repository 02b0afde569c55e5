import fc from 'fast-check'
import t from 'tap'
import { placeFor, placeOf } from '../../../gateway/dispatch/affinity.js'
import type { Request } from '../../../gateway/sessions/request.js'
import { encodeValue } from '../../../shared/values/codec.js'

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

t.test('where there is no place, there is none for a value', t => {
  t.equal(placeOf('u1', []), undefined)
  t.equal(placeOf('u1', [7]), 7)
  t.equal(placeOf('', [7]), 7)
  t.end()
})

t.test('a session without a value runs in any worker, and null and undefined are no value', t => {
  const place = (room: unknown, uid: string | null, affinity = 'room') => {
    const textOf = (key: string) => (key === 'room' ? encodeValue(key, room) : undefined)
    const asked = { route: { options: { affinity } }, session: { uid, textOf } }
    return placeFor(asked as unknown as Request, [7])
  }
  for (const room of [null, undefined]) t.equal(place(room, 'red'), undefined)
  for (const room of [0, '', false, 'null', []]) t.equal(place(room, null), 7)
  t.equal(place('one', 'red', 'other'), undefined)
  t.equal(place('one', null, 'uid'), undefined)
  t.equal(place(null, 'red', 'uid'), 7)
  t.end()
})

const anyPlaces = fc.uniqueArray(fc.nat({ max: 255 }), { minLength: 1, maxLength: 16 })

t.test('a value has one place, whatever the order in which the places are named', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), anyPlaces, (value, places) => {
      const place = placeOf(value, places)
      return places.includes(place!) && place === placeOf(value, [...places].reverse())
    })
  )
  t.end()
})

t.test('when a place goes, only the values that it had move', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), anyPlaces, fc.nat(), (value, places, pick) => {
      const gone = places[pick % places.length]!
      const rest = places.filter(place => place !== gone)
      const before = placeOf(value, places)
      const after = placeOf(value, rest)
      return before === gone ? after !== gone : after === before
    })
  )
  t.end()
})

/** Returns the number of `values` that each place gets. */
function share(values: readonly string[], places: readonly number[]): number[] {
  const counts = new Map(places.map(place => [place, 0]))
  for (const value of values) {
    const place = placeOf(value, places)!
    counts.set(place, counts.get(place)! + 1)
  }
  return [...counts.values()]
}

const kinds: Record<string, (index: number) => string> = {
  'numbers in a row': index => String(index),
  'names with a number at their end': index => `player-${index}`,
  'names with a number at their front': index => `${index}@example.com`,
  'single characters': index => String.fromCharCode(0x4e00 + index)
}

for (const [kind, make] of Object.entries(kinds)) {
  t.test(`${kind} spread evenly`, t => {
    const values = range(10_000).map(make)
    for (const size of [2, 3, 8, 16]) {
      const even = values.length / size
      // By chance, the count deviates by about the square root. Five times as much is no longer chance.
      const slack = 5 * Math.sqrt(even)
      for (const count of share(values, range(size)))
        t.ok(Math.abs(count - even) < slack, `${count} of about ${even}`)
    }
    t.end()
  })

  t.test(`${kind} of a place that goes spread evenly over the rest`, t => {
    const values = range(10_000).map(make)
    const moved = values.filter(value => placeOf(value, range(5)) === 2)
    const even = moved.length / 4
    for (const count of share(moved, [0, 1, 3, 4]))
      t.ok(Math.abs(count - even) < 5 * Math.sqrt(even), `${count} of about ${even}`)
    t.end()
  })
}
