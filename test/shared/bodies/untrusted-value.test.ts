import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { SuperJSON } from 'superjson'
import t from 'tap'
import { decodeRich, encodeRich, reviveRich } from '../../../shared/bodies/rich-body.js'
import { maxAnnotationDepth, type RichForm } from '../../../shared/bodies/rich-form.js'
import { maxBigIntDigits, maxNumberKeys, maxUrlLength } from '../../../shared/bodies/untrusted-kinds.js'
import { maxAnnotations, parseUntrusted } from '../../../shared/bodies/untrusted-value.js'
import { richKeys, richValues } from '../../helpers/rich-values.js'

const malformed = (message: RegExp | string) => ({ code: 'BODY_MALFORMED', message })

/** Returns what superjson writes, without referential equalities, which bodies may not have. */
function write(value: unknown): string {
  const form = new SuperJSON().serialize(value)
  delete form.meta?.referentialEqualities
  return JSON.stringify(form)
}

const refuse = (path: string, what: string) => new Error(`${what} at ${path}`)

/** A body with these annotations. */
const body = (json: unknown, values: unknown) => JSON.stringify({ json, meta: { values, v: 1 } })

/** Returns the text of `depth` nested Sets around an empty one. JSON.stringify would run out of stack. */
function nest(depth: number): string {
  const json = `${'['.repeat(depth)}[]${']'.repeat(depth)}`
  const values = `${'["set",{"0":'.repeat(depth)}["set"]${'}]'.repeat(depth)}`
  return `{"json":${json},"meta":{"values":${values},"v":1}}`
}

t.test('what superjson writes passes, and as it is', t => {
  fc.assert(
    fc.property(richValues, value => {
      const text = write(value)
      deepStrictEqual(parseUntrusted(text), JSON.parse(text))
    }),
    { numRuns: 500 }
  )
  t.same(parseUntrusted('{"json":{"a":[1,"b",null]}}'), { json: { a: [1, 'b', null] } })
  t.end()
})

t.test('what is known to harm is refused, and the error says why', t => {
  const nines = '9'.repeat(1_000_000)
  const collisions = Array.from({ length: 20_000 }, (_, i) => String(BigInt(i + 1) << 64n))
  const rows: [attack: string, text: string, message: RegExp][] = [
    [
      'typed arrays of a length',
      body(
        Array(50).fill(1e9),
        Object.fromEntries(Array.from({ length: 50 }, (_, i) => [i, [['typed-array', 'Float64Array']]]))
      ),
      /expected the list of a Float64Array, got 1000000000 \(number\), at "0" \(string\)/
    ],
    [
      'a text that refers to itself again and again',
      JSON.stringify({
        json: { a: [null, null], b: [null, null] },
        meta: { referentialEqualities: { a: ['b.0', 'b.1'] }, v: 1 }
      }),
      /meta\.referentialEqualities/
    ],
    [
      'a reference to what an object inherits',
      JSON.stringify({ json: { a: 1 }, meta: { referentialEqualities: { toString: ['a'] }, v: 1 } }),
      /meta\.referentialEqualities/
    ],
    ['a value that an object inherits', body({ a: 1 }, { toString: ['undefined'] }), /no such value/],
    ['the length of a list', body([1], { length: ['bigint'] }), /no such value/],
    ['an instance of a class', body({ admin: true }, [['class', 'User']]), /"class" \(string\), "User"/],
    ['a value of a kind that somebody registered', body('x', [['custom', 'bytes']]), /"custom" \(string\)/],
    ['a symbol', body('x', [['symbol', 'iterator']]), /"symbol" \(string\)/],
    ['a key that sets a prototype', '{"json":{"__proto__":{"admin":true}}}', /a key named __proto__/],
    [
      'the same below a value that is no JSON',
      '{"json":{"a":"1","b":[{"\\u005f_proto__":{"admin":true}}]},"meta":{"values":{"a":["bigint"]},"v":1}}',
      /a key named __proto__/
    ],
    ['the same with its name escaped', '{"json":[{"__\\u0070roto__":1}]}', /a key named __proto__/],
    ['a path to a prototype', body({ a: {} }, { 'a.__proto__.b': ['undefined'] }), /the step __proto__/],
    ['a path to a constructor', body({ a: {} }, { 'a.constructor': ['undefined'] }), /the step constructor/],
    ['a path by a prototype', body({ a: {} }, { 'prototype.a': ['undefined'] }), /the step prototype/],
    ['a BigInt of a million digits', body(nines, ['bigint']), /a BigInt of more than 4096 digits/],
    [
      'a Set of BigInts whose hashes collide',
      body(collisions, ['set', Object.fromEntries([...collisions.keys()].map(i => [i, ['bigint']]))]),
      /more than 1000 numbers in a Set/
    ],
    ['annotations that are a text', body('x', 'abc'), /expected annotations by their paths, got "abc"/],
    ['annotations in a text', body({ a: 'x' }, { a: 'abc' }), /expected a list, got "abc"/],
    ['a RegExp', body('/(a+)+$/', ['regexp']), /no kind of value that a body may have: "regexp"/]
  ]
  for (const [attack, text, message] of rows) t.throws(() => parseUntrusted(text), malformed(message), attack)
  t.end()
})

