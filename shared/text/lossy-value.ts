/**
 * Recognizes values that lose something when they are written as text, and describes them.
 * The descriptions are part of the errors that refuse such values.
 */

/**
 * Describes an object that JSON would empty: one with content that becomes `{}`, or a stream. Returns
 * undefined for an object that is really empty, or is not lost in this way.
 */
export function describeEmptied(value: object): string | undefined {
  if (isListLike(value)) return undefined
  if (typeof (value as { pipe?: unknown }).pipe === 'function') return 'a stream'
  const kinds = Object.values(value).map(each => typeof each)
  // JSON leaves out undefined members, which counts as no loss.
  if (kinds.some(kind => kind !== 'function' && kind !== 'symbol')) return undefined
  if (kinds.length > 0) return 'an object of functions or symbols alone'
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null ? undefined : describeInstance(value)
}

/** Describes an object by its class. */
export function describeInstance(value: object): string {
  if (value instanceof Error) return 'an Error'
  if (value instanceof RegExp) return 'a RegExp'
  const made: unknown = value.constructor
  if (typeof made === 'function') return `an instance of ${made.name || 'a nameless class'}`
  // A generator has no class.
  const { [Symbol.toStringTag]: tag } = value as { [Symbol.toStringTag]?: unknown }
  return `an instance of ${typeof tag === 'string' && tag !== '' ? tag : 'a nameless class'}`
}

/** Returns the name of a property that was added to a Date, a Map …; undefined if there is none. */
export function findOwnKey(value: object): string | undefined {
  for (const key in value) if (Object.hasOwn(value, key)) return key
  return undefined
}

/**
 * Reads the enumerable members of an object. While a member is read, `steps` ends with its key, so that an
 * error of a getter can be reported with its path.
 */
export function readMembers(value: object, steps: string[]): [key: string, member: unknown][] {
  return Object.keys(value).map(key => {
    steps.push(key)
    const member = (value as Record<string, unknown>)[key]
    steps.pop()
    return [key, member]
  })
}

/** Whether an array is the match of a RegExp, which has further properties beside its elements. */
export function isMatch(list: readonly unknown[]): boolean {
  return (list as Partial<RegExpMatchArray>).index !== undefined
}

/** Whether JSON shows the content of an object: elements, or a boxed value. */
function isListLike(value: object): boolean {
  if (value instanceof DataView) return false
  return Array.isArray(value) || ArrayBuffer.isView(value) || isBoxed(value)
}

export function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean
}
