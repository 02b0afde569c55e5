/**
 * The kinds of values that a client's rich body may hold, and the check of the JSON of each.
 * untrusted-value.ts walks through a body and calls `findFault` for each annotation.
 * rich-body.ts decides what both sides write.
 */
import { describeValue } from '../text/described.js'

/** Maximum number of digits of a BigInt. The time to parse more digits grows faster than their number. */
export const maxBigIntDigits = 4_096
/**
 * Maximum number of numbers and BigInts in one Set, or as keys of one Map. Their hashes can be computed by
 * anyone, unlike those of strings, so an attacker can choose numbers that all collide. A Set of 1,000 such
 * numbers takes about a millisecond to build; one of 10,000 takes a hundred.
 */
export const maxNumberKeys = 1_000
/** Maximum length of a URL in characters. */
export const maxUrlLength = 2_048

type Json = Readonly<Record<string, unknown>>

/** Describes what is wrong with a value annotated as `kind`; undefined if nothing is. */
export function findFault(kind: unknown, value: unknown, branches: unknown): string | undefined {
  if (Array.isArray(kind)) return findTypedArrayFault(kind, value, branches)
  const find = typeof kind === 'string' ? kinds.get(kind) : undefined
  if (find === undefined) return `no kind of value that a body may have: ${describeValue(kind)}`
  if (branches !== undefined && !containers.has(kind as string)) return `there is nothing in a ${kind}`
  return find(value, branches as Json)
}

/** Kinds that contain other values. */
const containers = new Set(['set', 'map', 'Error'])

const kinds = new Map<string, (value: unknown, branches: Json | undefined) => string | undefined>([
  ['undefined', value => (value === null ? undefined : expected('null for undefined', value))],
  [
    'number',
    value => (specialNumbers.has(value) ? undefined : expected('NaN, Infinity, -Infinity or -0', value))
  ],
  ['bigint', findBigIntFault],
  ['Date', value => (isDateText(value) ? undefined : expected('the text of a Date', value))],
  ['URL', value => (isUrlText(value) ? undefined : expected('the text of a URL', value))],
  ['set', findSetFault],
  ['map', findMapFault],
  ['Error', findErrorFault]
])

/** The names of all kinds except the typed arrays. */
export const kindNames: readonly string[] = [...kinds.keys()]

const specialNumbers = new Set<unknown>(['NaN', 'Infinity', '-Infinity', '-0'])

function findBigIntFault(value: unknown): string | undefined {
  if (typeof value !== 'string') return expected('the digits of a BigInt', value)
  if (value.length > maxBigIntDigits) return `a BigInt of more than ${maxBigIntDigits} digits`
  return /^(?:0|-?[1-9]\d*)$/.test(value) ? undefined : expected('the digits of a BigInt', value)
}

const dateText = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function isDateText(value: unknown): boolean {
  return typeof value === 'string' && dateText.test(value) && !Number.isNaN(Date.parse(value))
}

function isUrlText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= maxUrlLength && URL.canParse(value)
}

function findSetFault(value: unknown, branches: Json | undefined): string | undefined {
  if (!Array.isArray(value)) return expected('the list of a Set', value)
  return findFlood(countNumbers(value) + countBigInts(branches, /^\d+$/))
}

/**
 * Matches the key or the value of a Map's row. The row itself may not be annotated: it must stay an array.
 */
const withinRow = /^\d+\.[01](?:\.|$)/

function findMapFault(value: unknown, branches: Json | undefined): string | undefined {
  if (!Array.isArray(value)) return expected('the list of a Map', value)
  if (!value.every(row => Array.isArray(row) && row.length === 2)) return 'a row of a Map is [key, value]'
  const stray = isObject(branches) ? Object.keys(branches).find(path => !withinRow.test(path)) : undefined
  if (stray !== undefined) return `in a Map there are only keys and values, got ${describeValue(stray)}`
  return findFlood(countNumbers(value.map(row => row[0])) + countBigInts(branches, /^\d+\.0$/))
}

function countNumbers(keys: readonly unknown[]): number {
  return keys.filter(key => typeof key === 'number').length
}

function countBigInts(branches: unknown, asKey: RegExp): number {
  if (!isObject(branches)) return 0
  return Object.entries(branches).filter(
    ([path, tree]) => Array.isArray(tree) && tree[0] === 'bigint' && asKey.test(path)
  ).length
}

function findFlood(count: number): string | undefined {
  return count > maxNumberKeys
    ? `more than ${maxNumberKeys} numbers in a Set, or as keys of a Map`
    : undefined
}

function findErrorFault(value: unknown, branches: Json | undefined): string | undefined {
  if (!isObject(value) || typeof value['name'] !== 'string' || typeof value['message'] !== 'string')
    return expected('the name and the message of an Error', value)
  const stray = Object.keys(value).find(key => key !== 'name' && key !== 'message' && key !== 'cause')
  if (stray !== undefined) return `an Error has name, message and cause, got ${describeValue(stray)}`
  const isOfCause = (path: string) => path === 'cause' || path.startsWith('cause.')
  if (!isObject(branches) || Object.keys(branches).every(isOfCause)) return undefined
  return 'the name and the message of an Error are texts'
}

/** The range of each integer array, which would silently change any other number. */
const integerArrays = new Map<string, readonly [least: number, most: number]>([
  ['Int8Array', [-128, 127]],
  ['Uint8Array', [0, 255]],
  ['Uint8ClampedArray', [0, 255]],
  ['Int16Array', [-32_768, 32_767]],
  ['Uint16Array', [0, 65_535]],
  ['Int32Array', [-2_147_483_648, 2_147_483_647]],
  ['Uint32Array', [0, 4_294_967_295]]
])
const floatArrays = ['Float32Array', 'Float64Array']
/** The names of all typed arrays. */
export const arrayNames: readonly string[] = [...integerArrays.keys(), ...floatArrays]

/**
 * Checks a typed array. It must be written as a list of numbers, so that it is never larger than its text.
 * Written as a length, a short text could create an array of any size.
 */
function findTypedArrayFault(
  kind: readonly unknown[],
  value: unknown,
  branches: unknown
): string | undefined {
  const [family, name] = kind
  if (kind.length !== 2 || family !== 'typed-array' || !arrayNames.includes(name as string))
    return `no kind of value that a body may have: ${kind.slice(0, 2).map(describeValue).join(', ')}`
  if (branches !== undefined) return `there is nothing in a ${name}`
  if (!Array.isArray(value)) return expected(`the list of a ${name}`, value)
  const bounds = integerArrays.get(name as string)
  const stray = value.find(each => !(bounds === undefined ? isFloat(each) : isWithin(bounds, each)))
  return stray === undefined ? undefined : expected(`the numbers of a ${name}`, stray)
}

function isWithin([least, most]: readonly [number, number], value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

/**
 * Whether a value is a number, or the name of a special one such as `NaN`. A Float32Array rounds it to the
 * nearest number that it can hold.
 */
function isFloat(value: unknown): boolean {
  return typeof value === 'number' || specialNumbers.has(value)
}

function expected(what: string, got: unknown): string {
  return `expected ${what}, got ${describeValue(got)}`
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