t.test('what superjson never writes is refused', t => {
  const rows: [text: string, message: RegExp][] = [
    ['{', /not JSON/],
    ['1', /expected \{"json":…\} or \{"json":…,"meta":…\}, got 1 \(number\)/],
    ['null', /got null/],
    ['[]', /got an array/],
    ['{"points":3}', /got an object/],
    ['{"json":1,"more":2}', /expected the body to have json, meta, got "more"/],
    ['{"json":1,"meta":null}', /expected meta to be an object, got null/],
    ['{"json":1,"meta":{"v":1}}', /expected annotations by their paths, got undefined/],
    ['{"json":1,"meta":{"values":{}}}', /expected meta\.v to be 1, got undefined/],
    ['{"json":1,"meta":{"values":{},"v":0}}', /expected meta\.v to be 1, got 0/],
    ['{"json":1,"meta":{"values":{},"v":1,"w":1}}', /expected meta to have values, v, got "w"/],
    [body(1, []), /expected \[kind\]/],
    [body([], ['set', {}, {}]), /expected \[kind\]/],
    [body([], ['set', null]), /expected annotations by their paths, got null/],
    [body({ a: { b: null } }, { a: { b: ['undefined'] } }), /expected a list, got an object, at "a"/],
    [body(1, ['undefined']), /expected null for undefined, got 1/],
    [body('1.5', ['bigint']), /expected the digits of a BigInt, got "1\.5"/],
    [body('', ['bigint']), /the digits of a BigInt/],
    [body('0x10', ['bigint']), /the digits of a BigInt/],
    [body('01', ['bigint']), /the digits of a BigInt/],
    [body(1, ['bigint']), /the digits of a BigInt/],
    [body(0, ['Date']), /expected the text of a Date, got 0/],
    [body('yesterday', ['Date']), /the text of a Date/],
    [body('2026-13-01T00:00:00.000Z', ['Date']), /the text of a Date/],
    [body('2026-01-01', ['Date']), /the text of a Date/],
    [body('12', ['number']), /expected NaN, Infinity, -Infinity or -0, got "12"/],
    [body('no url', ['URL']), /the text of a URL/],
    [body(`http://a/${'b'.repeat(maxUrlLength)}`, ['URL']), /the text of a URL/],
    [body('abc', ['set']), /expected the list of a Set, got "abc"/],
    [body({ a: 1 }, ['map']), /expected the list of a Map, got an object/],
    [body([[1]], ['map']), /a row of a Map is \[key, value\]/],
    [body([[1, 2, 3]], ['map']), /a row of a Map/],
    [body([[[], 1]], ['map', { 0: ['set'] }]), /only keys and values, got "0"/],
    [body('x', ['Error']), /expected the name and the message of an Error, got "x"/],
    [body({ name: 'Error', message: 1 }, ['Error']), /the name and the message of an Error/],
    [body({ name: 'Error', message: '', stack: 'at' }, ['Error']), /got "stack"/],
    [body({ name: '1', message: '' }, ['Error', { name: ['bigint'] }]), /are texts/],
    [body([1, '2'], [['typed-array', 'Uint8Array']]), /expected the numbers of a Uint8Array, got "2"/],
    [body(['NaN'], [['typed-array', 'Uint8Array']]), /expected the numbers of a Uint8Array/],
    [body([1.5], [['typed-array', 'Uint8Array']]), /expected the numbers of a Uint8Array, got 1\.5/],
    [body([1, 256], [['typed-array', 'Uint8Array']]), /got 256/],
    [body([-1], [['typed-array', 'Uint8ClampedArray']]), /got -1/],
    [body([-129], [['typed-array', 'Int8Array']]), /got -129/],
    [body([32_768], [['typed-array', 'Int16Array']]), /got 32768/],
    [body([65_536], [['typed-array', 'Uint16Array']]), /got 65536/],
    [body([2 ** 31], [['typed-array', 'Int32Array']]), /got 2147483648/],
    [body([2 ** 32], [['typed-array', 'Uint32Array']]), /got 4294967296/],
    ['{"json":[1e999],"meta":{"values":[["typed-array","Int32Array"]],"v":1}}', /got Infinity/],
    [body([null], [['typed-array', 'Float64Array']]), /expected the numbers of a Float64Array, got null/],
    [body([1], [['typed-array', 'BigInt64Array']]), /no kind of value/],
    [body([1], [['typed-array', 'Array']]), /no kind of value/],
    [body([1], [['typed-array']]), /no kind of value/],
    [body([1], [[]]), /no kind of value/],
    [body([1], [1]), /no kind of value that a body may have: 1/],
    [body(['1'], [['typed-array', 'Uint8Array'], { 0: ['bigint'] }]), /there is nothing in a Uint8Array/],
    [body('1', ['bigint', {}]), /there is nothing in a bigint/],
    [body({ a: null }, { b: ['undefined'] }), /there is no such value, at "b"/],
    [body({ a: null }, { 'a.b': ['undefined'] }), /there is no such value, at "a\.b"/],
    [body([null], { 1: ['undefined'] }), /no such value/],
    [body([null], { '00': ['undefined'] }), /no such value/],
    [body([null], { '': ['undefined'] }), /no such value/],
    [body([null], { '0x0': ['undefined'] }), /no such value/],
    [body({ 'a\\b': null }, { 'a\\b': ['undefined'] }), /a backslash that escapes nothing/],
    [body({ 'a\\': null }, { 'a\\': ['undefined'] }), /a backslash that escapes nothing/]
  ]
  for (const [text, message] of rows) t.throws(() => parseUntrusted(text), malformed(message), text)
  t.end()
})

