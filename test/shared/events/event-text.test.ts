import t from 'tap'
import {
  deliveries,
  type EventOptions,
  type EventText,
  maxEventBodyBytes
} from '../../../shared/events/event.js'
import { createEventText } from '../../../shared/events/event-text.js'

const createEvent = (name: string, body?: unknown, options?: EventOptions) =>
  createEventText(name, body, options)

t.test('a body is its bytes, in a form that every client reads', async t => {
  t.equal(createEvent('a').body, '')
  t.equal(createEvent('a', null).body, 'null')
  t.equal(createEvent('a', { text: 'é' }).body, Buffer.from('{"text":"é"}').toString('latin1'))
  t.equal(createEvent('a', '🎮').body, '"\\ud83c\\udfae"')
})

t.test('a body is rich where JSON does not hold all of it, and its plain form is for all others', async t => {
  const bodies = (body: unknown, richOnly = false) => {
    const event = createEvent('a', body, { richOnly })
    return [event.body, event.rich]
  }
  t.same(bodies({ n: 1 }), ['{"n":1}', ''])
  t.same(bodies(undefined), ['', ''])
  t.same(bodies(new URL('http://a/')), [
    '"http://a/"',
    '{"json":"http://a/","meta":{"values":["URL"],"v":1}}'
  ])
  t.same(bodies({ u: undefined }), ['{}', '{"json":{"u":null},"meta":{"values":{"u":["undefined"]},"v":1}}'])
  const hero = new (class {
    hp = 1
  })()
  t.same(bodies(hero), ['{"hp":1}', ''], 'an instance has one form')
  t.same(bodies({ n: 1 }, true), ['', '{"json":{"n":1}}'])
  t.same(bodies(7n, true), ['', '{"json":"7","meta":{"values":["bigint"],"v":1}}'])
  t.equal(
    bodies('é', true)[1],
    Buffer.from('{"json":"é"}').toString('latin1'),
    'bytes, each as one character'
  )
  const code = 'EVENT_NOT_SERIALIZABLE'
  t.throws(() => bodies({ of: [/x/] }), { code, message: "The event can't be sent: a RegExp at of.0" })
  t.throws(() => bodies({ of: [/x/] }, true), { code, message: "The event can't be sent: a RegExp at of.0" })
  t.throws(() => bodies(new Set()), {
    code,
    message:
      "The event can't be sent: a Set at its top (with richOnly it goes to clients of rich bodies alone)"
  })
})

t.test('an event is reliable unless it says otherwise', async t => {
  t.match(createEvent('a'), { delivery: deliveries.reliable, key: '' })
  t.match(createEvent('a', 1, { delivery: 'volatile' }), { delivery: deliveries.volatile })
  t.match(createEvent('a', 1, { delivery: 'latest', key: 'k' }), { delivery: deliveries.latest, key: 'k' })
})

t.test('what is no event is refused with what was wrong', async t => {
  const wrong: [make: () => EventText, message: RegExp][] = [
    [() => createEvent(''), /name of an event to be a text of 1 to 255 bytes .* got '' \(empty\)/],
    [() => createEvent('é'.repeat(128)), /name of an event .* got "é+…" \(string\)/],
    [() => createEvent('\ud800'), /name of an event/],
    [() => createEvent('$kick'), /does not begin with \$, got "\$kick"/],
    [() => createEvent(5 as never), /name of an event .* got 5 \(number\)/],
    [() => createEvent('a', 1, null as never), /options of an event to be an object, got null/],
    [() => createEvent('a', 1, 'latest' as never), /options of an event to be an object, got "latest"/],
    [() => createEvent('a', 1, (() => {}) as never), /options of an event to be an object, got .*function/],
    [
      () => createEvent('a', 1, { delivery: '__proto__' as never }),
      /delivery of an event to be reliable, latest, volatile, got "__proto__"/
    ],
    [() => createEvent('a', 1, { delivery: 'toString' as never }), /delivery of an event/],
    [
      () => createEvent('a', 1, { richOnly: 1 as never }),
      /richOnly of an event to be true or false, got 1 \(number\)/
    ],
    [() => createEvent('a', 1, { key: 5 as never }), /key of an event .* got 5 \(number\)/],
    [
      () => createEvent('a', 1, { key: 'é'.repeat(129) }),
      /key of an event to be a string of at most 256 bytes/
    ]
  ]
  for (const [make, message] of wrong) t.throws(make, { name: 'TypeError', message })
  t.equal(createEvent('é'.repeat(127)).name.length, 127, 'as long as may be')
  t.equal(createEvent('a', 1, { key: 'é'.repeat(128) }).key.length, 128)
})

t.test('a body that has no form in JSON, or fits into no frame, is refused', async t => {
  const code = 'EVENT_NOT_SERIALIZABLE'
  t.throws(() => createEvent('a', () => {}), { code, message: /a function at its top/ })
  t.throws(() => createEvent('a', Symbol('s')), { code, message: /a symbol at its top/ })
  t.throws(() => createEvent('a', 'x'.repeat(maxEventBodyBytes)), { code, message: /16000002 bytes/ })
  t.equal(createEvent('a', 'x'.repeat(maxEventBodyBytes - 2)).body.length, maxEventBodyBytes)
})
