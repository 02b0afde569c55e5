/**
 * Compares docs/reference/values.md with the code: what becomes of each value, at any place in a body or a
 * setting.
 */
import { deepStrictEqual } from 'node:assert'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { encodePlain } from '../../../shared/bodies/plain-body.js'
import { decodeRich, encodeRich } from '../../../shared/bodies/rich-body.js'
import { decodeValue, encodeValue } from '../../../shared/values/codec.js'
import { root } from '../../helpers/paths.js'

class Hero {
  hp = 1
}

class Team extends Map<unknown, unknown> {}
class Crowd extends Set<unknown> {}
class Queue extends Array<unknown> {}
class Deadline extends Date {}
class Address extends URL {}
class Pixels extends Uint8Array {}
class Pattern extends RegExp {}

class Secret {
  readonly #hp = 1
  get hp() {
    return this.#hp
  }
}

class OwnError extends Error {
  override name = 'OwnError'
}

const refused = Symbol('refused')
const kept = Symbol('kept')

/** What arrives: the value itself (`kept`), an error (`refused`), or another value. */
type Fate = unknown

/** Values of a row, each with what becomes of it in a setting, a rich body and a plain one. */
type Row = readonly (readonly [value: () => unknown, setting: Fate, rich: Fate, plain: Fate])[]

const all = (fate: Fate, ...values: (() => unknown)[]): Row => values.map(value => [value, fate, fate, fate])
const each = (setting: Fate, rich: Fate, plain: Fate, ...values: (() => unknown)[]): Row =>
  values.map(value => [value, setting, rich, plain])
const date = () => new Date(5)
const dateText = '1970-01-01T00:00:00.005Z'
const withKey = <Value extends object>(value: Value) => Object.assign(value, { key: 1 })

function holey(): unknown[] {
  const list: unknown[] = [1]
  list[2] = 3
  return list
}

function circle(): object {
  const value: Record<string, unknown> = {}
  value['self'] = value
  return value
}

/** Returns an object with an own key `__proto__`, which only JSON.parse creates. */
function spelled(): object {
  return JSON.parse('{"__proto__":{"a":1}}')
}

function unreadable(): object {
  return {
    get a() {
      throw new Error('no')
    }
  }
}

function listArguments(..._: unknown[]): IArguments {
  // biome-ignore lint/complexity/noArguments: it is what the row is about
  return arguments
}

function named(error: Error, name: string): Error {
  return Object.assign(error, { name })
}

