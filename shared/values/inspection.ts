/**
 * Finds the part of a settings value that superjson would lose.
 * Its error names the path to that part. The inspection is slow, so values that are plain JSON skip it.
 */
import { isInstance } from '../text/instance.js'
import { describeInstance, findOwnKey, isMatch } from '../text/lossy-value.js'
import { isBytes } from './kinds.js'
import { maxValueDepth } from './plain-value.js'

/** Thrown for a part of a value that can't be kept, with the path to it. */
export class Unencodable extends Error {
  readonly path: string
  constructor(path: string, what: string) {
    super(what)
    this.path = path
  }
}

/**
 * One walk through a value that is not plain JSON. Throws Unencodable for a part that superjson would lose.
 */
export class Inspection {
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
      if (isInstance(error, Unencodable)) throw error
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
    this.#expectNoToJSON(value, path, 'an object')
    if (Object.getOwnPropertySymbols(value).length > 0) throw new Unencodable(path, 'a key that is a symbol')
  }

  /** Refuses a `toJSON` that is no enumerable key: JSON calls it all the same, in place of the value. */
  #expectNoToJSON(value: object, path: string, what: string): void {
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') throw new Unencodable(path, `${what} with a method toJSON`)
  }

  #expectBare(value: object, path: string): void {
    const key = findOwnKey(value)
    if (key !== undefined)
      throw new Unencodable(within(path, key), `a property of a ${value.constructor.name}`)
  }

  #inspectArray(value: unknown[], path: string, depth: number): void {
    if (isMatch(value)) throw new Unencodable(path, 'the match of a RegExp')
    this.#expectNoToJSON(value, path, 'a list')
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
