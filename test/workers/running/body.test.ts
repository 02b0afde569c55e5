import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { requestFlags } from '../../../shared/link/batch.js'
import { decodeBody, encodeReply } from '../../../workers/running/body.js'
import { browserProtocol } from '../../helpers/pomelo-protocol.js'

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const asBody = (text: string) => latin1(Buffer.from(text))
const limits = { maxBodyBytes: 1_000, maxBodyDepth: 8 }

const decode = (body: string) => decodeBody(body, 0, limits)
const unzip = (bytes: Uint8Array, maxBytes = 1_000) =>
  decodeBody(latin1(bytes), requestFlags.gzipped, { ...limits, maxBodyBytes: maxBytes })
const encodeBody = (value: unknown) => encodeReply(value, false)
const malformed = (message: RegExp) => ({ code: 'BODY_MALFORMED', message })
const tooLarge = (limit: number) => ({
  code: 'BODY_TOO_LARGE',
  message: new RegExp(`more when it is unzipped, the limit is ${limit} bytes`)
})

t.test('a body without bytes is undefined', t => {
  t.equal(decode(''), undefined)
  t.equal(decodeBody('', requestFlags.gzipped, limits), undefined)
  t.equal(unzip(gzipSync('')), undefined)
  t.equal(encodeBody(undefined), '')
  t.end()
})

t.test('what JSON holds comes out as it went in', t => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      const text = JSON.stringify(value)
      t.same(decode(encodeBody(value)), JSON.parse(text))
      t.same(decode(asBody(text)), JSON.parse(text))
    })
  )
  t.end()
})

t.test('a reply is what every client reads, one that misreads 4-byte UTF-8 too', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const bytes = Buffer.from(encodeBody({ text }), 'latin1')
      t.notOk(bytes.some(byte => byte >= 0xf0))
      t.same(JSON.parse(bytes.toString()), { text })
      t.same(JSON.parse(browserProtocol.strdecode(bytes)), { text })
    })
  )
  t.equal(encodeBody('é'), '"Ã©"', 'bytes, each as one character')
  t.equal(encodeBody('🎮'), '"\\ud83c\\udfae"')
  t.equal(encodeBody('\ud83c'), '"\\ud83c"')
  t.end()
})

t.test('a character beyond the BMP is read in both of its forms', t => {
  t.equal(decode(asBody('"🎮"')), '🎮')
  t.equal(decode(latin1(Uint8Array.from(browserProtocol.strencode('"a🎮好"')))), 'a🎮好')
  t.end()
})

t.test('what is not JSON in UTF-8 is refused', t => {
  for (const text of ['{', ' ', '1 2', 'undefined', "'a'", '\ufeff1', '[1,]', '\u00a01'])
    t.throws(() => decode(asBody(text)), malformed(/not JSON \(/), text)
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc3, 0x22],
    [0x22, 0xed, 0xa0, 0xbc, 0x22],
    [0xc0, 0xaf]
  ])
    t.throws(() => decode(latin1(Uint8Array.from(bytes))), malformed(/its text is not UTF-8/))
  t.end()
})

t.test('what looks like a prototype is a property', t => {
  const value = decode('{"__proto__":{"admin":true},"constructor":1}') as Record<string, unknown>
  t.equal(Object.getPrototypeOf(value), Object.prototype)
  t.same(Object.keys(value), ['__proto__', 'constructor'])
  t.equal(value['admin'], undefined)
  t.end()
})

t.test('a gzipped body is unzipped, up to the limit and no further', t => {
  t.same(unzip(gzipSync('{"a":"é🎮"}')), { a: 'é🎮' })
  const text = JSON.stringify('x'.repeat(98))
  t.equal(text.length, 100)
  t.equal(unzip(gzipSync(text), 100), 'x'.repeat(98))
  t.throws(() => unzip(gzipSync(text), 99), tooLarge(99))
  const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20))
  t.ok(bomb.length < 60_000)
  t.throws(() => unzip(bomb, 65_536), tooLarge(65536))
  const twice = Buffer.concat([gzipSync('"aaaaaaaaaa'), gzipSync('bbbbbbbbbb"')])
  t.throws(() => unzip(twice, 20), tooLarge(20), 'its parts count together')
  t.end()
})

t.test('what is no gzip, or no whole one, is refused', t => {
  const whole = gzipSync('{"a":1}')
  const broken = Buffer.from(whole)
  broken[whole.length - 6]! ^= 1
  for (const bytes of [Buffer.from('{"a":1}'), whole.subarray(0, -1), whole.subarray(0, 3), broken])
    t.throws(() => unzip(bytes), malformed(/not gzip/))
  t.throws(() => unzip(gzipSync('{')), malformed(/not JSON/))
  t.throws(() => unzip(gzipSync(Buffer.from([0x22, 0xff, 0x22]))), malformed(/not UTF-8/))
  t.end()
})

