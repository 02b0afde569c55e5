/** Figures as texts: with units that fit their size, and always as many digits. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** What stands for a figure that there is not. */
export const none = '–'

/** @param {number | null | undefined} value */
export function formatCount(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return none
  return value < 10 ? tenths.format(value) : whole.format(value)
}

/**
 * Formats a count of things: `1 request`, `2 requests`.
 *
 * @param {number} count
 * @param {string} thing
 */
export function countOf(count, thing) {
  return `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`
}

/** The joiner within an emoji or a word, and the selector of an emoji. */
const joiner = String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{M}])\u200d(?=[\p{Extended_Pictographic}\p{L}])`
const selector = String.raw`(?<=\p{Extended_Pictographic})\ufe0f|\ufe0f(?=\u20e3)`

/** What can't be seen, or turns other text around: controls, fillers, the empty Braille pattern and so on. */
const unseen = new RegExp(
  String.raw`(?!${joiner}|${selector})[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]`,
  'gu'
)

/**
 * Formats a name that a player may have chosen. With characters that can't be seen it stands in quotation
 * marks, with escapes.
 *
 * @param {string} name
 */
export function formatName(name) {
  if (name.search(unseen) === -1 && name === name.trim()) return name
  const spell = (/** @type {string} */ char) => `\\u{${char.codePointAt(0)?.toString(16)}}`
  return `"${name.replace(unseen, spell)}"`
}

/** @param {number | null | undefined} perSecond */
export function formatRate(perSecond) {
  return perSecond === null || perSecond === undefined ? none : `${formatCount(perSecond)}/s`
}

/**
 * Formats a short time, such as that of a request: `340 µs`, `1.2 ms`, `2.5 s`.
 *
 * @param {number | null | undefined} seconds
 */
export function formatSeconds(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return none
  if (seconds === 0) return '0 ms'
  if (seconds < 0.001) return `${round(seconds * 1e6)} µs`
  if (seconds < 1) return `${round(seconds * 1e3)} ms`
  return `${round(seconds)} s`
}

/** @param {number} value */
function round(value) {
  return value < 10 ? tenths.format(value) : whole.format(value)
}

/** @param {number | null | undefined} bytes */
export function formatBytes(bytes) {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return none
  if (bytes < 1024) return `${whole.format(bytes)} B`
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4)
  return `${round(bytes / 1024 ** power)} ${['KiB', 'MiB', 'GiB', 'TiB'][power - 1]}`
}

/**
 * Formats a long time in its two largest units: `3 d 4 h`, `12 min 5 s`.
 *
 * @param {number | null | undefined} seconds
 */
export function formatDuration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return none
  const left = Math.max(0, Math.floor(seconds))
  const units = /** @type {const} */ ([
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's']
  ])
  const first = units.findIndex(([size]) => left >= size)
  if (first === -1) return '0 s'
  let rest = left
  const parts = []
  for (const [size, unit] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size)
    if (count > 0) parts.push(`${count} ${unit}`)
    rest -= count * size
  }
  return parts.join(' ')
}

/** @param {number | null | undefined} share of 1 */
export function formatShare(share) {
  return share === null || share === undefined || !Number.isFinite(share) ? none : `${round(share * 100)} %`
}

/**
 * Formats a moment as the time of day, with its date if it is another day.
 *
 * @param {number | string | null | undefined} moment milliseconds since the epoch, or an ISO text
 */
export function formatMoment(moment) {
  if (moment === null || moment === undefined) return none
  const date = new Date(moment)
  if (Number.isNaN(date.getTime())) return none
  const time = date.toLocaleTimeString('en', { hour12: false })
  return date.toDateString() === new Date().toDateString() ? time : `${isoDay(date)} ${time}`
}

/** @param {Date} date */
function isoDay(date) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/**
 * Formats how long ago a moment was.
 *
 * @param {number | null | undefined} moment milliseconds since the epoch
 * @param {number} now the same, by the same clock
 */
export function formatAgo(moment, now) {
  return moment === null || moment === undefined ? none : formatDuration((now - moment) / 1000)
}

/** Longest text of a body that is shown in one line. */
const longestLine = 80

/**
 * Formats a value as JSON; in one line, if it is short. Also shows values of rich bodies.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function formatValue(value) {
  if (value === undefined) return 'nothing'
  try {
    const line = JSON.stringify(value, showSpecial)
    return line.length <= longestLine ? line : JSON.stringify(value, showSpecial, 2)
  } catch (error) {
    return `a value that can't be shown: ${/** @type {Error} */ (error).message}`
  }
}

/**
 * Replaces the values of rich bodies that JSON does not hold. Called by JSON.stringify.
 *
 * @this {any}
 * @param {string} key
 * @param {unknown} changed
 */
function showSpecial(key, changed) {
  const value = this[key]
  if (value === undefined) return Array.isArray(this) ? 'undefined' : undefined
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : `${value}`
  if (value instanceof Date) return `Date ${Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString()}`
  if (value instanceof Map) return { Map: [...value] }
  if (value instanceof Set) return { Set: [...value] }
  if (value instanceof RegExp || value instanceof URL) return String(value)
  if (value instanceof Error) return { [value.name]: value.message }
  if (ArrayBuffer.isView(value)) return { [value.constructor.name]: [.../** @type {any} */ (value)] }
  return changed
}