t.test('a typed array of integers may have the least and the greatest that it holds', t => {
  const bounds = [
    Int8Array.of(-128, 127),
    Uint8Array.of(0, 255),
    Uint8ClampedArray.of(0, 255),
    Int16Array.of(-32_768, 32_767),
    Uint16Array.of(0, 65_535),
    Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
    Uint32Array.of(0, 2 ** 32 - 1)
  ]
  for (const value of bounds) deepStrictEqual(reviveRich(parseUntrusted(encodeRich(value, refuse))), value)
  t.end()
})

t.test('a value is annotated once, and with all that is in it', t => {
  const json = { a: [['1'], []] }
  const inner = { 0: ['set', { 0: ['bigint'] }] }
  t.ok(parseUntrusted(body(json, { a: ['set', inner] })))
  t.ok(parseUntrusted(body(json, { 'a.0': ['set', { 0: ['bigint'] }], 'a.1': ['set'] })))
  const apart = malformed(/annotated apart from what/)
  t.throws(() => parseUntrusted(body(json, { a: ['set'], 'a.0': ['set'] })), apart)
  t.throws(() => parseUntrusted(body(json, { 'a.0': ['set'], a: ['set'] })), apart)
  t.throws(() => parseUntrusted(body(json, { 'a.0': ['set'], 'a.0.0': ['bigint'] })), apart)
  t.throws(() => parseUntrusted(body(json, { 'a.0': ['set'], a: ['set', inner] })), apart)
  t.end()
})

