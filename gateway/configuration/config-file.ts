/** The configuration file: finds it, loads it, and returns the options that it exports. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { errors, GatewayError } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import { messageOf } from '../../shared/text/thrown.js'
import { parseJsonText } from '../development/json-text.js'
import { findSyntaxError } from '../development/syntax.js'
import { importModule } from '../development/typescript.js'
import { optionTable } from '../options/option-table.js'
import { hearExits } from './exits.js'

/** Endings of configuration files. */
const endings = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'] as const

/** The name of a configuration file that is found by itself. */
const baseName = 'sallyport.config'

/** Milliseconds after which a load that waits is told, and is given up. */
const slowAfter = 3_000
const longestLoad = 30_000

export interface FoundFile {
  /** Absolute path; undefined if there is no configuration file. */
  readonly path: string | undefined
  /** A sentence for each file that looks like one, but is not read. */
  readonly warnings: readonly string[]
}

/**
 * Finds the configuration file of a folder.
 *
 * @throws `OPTION_INVALID` if there are several
 */
export function findConfigFile(folder: string): FoundFile {
  const names = readdirSync(folder).filter(each => each.startsWith(`${baseName}.`))
  const found = endings.map(each => `${baseName}.${each}`).filter(each => names.includes(each))
  if (found.length > 1)
    throw errors.optionInvalid(
      `There are several configuration files in ${folder}: ${found.join(', ')}; keep one, or choose one by --config`
    )
  const others = names.filter(each => !found.includes(each) && !/\.d\.[cm]?ts$|\.map$|~$/.test(each))
  const warnings = others.map(
    each =>
      `${each} is not read: a configuration file ends in ${endings.map(ending => `.${ending}`).join(', ')}`
  )
  return { path: found[0] === undefined ? undefined : join(folder, found[0]), warnings }
}

/**
 * Returns the absolute path of a configuration file that was named.
 *
 * @param by the flag or variable that names it
 * @throws `OPTION_INVALID` if there is no such file, or if its name has no known ending
 */
export function namedConfigFile(folder: string, name: string, by: string): string {
  if (name === '')
    throw errors.optionInvalid(`Expected ${by} to name a configuration file, got an empty text`)
  const path = resolve(folder, name)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw errors.optionInvalid(`There is no configuration file ${path}, which ${by} names`)
  if (!endings.some(each => path.endsWith(`.${each}`)))
    throw errors.optionInvalid(
      `Expected the file of ${by} to end in ${endings.map(each => `.${each}`).join(', ')}, got ${path}`
    )
  return path
}

/**
 * Loads a configuration file. Its relative paths are resolved against its folder.
 *
 * @throws `OPTION_INVALID` if it does not load, or exports no options
 */
export async function loadConfigFile(path: string): Promise<Record<string, unknown>> {
  const exported = path.endsWith('.json') ? readJson(path) : await readModule(path)
  if (typeof exported !== 'object' || exported === null || Array.isArray(exported))
    throw errors.optionInvalid(
      `Expected ${path} to export an object of options by default, got ${describeValue(exported)}`
    )
  const options: Record<string, unknown> = { ...exported }
  for (const { name, check } of optionTable) {
    const value = options[name]
    const isPath = check.type === 'file' || check.type === 'folder'
    if (isPath && typeof value === 'string' && value !== '' && !value.startsWith('file:///'))
      options[name] = resolve(dirname(path), value)
  }
  return options
}

function readJson(path: string): unknown {
  try {
    return parseJsonText(readFileSync(path, 'utf8'))
  } catch (error) {
    throw failure(path, error)
  }
}

/** Returns the default export of a module: a value, a promise of it, or what a function returns. */
async function readModule(path: string): Promise<unknown> {
  const { exitCode } = process
  const stopHearing = hearExits(call =>
    process.stderr.write(
      `sallyport: ${path} does not load: it called ${call.message}${describePlace(path, call)}\n`
    )
  )
  try {
    return await unlessLate(path, evaluateModule(path))
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const told = failure(path, error)
    // Node does not tell the place of a syntax error.
    const place = await findSyntaxError(told.message, [path])
    throw place === undefined ? told : errors.optionInvalid(`${told.message} (${place})`)
  } finally {
    stopHearing()
    // The exit code is that of the command.
    process.exitCode = exitCode
  }
}

async function evaluateModule(path: string): Promise<unknown> {
  const exported = await importModule(path)
  const value = takeDefault(exported)
  if (value === undefined) throw errors.optionInvalid(describeMissing(path, Object.keys(exported)))
  return typeof value === 'function' ? value() : value
}

/**
 * Rejects if the process has nothing left to do before the promise is settled, since Node would end silently,
 * and if it takes too long.
 */
async function unlessLate<Value>(path: string, promise: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = withReject()
  const fail = (what: string) => reject(errors.optionInvalid(`${path} ${what}, so its options are unknown`))
  const onIdle = () => fail('never finishes: it awaits a promise that nothing settles')
  process.once('beforeExit', onIdle)
  const timers = [
    setTimeout(() => process.stderr.write(`sallyport: ${path} is still being loaded: it waits\n`), slowAfter),
    setTimeout(() => fail(`did not load within ${longestLoad} ms: it waits`), longestLoad)
  ]
  for (const timer of timers) timer.unref()
  try {
    return await Promise.race([promise, late])
  } finally {
    for (const timer of timers) clearTimeout(timer)
    process.off('beforeExit', onIdle)
  }
}

function withReject(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<never>((_resolve, give) => {
    reject = give
  })
  return { promise, reject }
}

/** Returns the default export, which a module that was compiled to CommonJS has inside its own default. */
function takeDefault(exported: Readonly<Record<string, unknown>>): unknown {
  let value: unknown = exported['default']
  while (isCompiled(value)) value = value['default']
  return value
}

function isCompiled(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && '__esModule' in value
}

function describeMissing(path: string, names: readonly string[]): string {
  const others = names.filter(each => each !== 'default' && each !== 'module.exports')
  const what = others.length === 0 ? 'exports nothing' : `exports ${others.join(', ')} by name`
  return `${path} ${what}; expected export default defineConfig({ … })`
}

function failure(path: string, error: unknown): GatewayError {
  const name = error instanceof Error ? `${error.name}: ` : ''
  const message = messageOf(error)
    .trim()
    .replace(/\s*\n\s*/g, ' ')
  return errors.optionInvalid(`${path} does not load: ${name}${message}${describePlace(path, error)}`)
}

/** Returns the place in the file at which an error was thrown, as ` (FILE:LINE:COLUMN)`. */
function describePlace(path: string, error: unknown): string {
  const stack = error instanceof Error ? String(error.stack) : ''
  const at = stack.indexOf(path)
  const [place = ''] =
    at === -1 ? [] : (/^:\d+(:\d+)?/.exec(stack.slice(at + path.length).replace(/^\?[^:]*/, '')) ?? [])
  return place === '' ? '' : ` (${path}${place})`
}
