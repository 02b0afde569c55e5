import { deepStrictEqual } from 'node:assert'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { SuperJSON } from 'superjson'
import t from 'tap'
import { decodeValue, encodeValue } from '../../../shared/values/codec.js'
import { maxValueDepth } from '../../../shared/values/plain-value.js'

const pass = (value: unknown) => decodeValue(encodeValue('key', value))
const forbiddenBesideOthers = new Set(['__proto__', 'constructor', 'prototype'])

const keys = fc.oneof(
  fc.string(),
  fc.constantFrom('a.b', 'a\\', '\\.', '', '0', 'length', 'toString', 'then')
)
const safeKeys = keys.filter(key => !forbiddenBesideOthers.has(key))

/** JSON values, except −0, which JSON changes. */
const plain = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, '\ud800', '\u2028'),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter(each => !Object.is(each, -0)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(safeKeys, tie('value'), { maxKeys: 4, noNullPrototype: true })
  )
})).value

const bytes = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map(each => Buffer.from(each)),
  fc.uint8Array().map(each => new Uint8Array(each).buffer),
  fc.uint8Array().map(each => new DataView(new Uint8Array(each).buffer))
)

const errorClasses = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]

/** All values that can be kept. */
const keepable = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    plain,
    fc.constantFrom(undefined, Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.constantFrom('a', '[/\\]]+\\n').map(source => new RegExp(source, 'giu')),
    fc.webUrl().map(url => new URL(url)),
    bytes,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(safeKeys, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 4 }).map(each => new Set(each)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map(each => new Map(each))
  )
})).value

/** The same few objects again and again, in all kinds of places. */
const shared = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...[{ of: 1 }, new Date(5), new Set([1]), new Map([[1, 2]]), /a/, [1n], 1n, Number.NaN]),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 3 }).map(each => new Set(each)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map(each => new Map(each))
  )
})).value

/** Joins two parts of a path. */
const join = (outer: string, inner: string) =>
  inner === '' || inner.startsWith('[') ? `${outer}${inner}` : `${outer}.${inner}`

/** Ways to nest a value, with the path to it. */
const place = fc.array(
  fc.oneof(
    fc.constantFrom('a', 'b c', 'toString', '0').map(key => ({
      put: (value: unknown): unknown => ({ before: 1, [key]: value }),
      path: (inner: string) => join(key, inner)
    })),
    fc.constant({
      put: (value: unknown): unknown => [undefined, value],
      path: (inner: string) => join('[1]', inner)
    }),
    fc.constant({
      put: (value: unknown): unknown =>
        new Map<unknown, unknown>([
          [1, 1],
          ['key', value]
        ]),
      path: (inner: string) => join('values()[1]', inner)
    })
  ),
  { maxLength: 5 }
)

class Hero {
  hp = 1
}

/** Values that can't be kept, and how the error names each. */
const refused: [make: () => unknown, what: string][] = [
  [() => () => {}, 'a function'],
  [() => Hero, 'a function'],
  [() => Symbol('s'), 'a symbol'],
  [() => new Hero(), 'an instance of Hero'],
  [() => new (class extends Map {})(), 'an instance of a nameless class'],
  [() => Promise.resolve(), 'an instance of Promise'],
  [() => new WeakMap(), 'an instance of WeakMap'],
  [() => new SharedArrayBuffer(1), 'an instance of SharedArrayBuffer'],
  [() => Object(1), 'an instance of Number'],
  [() => new URLSearchParams(), 'an instance of URLSearchParams'],
  [() => new Date(Number.NaN), 'an invalid Date'],
  [() => ({ [Symbol('s')]: 1 }), 'a key that is a symbol'],
  [() => new AggregateError([]), 'an AggregateError']
]

t.test('every value that is accepted comes back as what it was', async () => {
  fc.assert(
    fc.property(keepable, value => {
      const back = pass(value)
      deepStrictEqual(back, value)
    }),
    { numRuns: 2_000 }
  )
})

t.test('what is met twice comes back twice, equal to what it was', async t => {
  fc.assert(
    fc.property(shared, value => {
      deepStrictEqual(pass(value), value)
    }),
    { numRuns: 2_000 }
  )
  const one = { hp: 1n }
  t.same(pass([one, one]), [one, one])
  const twice = new Map<unknown, unknown>([
    [Number.NaN, 1],
    [5n, new Map([[5n, Number.NaN]])]
  ])
  deepStrictEqual(pass([Number.NaN, 5n, twice, twice]), [Number.NaN, 5n, twice, twice])
})

t.test('a plain value has the text that superjson would give it', async () => {
  const superjson = new SuperJSON()
  fc.assert(
    fc.property(plain, value => {
      deepStrictEqual(encodeValue('key', value), superjson.stringify(value))
      deepStrictEqual(pass(value), value)
    }),
    { numRuns: 2_000 }
  )
})

