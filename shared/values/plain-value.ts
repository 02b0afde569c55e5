/** Tells a value that plain JSON keeps from one that needs more: the fast way, which names no path. */

/** Maximum depth of a value: nested arrays and objects. */
export const maxValueDepth = 100

/**
 * Whether plain JSON keeps the value. One that throws when it is read is not plain; the slower functions,
 * which name paths, report it.
 *
 * @param mayHaveSymbols whether symbol keys are ignored, as JSON ignores them
 */
export function isPlain(value: unknown, mayHaveSymbols: boolean): boolean {
  try {
    return looksPlain(value, mayHaveSymbols, 0)
  } catch {
    return false
  }
}

function looksPlain(value: unknown, mayHaveSymbols: boolean, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      return value === null || (depth < maxValueDepth && looksPlainObject(value, mayHaveSymbols, depth + 1))
    default:
      return false
  }
}

function looksPlainObject(value: object, mayHaveSymbols: boolean, depth: number): boolean {
  // JSON.stringify calls the method wherever it is: enumerable or not, own or inherited.
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false
  const proto = Object.getPrototypeOf(value)
  if (proto === Array.prototype) {
    for (const each of value as unknown[]) if (!looksPlain(each, mayHaveSymbols, depth)) return false
    // The match of a RegExp is an array with further properties.
    return (value as Partial<RegExpMatchArray>).index === undefined
  }
  if (proto !== Object.prototype && proto !== null) return false
  for (const key in value) {
    if (!looksPlain((value as Record<string, unknown>)[key], mayHaveSymbols, depth)) return false
  }
  return mayHaveSymbols || Object.getOwnPropertySymbols(value).length === 0
}
