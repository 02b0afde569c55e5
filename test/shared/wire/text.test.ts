import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../../shared/errors.js'
import { scanRequest } from '../../../shared/wire/text.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const maxId = 2 ** 32 - 1

interface Read {
  readonly id: number
  readonly route: string
  /** undefined if there is none. */
  readonly body: string | undefined
}

function scan(text: string | Uint8Array): Read {
  const bytes = typeof text === 'string' ? encoder.encode(text) : text
  const { id, route, bodyStart, bodyEnd } = scanRequest(bytes)
  return {
    id,
    route,
    body: bodyStart === bodyEnd ? undefined : decoder.decode(bytes.subarray(bodyStart, bodyEnd))
  }
}

/** Reads a frame by JSON.parse; undefined if it is no request. */
function readByOracle(text: string): { id: number; route: string; body: unknown } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) return undefined
  const [id, route, body] = value as unknown[]
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > maxId) return undefined
  // JSON.parse reads 1.0, 1e0 and -0 as integers too. The protocol allows only plain digits.
  if (!/^\s*\[\s*\d+\s*,/.test(text)) return undefined
  if (typeof route !== 'string' || encoder.encode(route).length > 255) return undefined
  // Half a surrogate pair, which TextEncoder replaces.
  if (decoder.decode(encoder.encode(route)) !== route) return undefined
  return { id, route, body }
}

/** Whether scanRequest and JSON.parse of the body together agree with the oracle on this text. */
function agrees(units: string): boolean {
  // Frames are UTF-8, so half a surrogate pair becomes U+FFFD first.
  const text = decoder.decode(encoder.encode(units))
  const expected = readByOracle(text)
  let read: Read
  try {
    read = scan(text)
  } catch (error) {
    return expected === undefined && error instanceof GatewayError && error.code === 'FRAME_MALFORMED'
  }
  let body: unknown
  if (read.body !== undefined) {
    try {
      body = JSON.parse(read.body)
    } catch {
      return expected === undefined
    }
  }
  return (
    expected !== undefined &&
    read.id === expected.id &&
    read.route === expected.route &&
    JSON.stringify(body) === JSON.stringify(expected.body)
  )
}

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 })
/** A route as a client may write it: some characters are escaped without need. */
const routeText = fc
  .tuple(
    fc.string({ unit: fc.oneof(fc.constantFrom('.', 'a', '你', '🎮', '"', '\\', '/'), fc.string()) }),
    fc.nat(3)
  )
  .map(([route, every]) => {
    if (every > 1) return JSON.stringify(route)
    const units = [
      ...JSON.stringify(route)
        .slice(1, -1)
        .matchAll(/\\u....|\\.|[\s\S]/g)
    ].map(([unit]) => unit)
    const escaped = units.map((unit, i) =>
      unit.length === 1 && i % 2 === every ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : unit
    )
    return `"${escaped.join('')}"`
  })
const idText = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom(
    '0',
    String(maxId),
    String(maxId + 1),
    '00',
    '01',
    '-0',
    '-1',
    '1.0',
    '1e2',
    '',
    '"1"',
    'null'
  )
)
const bodyText = fc.oneof(
  fc.json(),
  fc.constantFrom('', ' ', '1],[2', '1,2', ']', '"]"', '{"a":"]"}', '"好🎮"', 'nul')
)

const request = fc
  .tuple(idText, routeText, fc.option(bodyText), fc.array(space, { minLength: 8, maxLength: 8 }))
  .map(([id, route, body, [a, b, c, d, e, f, g, h]]) =>
    body === null
      ? `${a}[${b}${id}${c},${d}${route}${e}]${f}`
      : `${a}[${b}${id}${c},${d}${route}${e},${f}${body}${g}]${h}`
  )