const rows: Record<string, Row> = {
  'string, boolean, `null`, finite number': all(
    kept,
    () => 'é🎮',
    () => true,
    () => null,
    () => 1.5
  ),
  'list, object': all(
    kept,
    () => [1, [2]],
    () => ({ a: { b: [] }, c: {} })
  ),
  'object without a prototype': all({ a: 1 }, () => Object.assign(Object.create(null), { a: 1 })),
  '`undefined` as a member': each(kept, kept, { b: 1 }, () => ({ a: undefined, b: 1 })),
  '`undefined` in a list': each(kept, kept, [null], () => [undefined]),
  'hole in a list': each(refused, [1, undefined, 3], [1, null, 3], holey),
  'NaN, ±Infinity': each(
    kept,
    kept,
    null,
    () => Number.NaN,
    () => Number.NEGATIVE_INFINITY
  ),
  '−0': each(kept, kept, 0, () => -0),
  BigInt: each(kept, kept, refused, () => 7n),
  Date: each(kept, kept, dateText, date),
  'invalid Date': each(refused, refused, null, () => new Date(Number.NaN)),
  URL: each(kept, kept, 'https://a.example/', () => new URL('https://a.example/')),
  'Map, Set': each(
    kept,
    kept,
    refused,
    () => new Map([['a', date()]]),
    () => new Set([1])
  ),
  'Date or URL with properties of its own': [
    ...each(refused, refused, dateText, () => withKey(date())),
    ...each(refused, refused, 'https://a.example/', () => withKey(new URL('https://a.example/')))
  ],
  'Map or Set with properties of its own': each(
    refused,
    refused,
    { key: 1 },
    () => withKey(new Map()),
    () => withKey(new Set())
  ),
  RegExp: each(kept, refused, refused, () => /x/gi),
  'RegExp with properties of its own': each(refused, refused, { key: 1 }, () => withKey(/x/)),
  'match of a RegExp': each(
    refused,
    refused,
    ['b'],
    () => 'abc'.match(/b/),
    () => [...'abc'.matchAll(/b/g)][0]
  ),
  'list with other properties than elements': all([1], () => withKey([1])),
  "Error of JavaScript's own classes": [
    ...each(kept, new Error('no', { cause: 'it' }), refused, () => new Error('no', { cause: 'it' })),
    ...each(kept, named(new Error('no'), 'TypeError'), refused, () => new TypeError('no'))
  ],
  'Error of another class': each(
    named(new Error('no'), 'OwnError'),
    named(new Error('no'), 'OwnError'),
    { name: 'OwnError' },
    () => new OwnError('no')
  ),
  'Error with a `code`': each(kept, new Error('no'), { code: 'C' }, () =>
    Object.assign(new Error('no'), { code: 'C' })
  ),
  'Error with other properties, AggregateError': [
    ...each(refused, new Error('no'), { key: 1 }, () => withKey(new Error('no'))),
    ...each(refused, named(new Error('no'), 'AggregateError'), refused, () => new AggregateError([], 'no'))
  ],
  'Uint8Array and other typed arrays': each(
    kept,
    kept,
    { 0: 1 },
    () => Uint8Array.of(1),
    () => Float64Array.of(1)
  ),
  'typed array with properties of its own': each(Uint8Array.of(1), Uint8Array.of(1), { 0: 1, key: 1 }, () =>
    withKey(Uint8Array.of(1))
  ),
  Buffer: each(kept, Uint8Array.of(1), { type: 'Buffer', data: [1] }, () => Buffer.of(1)),
  'BigInt64Array, BigUint64Array': each(
    kept,
    refused,
    refused,
    () => BigInt64Array.of(1n),
    () => BigUint64Array.of(1n)
  ),
  'ArrayBuffer, DataView': each(
    kept,
    refused,
    refused,
    () => new ArrayBuffer(1),
    () => new DataView(new ArrayBuffer(1))
  ),
  'function or symbol as a member': each(
    refused,
    refused,
    { b: 1 },
    () => ({ a: () => 1, b: 1 }),
    () => ({ a: Symbol('s'), b: 1 })
  ),
  'function or symbol in a list': each(
    refused,
    refused,
    [null],
    () => [() => 1],
    () => [Symbol('s')]
  ),
  'object of functions or symbols alone': all(
    refused,
    () => ({ f: () => 1 }),
    () => ({ s: Symbol('s'), f() {} })
  ),
  'symbol as a key': each(refused, { a: 1 }, { a: 1 }, () => ({ a: 1, [Symbol('s')]: 2 })),
  'property that is not enumerable': all({ a: 1 }, () => Object.defineProperty({ a: 1 }, 'b', { value: 2 })),
  getter: all({ a: 1 }, () => ({
    get a() {
      return 1
    }
  })),
  'getter that throws, method `toJSON` that throws': all(
    refused,
    unreadable,
    () => withKey(unreadable()),
    () => ({
      toJSON() {
        throw new Error('no')
      }
    })
  ),
  'instance of a class with fields, but of no subclass below': each(
    refused,
    { hp: 1 },
    { hp: 1 },
    () => new Hero()
  ),
  'instance of a class without enumerable fields': all(refused, () => new Secret()),
  'instance of a subclass of Map or Set': [
    ...each(refused, new Map([['a', 1]]), refused, () => new Team([['a', 1]])),
    ...each(refused, new Set([1]), refused, () => new Crowd([1]))
  ],
  'instance of a subclass of Array': each(refused, ['a'], ['a'], () => Queue.of('a')),
  'instance of a subclass of Date or URL': [
    ...each(refused, date(), dateText, () => new Deadline(5)),
    ...each(
      refused,
      new URL('https://a.example/'),
      'https://a.example/',
      () => new Address('https://a.example/')
    )
  ],
  'instance of a subclass of a typed array': each(refused, Uint8Array.of(1), { 0: 1 }, () => Pixels.of(1)),
  'instance of a subclass of RegExp': all(refused, () => new Pattern('x')),
  '`arguments`': each(refused, { 0: 'a' }, { 0: 'a' }, () => listArguments('a')),
  'object or list of another realm': [
    ...each(refused, { a: 1 }, { a: 1 }, () => runInNewContext('({ a: 1 })')),
    ...each(refused, [1], [1], () => runInNewContext('[1]'))
  ],
  'Date of another realm': each(refused, dateText, dateText, () => runInNewContext('new Date(5)')),
  'Map, Set, RegExp or Error of another realm': all(
    refused,
    () => runInNewContext('new Map([[1, 2]])'),
    () => runInNewContext('new Set([1])'),
    () => runInNewContext('/x/'),
    () => runInNewContext('new Error("no")')
  ),
  'object or list with a method `toJSON`': [
    ...each(refused, 'shown', 'shown', () => ({ toJSON: () => 'shown' })),
    ...[{ a: 1 }, Object.create(null) as object, [1], [{ a: 1 }, 2n]].flatMap(value => {
      // Without a row of its own: it is a property that is not enumerable, which has an effect all the same.
      Object.defineProperty(value, 'toJSON', { value: () => 'shown' })
      return each(refused, 'shown', 'shown', () => value)
    })
  ],
  'member whose `toJSON` gives `undefined`': each(refused, { a: undefined, b: 1 }, { b: 1 }, () => ({
    a: { toJSON: () => undefined },
    b: 1
  })),
  'Promise, WeakMap, WeakSet, generator, web stream, SharedArrayBuffer': all(
    refused,
    () => Promise.resolve(),
    () => new WeakMap(),
    () => new WeakSet(),
    () => (function* () {})(),
    () => new ReadableStream(),
    () => new SharedArrayBuffer(1)
  ),
  'stream of Node': all(refused, () => Readable.from([1])),
  "`new Number(1)`, `new String('a')`, `new Boolean(true)`": [
    ...each(refused, 1, 1, () => Object(1)),
    ...each(refused, 'a', 'a', () => Object('a')),
    ...each(refused, true, true, () => Object(true))
  ],
  '`Object(5n)`, `Object(Symbol())`': all(
    refused,
    () => Object(5n),
    () => Object(Symbol('s'))
  ),
  DOMException: each(
    named(new Error('no'), 'AbortError'),
    named(new Error('no'), 'AbortError'),
    refused,
    () => {
      return new DOMException('no', 'AbortError')
    }
  ),
  '`Math`, `Reflect`, `JSON`': each(
    refused,
    {},
    {},
    () => Math,
    () => Reflect,
    () => JSON
  ),
  circle: each(kept, refused, refused, circle),
  'object that is met twice': all([{ a: 1 }, { a: 1 }], () => {
    const twice = { a: 1 }
    return [twice, twice]
  }),
  'key `__proto__`, `constructor` or `prototype` in JSON values': all(kept, spelled, () => ({
    constructor: 1,
    prototype: 2
  })),
  'key `__proto__` where a value in the body is no JSON': each(refused, refused, spelled(), () =>
    Object.assign(spelled(), { b: undefined })
  ),
  'key `constructor` or `prototype` where a value in the body is no JSON': [
    ...each(refused, kept, { constructor: 1 }, () => ({ constructor: 1, b: undefined })),
    ...each(refused, refused, { prototype: {} }, () => ({ prototype: { b: undefined } }))
  ]
}

