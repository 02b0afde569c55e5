import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../../shared/errors.js'
import { formatHandshake, formatKick, parseHandshake } from '../../../shared/wire/handshake.js'
import { browserProtocol } from '../../helpers/pomelo-protocol.js'

const encoder = new TextEncoder()
const parse = (text: string) => parseHandshake(encoder.encode(text))
const ascii = /^[\u0020-\u007e]*$/

t.test('a handshake is read as its client says it', t => {
  t.same(
    parse(
      '{"sys":{"type":"js-websocket","version":"0.0.1","dictVersion":"x1","errorFlag":true},"user":{"token":7}}'
    ),
    {
      type: 'js-websocket',
      version: '0.0.1',
      dictVersion: 'x1',
      errorFlag: true,
      richBodies: false,
      traced: false,
      user: { token: 7 }
    }
  )
  t.same(parse('{"sys":{}}'), {
    type: '',
    version: '',
    dictVersion: undefined,
    errorFlag: false,
    richBodies: false,
    traced: false,
    user: undefined
  })
  t.end()
})

t.test('what clients in use send is taken as they mean it', t => {
  const sys = (members: string) => parse(`{"sys":{"type":"js-websocket","version":"0.0.1",${members}}}`)
  t.equal(sys('"rsa":{},"protoVersion":0,"dictVersion":0').dictVersion, undefined, 'no dictionary yet, as 0')
  t.equal(sys('"dictVersion":""').dictVersion, undefined, 'as empty text')
  t.equal(sys('"dictVersion":null').dictVersion, undefined, 'as null')
  t.equal(sys('"dictVersion":1389255612000').dictVersion, '1389255612000', "an older server's number")
  t.equal(parse('{"sys":{"version":1.5,"type":null}}').version, '1.5')
  t.equal(sys('"errorFlag":1').errorFlag, false, 'only true is yes')
  t.equal(sys('"bodies":"superjson"').richBodies, true)
  t.equal(sys('"bodies":"protobuf"').richBodies, false, 'only the form that there is')
  t.same(parse('{"sys":{"type":"a"},"user":null}').user, null)
  t.end()
})

t.test('characters beyond the BMP arrive as a browser writes them', t => {
  const bytes = Uint8Array.from(browserProtocol.strencode('{"sys":{},"user":{"name":"🎮好"}}'))
  t.same(parseHandshake(bytes).user, { name: '🎮好' })
  t.end()
})

t.test('what is not a handshake is refused with the reason', t => {
  const rows: [string, string][] = [
    ['', 'a handshake is JSON'],
    ['{"sys":{}', 'a handshake is JSON'],
    ['\ufeff{"sys":{}}', 'a handshake is JSON'],
    ['null', 'a handshake is a JSON object'],
    ['7', 'a handshake is a JSON object'],
    ['[{"sys":{}}]', 'a handshake is a JSON object'],
    ['{}', 'a handshake has an object "sys"'],
    ['{"sys":null}', 'a handshake has an object "sys"'],
    ['{"sys":[]}', 'a handshake has an object "sys"'],
    ['{"sys":"js"}', 'a handshake has an object "sys"'],
    ['{"sys":{"type":{}}}', '"sys.type" of a handshake is a string'],
    ['{"sys":{"version":true}}', '"sys.version" of a handshake is a string'],
    ['{"sys":{"dictVersion":["a"]}}', '"sys.dictVersion" of a handshake is a string'],
    ['{"sys":{"dictVersion":false}}', '"sys.dictVersion" of a handshake is a string'],
    ['['.repeat(60), 'a handshake is JSON'],
    ['['.repeat(60000), 'a handshake is nested at most 64 levels deep']
  ]
  for (const [text, why] of rows) {
    t.throws(
      () => parse(text),
      { code: 'FRAME_MALFORMED', message: `The frame can't be read: ${why}` },
      text.slice(0, 40) || 'nothing'
    )
  }
  t.throws(() => parseHandshake(Uint8Array.of(0x7b, 0xe9, 0x7d)), {
    code: 'FRAME_MALFORMED',
    message: "The frame can't be read: the text of a handshake is UTF-8"
  })
  t.end()
})

t.test('__proto__ in a handshake is a name like any other', t => {
  const read = parse('{"sys":{"__proto__":{"type":"a","errorFlag":true}},"__proto__":{"user":1}}')
  t.equal(read.type, '')
  t.equal(read.errorFlag, false)
  t.equal(read.user, undefined)
  t.end()
})

t.test('any bytes are a handshake or FRAME_MALFORMED', t => {
  const holds = (bytes: Uint8Array) => {
    try {
      const { type, version, dictVersion, errorFlag } = parseHandshake(bytes)
      return (
        typeof type === 'string' &&
        typeof version === 'string' &&
        (dictVersion === undefined || (typeof dictVersion === 'string' && dictVersion !== '')) &&
        typeof errorFlag === 'boolean'
      )
    } catch (error) {
      return error instanceof GatewayError && error.code === 'FRAME_MALFORMED'
    }
  }
  const member = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.jsonValue()
  )
  const handshake = fc
    .record(
      {
        sys: fc.oneof(
          fc.record(
            { type: member, version: member, dictVersion: member, errorFlag: member },
            { requiredKeys: [] }
          ),
          fc.jsonValue()
        ),
        user: fc.jsonValue()
      },
      { requiredKeys: [] }
    )
    .map(value => encoder.encode(JSON.stringify(value)))
  const broken = fc.tuple(handshake, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    bytes[at % bytes.length] = value
    return bytes
  })
  for (const bytes of [fc.uint8Array({ maxLength: 40 }), handshake, broken]) {
    fc.assert(fc.property(bytes, holds), { numRuns: 1000 })
  }
  t.pass('3000 handshakes')
  t.end()
})

