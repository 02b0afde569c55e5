import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { SuperJSON } from 'superjson'
import t from 'tap'
import { encodePlain } from '../../../shared/bodies/plain-body.js'
import { decodeRich, encodeRich, reviveRich, wrapPlain } from '../../../shared/bodies/rich-body.js'
import { parseUntrusted } from '../../../shared/bodies/untrusted-value.js'
import { createEventText } from '../../../shared/events/event-text.js'
import { richValues } from '../../helpers/rich-values.js'

const refuse = (path: string, what: string) => new Error(`${what} at ${path}`)
const encode = (value: unknown) => encodeRich(value, refuse)
const pass = (value: unknown) => decodeRich(encode(value))

t.test('every rich value comes back as what it was', t => {
  fc.assert(
    fc.property(richValues, value => {
      // An Error loses its class; everything else arrives unchanged.
      deepStrictEqual(withoutClasses(pass(value)), withoutClasses(value))
    }),
    { numRuns: 1_000 }
  )
  t.end()
})

/** Returns the value with each Error replaced by what is kept of it. */
function withoutClasses(value: unknown): unknown {
  if (value instanceof Error) return [value.name, value.message, withoutClasses(value.cause)]
  if (Array.isArray(value)) return value.map(withoutClasses)
  if (value instanceof Set) return new Set([...value].map(withoutClasses))
  if (value instanceof Map)
    return new Map([...value].map(row => row.map(withoutClasses) as [unknown, unknown]))
  if (Object.getPrototypeOf(value ?? 1) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, withoutClasses(each)]))
}

t.test('what is written is what superjson writes, and passes the check', t => {
  fc.assert(
    fc.property(richValues, value => {
      const form = new SuperJSON().serialize(value)
      delete form.meta?.referentialEqualities
      const text = value === undefined ? JSON.stringify(form) : encode(value)
      // The same members, in whatever order.
      deepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(form)))
      parseUntrusted(text)
    }),
    { numRuns: 1_000 }
  )
  t.end()
})

t.test('whatever passes the check means what superjson says', t => {
  fc.assert(
    fc.property(richValues, value => {
      const form = new SuperJSON().serialize(value)
      delete form.meta?.referentialEqualities
      const text = JSON.stringify(form)
      deepStrictEqual(reviveRich(parseUntrusted(text)), new SuperJSON().parse(text))
    })
  )
  t.end()
})

t.test('a plain value is its JSON in the form, and none is an empty text', t => {
  t.equal(encode({ a: [1, 'b', null] }), '{"json":{"a":[1,"b",null]}}')
  t.equal(encode(7), '{"json":7}')
  t.equal(encode(undefined), '')
  t.equal(decodeRich(''), undefined)
  t.equal(wrapPlain('{"a":1}'), encode({ a: 1 }))
  t.equal(wrapPlain(''), '')
  t.end()
})

t.test('numbers that superjson loses in typed arrays are kept', t => {
  const numbers = [Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5]
  for (const value of [Float64Array.from(numbers), Float32Array.from(numbers)]) {
    deepStrictEqual(pass(value), value)
    deepStrictEqual(reviveRich(parseUntrusted(encode(value))), value)
  }
  t.same(pass(Buffer.from('ab')), Uint8Array.of(97, 98), 'a Buffer comes as a Uint8Array')
  t.equal((pass(Buffer.from('ab')) as object).constructor, Uint8Array)
  t.end()
})

t.test('what has no rich form is what JSON makes of it', t => {
  class Hero {
    hp = 1
    born = new Date(5)
    #secret = 2
    get double() {
      return this.#secret * 2
    }
  }
  t.same(pass(new Hero()), { hp: 1, born: new Date(5) }, 'an instance, with what is rich in it')
  t.same(pass({ at: 1n, hero: { toJSON: () => ({ hp: 2 }) } }), { at: 1n, hero: { hp: 2 } })
  const shown = { at: 1n, toJSON: () => ({ gold: 7n, teams: new Map([[1, 2]]) }) }
  deepStrictEqual(
    pass({ shown }),
    { shown: { gold: 7n, teams: new Map([[1, 2]]) } },
    'with what is rich in that'
  )
  t.equal(pass({ toJSON: () => undefined, a: 1n }), undefined)
  class Itself {
    at = new Date(1)
    toJSON() {
      return this
    }
  }
  deepStrictEqual(pass([new Itself()]), [{ at: new Date(1) }])
  deepStrictEqual(pass({ a: 1n, [Symbol('c')]: 1 }), { a: 1n })
  deepStrictEqual(pass([1n, Object(1), Object('a'), Object(true)]), [1n, 1, 'a', true])
  const twice = { at: new Date(1) }
  t.same(pass([twice, twice]), [{ at: new Date(1) }, { at: new Date(1) }])
  t.notMatch(encode([twice, twice]), /referentialEqualities/)
  t.end()
})

