/**
 * A setting's value ⇄ its text. The text is superjson's; plain JSON values take a way of their own that writes
 * the same text several times faster. The gateway keeps and forwards texts and needs none of this; workers
 * encode at a push and decode when a key is read. Texts come from our own workers only: superjson's parser is
 * no match for a stranger's text.
 *
 * What would not come back as what it was is refused here, with the path to it. The few things that are left out all the
 * same, since to look for them costs too much, are in docs/reference/values.md, held by a test.
 */
import { errors } from '../errors.js'
import { describeInstance, findOwnKey, isMatch } from '../text/lossy-value.js'
import { SuperJSON } from './superjson.js'

/** Levels of nesting that a value may have. */
export const maxValueDepth = 100

/** What can't be kept, and where in the value it is. */
class Refusal extends Error {
  readonly path: string
  constructor(path: string, what: string) {
    super(what)
    this.path = path
  }
}

const superjson = new SuperJSON()

// superjson of itself would lose the class of a view over bytes and the NaNs in it.
const bytesByName = new Map<string, (copy: ArrayBuffer) => ArrayBufferView | ArrayBuffer>([
  ['ArrayBuffer', copy => copy],
  ['Buffer', copy => Buffer.from(copy)],
  ['DataView', copy => new DataView(copy)],
  ['Int8Array', copy => new Int8Array(copy)],
  ['Uint8Array', copy => new Uint8Array(copy)],
  ['Uint8ClampedArray', copy => new Uint8ClampedArray(copy)],
  ['Int16Array', copy => new Int16Array(copy)],
  ['Uint16Array', copy => new Uint16Array(copy)],
  ['Int32Array', copy => new Int32Array(copy)],
  ['Uint32Array', copy => new Uint32Array(copy)],
  ['Float32Array', copy => new Float32Array(copy)],
  ['Float64Array', copy => new Float64Array(copy)],
  ['BigInt64Array', copy => new BigInt64Array(copy)],
  ['BigUint64Array', copy => new BigUint64Array(copy)]
])

superjson.registerCustom<ArrayBufferView | ArrayBuffer, [name: string, base64: string]>(
  {
    isApplicable: isBytes,
    serialize: value => [value.constructor.name, asBuffer(value).toString('base64')],
    // A copy, since a small Buffer is a window on a pool that others use too.
    deserialize: ([name, base64]) =>
      bytesByName.get(name)!(new Uint8Array(Buffer.from(base64, 'base64')).buffer)
  },
  'bytes'
)

// ... and of an Error its class and its code.
const errorClasses = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(each => [
    each.name,
    each
  ])
)

superjson.registerCustom<Error, [name: string, message: string, code: string | null, cause: string | null]>(
  {
    isApplicable: (value): value is Error => value instanceof Error,
    serialize: error => [
      error.name,
      error.message,
      Object.hasOwn(error, 'code') ? superjson.stringify((error as { code?: unknown }).code) : null,
      Object.hasOwn(error, 'cause') ? superjson.stringify(error.cause) : null
    ],
    deserialize: ([name, message, code, cause]) => {
      const error = new (errorClasses.get(name) ?? Error)(
        message,
        cause === null ? undefined : { cause: superjson.parse(cause) }
      )
      if (error.name !== name) error.name = name
      return code === null ? error : Object.assign(error, { code: superjson.parse(code) })
    }
  },
  'error'
)

/**
 * The text of a value.
 *
 * @throws `VALUE_NOT_SERIALIZABLE`, naming the key and the path in the value
 */
export function encodeValue(key: string, value: unknown): string {
  try {
    // A number too: as a part of a template it would go through V8's cache of such texts, at twice the cost.
    if (isPlain(value)) return `{"json":${JSON.stringify(value)}}`
    return encodeRich(value)
  } catch (refusal) {
    if (refusal instanceof Refusal) throw errors.valueNotSerializable(key, refusal.path, refusal.message)
    throw errors.valueNotSerializable(key, '', refusal instanceof Error ? refusal.message : String(refusal))
  }
}

/** The value of a text that `encodeValue` made: a new one at each call, shared with nobody. */
export function decodeValue(text: string): unknown {
  const number = readInteger(text)
  if (number !== undefined) return number
  const parsed = JSON.parse(text)
  return parsed.meta === undefined ? parsed.json : superjson.deserialize(parsed)
}

const valueStart = '{"json":'.length
/** Digits of which a number holds each row exactly. */
const exactDigits = 15

/** The value of a text like `{"json":17}`, which needs no parser; undefined of any other text. */
function readInteger(text: string): number | undefined {
  const end = text.length - 1
  if (end > valueStart + exactDigits) return undefined
  let number = 0
  for (let i = valueStart; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return end > valueStart ? number : undefined
}

function encodeRich(value: unknown): string {
  const inspection = new Inspection()
  inspection.start(value)
  const { circle, hasCollection } = inspection
  if (circle !== undefined && hasCollection) throw new Refusal(circle, 'a circle beside a Set or a Map')
  const serialized = superjson.serialize(value)
  // What superjson met twice, equal NaNs and BigInts included, it restores by putting it in place again, which
  // changes the order of a Map's keys and loses some. Only a circle needs it; all else comes back as equal copies.
  if (circle === undefined) delete serialized.meta?.referentialEqualities
  return JSON.stringify(serialized)
}

function isBytes(value: unknown): value is ArrayBufferView | ArrayBuffer {
  return (
    (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) && bytesByName.has(value.constructor.name)
  )
}

function asBuffer(value: ArrayBufferView | ArrayBuffer): Buffer {
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value)
}