t.test('the number, the depth and the size of what is no JSON are bounded', t => {
  const dates = (count: number) => write(Array.from({ length: count }, (_, i) => new Date(i)))
  t.ok(parseUntrusted(dates(maxAnnotations)))
  t.throws(
    () => parseUntrusted(dates(maxAnnotations + 1)),
    malformed(/more than 10000 values that are no JSON/)
  )
  t.ok(parseUntrusted(nest(maxAnnotationDepth)))
  t.throws(() => parseUntrusted(nest(maxAnnotationDepth + 1)), malformed(/deeper than 100 levels/))
  t.throws(() => parseUntrusted(nest(100_000)), malformed(/deeper than 100 levels/))
  t.ok(parseUntrusted(body('9'.repeat(maxBigIntDigits), ['bigint'])))
  const numbers = Array.from({ length: maxNumberKeys + 1 }, (_, i) => i)
  const flood = malformed(/more than 1000 numbers in a Set, or as keys of a Map/)
  t.ok(parseUntrusted(write(new Set(numbers.slice(1)))))
  t.throws(() => parseUntrusted(write(new Set(numbers))), flood)
  t.throws(() => parseUntrusted(write(new Set([...numbers.slice(1), 1n]))), flood)
  t.throws(() => parseUntrusted(write(new Map(numbers.map(i => [i, i])))), flood)
  t.throws(() => parseUntrusted(write(new Map(numbers.map(i => [BigInt(i), i])))), flood)
  t.ok(parseUntrusted(write(new Map(numbers.map(i => [String(i), BigInt(i)])))), 'values may be many')
  t.ok(parseUntrusted(write(new Set(numbers.map(String)))), 'texts may be many')
  t.end()
})

t.test('a deep text of plain JSON takes no stack', t => {
  const deep = `${'['.repeat(30_000)}{"a":"__proto__"}${']'.repeat(30_000)}`
  t.ok(parseUntrusted(`{"json":${deep}}`))
  t.ok(parseUntrusted(`{"json":[${deep},"1"],"meta":{"values":{"1":["bigint"]},"v":1}}`))
  t.end()
})

/** Annotations of all kinds, nested and in any order, at paths that may exist. */
const trees = fc.letrec<{ tree: unknown; branches: unknown }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc
      .constantFrom<unknown>(
        'undefined',
        'number',
        'bigint',
        'Date',
        'URL',
        'set',
        'map',
        'Error',
        'regexp',
        ['typed-array', 'Uint8Array'],
        ['typed-array', 'Float64Array'],
        ['class', 'User'],
        ['custom', 'error']
      )
      .map(kind => [kind]),
    fc.tuple(fc.constantFrom('set', 'map', 'Error'), tie('branches')),
    tie('branches')
  ),
  branches: fc.dictionary(
    fc
      .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom('0', '1', 'a', 'cause') }, richKeys), {
        minLength: 1,
        maxLength: 3
      })
      .map(steps => steps.join('.')),
    tie('tree'),
    { maxKeys: 3, noNullPrototype: true }
  )
}))

/** JSON values that such annotations may fit. */
const places = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 1, '1', 'NaN', '1970-01-01T00:00:00.000Z', 'http://a/'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 2 }),
    fc.record({ name: fc.constant('Error'), message: fc.string(), cause: tie('value') }),
    fc.dictionary(fc.constantFrom('0', 'a', 'b'), tie('value'), { maxKeys: 3, noNullPrototype: true })
  )
})).value

t.test('whatever passes means what superjson says, and can be written as it was', t => {
  let passed = 0
  fc.assert(
    fc.property(places, fc.oneof(trees.tree, trees.branches), (json, values) => {
      const text = body(json, values)
      let form: RichForm
      try {
        form = parseUntrusted(text)
      } catch (error) {
        deepStrictEqual((error as { code?: string }).code, 'BODY_MALFORMED')
        return
      }
      passed++
      const value = new SuperJSON().parse(text)
      deepStrictEqual(reviveRich(form), value)
      deepStrictEqual(decodeRich(encodeRich(value, refuse)), value)
    }),
    { numRuns: 20_000 }
  )
  t.ok(passed > 500, `${passed} passed`)
  t.notOk(Object.keys(Object.prototype).length, 'and no prototype is touched')
  t.end()
})