t.test('whatever JSON can send is sent, and arrives as JSON or better', t => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const json = JSON.parse(JSON.stringify(value))
      deepStrictEqual(pass(json), json)
    }),
    { numRuns: 500 }
  )
  const deep = JSON.parse(`${'['.repeat(1_000)}1${']'.repeat(1_000)}`)
  deepStrictEqual(pass(deep), deep)
  t.end()
})

t.test('what can not be sent is refused with its path', t => {
  const circle: Record<string, unknown> = { at: 1n, items: [] }
  ;(circle['items'] as unknown[]).push(circle)
  let deep: unknown = 1n
  for (let i = 0; i < 101; i++) deep = [deep]
  const rows: [unknown, string][] = [
    [{ a: [/x/] }, 'a RegExp at a.0'],
    [circle, 'a circle at items.0'],
    [new Map([['key', /x/]]), 'a RegExp at 0.1'],
    [{ a: new DataView(new ArrayBuffer(1)) }, 'a DataView at a'],
    [{ a: new ArrayBuffer(1) }, 'an ArrayBuffer at a'],
    [{ a: new BigInt64Array(1) }, 'a BigInt64Array at a'],
    [{ constructor: { a: 1n } }, 'a value that is no JSON under a key constructor at constructor.a'],
    [{ a: 1n, b: JSON.parse('{"__proto__":1}') }, 'a key of this name at b.__proto__'],
    [deep, `a value that is no JSON below 100 levels at ${Array(101).fill(0).join('.')}`],
    [() => {}, 'a function at '],
    [Symbol('s'), 'a symbol at '],
    [
      {
        a: new Map(),
        b: {
          get c() {
            throw new Error('no')
          }
        }
      },
      'a value that can not be read at b.c'
    ]
  ]
  for (const [value, message] of rows) t.throws(() => encode(value), { message }, message)
  t.end()
})

t.test('a getter that throws is named with its path, in whatever form, and by events too', t => {
  const body = {
    a: [
      {
        get b() {
          throw new Error('no')
        }
      }
    ]
  }
  const message = 'a value that can not be read at a.0.b'
  t.throws(() => encode(body), { message })
  t.throws(() => encodePlain(body, refuse), { message })
  for (const richOnly of [false, true])
    t.throws(() => createEventText('said', body, { richOnly }), {
      code: 'EVENT_NOT_SERIALIZABLE',
      message: /can not be read at a\.0\.b/
    })
  let reads = 0
  const moody = {
    get b() {
      if (reads++ > 0) throw new Error('no')
      return 1
    }
  }
  t.throws(() => encode(moody), { message: /at b$/ })
  reads = 0
  t.throws(() => createEventText('said', moody), { code: 'EVENT_NOT_SERIALIZABLE' })
  t.end()
})

t.test('an Error has a cause in its text only if there is one', t => {
  t.notMatch(encode(new Error('no', { cause: undefined })), /cause/)
  t.match(encode(new Error('no', { cause: null })), /"cause":null/)
  const arrived = pass(new Error('no'))
  t.notMatch(encode(arrived), /cause/, 'nor when it is sent on')
  t.end()
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

t.test('plain JSON has no form for a BigInt, a Map or a Set, wherever it is', t => {
  const rows: [unknown, string][] = [
    [{ a: [0, 1n] }, 'a BigInt at a.1'],
    [new Map([['a', 1]]), 'a Map at '],
    [{ a: { b: new Set([1]) } }, 'a Set at a.b'],
    [{ a: { toJSON: () => ({ b: new Map() }) } }, 'a Map at a.b'],
    [{ a: revoked() }, 'a value that can not be read at a'],
    [{ toJSON: () => undefined }, 'an object whose toJSON gives nothing at ']
  ]
  for (const [value, message] of rows) t.throws(() => encodePlain(value, refuse), { message }, message)
  t.equal(encodePlain({ a: {}, b: [{}] }, refuse), '{"a":{},"b":[{}]}', 'an empty object is one')
  t.equal(encodePlain({ a: { rows: new Map(), toJSON: () => ({}) } }, refuse), '{"a":{}}')
  t.end()
})
