/**
 * Encodes and decodes rich bodies: superjson's `{"json":…,"meta":…}`, for clients that ask for it.
 * Dates, Maps, Sets, BigInts, undefined, NaN, ±Infinity and −0, URLs, Errors and typed arrays survive.
 * docs/reference/values.md lists the other kinds of values, and a test compares that list with the code. An
 * empty text stands for undefined.
 *
 * superjson reads the form, but this file writes it, for three reasons. A value that can't be sent is named
 * with its path, numbers such as NaN in a typed array are kept, and the time grows with the size of the value
 * rather than with the square of its depth. Needs nothing of Node.
 */
import { isInstance } from '../text/instance.js'
import { describeEmptied, findOwnKey, isBoxed, isMatch, readMembers } from '../text/lossy-value.js'
import { SuperJSON } from '../values/superjson.js'
import { encodePlain, isPlainBody, type Refuse } from './plain-body.js'
import { maxAnnotationDepth, type RichForm } from './rich-form.js'

/** No further kinds are registered, so a text can only make it build superjson's own kinds of values. */
const superjson = new SuperJSON()

/**
 * Returns the text of a value; '' for undefined.
 *
 * @throws the error that `refuse` makes, for a value without a form, such as a RegExp or a circle
 */
export function encodeRich(value: unknown, refuse: Refuse): string {
  if (value === undefined) return ''
  return isPlainBody(value) ? wrapPlain(encodePlain(value, refuse)) : encodeRicher(value, refuse)
}

/** Encodes a value as `encodeRich` does, for a value that is known not to be plain JSON. */
export function encodeRicher(value: unknown, refuse: Refuse): string {
  const writer = new RichWriter()
  try {
    return writer.write(value)
  } catch (error) {
    if (isInstance(error, Unencodable)) throw refuse(error.path, error.message)
    // A getter or a toJSON of the game has thrown, or the stack has overflowed.
    throw refuse(writer.path, 'a value that can not be read')
  }
}

/** Returns the text in superjson's form for a value whose plain JSON is known; '' for ''. */
export function wrapPlain(json: string): string {
  return json === '' ? '' : `{"json":${json}}`
}

/** Decodes a text from a trusted sender. Clients use it for what their gateway sends. */
export function decodeRich(text: string): unknown {
  return text === '' ? undefined : reviveRich(JSON.parse(text))
}

/** Builds the value of a form that is trusted or was checked. The form's objects become part of the value. */
export function reviveRich(form: RichForm): unknown {
  // superjson's declared input type is narrower than what it reads.
  type Input = Parameters<typeof superjson.deserialize>[0]
  return form.meta === undefined ? form.json : superjson.deserialize(form as Input, { inPlace: true })
}

/** Thrown for a part of a value that can't be sent, with the path to it. */
class Unencodable extends Error {
  readonly path: string
  constructor(steps: readonly string[], what: string) {
    super(what)
    this.path = steps.join('.')
  }
}

type Kind = string | readonly string[]
type Tree = readonly unknown[]
type Branches = Record<string, Tree>

const forbiddenSteps = new Set(['__proto__', 'constructor', 'prototype'])

class RichWriter {
  /** The steps from the top of the JSON to the current value. */
  readonly #steps: string[] = []
  /** The objects that contain the current value. */
  readonly #above = new Set<object>()
  /**
   * The annotations inside the nearest enclosing Map, Set or Error, and the number of steps from the top to
   * it.
   */
  #branches: Branches = createBranches()
  #start = 0
  /** The annotation of the whole value. */
  #top: Tree | undefined

  /** The path to the current value, cut at a bounded depth. */
  get path(): string {
    return this.#steps.slice(0, maxAnnotationDepth).join('.')
  }

  write(value: unknown): string {
    const json = this.#walk(value)
    const values = this.#top ?? (isEmpty(this.#branches) ? undefined : this.#branches)
    return JSON.stringify(values === undefined ? { json } : { json, meta: { values, v: 1 } })
  }

  #walk(value: unknown): unknown {
    switch (typeof value) {
      case 'undefined':
        return this.#annotate(['undefined'], null)
      case 'bigint':
        return this.#annotate(['bigint'], String(value))
      case 'number':
        return isSpecial(value) ? this.#annotate(['number'], nameSpecial(value)) : value
      case 'object':
        return value === null ? null : this.#walkObject(value)
      case 'function':
      case 'symbol':
        throw new Unencodable(this.#steps, `a ${typeof value}`)
      default:
        return value
    }
  }