t.test('everything else is refused, with the path to it', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...refused), place, ([make, what], places) => {
      const value = places.reduceRight((inner, { put }) => put(inner), make())
      const path = places.reduceRight((inner, each) => each.path(inner), '')
      try {
        encodeValue('bag', value)
      } catch (error) {
        const { code, message } = error as Error & { code: string }
        const at = path === '' ? 'its top' : path
        deepStrictEqual(
          [code, message],
          ['VALUE_NOT_SERIALIZABLE', `The value of "bag" can't be kept: ${what} at ${at}`]
        )
        return
      }
      throw new Error('It was accepted')
    }),
    { numRuns: 1_000 }
  )
})

t.test(
  'a method `toJSON` that is not enumerable is refused, and so is one that is only found later',
  async t => {
    const hide = <Value extends object>(value: Value, toJSON: () => unknown): Value =>
      Object.defineProperty(value, 'toJSON', { value: toJSON })
    const values = [hide({ a: 1 }, () => undefined), hide([1], () => 1), hide([1n], () => 1)]
    for (const value of values) {
      const error = {
        code: 'VALUE_NOT_SERIALIZABLE',
        message: `The value of "bag" can't be kept: ${Array.isArray(value) ? 'a list' : 'an object'} with a method toJSON at a.b`
      }
      t.throws(() => encodeValue('bag', { a: { b: value } }), error)
    }
    let reads = 0
    const shifty = Object.defineProperty({}, 'toJSON', { get: () => (reads++ === 0 ? 1 : () => undefined) })
    t.throws(() => encodeValue('bag', shifty), { code: 'VALUE_NOT_SERIALIZABLE' })
    t.equal(encodeValue('bag', { toJSON: 1 }), '{"json":{"toJSON":1}}', 'what is no method is a value')
  }
)

t.test('what Object.prototype has been given is refused too', async t => {
  const prototype = Object.prototype as { toJSON?: unknown }
  t.teardown(() => delete prototype.toJSON)
  for (const value of [{ a: 1 }, [1], [1n], 1n]) {
    Object.defineProperty(prototype, 'toJSON', { value: () => undefined, configurable: true })
    t.throws(() => encodeValue('bag', value), { code: 'VALUE_NOT_SERIALIZABLE' })
    delete prototype.toJSON
  }
})

t.test('the Maps and Sets within an Error keep their members and their order', async t => {
  const shared = {}
  const date = new Date(0)
  for (const inner of [
    { n: Number.NaN, s: new Set([Number.NaN, 1, 2]) },
    {
      n: Number.NaN,
      m: new Map<unknown, unknown>([
        [Number.NaN, 'first'],
        ['b', 2]
      ])
    },
    {
      d: date,
      m: new Map<unknown, unknown>([
        [date, 1],
        ['b', 2]
      ])
    },
    new Map([
      [
        'x',
        new Map<unknown, number>([
          [Number.NaN, 1],
          ['q', 2]
        ])
      ],
      [
        'y',
        new Map<unknown, number>([
          [Number.NaN, 3],
          ['r', 4]
        ])
      ]
    ]),
    { a: new Set([shared, 1]), b: new Set([shared, 2]) }
  ])
    for (const error of [
      new Error('it failed', { cause: inner }),
      Object.assign(new Error('it failed'), { code: inner })
    ]) {
      const text = encodeValue('k', error)
      const back = decodeValue(text) as Error & { code?: unknown }
      t.equal(inspect(back.cause ?? back.code, { depth: 9 }), inspect(inner, { depth: 9 }))
      t.equal(
        encodeValue('k', back),
        text,
        'it is the same text again, so that nothing seems to have changed'
      )
    }
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const back = decodeValue(encodeValue('k', new Error('it failed', { cause: circular }))) as Error
  t.equal((back.cause as typeof circular)['self'], back.cause)
})

t.test('an Error comes back with its class, name, message, code and cause', async t => {
  for (const [i, ErrorClass] of errorClasses.entries()) {
    const cause = [undefined, 'a text', new Error('inner'), new Map([[1n, new Date(0)]])][i % 4]
    const error = Object.assign(new ErrorClass('it failed', { cause }), { code: i % 2 === 0 ? 'CODE' : 5n })
    const back = pass({ deep: [error] }) as { deep: [Error & { code: unknown }] }
    const [read] = back.deep
    t.equal(read.constructor, ErrorClass)
    t.same(
      [read.name, read.message, read.code, read.cause],
      [ErrorClass.name, 'it failed', error.code, cause]
    )
  }
  class OwnError extends Error {
    override name = 'OwnError'
  }
  const own = pass(new OwnError('mine')) as Error
  t.same([own.constructor, own.name, own.message], [Error, 'OwnError', 'mine'])
  t.equal(Object.hasOwn(pass(new Error('bare')) as object, 'cause'), false)
  t.equal(Object.hasOwn(pass(new Error('bare')) as object, 'code'), false)
})

