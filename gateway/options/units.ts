/** Times and sizes as texts, such as `10s` and `64KiB`: reads and writes them. */

const timeUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const sizeUnits = {
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824
} as const

/** A time: a number of milliseconds, or a text with a unit, such as `'10s'`, `'250ms'` or `'1.5h'`. */
export type Duration = number | `${number}${'' | ' '}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** A size: a number, or a text with a unit, such as `'64KiB'` (65,536 bytes) or `'64kB'` (64,000 bytes). */
export type Size = number | `${number}${'' | ' '}${'B' | 'kB' | 'MB' | 'GB' | 'KiB' | 'MiB' | 'GiB'}`

/** The units, as an error lists them. */
export const timeUnitNames: string = Object.keys(timeUnits).join(', ')
export const sizeUnitNames: string = Object.keys(sizeUnits).join(', ')

/** The number of bytes in a megabyte. */
export const megabyte: number = sizeUnits.MiB

/**
 * Returns the milliseconds of a text such as `10s`; undefined if it is no time in whole milliseconds. `10S`
 * is the same.
 */
export function parseDuration(text: string): number | undefined {
  return parseAmount(text, timeUnits)
}

/** Returns the bytes of a text such as `64KiB`; undefined if it is no size. `64kib` is the same. */
export function parseSize(text: string): number | undefined {
  return parseAmount(text, sizeUnits)
}

/** Returns the shortest exact text of a time in milliseconds, such as `90s`; `0` for none. */
export function formatDuration(ms: number): string {
  return formatAmount(ms, timeUnits)
}

/** Returns about how many days a time has, rounded down, such as `24.8d`. */
export function formatDays(ms: number): string {
  return `${Math.floor((ms / timeUnits.d) * 10) / 10}d`
}

/** Returns the shortest exact text of a size in bytes, such as `64KiB`; a plain number if no unit fits. */
export function formatSize(bytes: number): string {
  const { B, MB, KiB, MiB, GiB } = sizeUnits
  return formatAmount(bytes, { B, KiB, MB, MiB, GiB })
}

function parseAmount(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? []
  const [, factor] = Object.entries(units).find(([name]) => name.toLowerCase() === unit.toLowerCase()) ?? []
  if (number === undefined || factor === undefined) return undefined
  const exact = Number(number) * factor
  const rounded = Math.round(exact)
  // 1.1 × 1000 is 1100.0000000000002.
  return Number.isSafeInteger(rounded) && Math.abs(exact - rounded) < 1e-6 ? rounded : undefined
}

function formatAmount(amount: number, units: Readonly<Record<string, number>>): string {
  const [name, factor] = Object.entries(units).findLast(
    ([, each]) => amount !== 0 && amount % each === 0
  ) ?? ['', 1]
  return `${amount / factor}${name === 'B' ? '' : name}`
}
