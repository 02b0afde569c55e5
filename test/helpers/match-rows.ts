/** Comparing lists with patterns, length included. */
import type { Test } from 'tap'

/** Matches each item with the pattern at its place. `t.match` alone also passes if there are more items. */
export function matchRows(
  t: Test,
  found: readonly unknown[],
  patterns: readonly unknown[],
  message?: string
): boolean {
  const [rows, expected] = [
    { length: found.length, rows: found },
    { length: patterns.length, rows: patterns }
  ]
  return message === undefined ? t.match(rows, expected) : t.match(rows, expected, message)
}