t.test('what an Error carries beyond that is refused', async t => {
  const refuse = (error: object, message: string) =>
    t.throws(() => encodeValue('k', error), { code: 'VALUE_NOT_SERIALIZABLE', message })
  refuse(
    Object.assign(new Error('e'), { status: 5 }),
    'The value of "k" can\'t be kept: a property of an Error beyond name, message, code, cause at status'
  )
  refuse(new Error('e', { cause: { f() {} } }), 'The value of "k" can\'t be kept: a function at cause.f')
  refuse(
    Object.assign(new Error('e'), { code: () => {} }),
    'The value of "k" can\'t be kept: a function at code'
  )
  const circle = new Error('e')
  circle.cause = circle
  t.throws(() => encodeValue('k', circle), { code: 'VALUE_NOT_SERIALIZABLE' })
})

t.test('a hole in an array is refused', async t => {
  const holey: unknown[] = [1]
  holey[2] = 3
  t.throws(() => encodeValue('k', { list: holey }), {
    message: 'The value of "k" can\'t be kept: a hole in an array at list[1]'
  })
})

t.test('a circle comes back as a circle', async t => {
  const circle: Record<string, unknown> = { list: [] }
  circle.self = circle
  ;(circle.list as unknown[]).push(circle)
  const back = pass(circle) as Record<string, unknown>
  t.equal(back.self, back)
  t.equal((back.list as unknown[])[0], back)
  circle.date = new Date(5)
  t.same((pass(circle) as typeof circle).date, new Date(5))
})

t.test('a circle beside a Set or a Map is refused', async t => {
  const circle: unknown[] = [new Set([1])]
  circle.push({ again: circle })
  t.throws(() => encodeValue('k', circle), {
    code: 'VALUE_NOT_SERIALIZABLE',
    message: 'The value of "k" can\'t be kept: a circle beside a Set or a Map at [1].again'
  })
  const set = new Set<unknown>()
  set.add(set)
  t.throws(() => encodeValue('k', set), { message: /a circle beside a Set or a Map at values\(\)\[0\]$/ })
})

t.test(
  'keys of prototypes are kept in plain values, refused beside others, and touch no prototype',
  async t => {
    for (const key of forbiddenBesideOthers) {
      const value = JSON.parse(`{"${key}":{"of":1}}`)
      const back = pass(value) as object
      t.same(Object.keys(back), [key])
      t.equal(Object.getPrototypeOf(back), Object.prototype)
      value.date = new Date(0)
      t.throws(() => encodeValue('k', { deep: value }), {
        message: `The value of "k" can't be kept: a key of this name beside values that are not plain JSON at deep.${key}`
      })
    }
    t.equal(({} as { of?: unknown }).of, undefined)
  }
)

t.test('a value nests as deep as it may, and no deeper', async t => {
  const nest = (depth: number, inside: unknown) => {
    let value = inside
    for (let i = 0; i < depth; i++) value = [value]
    return value
  }
  for (const inside of [1, 1n]) {
    deepStrictEqual(pass(nest(maxValueDepth, inside)), nest(maxValueDepth, inside))
    t.throws(() => encodeValue('k', nest(maxValueDepth + 1, inside)), {
      code: 'VALUE_NOT_SERIALIZABLE',
      message: /nesting of more than 100 levels at (\[0\]){100}$/
    })
  }
})

t.test('a small Buffer keeps its own bytes, and nothing of the pool that it is a window on', async t => {
  const value = Buffer.from('only this')
  t.ok(value.buffer.byteLength > value.length, 'it is such a window')
  t.ok(encodeValue('k', value).length < 100)
  const back = pass(value) as Buffer
  t.same(back, value)
  t.equal(back.buffer.byteLength, value.length)
})

t.test('each reading gives a value of its own', async t => {
  const text = encodeValue('k', { list: [1] })
  t.not(decodeValue(text), decodeValue(text))
})

t.test('no text makes an array that is larger than the text', async t => {
  const ofLength = '{"json":200000000,"meta":{"values":[["typed-array","Float64Array"]],"v":1}}'
  const inner = '{"json":{"a":200000000},"meta":{"values":{"a":[["typed-array","Int8Array"]]},"v":1}}'
  const inSet =
    '{"json":[200000000],"meta":{"values":["set",{"0":[["typed\\u002darray","Int8Array"]]}],"v":1}}'
  const parts = (code: string | null, cause: string | null) =>
    JSON.stringify({
      json: ['Error', 'a fault', code, cause],
      meta: { values: [['custom', 'error']], v: 1 }
    })
  for (const text of [ofLength, inner, inSet, parts(ofLength, null), parts(null, ofLength)])
    t.throws(() => decodeValue(text), { message: /got one with a typed array of any length/ }, text)
  const bytes = new Float64Array([1, Number.NaN])
  t.same(decodeValue(encodeValue('k', [bytes, 'typed-array', { 'typed-array': new Date(5) }])), [
    bytes,
    'typed-array',
    { 'typed-array': new Date(5) }
  ])
})