  #walkObject(value: object): unknown {
    if (value instanceof Date) return this.#writeDate(value)
    if (value instanceof URL) return this.#annotate(['URL'], this.#expectBare(value, 'a URL').href)
    if (value instanceof RegExp) throw new Unencodable(this.#steps, 'a RegExp')
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return this.#writeBytes(value)
    if (this.#above.has(value)) throw new Unencodable(this.#steps, 'a circle')
    this.#above.add(value)
    const json = this.#walkInto(value)
    this.#above.delete(value)
    return json
  }

  #walkInto(value: object): unknown {
    if (Array.isArray(value)) {
      if (isMatch(value)) throw new Unencodable(this.#steps, 'the match of a RegExp')
      const { toJSON } = value as { toJSON?: unknown }
      const shown = typeof toJSON === 'function' ? toJSON.call(value, this.#steps.at(-1) ?? '') : value
      return shown === value ? this.#writeList(value) : this.#walk(shown)
    }
    if (value instanceof Map)
      return this.#contain('map', () => this.#writeRows(this.#expectBare(value, 'a Map')))
    if (value instanceof Set)
      return this.#contain('set', () => this.#writeList([...this.#expectBare(value, 'a Set')]))
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function')
      return this.#writeShown(value, toJSON.call(value, this.#steps.at(-1) ?? ''))
    if (isBoxed(value)) return this.#walk(value.valueOf())
    if (value instanceof Error) return this.#contain('Error', () => this.#writeError(value))
    return this.#writeKeys(value)
  }

  /** Writes the result of an object's `toJSON`, which is often the object itself. */
  #writeShown(value: object, shown: unknown): unknown {
    return shown === value ? this.#writeKeys(value) : this.#walk(shown)
  }

  #writeDate(date: Date): unknown {
    if (Number.isNaN(date.getTime())) throw new Unencodable(this.#steps, 'an invalid Date')
    return this.#annotate(['Date'], this.#expectBare(date, 'a Date').toISOString())
  }

  /** Refuses a Date, Map … with properties of its own: the form has no place for them. */
  #expectBare<Value extends object>(value: Value, what: string): Value {
    const key = findOwnKey(value)
    if (key !== undefined) throw new Unencodable([...this.#steps, key], `a property of ${what}`)
    return value
  }

  #writeList(list: readonly unknown[]): unknown[] {
    return Array.from(list, (each, index) => this.#step(String(index), each))
  }

  #writeRows(map: ReadonlyMap<unknown, unknown>): unknown[] {
    return Array.from(map, ([key, value], index) => {
      this.#steps.push(String(index))
      const row = [this.#step('0', key), this.#step('1', value)]
      this.#steps.pop()
      return row
    })
  }

  #writeError(error: Error): object {
    const { name, message } = error
    const texts = { name: String(name), message: String(message) }
    return error.cause === undefined ? texts : { ...texts, cause: this.#step('cause', error.cause) }
  }

  #writeKeys(value: object): object {
    const written: Record<string, unknown> = {}
    const members = readMembers(value, this.#steps)
    const emptied = isOfClass(value) ? describeEmptied(value) : undefined
    if (emptied !== undefined) throw new Unencodable(this.#steps, emptied)
    for (const [key, each] of members) {
      if (key === '__proto__') throw new Unencodable([...this.#steps, key], 'a key of this name')
      // This `toJSON` was called already, and has returned the object itself.
      if (key === 'toJSON' && typeof each === 'function') continue
      written[key] = this.#step(key, each)
    }
    return written
  }

  #writeBytes(value: ArrayBufferView | ArrayBuffer): unknown {
    // The name of the built-in type, not of the class: a Buffer is a Uint8Array.
    const name: string = (value as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
    if (!/^(?:Uint8|Uint8Clamped|Int8|Uint16|Int16|Uint32|Int32|Float32|Float64)Array$/.test(name))
      throw new Unencodable(this.#steps, `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`)
    const numbers = Array.from(value as Float64Array, each => (isSpecial(each) ? nameSpecial(each) : each))
    return this.#annotate([['typed-array', name]], numbers)
  }

  #step(step: string, value: unknown): unknown {
    this.#steps.push(step)
    const json = this.#walk(value)
    this.#steps.pop()
    return json
  }

  /** Writes a container, whose members have their annotations inside the container's own. */
  #contain(kind: Kind, write: () => unknown): unknown {
    const [branches, start] = [this.#branches, this.#start]
    const inner = createBranches()
    this.#branches = inner
    this.#start = this.#steps.length
    const json = write()
    this.#branches = branches
    this.#start = start
    return this.#annotate(isEmpty(inner) ? [kind] : [kind, inner], json)
  }

  #annotate(tree: Tree, json: unknown): unknown {
    const steps = this.#steps
    if (steps.length > maxAnnotationDepth)
      throw new Unencodable(steps, `a value that is no JSON below ${maxAnnotationDepth} levels`)
    const path = steps.slice(this.#start)
    const forbidden = path.find(step => forbiddenSteps.has(step))
    if (forbidden !== undefined)
      throw new Unencodable(steps, `a value that is no JSON under a key ${forbidden}`)
    if (path.length === 0) this.#top = tree
    else this.#branches[path.map(escapeStep).join('.')] = tree
    return json
  }
}

function createBranches(): Branches {
  return Object.create(null) as Branches
}

function isEmpty(branches: Branches): boolean {
  for (const _ in branches) return false
  return true
}

function escapeStep(step: string): string {
  return step.replace(/[\\.]/g, '\\$&')
}

/** Whether JSON has no form for the number. */
function isSpecial(number: number): boolean {
  return !Number.isFinite(number) || Object.is(number, -0)
}

function nameSpecial(number: number): string {
  return Object.is(number, -0) ? '-0' : String(number)
}

function isOfClass(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value)
  return proto !== Object.prototype && proto !== null
}
