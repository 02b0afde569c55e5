/**
 * Encodes the values of settings as text, and decodes them.
 * The text is superjson's. Plain JSON values take a shortcut that writes the same text several times faster.
 * The gateway stores and forwards texts and needs none of this. Workers encode a value when it is pushed, and
 * decode it when its key is read. Texts come from our own workers only: superjson's parser is not safe for
 * text from clients.
 *
 * A value that would change on the way is refused, with the path to the part that would. A few properties are
 * lost all the same, since checking for them costs too much: docs/reference/values.md, held by a test.
 */
import { errors } from '../errors.js'
import { describeInstance, findOwnKey, isMatch } from '../text/lossy-value.js'
import { SuperJSON } from './superjson.js'

/** Maximum nesting of a value. */
export const maxValueDepth = 100

/** Thrown for a part of a value that can't be kept, with the path to it. */
class Unencodable extends Error {
  readonly path: string
  constructor(path: string, what: string) {
    super(what)
    this.path = path
  }
}

const superjson = new SuperJSON()

// Without this, superjson would lose the class of a typed array, and the NaNs in it.
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
    // A copy, since a small Buffer is a view of a pool that other Buffers share.
    deserialize: ([name, base64]) =>
      bytesByName.get(name)!(new Uint8Array(Buffer.from(base64, 'base64')).buffer)
  },
  'bytes'
)

// Without this, superjson would lose the class and the code of an Error.
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
 * Returns the text of a value.
 *
 * @throws `VALUE_NOT_SERIALIZABLE`, which names the key and the path in the value
 */
export function encodeValue(key: string, value: unknown): string {
  try {
    // For numbers too: a number in a template goes through V8's number cache, at twice the cost.
    if (isPlain(value)) return `{"json":${JSON.stringify(value)}}`
    return encodeRich(value)
  } catch (error) {
    if (error instanceof Unencodable) throw errors.valueNotSerializable(key, error.path, error.message)
    throw errors.valueNotSerializable(key, '', error instanceof Error ? error.message : String(error))
  }
}

/** Returns the value of a text that `encodeValue` has made. Each call returns a new value. */
export function decodeValue(text: string): unknown {
  const number = readInteger(text)
  if (number !== undefined) return number
  const parsed = JSON.parse(text)
  return parsed.meta === undefined ? parsed.json : superjson.deserialize(parsed)
}

const valueStart = '{"json":'.length
/** Number of decimal digits that a double always holds exactly. */
const exactDigits = 15

/** Reads a text like `{"json":17}` without a parser. Returns undefined for any other text. */
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
  if (circle !== undefined && hasCollection) throw new Unencodable(circle, 'a circle beside a Set or a Map')
  const serialized = superjson.serialize(value)
  // superjson restores a value that it met twice (equal NaNs and BigInts included) by assigning it again. That
  // reorders a Map's keys and loses some. Only a circle needs it; anything else is restored as equal copies.
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

/** Whether JSON alone restores the value. An unreadable value is not plain; the inspection will name it. */
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

/** Walks through a value that is not plain JSON. Throws Unencodable for a part that superjson would lose. */
class Inspection {
  /** The objects around the current value, so that a circle, which superjson can keep, is walked once. */
  readonly #above = new Set<object>()
  /** The path at which a circle closes; undefined if there is none. */
  circle: string | undefined
  /** Whether the value contains a Set or a Map. */
  hasCollection = false
  /** The path of the member that is being read. */
  #reading = ''

  start(value: unknown): void {
    try {
      this.inspect(value, '', 0)
    } catch (error) {
      if (error instanceof Unencodable) throw error
      // A getter or a Proxy of the game has thrown.
      throw new Unencodable(this.#reading, 'a value that can not be read')
    }
  }

  inspect(value: unknown, path: string, depth: number): void {
    if (typeof value === 'function') throw new Unencodable(path, 'a function')
    if (typeof value === 'symbol') throw new Unencodable(path, 'a symbol')
    if (typeof value !== 'object' || value === null) return
    if (this.#above.has(value)) {
      this.circle = path
      return
    }
    if (depth >= maxValueDepth) throw new Unencodable(path, `nesting of more than ${maxValueDepth} levels`)
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
      if (Number.isNaN((value as Date).getTime())) throw new Unencodable(path, 'an invalid Date')
      return
    }
    if (proto === RegExp.prototype || proto === URL.prototype || isBytes(value)) return
    throw new Unencodable(path, describeInstance(value))
  }

  #inspectKeys(value: object, path: string, depth: number): void {
    for (const key in value) {
      const inner = within(path, key)
      this.#reading = inner
      if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
        throw new Unencodable(inner, 'a key of this name beside values that are not plain JSON')
      }
      this.inspect((value as Record<string, unknown>)[key], inner, depth)
    }
    if (Object.getOwnPropertySymbols(value).length > 0) throw new Unencodable(path, 'a key that is a symbol')
  }

  #expectBare(value: object, path: string): void {
    const key = findOwnKey(value)
    if (key !== undefined)
      throw new Unencodable(within(path, key), `a property of a ${value.constructor.name}`)
  }

  #inspectArray(value: unknown[], path: string, depth: number): void {
    if (isMatch(value)) throw new Unencodable(path, 'the match of a RegExp')
    for (let i = 0; i < value.length; i++) {
      this.#reading = `${path}[${i}]`
      if (!(i in value)) throw new Unencodable(this.#reading, 'a hole in an array')
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
    if (value instanceof AggregateError) throw new Unencodable(path, 'an AggregateError')
    for (const key of Object.keys(value)) {
      if (!keptErrorKeys.has(key))
        throw new Unencodable(within(path, key), 'a property of an Error beyond name, message, code, cause')
    }
    this.inspect((value as { code?: unknown }).code, within(path, 'code'), depth)
    this.inspect(value.cause, within(path, 'cause'), depth)
  }
}

function within(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** Prototypes of objects that superjson keeps without any properties that were added to them. */
const bare = new Set<unknown>([Map, Set, Date, RegExp, URL].map(each => each.prototype))

const keptErrorKeys = new Set(['name', 'message', 'code', 'cause', 'stack'])
