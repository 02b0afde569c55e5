/** Figures as people read them: numbers, times, bytes and shares in few characters. */

/** Returns a whole number with separators: `12,345`. */
export function formatCount(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Returns a count with the noun for it: `1 socket`, `2,000 sockets`. */
export function countOf(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`
}

/** Returns a number of events a second, with a decimal if there are few. */
export function formatRate(value: number): string {
  return value < 9.95 ? value.toFixed(1) : formatCount(value)
}

/** Returns a time in the unit that fits: `320 µs`, `1.24 ms`, `3 min 29 s`; `-` if there is none. */
export function formatTime(ms: number): string {
  if (Number.isNaN(ms)) return '-'
  // A number that is rounded up to the next unit is told in that one.
  const microseconds = Math.round(ms * 1_000)
  if (microseconds < 1_000) return `${microseconds} µs`
  if (Math.round(ms) < 1_000) return `${significant(ms)} ms`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 120) return `${significant(ms / 1_000)} s`
  return formatAge(seconds).replace(/ 0 \w+$/, '')
}

/** Returns a number of bytes: `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let [value, unit] = [bytes, 0]
  while (Math.round(value) >= 1_024 && unit < names.length - 1) [value, unit] = [value / 1_024, unit + 1]
  return `${unit === 0 ? value : significant(value)} ${names[unit]}`
}

/** Returns a share of a whole: `7 %`. */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Returns how long something has been running: `3 d 4 h`, `5 min 6 s`. */
export function formatAge(seconds: number): string {
  const whole = Math.floor(seconds)
  const parts: readonly [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's']
  ]
  const found = parts.findIndex(([count]) => count > 0)
  const first = found === -1 ? parts.length - 1 : found
  const shown = parts.slice(first, first + 2)
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ')
}

/** Returns rows as lines of columns; the first column is left-aligned, the others right. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map(row =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd()
  )
}

/** Three significant digits of a number from 1 up to 1,000, all of it if it is greater. */
function significant(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)
}
