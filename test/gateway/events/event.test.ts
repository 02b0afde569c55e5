import t from 'tap'
import { createEvent, type GatewayEvent } from '../../../gateway/events/event.js'
import { frameForms } from '../../../gateway/events/event-frame.js'
import { PomeloMessages } from '../../../gateway/protocols/pomelo-messages.js'
import { deliveries, maxEventBodyBytes } from '../../../shared/events/event.js'

t.test('a frame is made once for each form, however many ask for it', async t => {
  const event = createEvent('tick', { n: 1 })
  const [text, pomelo] = [frameForms.text, frameForms.pomelo]
  t.equal(event.findFrame(text), undefined)
  const added = event.addFrame(text, 'a text')
  t.equal(event.findFrame(text), added)
  t.equal(event.findFrame(pomelo), undefined)
  const [ours, pinus] = [true, false].map(
    rich => new PomeloMessages({ emptyBody: '{}', errorFlag: false, rich, counts: rich })
  )
  t.equal(ours!.eventFrame(event), ours!.eventFrame(event))
  t.equal(pinus!.eventFrame(event), pinus!.eventFrame(event))
  t.match(ours!.eventFrame(event).text, /\{"json":\{"n":1\}\}$/)
  t.match(pinus!.eventFrame(event).text, /tick\{"n":1\}$/)
  t.equal(event.findFrame(text), added, 'each has its own')
})

t.test('a body is its bytes, in a form that every client reads', async t => {
  t.equal(createEvent('a').body, '')
  t.equal(createEvent('a', null).body, 'null')
  t.equal(createEvent('a', { text: 'é' }).body, Buffer.from('{"text":"é"}').toString('latin1'))
  t.equal(createEvent('a', '🎮').body, '"\\ud83c\\udfae"')
})

t.test('a body is rich where JSON does not hold all of it, and its plain form is for all others', async t => {
  const bodies = (body: unknown, richOnly = false) => {
    const event = createEvent('a', body, { richOnly })
    return [event.body, event.rich, event.richBody]
  }
  t.same(bodies({ n: 1 }), ['{"n":1}', '', '{"json":{"n":1}}'])
  t.same(bodies(undefined), ['', '', ''])
  t.same(bodies(new URL('http://a/')), [
    '"http://a/"',
    '{"json":"http://a/","meta":{"values":["URL"],"v":1}}',
    '{"json":"http://a/","meta":{"values":["URL"],"v":1}}'
  ])
  t.same(bodies({ u: undefined }).slice(0, 2), [
    '{}',
    '{"json":{"u":null},"meta":{"values":{"u":["undefined"]},"v":1}}'
  ])
  const hero = new (class {
    hp = 1
  })()
  t.same(bodies(hero), ['{"hp":1}', '', '{"json":{"hp":1}}'], 'an instance has one form')
  t.same(bodies({ n: 1 }, true), ['', '{"json":{"n":1}}', '{"json":{"n":1}}'])
  t.same(bodies(7n, true).slice(0, 2), ['', '{"json":"7","meta":{"values":["bigint"],"v":1}}'])
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

t.test('events of one name and key have one place, and no others have it', async t => {
  const place = (name: string, key: string) => createEvent(name, 1, { delivery: 'latest', key }).latestKey
  t.equal(place('at', 'red'), place('at', 'red'))
  const others = [
    ['at', 'red'],
    ['at', 'blue'],
    ['at', ''],
    ['atr', 'ed'],
    ['at\n', 'red'],
    ['at', '\nred'],
    ['2:at', 'red']
  ].map(([name, key]) => place(name!, key!))
  t.equal(new Set(others).size, others.length)
})

t.test('an event is reliable unless it says otherwise', async t => {
  t.match(createEvent('a'), { delivery: deliveries.reliable, key: '' })
  t.match(createEvent('a', 1, { delivery: 'volatile' }), { delivery: deliveries.volatile })
  t.match(createEvent('a', 1, { delivery: 'latest', key: 'k' }), { delivery: deliveries.latest, key: 'k' })
})

t.test('what is no event is refused with what was wrong', async t => {
  const wrong: [make: () => GatewayEvent, message: RegExp][] = [
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
