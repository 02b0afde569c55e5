/** Whether a value that anybody may have made is of a class. */

/**
 * Does the same as `instanceof`, but never throws: a value that can't be inspected, such as a revoked Proxy,
 * is of no class.
 */
export function isInstance<Kind>(
  value: unknown,
  kind: abstract new (...args: never[]) => Kind
): value is Kind {
  try {
    return value instanceof kind
  } catch {
    return false
  }
}
