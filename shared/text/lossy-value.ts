/** Values of which a text would have less than there is: what they are, for the errors that refuse them. */

/**
 * What an object is of which JSON leaves `{}` although there is something, or its insides; undefined: it is empty, or
 * not so lost.
 */
export function describeEmptied(value: object): string | undefined {
  if (isListLike(value)) return undefined
  if (typeof (value as { pipe?: unknown }).pipe === 'function') return 'a stream'
  const kinds = Object.values(value).map(each => typeof each)
  // A member that is undefined is left out of JSON, as everybody expects.
  if (kinds.some(kind => kind !== 'function' && kind !== 'symbol')) return undefined
  if (kinds.length > 0) return 'an object of functions or symbols alone'
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null ? undefined : describeInstance(value)
}

/** An object that is none of a plain kind, by its class. */
export function describeInstance(value: object): string {
  if (value instanceof Error) return 'an Error'
  if (value instanceof RegExp) return 'a RegExp'
  const made: unknown = value.constructor
  if (typeof made === 'function') return `an instance of ${made.name || 'a nameless class'}`
  // A generator has no class.
  const { [Symbol.toStringTag]: tag } = value as { [Symbol.toStringTag]?: unknown }
  return `an instance of ${typeof tag === 'string' && tag !== '' ? tag : 'a nameless class'}`
}

/** A property of a Date, a Map … that no form has a place for; undefined: there is none. */
export function findOwnKey(value: object): string | undefined {
  for (const key in value) if (Object.hasOwn(value, key)) return key
  return undefined
}

/** The enumerable members of an object. `steps` ends with the key of one while it is read: its getter may throw. */
export function readMembers(value: object, steps: string[]): [key: string, member: unknown][] {
  return Object.keys(value).map(key => {
    steps.push(key)
    const member = (value as Record<string, unknown>)[key]
    steps.pop()
    return [key, member]
  })
}

/** Whether it is the match of a RegExp, which has more than its elements. */
export function isMatch(list: readonly unknown[]): boolean {
  return (list as Partial<RegExpMatchArray>).index !== undefined
}

/** Whether JSON shows what is in it: elements, or the value in a box. */
function isListLike(value: object): boolean {
  if (value instanceof DataView) return false
  return Array.isArray(value) || ArrayBuffer.isView(value) || isBoxed(value)
}

export function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean
}
