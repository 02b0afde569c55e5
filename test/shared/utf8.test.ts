import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../shared/errors.js'
import { decodeName, decodeUtf8, escapeAstral, escapeNonAscii, utf8Length } from '../../shared/utf8.js'
import { browserProtocol } from '../helpers/pomelo-protocol.js'

const encoder = new TextEncoder()
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('a', 'é', '好', '🎮', '\u{10ffff}', '\u{10000}', '\ufeff', '\ud7ff', '\ue000')
  })
)
const anyUnits = fc.array(fc.nat(0xffff), { maxLength: 40 }).map(units => String.fromCharCode(...units))

const high = [0xed, 0xa0, 0xbc]
const low = [0xed, 0xbe, 0xae]

t.test('a character beyond the BMP is read in UTF-8 and in CESU-8, side by side', t => {
  t.equal(decodeUtf8(Uint8Array.of(0xf0, 0x9f, 0x8e, 0xae)), '🎮')
  t.equal(decodeUtf8(Uint8Array.of(...high, ...low)), '🎮')
  t.equal(
    decodeUtf8(Uint8Array.of(0x61, ...high, ...low, 0xf0, 0x9f, 0x8e, 0xae, ...high, ...low, 0x62)),
    'a🎮🎮🎮b'
  )
  t.equal(decodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80)), '\u{10000}', 'the lowest')
  t.equal(decodeUtf8(Uint8Array.of(0xed, 0xaf, 0xbf, 0xed, 0xbf, 0xbf)), '\u{10ffff}', 'the highest')
  t.equal(
    decodeUtf8(Uint8Array.of(0xed, 0x9f, 0xbf, ...high, ...low)),
    '\ud7ff🎮',
    'ed begins other characters too'
  )
  t.equal(decodeUtf8(new Uint8Array(0)), '')
  t.end()
})

t.test('a byte order mark stays, for JSON.parse to refuse', t => {
  t.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)), '\ufeff1')
  t.end()
})

t.test('anything else is refused', t => {
  const rows: [string, number[]][] = [
    ['a lone high half', high],
    ['a lone low half', low],
    ['the halves the wrong way round', [...low, ...high]],
    ['two high halves', [...high, ...high]],
    ['a pair and a lone half', [...high, ...low, ...high]],
    ['a lone half and a pair', [...low, ...high, ...low]],
    ['halves with a letter between them', [...high, 0x61, ...low]],
    ['a pair that is cut off', [...high, 0xed, 0xbe]],
    ['a pair behind half a sequence', [0xe4, 0xbd, ...high, ...low]],
    ['a pair with a stray byte behind it', [...high, ...low, 0xae]],
    ['a half with a letter in it', [0xed, 0xa0, 0x3c, ...low]],
    ['a half with a letter at its end', [...high, 0xed, 0xbe, 0x2e]],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9]],
    ['a stray continuation', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a character above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a pair beside Latin-1', [...high, ...low, 0xe9]]
  ]
  for (const [name, bytes] of rows) {
    t.throws(
      () => decodeUtf8(Uint8Array.from(bytes)),
      { code: 'BODY_MALFORMED', message: "The body can't be read: its text is not UTF-8" },
      name
    )
  }
  t.end()
})

t.test("any text is read as UTF-8, and as Pomelo's clients write it in a browser", t => {
  fc.assert(
    fc.property(anyText, text => {
      const cesu = Uint8Array.from(browserProtocol.strencode(text))
      return decodeUtf8(encoder.encode(text)) === text && decodeUtf8(cesu) === text
    }),
    { numRuns: 2000 }
  )
  t.pass('2000 texts')
  t.end()
})

t.test('any bytes are text or BODY_MALFORMED, and text only if they are one of the two forms', t => {
  // Bytes near the pairs, where mistakes would be.
  const near = fc.array(fc.constantFrom(0xed, 0xa0, 0xaf, 0xb0, 0xbf, 0x80, 0x9f, 0xf0, 0x61), {
    maxLength: 14
  })
  const pieces = fc
    .array(fc.constantFrom(high, low, [0x61], [0xe4, 0xbd, 0xa0], [0xf0, 0x9f, 0x8e, 0xae]), { maxLength: 6 })
    .map(list => list.flat())
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 20 }), near, pieces).map(list => Uint8Array.from(list))
  let texts = 0
  fc.assert(
    fc.property(bytes, bytes => {
      let text: string
      try {
        text = decodeUtf8(bytes)
      } catch (error) {
        return error instanceof GatewayError && error.code === 'BODY_MALFORMED'
      }
      texts++
      // Read by hand: where a pair in CESU-8 has begun, the rest of it must follow.
      let at = 0
      for (const character of text) {
        const forms = [encoder.encode(character), Uint8Array.from(browserProtocol.strencode(character))]
        const form = forms.find(form => form.every((byte, i) => bytes[at + i] === byte))
        if (form === undefined) return false
        at += form.length
      }
      return at === bytes.length
    }),
    { numRuns: 5000 }
  )
  t.ok(texts > 500, `${texts} of 5000 were text`)
  t.end()
})