t.test('a request, a notify and a request without a body are read', t => {
  t.same(scan('[1,"score.add",{"points":3}]'), { id: 1, route: 'score.add', body: '{"points":3}' })
  t.same(scan('[0,"score.add",null]'), { id: 0, route: 'score.add', body: 'null' })
  t.same(scan('[4294967295,""]'), { id: 4294967295, route: '', body: undefined })
  t.same(scanRequest(encoder.encode('[1,"a",23]')), { id: 1, route: 'a', bodyStart: 7, bodyEnd: 9 })
  t.end()
})

t.test('white space may stand wherever JSON lets it', t => {
  t.same(scan(' \t[\r\n7 , "a" , 8 ] \n'), { id: 7, route: 'a', body: ' 8 ' })
  t.same(scan('[7,"a" ]\n'), { id: 7, route: 'a', body: undefined })
  for (const text of ['\u00a0[7,"a"]', '[7,"a"]\u000b', '\ufeff[7,"a"]']) {
    t.throws(() => scan(text), { code: 'FRAME_MALFORMED' }, 'and only what JSON has for it')
  }
  t.end()
})

t.test('escapes in a route are what they stand for', t => {
  const rows: [string, string][] = [
    ['"\\u0061\\/b"', 'a/b'],
    ['"\\"]\\\\"', '"]\\'],
    ['"聊天.说话"', '聊天.说话'],
    ['"🎮"', '🎮'],
    ['"\\ud83c\\udfae"', '🎮'],
    ['"__proto__"', '__proto__']
  ]
  for (const [spelt, route] of rows) t.equal(scan(`[1,${spelt},2]`).route, route, spelt)
  t.end()
})

t.test('a route takes 255 bytes of UTF-8 and no more, however it is spelt', t => {
  const fits = ['a'.repeat(255), '你'.repeat(85), '\\u0061'.repeat(255), '\\u4f60'.repeat(85)]
  for (const spelt of fits) t.equal(encoder.encode(scan(`[1,"${spelt}"]`).route).length, 255)
  const exceeds = [
    'a'.repeat(256),
    '你'.repeat(86),
    '\\u0061'.repeat(256),
    '\\u4f60'.repeat(86),
    'a'.repeat(60000)
  ]
  for (const spelt of exceeds) {
    t.throws(() => scan(`[1,"${spelt}"]`), {
      code: 'FRAME_MALFORMED',
      message: "The frame can't be read: its route takes more than 255 bytes"
    })
  }
  t.throws(() => scan(`["${'a'.repeat(5_000)}",1,"a"]`), {
    message:
      "The frame can't be read: a text of more than 1530 bytes stands before its id; a message begins with its id in plain digits; 0 for a notify"
  })
  t.throws(() => scan('["a'), { message: "The frame can't be read: its traceparent is cut off" })
  t.end()
})

t.test('a body is not looked into, so a wrong one is left for the worker to find', t => {
  t.equal(scan('[1,"a",1],[2]').body, '1],[2')
  t.equal(scan('[1,"a",1,2]').body, '1,2')
  t.equal(scan('[1,"a",nonsense]').body, 'nonsense')
  t.equal(scan('[1,"a","]"]').body, '"]"')
  t.end()
})

