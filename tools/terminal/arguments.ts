/** Reads the values of a tool's flags and words, and says which one is wrong. */
import { readFileSync } from 'node:fs'
import { errors } from '../../shared/errors.js'
import { longestTimer } from '../../shared/with-timeout.js'

/** What the program has read from the command line. */
export interface Given {
  /** The values of the given flags: a text, or true for a flag without a value. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
  /** The arguments that are no flags, without the command's name. */
  readonly words: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** Milliseconds of each unit that a duration may have. */
const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Creates the error for a flag with a wrong value. */
export function refuse(flag: string, expected: string, got: string): Error {
  return errors.optionInvalid(`Expected ${flag} to be ${expected}, got "${got}"`)
}

/** Returns the text of a flag; undefined if it was not given. */
export function textOf({ flags }: Given, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

/**
 * Returns the number of a flag; undefined if it was not given.
 *
 * @throws `OPTION_INVALID`
 */
export function numberOf(
  given: Given,
  name: string,
  { least, most, whole = true }: { readonly least: number; readonly most: number; readonly whole?: boolean }
): number | undefined {
  const text = textOf(given, name)
  if (text === undefined) return undefined
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  const fits = value >= least && value <= most && (!whole || Number.isInteger(value))
  if (!fits) throw refuse(`--${name}`, `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`, text)
  return value
}

/**
 * Returns the milliseconds of a flag such as `500ms`, `2s`, `1.5m` or `1h`; undefined if it was not given.
 *
 * @param bare the unit of a number without one. Default: none; a unit is needed
 * @throws `OPTION_INVALID`
 */
export function durationOf(given: Given, name: string, bare?: 's'): number | undefined {
  const text = textOf(given, name)
  return text === undefined ? undefined : readDuration(text, `--${name}`, bare)
}

/** @throws `OPTION_INVALID` */
export function readDuration(text: string, flag: string, bare?: 's'): number {
  const [, digits, unit = bare ?? ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  const ms = Number(digits) * (units[unit] ?? Number.NaN)
  if (ms >= 1 && ms <= longestTimer) return ms
  const examples = bare === undefined ? '500ms, 2s or 1m' : '10, 500ms or 1m'
  throw refuse(flag, `a duration such as ${examples}`, text)
}

/**
 * Returns the value of a flag that is JSON, or `@FILE` for a file with JSON; undefined if it was not given.
 *
 * @throws `OPTION_INVALID`
 */
export function jsonOf(given: Given, name: string): unknown {
  const text = textOf(given, name)
  if (text === undefined) return undefined
  const isFile = text.startsWith('@')
  return readJson(isFile ? readNamed(text.slice(1), name) : text, isFile ? `${text.slice(1)}` : `--${name}`)
}

/**
 * Parses JSON.
 *
 * @param where what holds it, for the error
 * @throws `OPTION_INVALID`
 */
export function readJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw errors.optionInvalid(`Expected ${where} to be JSON: ${(error as Error).message}`)
  }
}

function readNamed(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw errors.optionInvalid(`--${name} names a file that can't be read: ${(error as Error).message}`)
  }
}

/**
 * Returns the URL of a gateway, from the first word. A bare `host:port` is taken for `ws://host:port`, and
 * `http:` for `ws:`, since people copy addresses from a browser.
 *
 * @param fallback the URL if there is no word. Default: none; a URL is needed
 * @throws `OPTION_INVALID`
 */
export function gatewayUrl({ words: [word] }: Given, fallback?: string): string {
  const text = word ?? fallback
  if (text === undefined)
    throw errors.optionInvalid('Expected the URL of a gateway, such as ws://127.0.0.1:3010')
  return readUrl(text, { expected: 'the URL of a gateway, such as ws://127.0.0.1:3010', protocol: 'ws' })
}

/**
 * Returns the normal form of a URL of one protocol, with or without TLS.
 *
 * @throws `OPTION_INVALID`
 */
export function readUrl(
  text: string,
  { expected, protocol }: { readonly expected: string; readonly protocol: 'ws' | 'http' }
): string {
  const whole = /^[a-z][a-z+.-]*:\/\//i.test(text) ? text : `${protocol}://${text}`
  const [, secure] = /^(?:ws|http)(s?):/i.exec(whole) ?? []
  const url = secure === undefined ? undefined : whole.replace(/^[a-z]+:/i, `${protocol}${secure}:`)
  if (url === undefined || !URL.canParse(url))
    throw errors.optionInvalid(`Expected ${expected}, got "${hideSecrets(text)}"`)
  // The fragment is never sent, and a WebSocket refuses a URL that has one.
  const { hash, href } = new URL(url)
  return hash === '' ? href : href.slice(0, -hash.length)
}

/**
 * Returns a malformed URL without the password and the query that it may have. If it does not tell where a
 * password ends, nothing of it is left.
 */
function hideSecrets(text: string): string {
  const parts = /^([a-z][a-z+.-]*:\/\/)?(?:[^@?#]*@)?([^@?#]*)(?:[?#][^@]*)?$/i.exec(text)
  return parts === null ? '…' : `${parts[1] ?? ''}${parts[2]}`
}