t.test('escapes keep JSON what it is, and every client can read them', t => {
  t.equal(escapeAstral('{"said":"你🎮好"}'), '{"said":"你\\ud83c\\udfae好"}')
  t.equal(escapeNonAscii('{"said":"é你🎮\u007f"}'), '{"said":"\\u00e9\\u4f60\\ud83c\\udfae\u007f"}')
  for (const plain of ['', '{"said":"hello"}']) {
    t.equal(escapeAstral(plain), plain)
    t.equal(escapeNonAscii(plain), plain)
  }
  t.equal(escapeAstral('{"said":"你好"}'), '{"said":"你好"}')
  t.equal(escapeAstral('"\ud83c"'), '"\\ud83c"', 'half a pair becomes an escape too')

  fc.assert(
    fc.property(fc.oneof(anyText, anyUnits), text => {
      // As an object's key as well as its value.
      const json = `{${JSON.stringify(text)}:"${text.replaceAll(/["\\\p{Cc}]/gu, '')}"}`
      const astral = escapeAstral(json)
      const ascii = escapeNonAscii(json)
      const expected = JSON.stringify(JSON.parse(json))
      return (
        JSON.stringify(JSON.parse(astral)) === expected &&
        JSON.stringify(JSON.parse(ascii)) === expected &&
        browserProtocol.strdecode(encoder.encode(astral)) === astral &&
        [...ascii].every(character => character.charCodeAt(0) < 0x80)
      )
    }),
    { numRuns: 2000 }
  )
  t.end()
})

t.test("what is not escaped is misread by Pomelo's clients in a browser", t => {
  // The reason for the escapes; were this to change, they could go.
  const json = '{"said":"🎮"}'
  t.not(browserProtocol.strdecode(encoder.encode(json)), json)
  t.end()
})

t.test('the length of a text in UTF-8 is counted as TextEncoder counts', t => {
  fc.assert(
    fc.property(fc.oneof(anyText, anyUnits), text => {
      const bytes = encoder.encode(text)
      const wellFormed = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) === text
      return utf8Length(text) === (wellFormed ? bytes.length : -1)
    }),
    { numRuns: 3000 }
  )
  const lengths: [string, number][] = [
    ['', 0],
    ['\u007f', 1],
    ['\u0080', 2],
    ['\u07ff', 2],
    ['\u0800', 3],
    ['\ud7ff', 3],
    ['\ue000', 3],
    ['\uffff', 3],
    ['\u{10000}', 4]
  ]
  for (const [text, length] of lengths) t.equal(utf8Length(text), length)
  for (const half of ['\ud83c', 'a\ud83c', '\udfae', '\udfae\ud83c', '\udfae\udfae', '\ud83c\ud83c\udfae'])
    t.equal(utf8Length(half), -1)
  t.end()
})

t.test('a name is what its bytes say, however often and after whatever it is read', t => {
  const name = fc.oneof(anyText, fc.constantFrom('score.add', 'ab', 'bC', '', '\u0000', 'é', 'Ã©'))
  fc.assert(
    fc.property(fc.array(name, { maxLength: 8 }), names =>
      [...names, ...names].every(name => {
        const bytes = encoder.encode(`<${name}>`)
        return decodeName(bytes, 1, bytes.length - 1) === name
      })
    ),
    { numRuns: 1000 }
  )
  t.equal(decodeName(Uint8Array.of(0xef, 0xbb, 0xbf), 0, 3), '\ufeff')
  t.throws(() => decodeName(Uint8Array.of(0x61, 0xe9), 0, 2), TypeError)
  t.throws(() => decodeName(Uint8Array.of(...high, ...low), 0, 6), TypeError, 'a name has one form only')
  t.end()
})

t.test('a name in Latin-1 is refused, even right after the same name in UTF-8', t => {
  // A cached name is compared unit by byte. The units of one name must not pass for the bytes of another.
  // There are enough names for some to share a slot of the cache with their twin.
  const passed: string[] = []
  for (let first = 0x80; first <= 0xff; first++) {
    for (let second = 0x80; second <= 0xff; second++) {
      const bytes = encoder.encode(String.fromCharCode(first, second))
      decodeName(bytes, 0, bytes.length)
      // c2 to df and then 80 to bf are a character of UTF-8.
      if (first >= 0xc2 && first <= 0xdf && second <= 0xbf) continue
      try {
        passed.push(decodeName(Uint8Array.of(first, second), 0, 2))
      } catch {
        // As it should be.
      }
    }
  }
  t.same(passed, [])
  t.end()
})
