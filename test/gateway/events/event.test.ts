import t from 'tap'
import { createEvent } from '../../../gateway/events/event.js'
import { frameForms } from '../../../gateway/events/event-frame.js'
import { PomeloMessages } from '../../../gateway/protocols/pomelo-messages.js'

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

t.test('an event has a rich body whether or not its text has one', async t => {
  t.equal(createEvent('a', { n: 1 }).richBody, '{"json":{"n":1}}')
  t.equal(createEvent('a').richBody, '')
  const url = '{"json":"http://a/","meta":{"values":["URL"],"v":1}}'
  t.equal(createEvent('a', new URL('http://a/')).richBody, url)
  t.equal(createEvent('a', { n: 1 }, { richOnly: true }).richBody, '{"json":{"n":1}}')
})