t.test('an accepted handshake is answered with these words', t => {
  const dict = { 'score.add': 1, 'chat.said': 2 }
  const ok = { code: 200, heartbeat: 30, dict, dictVersion: 'x1', useDict: true } as const
  t.equal(
    formatHandshake({ ...ok, user: { name: 'Blue' } }),
    '{"code":200,"sys":{"heartbeat":30,"dict":{"score.add":1,"chat.said":2},"dictVersion":"x1","useDict":true},"user":{"name":"Blue"}}'
  )
  t.equal(
    formatHandshake({ ...ok, dict: undefined }),
    '{"code":200,"sys":{"heartbeat":30,"dictVersion":"x1","useDict":true}}',
    'no dictionary for a client that has it'
  )
  t.equal(
    formatHandshake({ ...ok, heartbeat: 0 }),
    '{"code":200,"sys":{"dict":{"score.add":1,"chat.said":2},"dictVersion":"x1","useDict":true}}',
    'no heartbeat where there is none'
  )
  t.equal(
    formatHandshake({ ...ok, useDict: false }),
    '{"code":200,"sys":{"heartbeat":30}}',
    'no word of a dictionary that is not used'
  )
  t.equal(formatHandshake({ ...ok, heartbeat: 0, useDict: false }), '{"code":200,"sys":{}}')
  t.equal(
    formatHandshake({ ...ok, heartbeat: 0, useDict: false, richBodies: true }),
    '{"code":200,"sys":{"bodies":"superjson"}}'
  )
  t.equal(
    formatHandshake({ ...ok, heartbeat: 0, useDict: false, maxBodyBytes: 65_536 }),
    '{"code":200,"sys":{"maxBodyBytes":65536}}'
  )
  t.end()
})

t.test('a refused handshake is answered with its code and what the game said', t => {
  t.equal(formatHandshake({ code: 501 }), '{"code":501}')
  t.equal(formatHandshake({ code: 500, user: { why: 'full' } }), '{"code":500,"user":{"why":"full"}}')
  t.equal(formatHandshake({ code: 500, user: null }), '{"code":500,"user":null}')
  t.equal(formatHandshake({ code: 500, user: () => 1 }), '{"code":500}', 'what is not JSON is left out')
  t.end()
})

t.test('a route named __proto__ is in the dictionary as any other', t => {
  const dict: Record<string, number> = Object.create(null)
  Object.assign(dict, { constructor: 2, 'a"\\b': 3, 聊天: 4 })
  Object.defineProperty(dict, '__proto__', { value: 1, enumerable: true })
  const text = formatHandshake({ code: 200, heartbeat: 0, dict, dictVersion: 'x', useDict: true })
  t.equal(
    text,
    '{"code":200,"sys":{"dict":{"constructor":2,"a\\"\\\\b":3,"\\u804a\\u5929":4,"__proto__":1},"dictVersion":"x","useDict":true}}'
  )
  t.same(Object.entries(JSON.parse(text).sys.dict), [
    ['constructor', 2],
    ['a"\\b', 3],
    ['聊天', 4],
    ['__proto__', 1]
  ])
  t.end()
})

t.test('a kick says its reason', t => {
  t.equal(formatKick('banned'), '{"reason":"banned"}')
  t.equal(formatKick('"再见" 🎮'), '{"reason":"\\"\\u518d\\u89c1\\" \\ud83c\\udfae"}')
  t.end()
})

t.test('what is written is JSON in ASCII, whatever the game put in', t => {
  const anyString = fc.string({ unit: 'binary', maxLength: 20 })
  const reply = fc.record({
    user: fc.jsonValue({ stringUnit: 'binary' }),
    dict: fc.dictionary(anyString, fc.integer({ min: 1, max: 65535 })),
    dictVersion: anyString,
    heartbeat: fc.integer({ min: 1, max: 600 })
  })
  fc.assert(
    fc.property(reply, anyString, ({ user, dict, dictVersion, heartbeat }, reason) => {
      const text = formatHandshake({ code: 200, heartbeat, dict, dictVersion, useDict: true, user })
      const read = JSON.parse(text)
      const kick = formatKick(reason)
      return (
        ascii.test(text.replaceAll('\u007f', '')) &&
        ascii.test(kick.replaceAll('\u007f', '')) &&
        JSON.stringify(read.user) === JSON.stringify(user) &&
        JSON.stringify(read.sys.dict) === JSON.stringify(dict) &&
        read.sys.dictVersion === dictVersion &&
        read.sys.heartbeat === heartbeat &&
        JSON.parse(kick).reason === reason
      )
    }),
    { numRuns: 1000 }
  )
  t.pass('1000 replies')
  t.end()
})