/** The rows of the table, cell by cell. */
const table = readFileSync(join(root, 'docs/reference/values.md'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| '))
  .map(line =>
    line
      .slice(2, -2)
      .split(' | ')
      .map(cell => cell.trim())
  )
  .slice(2)

const refuse = (path: string, what: string) => new Error(`refused: ${what} at ${path}`)
const columns: readonly [name: string, pass: (value: unknown) => unknown][] = [
  ['setting', value => decodeValue(encodeValue('key', value))],
  ['rich body', value => decodeRich(encodeRich(value, refuse))],
  ['plain body', value => readJson(encodePlain(value, refuse))]
]

function readJson(json: string): unknown {
  return json === '' ? undefined : JSON.parse(json)
}

/** Ways to nest a value, and to read it back. */
const places = fc.array(
  fc.constantFrom<[put: (inner: unknown) => unknown, take: (outer: unknown) => unknown, step: RegExp]>(
    [inner => ({ a: 1, b: inner }), outer => (outer as { b: unknown }).b, /b/],
    [inner => [0, inner], outer => (outer as unknown[])[1], /1/],
    [
      inner => ({ deep: { list: [inner, 'x'] } }),
      outer => (outer as { deep: { list: unknown[] } }).deep.list[0],
      /deep.*list.*0/
    ]
  ),
  { maxLength: 4 }
)

t.test('each row of the table is tried here, and each that is tried is in the table', t => {
  t.same(
    table.map(([label]) => label),
    Object.keys(rows)
  )
  t.end()
})

for (const [label, ...cells] of table) {
  t.test(`${label}: ${cells.join(', ')}`, t => {
    for (const [value, ...fates] of rows[label!] ?? [])
      for (const [i, [column, pass]] of columns.entries()) {
        const fate = fates[i]
        // What is said first holds, unless the cell says of more than one value.
        if (fate === kept) t.match(cells[i], /^kept/, column)
        else if (fate === refused) t.match(cells[i], /refused/, column)
        else t.notMatch(cells[i], /^kept/, column)
        fc.assert(
          fc.property(places, way => check(value, fate, pass, way)),
          { numRuns: 50 }
        )
      }
    t.end()
  })
}

type Way = readonly (readonly [(inner: unknown) => unknown, (outer: unknown) => unknown, RegExp])[]

function check(value: () => unknown, fate: Fate, pass: (value: unknown) => unknown, way: Way): void {
  const whole = way.reduceRight((inner, [put]) => put(inner), value())
  if (fate !== refused) {
    const arrived = way.reduce((outer, [, take]) => take(outer), pass(whole))
    deepStrictEqual(bare(arrived), bare(fate === kept ? value() : fate))
    return
  }
  let error: unknown
  try {
    pass(whole)
  } catch (caught) {
    error = caught
  }
  if (!(error instanceof Error)) throw new Error('It was accepted')
  const path = new RegExp(way.map(([, , step]) => step.source).join('.*'))
  if (!path.test(error.message.split(' at ').at(-1)!)) throw new Error(`No path is in "${error.message}"`)
}

/** Returns the comparable parts of an Error. Its stack is never kept. */
function bare(value: unknown): unknown {
  if (!(value instanceof Error)) return value
  return { ...value, class: value.constructor, name: value.name, message: value.message, cause: value.cause }
}