t.test('what is not a request is refused with the reason', t => {
  const noId = 'a message begins with its id in plain digits; 0 for a notify'
  const rows: [string, string][] = [
    ['', 'a text frame begins with "["'],
    ['hello', 'a text frame begins with "["'],
    ['{"id":1}', 'a text frame begins with "["'],
    ['[', noId],
    ['[]', noId],
    ['["x"]', noId],
    ['["t.echo",1]', noId],
    ['["t.echo",{"a":1}]', noId],
    ['["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",1]', 'no comma follows its id'],
    ['[null,"a"]', noId],
    ['[-1,"a"]', noId],
    ['[01,"a"]', noId],
    ['[00,"a"]', noId],
    ['[1.0,"a"]', 'no comma follows its id'],
    ['[1e3,"a"]', 'no comma follows its id'],
    ['[1', 'no comma follows its id'],
    ['[1]', 'no comma follows its id'],
    ['[4294967296,"a"]', 'its id is above 4294967295'],
    ['[99999999999999999999999999,"a"]', 'its id is above 4294967295'],
    ['[1,', 'its route is not a string'],
    ['[1,]', 'its route is not a string'],
    ['[1,2]', 'its route is not a string'],
    ['[1,null,{}]', 'its route is not a string'],
    ['[1,"a', 'its route is cut off'],
    ['[1,"a\\', 'its route is cut off'],
    ['[1,"a\\"', 'its route is cut off'],
    ['[1,"a\\x",2]', 'its route is not a JSON string in UTF-8'],
    ['[1,"a\nb",2]', 'its route is not a JSON string in UTF-8'],
    ['[1,"\\ud83c",2]', 'its route has half a surrogate pair'],
    ['[1,"a"', 'a text frame ends with "]"'],
    ['[1,"a",2', 'a text frame ends with "]"'],
    ['[1,"a"]x', 'a text frame ends with "]"'],
    ['[1,"a"],[2]', 'neither a comma nor the end follows its route'],
    ['[1,"a"2]', 'neither a comma nor the end follows its route'],
    ['[1,"a"]]', 'neither a comma nor the end follows its route'],
    ['[1,"a",]', 'nothing follows the comma after its route'],
    ['[1,"a", \n]', 'nothing follows the comma after its route']
  ]
  for (const [text, why] of rows) {
    t.throws(() => scan(text), { code: 'FRAME_MALFORMED', message: `The frame can't be read: ${why}` }, text)
  }
  t.throws(() => scan(Uint8Array.from([...encoder.encode('[1,"'), 0xe9, ...encoder.encode('"]')])), {
    code: 'FRAME_MALFORMED',
    message: "The frame can't be read: its route is not a JSON string in UTF-8"
  })
  t.end()
})

t.test('with the parse of the body behind it, a scan agrees with JSON.parse of the whole', t => {
  fc.assert(fc.property(request, agrees), { numRuns: 3000 })
  const broken = fc
    .tuple(request, fc.nat(), fc.constantFrom('"', '\\', ',', ']', '[', ' ', '0', 'a', ''))
    .map(
      // One character is replaced, or taken out.
      ([text, at, by]) => text.slice(0, at % text.length) + by + text.slice((at % text.length) + 1)
    )
  fc.assert(fc.property(broken, agrees), { numRuns: 3000 })
  t.pass('6000 frames')
  t.end()
})

t.test('the generated frames are not all alike', t => {
  // Guards the test above: if nearly all frames were refused, it would pass for the wrong reason.
  const valid = fc
    .sample(request, { numRuns: 2000, seed: 1 })
    .filter(text => readByOracle(text) !== undefined).length
  t.ok(valid > 500 && valid < 1500, `${valid} of 2000 are requests`)
  t.end()
})

t.test('any bytes are a request that lies within them, or FRAME_MALFORMED', t => {
  const holds = (frame: Uint8Array) => {
    // The bytes behind the frame would complete it if they were read.
    const memory = new Uint8Array([...frame, ...encoder.encode(',"a",1]]]]]"]')])
    const bytes = memory.subarray(0, frame.length)
    try {
      const { id, bodyStart, bodyEnd } = scanRequest(bytes)
      return id >= 0 && id <= maxId && bodyStart > 0 && bodyStart <= bodyEnd && bytes[bodyEnd] === 0x5d
    } catch (error) {
      return error instanceof GatewayError && error.code === 'FRAME_MALFORMED'
    }
  }
  const broken = fc.tuple(request, fc.nat(), fc.nat(255), fc.nat()).map(([text, at, value, cut]) => {
    const bytes = encoder.encode(text)
    bytes[at % bytes.length] = value
    return bytes.subarray(0, bytes.length - (cut % 4))
  })
  for (const bytes of [fc.uint8Array({ maxLength: 64 }), broken]) {
    fc.assert(fc.property(bytes, holds), { numRuns: 3000 })
  }
  t.pass('6000 frames')
  t.end()
})
