/**
 * Encodes a body as plain JSON, which every client can read.
 * A value with a different JSON form, such as a Date, takes that form. A value that JSON would lose or cannot
 * represent is refused with the path to it. docs/reference/values.md lists each kind of value, and a test
 * compares that list with the code.
 */
import { describeEmptied, readMembers } from '../text/lossy-value.js'
import { isPlain, maxValueDepth } from '../values/plain-value.js'

/** Makes the error for a value that can't be sent. */
export type Refuse = (path: string, what: string) => Error

/**
 * Whether plain JSON keeps all that a body can keep of the value. Every event is checked, so this is fast.
 * Symbol keys, which settings refuse, are ignored.
 */
export function isPlainBody(value: unknown): boolean {
  return isPlain(value, true)
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
  if (json.includes('{}') && !isPlainBody(value)) {
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
    return { path: steps.slice(0, maxValueDepth).join('.'), what: 'a value that can not be read' }
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