t.test('a reply that JSON has no form for is refused, and the error says where it is', t => {
  const circle: Record<string, unknown> = { items: [{ name: 'a' }] }
  ;(circle['items'] as unknown[]).push(circle)
  const rows: [unknown, string][] = [
    [1n, "The reply can't be sent: a BigInt at its top"],
    [{ player: { gold: [0, 1n] } }, "The reply can't be sent: a BigInt at player.gold.1"],
    [circle, "The reply can't be sent: a circle at items.1"],
    [{ teams: new Map([['red', 1]]) }, "The reply can't be sent: a Map at teams"],
    [[new Set()], "The reply can't be sent: a Set at 0"],
    [() => {}, "The reply can't be sent: a function at its top"],
    [Symbol('s'), "The reply can't be sent: a symbol at its top"],
    [
      {
        toJSON() {
          throw new Error('no')
        }
      },
      "The reply can't be sent: a value that JSON.stringify refuses at its top"
    ]
  ]
  for (const [value, message] of rows)
    t.throws(() => encodeBody(value), { code: 'REPLY_NOT_SERIALIZABLE', message })
  const twice = { name: 'a' }
  t.equal(encodeBody([twice, twice]), '[{"name":"a"},{"name":"a"}]', 'the same twice is no circle')
  t.end()
})

t.test('a reply is what JSON makes of it', t => {
  t.equal(encodeBody(null), 'null')
  t.equal(encodeBody({ a: undefined, b: () => {}, c: Number.NaN }), '{"c":null}')
  t.equal(encodeBody(new Date(0)), '"1970-01-01T00:00:00.000Z"')
  t.equal(encodeBody({ a: {}, b: [] }), '{"a":{},"b":[]}')
  t.end()
})

t.test('a rich body is in the form of superjson, both ways', t => {
  const rich = {
    at: new Date(5),
    gold: 7n,
    name: 'é🎮',
    teams: new Map([['red', new Set([1])]]),
    none: undefined
  }
  const body = encodeReply(rich, true)
  t.same(decodeBody(body, requestFlags.rich, limits), rich)
  t.notMatch(body, /[\u0100-\uffff]/, 'bytes, each as one character')
  t.same(
    decodeBody(
      latin1(gzipSync(Buffer.from(body, 'latin1'))),
      requestFlags.rich | requestFlags.gzipped,
      limits
    ),
    rich
  )
  t.equal(encodeReply({ a: 1 }, true), '{"json":{"a":1}}')
  t.equal(encodeReply(undefined, true), '')
  t.equal(decodeBody('', requestFlags.rich, limits), undefined)
  t.throws(() => encodeReply({ a: /x/ }, true), {
    code: 'REPLY_NOT_SERIALIZABLE',
    message: "The reply can't be sent: a RegExp at a"
  })
  t.throws(() => decodeBody('{"points":3}', requestFlags.rich, limits), malformed(/expected \{"json":…\}/))
  t.throws(() => decodeBody('{', requestFlags.rich, limits), malformed(/not JSON/))
  t.end()
})

t.test('a body that is nested too deep is malformed, in each form, zipped too', t => {
  const nest = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const expected = malformed(/nested more than 8 levels deep/)
  t.doesNotThrow(() => decode(nest(8)))
  t.throws(() => decode(nest(9)), expected)
  t.doesNotThrow(() => unzip(gzipSync(nest(8))))
  t.throws(() => unzip(gzipSync(nest(9))), expected)
  const deep = (depth: number): unknown => (depth === 0 ? 1n : new Map([['a', deep(depth - 1)]]))
  // A Map is two levels of its own.
  t.doesNotThrow(() => decodeBody(encodeReply(deep(4), true), requestFlags.rich, limits))
  t.throws(() => decodeBody(encodeReply(deep(8), true), requestFlags.rich, limits), expected)
  t.end()
})

t.test('a rich body may be as deep as a plain one, whatever its annotations take', t => {
  const nest = (depth: number, make: (inner: unknown) => unknown): unknown =>
    depth === 0 ? 1n : make(nest(depth - 1, make))
  const decodeRich = (value: unknown) => decodeBody(encodeReply(value, true), requestFlags.rich, limits)
  const expected = malformed(/nested more than 8 levels deep/)
  for (const make of [
    (inner: unknown) => [inner],
    (inner: unknown) => ({ a: inner }),
    (inner: unknown) => new Set([inner]),
    (inner: unknown) => new Error('no', { cause: inner })
  ]) {
    t.same(decodeRich(nest(8, make)), nest(8, make))
    t.throws(() => decodeRich(nest(9, make)), expected)
  }
  const plain = (depth: number) => `{"json":${'['.repeat(depth)}${']'.repeat(depth)}}`
  t.doesNotThrow(() => decodeBody(plain(8), requestFlags.rich, limits))
  for (const depth of [9, 10, 18, 19, 100])
    t.throws(() => decodeBody(plain(depth), requestFlags.rich, limits), expected)
  t.end()
})

t.test('a reply that fits into no message of Pomelo is refused for every client, with its size', async t => {
  const fits = 'x'.repeat(16_000_000 - 2)
  for (const isRich of [false, true]) {
    if (!isRich) t.equal(encodeReply(fits, isRich).length, 16_000_000)
    t.throws(() => encodeReply(`${fits}x`, isRich), {
      code: 'REPLY_NOT_SERIALIZABLE',
      message: / of 16000000 that are allowed, at its top/
    })
  }
})
