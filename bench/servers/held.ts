/** What handlers that push put into their sessions, and whether a session holds it. */
import { inspect, isDeepStrictEqual } from 'node:util'

/** Numbers of changes begin here, so that the JSON of each takes 8 bytes. */
export const firstNumber = 10_000_000

/** Handlers of `handlers/push.ts` that push, and what their session holds after the change of that number. */
export const heldAfter = {
  'push.position': (last: number) => ({ position: last }),
  'push.thousand': (last: number) => ({ position: last }),
  'push.everything': hundredTexts,
  'push.singly': hundredTexts,
  'push.rich': (last: number) => ({ rich: richValue(last) })
}

export type PushRoute = keyof typeof heldAfter

export const hundredKeys: readonly string[] = Array.from({ length: 100 }, (_, i) => `key-${i}`)

/** A text whose JSON takes 100 bytes. */
export function longText(number: number): string {
  return String(number).padEnd(98, '.')
}

/** What JSON alone would lose: a player's state with a Date, a Map, a Set and a BigInt. */
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

/** @throws if the session does not hold what the handler's change of that number pushed */
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