/** Whether JSON alone brings the value back as what it was. One that can't be read is for the inspection to name. */
function isPlain(value: unknown): boolean {
  try {
    return looksPlain(value, 0)
  } catch {
    return false
  }
}

function looksPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      return value === null || (depth < maxValueDepth && looksPlainObject(value, depth))
    default:
      return false
  }
}

function looksPlainObject(value: object, depth: number): boolean {
  const proto = Object.getPrototypeOf(value)
  if (proto === Array.prototype) {
    for (const each of value as unknown[]) if (!looksPlain(each, depth + 1)) return false
    return (value as Partial<RegExpMatchArray>).index === undefined
  }
  if (proto !== Object.prototype && proto !== null) return false
  for (const key in value) if (!looksPlain((value as Record<string, unknown>)[key], depth + 1)) return false
  return Object.getOwnPropertySymbols(value).length === 0
}

/** The slow walk over a value that is not plain JSON: throws a Refusal where it meets what superjson would lose. */
class Inspection {
  /** What lies above the present value, so that a circle, which superjson can keep, is walked once. */
  readonly #above = new Set<object>()
  /** The path at which a circle closes; undefined: there is none. */
  circle: string | undefined
  /** Whether there is a Set or a Map in it. */
  hasCollection = false
  /** The path of the member that is read. */
  #reading = ''

  start(value: unknown): void {
    try {
      this.inspect(value, '', 0)
    } catch (error) {
      if (error instanceof Refusal) throw error
      // A getter or a Proxy of the game's threw.
      throw new Refusal(this.#reading, 'a value that can not be read')
    }
  }

  inspect(value: unknown, path: string, depth: number): void {
    if (typeof value === 'function') throw new Refusal(path, 'a function')
    if (typeof value === 'symbol') throw new Refusal(path, 'a symbol')
    if (typeof value !== 'object' || value === null) return
    if (this.#above.has(value)) {
      this.circle = path
      return
    }
    if (depth >= maxValueDepth) throw new Refusal(path, `nesting of more than ${maxValueDepth} levels`)
    this.#above.add(value)
    this.#inspectObject(value, path, depth + 1)
    this.#above.delete(value)
  }

  #inspectObject(value: object, path: string, depth: number): void {
    const proto = Object.getPrototypeOf(value)
    if (proto === Object.prototype || proto === null) return this.#inspectKeys(value, path, depth)
    if (proto === Array.prototype) return this.#inspectArray(value as unknown[], path, depth)
    if (bare.has(proto)) this.#expectBare(value, path)
    if (proto === Map.prototype) return this.#inspectMap(value as Map<unknown, unknown>, path, depth)
    if (proto === Set.prototype) return this.#inspectSet(value as Set<unknown>, path, depth)
    if (value instanceof Error) return this.#inspectError(value, path, depth)
    if (proto === Date.prototype) {
      if (Number.isNaN((value as Date).getTime())) throw new Refusal(path, 'an invalid Date')
      return
    }
    if (proto === RegExp.prototype || proto === URL.prototype || isBytes(value)) return
    throw new Refusal(path, describeInstance(value))
  }

  #inspectKeys(value: object, path: string, depth: number): void {
    for (const key in value) {
      const inner = within(path, key)
      this.#reading = inner
      if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
        throw new Refusal(inner, 'a key of this name beside values that are not plain JSON')
      }
      this.inspect((value as Record<string, unknown>)[key], inner, depth)
    }
    if (Object.getOwnPropertySymbols(value).length > 0) throw new Refusal(path, 'a key that is a symbol')
  }

  #expectBare(value: object, path: string): void {
    const key = findOwnKey(value)
    if (key !== undefined) throw new Refusal(within(path, key), `a property of a ${value.constructor.name}`)
  }

  #inspectArray(value: unknown[], path: string, depth: number): void {
    if (isMatch(value)) throw new Refusal(path, 'the match of a RegExp')
    for (let i = 0; i < value.length; i++) {
      this.#reading = `${path}[${i}]`
      if (!(i in value)) throw new Refusal(this.#reading, 'a hole in an array')
      this.inspect(value[i], this.#reading, depth)
    }
  }

  #inspectSet(value: Set<unknown>, path: string, depth: number): void {
    this.hasCollection = true
    let index = 0
    for (const each of value) this.inspect(each, within(path, `values()[${index++}]`), depth)
  }

  #inspectMap(value: Map<unknown, unknown>, path: string, depth: number): void {
    this.hasCollection = true
    let index = 0
    for (const [key, each] of value) {
      this.inspect(key, within(path, `keys()[${index}]`), depth)
      this.inspect(each, within(path, `values()[${index++}]`), depth)
    }
  }

  #inspectError(value: Error, path: string, depth: number): void {
    if (value instanceof AggregateError) throw new Refusal(path, 'an AggregateError')
    for (const key of Object.keys(value)) {
      if (!keptOfErrors.has(key))
        throw new Refusal(within(path, key), 'a property of an Error beyond name, message, code, cause')
    }
    this.inspect((value as { code?: unknown }).code, within(path, 'code'), depth)
    this.inspect(value.cause, within(path, 'cause'), depth)
  }
}

function within(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** What is kept without any properties that it was given. */
const bare = new Set<unknown>([Map, Set, Date, RegExp, URL].map(each => each.prototype))

const keptOfErrors = new Set(['name', 'message', 'code', 'cause', 'stack'])
