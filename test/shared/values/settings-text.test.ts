import fc from 'fast-check'
import t from 'tap'
import { encodeValue } from '../../../shared/values/codec.js'
import { formatSessions, parseSessions } from '../../../shared/values/session-text.js'
import {
  findSetting,
  forEachSetting,
  formatSetting,
  meaningfulText
} from '../../../shared/values/settings-text.js'

/** Keys and texts of any UTF-16 units, those that look like lengths and lone surrogates included. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', ':', '5:', '1:1:a', '\ud800', '\udc00\ud800', '__proto__', '{"json":1}')
)
const entries = fc.uniqueArray(fc.tuple(anyText, anyText), { selector: ([key]) => key })

const format = (settings: [string, string][]) =>
  settings.map(([key, text]) => formatSetting(key, text)).join('')

t.test('what was put together is taken apart as it was, in order', async () => {
  fc.assert(
    fc.property(entries, settings => {
      const read: [string, string][] = []
      forEachSetting(format(settings), (key, text) => read.push([key, text]))
      t.same(read, settings)
    })
  )
})

t.test('each key is found with its own text, and no other key', async () => {
  fc.assert(
    fc.property(entries, anyText, (settings, other) => {
      const text = format(settings)
      const known = new Map(settings)
      for (const key of [...known.keys(), other]) {
        if (findSetting(text, key) !== known.get(key)) throw new Error(`${JSON.stringify(key)} is not found`)
      }
    })
  )
})

t.test('sessions come back from their text as they were', async t => {
  const session = fc.record({
    sid: fc.maxSafeNat(),
    uid: fc.option(anyText),
    version: fc.nat(),
    settings: entries.map(format),
    isConnected: fc.boolean(),
    frontendId: fc.constant('a')
  })
  fc.assert(
    fc.property(fc.array(session, { maxLength: 5 }), sessions => {
      t.same(parseSessions(formatSessions(sessions), 'a'), sessions)
      t.same(parseSessions(formatSessions(sessions, 'a'), '*'), sessions)
    })
  )
  t.same(parseSessions('', 'a'), [])
})

t.test('a text that is cut off is read to its end', async t => {
  for (const text of ['5', '5:', '5:3', '1:1:', '9:9:a', ':', 'x']) {
    let visits = 0
    forEachSetting(text, () => visits++)
    t.ok(visits <= text.length, text)
  }
})

t.test('the texts of null and undefined, and of no other value, stand for no value', async t => {
  for (const value of [null, undefined]) t.equal(meaningfulText(encodeValue('k', value)), undefined)
  t.equal(meaningfulText(undefined), undefined)
  const others = [
    0,
    -0,
    Number.NaN,
    '',
    'null',
    false,
    {},
    [],
    [null],
    [undefined],
    new Date(5),
    new Map(),
    5n
  ]
  for (const value of others) {
    const text = encodeValue('k', value)
    t.equal(meaningfulText(text), text)
  }
})
