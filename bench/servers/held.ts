/** The values that the pushing handlers put into their sessions, and the check that a session holds them. */
import { inspect, isDeepStrictEqual } from 'node:util'

/** First number of a change, so that the JSON of each takes 8 bytes. */
export const firstNumber = 10_000_000

/** Pushing handlers of `handlers/push.ts`, and what their session holds after the change of that number. */
export const heldAfter = {
  'push.position': (last: number) => ({ position: last }),
  'push.acked': (last: number) => ({ position: last }),
  'push.thousand': (last: number) => ({ position: last }),
  'push.everything': hundredTexts,
  'push.singly': hundredTexts,
  'push.encoded': hundredTexts,
  'push.rich': (last: number) => ({ rich: richValue(last) })
}

export type PushRoute = keyof typeof heldAfter

export const hundredKeys: readonly string[] = Array.from({ length: 100 }, (_, i) => `key-${i}`)

/** Returns a text whose JSON takes 100 bytes. */
export function longText(number: number): string {
  return String(number).padEnd(98, '.')
}

/** Returns a value that JSON alone cannot hold: a player's state with a Date, a Map, a Set and a BigInt. */
export function richValue(number: number) {
  return {
    at: new Date(1_700_000_000_000 + number),
    items: new Map([
      ['sword', { level: 3, count: 1 }],
      ['potion', { level: 1, count: number }]
    ]),
    seen: new Set(['cave', 'harbour', 'tower']),
    gold: 9_007_199_254_740_993n + BigInt(number)
  }
}

/**
 * Checks that a session holds what was pushed.
 *
 * @throws if it does not hold the values that the handler pushed with the change of that number
 */
export function expectHeld(
  session: { get(key: string): unknown } | undefined,
  route: PushRoute,
  last: number
): void {
  for (const [key, value] of Object.entries(heldAfter[route](last))) {
    const held = session?.get(key)
    if (isDeepStrictEqual(held, value)) continue
    throw new Error(`The session holds ${format(held)} as ${key}, but ${format(value)} was pushed last`)
  }
}

function hundredTexts(last: number): Record<string, unknown> {
  return Object.fromEntries(hundredKeys.map(key => [key, longText(last)]))
}

function format(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY })
}
