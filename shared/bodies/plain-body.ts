/**
 * Encodes a body as plain JSON, which every client can read.
 * A value with a different JSON form, such as a Date, takes that form. A value that JSON would lose or cannot
 * represent is refused with the path to it. docs/reference/values.md lists each kind of value, and a test
 * compares that list with the code.
 */
import { describeEmptied, readMembers } from '../text/lossy-value.js'

/** Makes the error for a value that can't be sent. */
export type Refuse = (path: string, what: string) => Error

/** Maximum depth to which `isPlain` looks; a deeper value counts as not plain. */
const maxPlainDepth = 100

/**
 * Whether plain JSON keeps all that a body can keep of the value. Every event is checked, so this is fast.
 * Symbol keys, which settings refuse, are ignored, as JSON ignores them. A value that throws when it is read
 * is not plain; the slower functions, which name paths, will report it.
 */
export function isPlain(value: unknown): boolean {
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
      return value === null || (depth < maxPlainDepth && looksPlainObject(value, depth))
    default:
      return false
  }
}

function looksPlainObject(value: object, depth: number): boolean {
  const proto = Object.getPrototypeOf(value)
  if (proto === Array.prototype) {
    for (const each of value as unknown[]) if (!looksPlain(each, depth + 1)) return false
    // The match of a RegExp is an array with further properties.
    return (value as Partial<RegExpMatchArray>).index === undefined
  }
  if (proto !== Object.prototype && proto !== null) return false
  for (const key in value) if (!looksPlain((value as Record<string, unknown>)[key], depth + 1)) return false
  return true
}

/**
 * Returns the JSON of a value; '' for undefined.
 *
 * @throws the error that `refuse` makes
 */
export function encodePlain(value: unknown, refuse: Refuse): string {
  if (value === undefined) return ''
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch {
    const found = findFault(value)
    throw refuse(found?.path ?? '', found?.what ?? 'a value that JSON.stringify refuses')
  }
  if (json === undefined) throw refuse('', describeFormless(value))
  // JSON.stringify writes `{}` for any Map, Promise or Error. Few bodies contain that text, and only those
  // are searched.
  if (json.includes('{}') && !isPlain(value)) {
    const found = findFault(value)
    if (found !== undefined) throw refuse(found.path, found.what)
  }
  return json
}

/** Describes a value for which JSON.stringify returns undefined. */
function describeFormless(value: unknown): string {
  return typeof value === 'object' ? 'an object whose toJSON gives nothing' : `a ${typeof value}`
}

interface Fault {
  readonly path: string
  readonly what: string
}

function findFault(value: unknown): Fault | undefined {
  const steps: string[] = []
  try {
    return findUnserializable(value, steps, new Set())
  } catch {
    // A getter or a Proxy of the game has thrown, or the value was too deep for the stack.
    return { path: steps.slice(0, maxPlainDepth).join('.'), what: 'a value that can not be read' }
  }
}

/** Finds the first part of a value that JSON has no form for. */
function findUnserializable(value: unknown, steps: string[], above: Set<object>): Fault | undefined {
  if (typeof value === 'bigint') return { path: steps.join('.'), what: 'a BigInt' }
  if (typeof value !== 'object' || value === null) return undefined
  if (above.has(value)) return { path: steps.join('.'), what: 'a circle' }
  above.add(value)
  const found = findInObject(value, steps, above)
  above.delete(value)
  return found
}

function findInObject(value: object, steps: string[], above: Set<object>): Fault | undefined {
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') {
    try {
      return findUnserializable(toJSON.call(value, steps.at(-1) ?? ''), steps, above)
    } catch {
      return { path: steps.join('.'), what: 'a value that JSON.stringify refuses' }
    }
  }
  if (value instanceof Map) return { path: steps.join('.'), what: 'a Map' }
  if (value instanceof Set) return { path: steps.join('.'), what: 'a Set' }
  const members = readMembers(value, steps)
  const emptied = describeEmptied(value)
  if (emptied !== undefined) return { path: steps.join('.'), what: emptied }
  for (const [key, each] of members) {
    steps.push(key)
    const found = findUnserializable(each, steps, above)
    if (found !== undefined) return found
    steps.pop()
  }
  return undefined
}
