/**
 * Writes values as text for the log, at a bounded cost.
 * A value may fill the memory, and its text may be larger still: a short chain of objects, each holding the
 * next one twice, is written as a huge tree. All fields of one line share one budget. Parts of a value beyond
 * the budget are not even visited.
 */
import { isBoxed } from './lossy-value.js'

/** Maximum number of elements and members that are visited for one line. */
export const maxNodes = 10_000

/** Maximum number of characters that are written for one line, including those that are cut off later. */
const maxWritten = 131_072

/** Maximum depth of arrays and objects that is shown. */
const maxShownDepth = 100

/** Thrown to end the writing of a value that exceeds its budget. */
const overflow = Symbol('overflow')

/** Cuts a text to `most` characters, and says how many were cut off. */
export function shorten(text: string, most: number): string {
  const rest = text.length - most
  return rest > 0 ? `${text.slice(0, most)}… and ${rest} characters more` : text
}

/** Writes the values of one line. Never throws: an unreadable value becomes a text that says why. */
export class FieldWriter {
  #nodes = maxNodes
  #written = 0
  #text = ''
  #room = 0
  readonly #above = new Set<object>()

  /**
   * Returns a value as JSON. A value without a JSON form becomes a string: `12n`, `NaN`, `[function f]`,
   * `[circular]`, an error's stack. A value that takes more than `room` characters, or more than the line's
   * budget, becomes a string of its first `cut` characters, or of none of them once the budget is spent.
   */
  write(value: unknown, room: number, cut: number): string {
    this.#text = ''
    this.#room = room
    this.#above.clear()
    try {
      const shown = show('', value)
      if (typeof shown === 'string') return this.#writeText(shown, cut)
      this.#add(shown, 0)
      return this.#text
    } catch (thrown) {
      if (thrown !== overflow) return JSON.stringify(describeUnreadable(thrown))
      return JSON.stringify(`${this.#text.slice(0, cut)}… and more`)
    } finally {
      this.#written += this.#text.length
    }
  }

  /**
   * Spends the budget for elements or members about to be visited. Returns how many of them may be visited.
   */
  spend(count: number): number {
    const left = Math.max(this.#nodes, 0)
    this.#nodes -= count
    return Math.min(left, count)
  }

  #writeText(text: string, cut: number): string {
    if (text.length <= this.#room) {
      this.#text = JSON.stringify(text)
      if (this.#text.length <= this.#room) return this.#text
    }
    const kept = this.#written < maxWritten ? cut : 0
    const short = JSON.stringify(shorten(text, kept))
    this.#text += short
    return short
  }

  #put(text: string): void {
    this.#text += text
    if (this.#text.length > this.#room || this.#written + this.#text.length > maxWritten) throw overflow
  }

  #add(shown: unknown, depth: number): void {
    if (typeof shown === 'string') this.#putText(shown)
    else if (typeof shown !== 'object' || shown === null) this.#put(String(shown ?? null))
    else if (this.#above.has(shown)) this.#put('"[circular]"')
    else if (depth === maxShownDepth) this.#put('"[deeper]"')
    else this.#addObject(shown, depth)
  }

  #addObject(object: object, depth: number): void {
    this.#above.add(object)
    if (Array.isArray(object)) this.#addElements(object, depth)
    else this.#addMembers(object as Readonly<Record<string, unknown>>, depth)
    this.#above.delete(object)
  }

  #addElements(list: readonly unknown[], depth: number): void {
    this.#put('[')
    for (let i = 0; i < list.length; i++) {
      if (this.spend(1) === 0) throw overflow
      if (i > 0) this.#put(',')
      this.#add(show(String(i), list[i]), depth + 1)
    }
    this.#put(']')
  }

  #addMembers(object: Readonly<Record<string, unknown>>, depth: number): void {
    this.#put('{')
    if (this.#nodes <= 0) throw overflow
    // Listing all keys takes time even if few are shown, so a large object is listed at most once in a line.
    const names = Object.keys(object)
    let left = this.spend(names.length)
    let separator = ''
    for (const name of names) {
      if (left-- === 0) throw overflow
      const shown = show(name, object[name])
      if (shown === undefined) continue
      this.#put(separator)
      this.#putText(name)
      this.#put(':')
      this.#add(shown, depth + 1)
      separator = ','
    }
    this.#put('}')
  }

  #putText(text: string): void {
    if (text.length <= this.#room) return this.#put(JSON.stringify(text))
    // Only its beginning is shown; the rest is not visited.
    this.#put(JSON.stringify(text.slice(0, this.#room)))
    throw overflow
  }
}

/** Returns what to write for a value. `name`: its key or index in the object around it. */
function show(name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return showPrimitive(value)
  // Without this, each byte would become a number in the text.
  if (ArrayBuffer.isView(value)) return `[${tagOf(value)} of ${value.byteLength} bytes]`
  const { toJSON } = value as { toJSON?: unknown }
  const given: unknown = typeof toJSON === 'function' ? toJSON.call(value, name) : value
  return typeof given === 'object' && given !== null ? showObject(given) : showPrimitive(given)
}

function showPrimitive(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return `${value}n`
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'symbol':
      return String(value)
    case 'function':
      return `[function ${value.name}]`
    default:
      return value
  }
}

function showObject(value: object): unknown {
  const proto: unknown = Object.getPrototypeOf(value)
  if (proto === Object.prototype || proto === Array.prototype || proto === null) return value
  if (value instanceof Error) return readStack(value)
  if (value instanceof Promise) return '[promise]'
  if (value instanceof Map) return `[Map of ${value.size}]`
  if (value instanceof Set) return `[Set of ${value.size}]`
  return isBoxed(value) ? showPrimitive(value.valueOf()) : value
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

function readStack(error: Error): string {
  return typeof error.stack === 'string' ? error.stack : String(error.message)
}

/** Describes a value that was thrown while another one was read. It may be anything, and may throw again. */
export function describeUnreadable(thrown: unknown): string {
  try {
    return `[threw: ${shorten(thrown instanceof Error ? String(thrown.message) : String(thrown), 1_024)}]`
  } catch {
    return '[threw]'
  }
}
