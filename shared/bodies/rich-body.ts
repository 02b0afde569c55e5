/**
 * A body's value ⇄ its text in superjson's form, `{"json":…,"meta":…}`, for clients that have asked for it: Dates, Maps,
 * Sets, BigInts, undefined, NaN, ±Infinity and −0, URLs, Errors and typed arrays come back as what they were. What
 * becomes of all else is in docs/reference/values.md, held by a test. An empty text is undefined.
 *
 * superjson reads the form. It is written here: so what can't be sent is named with its path, numbers such as NaN in a
 * typed array are kept, and the time grows with the value and not with the square of its depth. Needs nothing of Node.
 */
import { describeEmptied, findOwnKey, isBoxed, isMatch, readMembers } from '../text/lossy-value.js'
import { SuperJSON } from '../values/superjson.js'
import { encodePlain, isPlain, type Refuse } from './plain-body.js'
import { maxAnnotationDepth, type RichForm } from './rich-form.js'

/** With nothing registered: what is built is what a text names, and a text can name superjson's own kinds only. */
const superjson = new SuperJSON()

/**
 * The text of a value; '' for undefined.
 *
 * @throws what `refuse` makes, for what has no form: a RegExp, a circle …
 */
export function encodeRich(value: unknown, refuse: Refuse): string {
  if (value === undefined) return ''
  return isPlain(value) ? wrapPlain(encodePlain(value, refuse)) : encodeRicher(value, refuse)
}

/** The same of a value that is known not to be plain JSON. */
export function encodeRicher(value: unknown, refuse: Refuse): string {
  const writer = new RichWriter()
  try {
    return writer.write(value)
  } catch (error) {
    if (error instanceof Refusal) throw refuse(error.path, error.message)
    // A getter or a toJSON of the game's threw, or there was no stack left.
    throw refuse(writer.path, 'a value that can not be read')
  }
}

/** The text in superjson's form of a value whose JSON is at hand; of none, none. */
export function wrapPlain(json: string): string {
  return json === '' ? '' : `{"json":${json}}`
}

/** The value of a text that the other side is trusted with: a client reads its gateway's by it. */
export function decodeRich(text: string): unknown {
  return text === '' ? undefined : reviveRich(JSON.parse(text))
}

/** The value of a form that is trusted, or was checked. The form becomes part of it. */
export function reviveRich(form: RichForm): unknown {
  // superjson declares its own types narrower than what it reads.
  type Input = Parameters<typeof superjson.deserialize>[0]
  return form.meta === undefined ? form.json : superjson.deserialize(form as Input, { inPlace: true })
}

/** What can't be sent, and where in the value it is. */
class Refusal extends Error {
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
  /** Where the walk is: steps from the top of the JSON. */
  readonly #steps: string[] = []
  /** What lies above it. */
  readonly #above = new Set<object>()
  /** The annotations below the nearest Map, Set or Error above it, and how many steps that is from the top. */
  #branches: Branches = createBranches()
  #start = 0
  /** The annotation of the whole. */
  #top: Tree | undefined

  /** Where the walk is, as a path; of a very deep place its beginning. */
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
        throw new Refusal(this.#steps, `a ${typeof value}`)
      default:
        return value
    }
  }

  #walkObject(value: object): unknown {
    if (value instanceof Date) return this.#writeDate(value)
    if (value instanceof URL) return this.#annotate(['URL'], this.#expectBare(value, 'a URL').href)
    if (value instanceof RegExp) throw new Refusal(this.#steps, 'a RegExp')
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return this.#writeBytes(value)
    if (this.#above.has(value)) throw new Refusal(this.#steps, 'a circle')
    this.#above.add(value)
    const json = this.#walkInto(value)
    this.#above.delete(value)
    return json
  }

  #walkInto(value: object): unknown {
    if (Array.isArray(value)) {
      if (isMatch(value)) throw new Refusal(this.#steps, 'the match of a RegExp')
      return this.#writeList(value)
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

  /** What an object shows of itself, which is often itself. */
  #writeShown(value: object, shown: unknown): unknown {
    return shown === value ? this.#writeKeys(value) : this.#walk(shown)
  }

  #writeDate(date: Date): unknown {
    if (Number.isNaN(date.getTime())) throw new Refusal(this.#steps, 'an invalid Date')
    return this.#annotate(['Date'], this.#expectBare(date, 'a Date').toISOString())
  }

  /** The form has a place for no property beside what it is. */
  #expectBare<Value extends object>(value: Value, what: string): Value {
    const key = findOwnKey(value)
    if (key !== undefined) throw new Refusal([...this.#steps, key], `a property of ${what}`)
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
    if (emptied !== undefined) throw new Refusal(this.#steps, emptied)
    for (const [key, each] of members) {
      if (key === '__proto__') throw new Refusal([...this.#steps, key], 'a key of this name')
      // It was asked, and showed the object itself.
      if (key === 'toJSON' && typeof each === 'function') continue
      written[key] = this.#step(key, each)
    }
    return written
  }

  #writeBytes(value: ArrayBufferView | ArrayBuffer): unknown {
    // What it is called by itself, whatever its class is: a Buffer is a Uint8Array.
    const name: string = (value as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
    if (!/^(?:Uint8|Uint8Clamped|Int8|Uint16|Int16|Uint32|Int32|Float32|Float64)Array$/.test(name))
      throw new Refusal(this.#steps, `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`)
    const numbers = Array.from(value as Float64Array, each => (isSpecial(each) ? nameSpecial(each) : each))
    return this.#annotate([['typed-array', name]], numbers)
  }

  #step(step: string, value: unknown): unknown {
    this.#steps.push(step)
    const json = this.#walk(value)
    this.#steps.pop()
    return json
  }

  /** What is in it is annotated below it. */
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
      throw new Refusal(steps, `a value that is no JSON below ${maxAnnotationDepth} levels`)
    const path = steps.slice(this.#start)
    const forbidden = path.find(step => forbiddenSteps.has(step))
    if (forbidden !== undefined) throw new Refusal(steps, `a value that is no JSON under a key ${forbidden}`)
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
