/**
 * The configuration of a gateway: options from flags, the environment and the configuration file.
 *
 * Flags take precedence over the environment, the environment over the file, and the file over the defaults.
 */
import { errors } from '../../shared/errors.js'
import { flagOf, type OptionRow } from '../options/option-row.js'
import { optionTable } from '../options/option-table.js'
import { readText } from '../options/option-value.js'
import { checkOptions } from '../options/resolve-options.js'
import { findConfigFile, loadConfigFile, namedConfigFile } from './config-file.js'
import { readVariables, type Variables } from './variables.js'

export interface ConfigurationInit {
  /** Values of flags by their names without `--`. Flags that are no options are ignored. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
  readonly env: NodeJS.ProcessEnv
  /** The folder in which a configuration file is looked for. */
  readonly folder: string
}

export interface Configuration {
  /** The options, not yet checked; without those that are not given. */
  readonly options: Readonly<Record<string, unknown>>
  /** The flag, the variable or the file that has given an option. */
  readonly origins: ReadonlyMap<string, string>
  /** Absolute path of the configuration file; undefined if there is none. */
  readonly file: string | undefined
  /** A sentence for each variable and file that is ignored, although it may have been meant. */
  readonly warnings: readonly string[]
}

/**
 * Reads the configuration.
 *
 * @throws `OPTION_INVALID` if the configuration file does not load, or if it is not clear which one it is
 */
export async function readConfiguration({ flags, env, folder }: ConfigurationInit): Promise<Configuration> {
  const variables = readVariables(env)
  const isExample =
    flags['example'] !== undefined && (flags['handlers'] ?? variables.values.get('handlers')) === undefined
  const { path, warnings } = chooseFile({
    flag: flags['config'],
    variable: variables.config,
    isExample,
    folder
  })
  const options: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  if (path !== undefined) {
    for (const [name, value] of Object.entries(await loadConfigFile(path))) {
      if (value === undefined) continue
      options[name] = value
      origins.set(name, path)
    }
  }
  for (const { name, value, variable } of listGiven(variables)) {
    options[name] = value
    origins.set(name, variable)
  }
  for (const row of optionTable) {
    const flag = flagOf(row.name)
    const given = flags[flag]
    if (given === undefined) continue
    options[row.name] = typeof given === 'string' ? readText(row, given) : given
    origins.set(row.name, given === false ? `--no-${flag}` : `--${flag}`)
  }
  const all = [...variables.warnings, ...warnings, ...listShortTimes(options, origins)]
  return { options, origins, file: path, warnings: all }
}

/** Times up to this number without a unit may have been meant as seconds. */
const mayBeSeconds = 60

/** Returns a sentence for each time of some milliseconds that by default is a second or longer. */
function listShortTimes(
  options: Readonly<Record<string, unknown>>,
  origins: ReadonlyMap<string, string>
): string[] {
  return optionTable.flatMap(({ name, check, defaultValue }) => {
    const value = options[name]
    if (check.type !== 'duration' || typeof value !== 'number' || !(Number(defaultValue) >= 1_000)) return []
    if (value <= 0 || value > mayBeSeconds) return []
    return `\`${name}\` is ${value} ms (from ${origins.get(name)}): a number without a unit is milliseconds. Write ${value}s for seconds, or ${value}ms`
  })
}

/**
 * Returns options together with those that the environment sets, which take precedence.
 *
 * @throws `OPTION_INVALID`, with a line for each fault, if an option is invalid
 */
export function addEnvironment<Options extends object>(
  options: Options,
  env: NodeJS.ProcessEnv
): { readonly options: Options; readonly warnings: readonly string[] } {
  const variables = readVariables(env)
  const given = listGiven(variables)
  const all = { ...options, ...Object.fromEntries(given.map(({ name, value }) => [name, value])) }
  const warnings = [...variables.warnings]
  if (variables.config !== undefined)
    warnings.push('SALLYPORT_CONFIG is ignored: only the program sallyport reads a configuration file')
  const origins = new Map(given.map(({ name, variable }) => [name, variable]))
  const faults = findFaults({ options: all, origins, file: undefined, warnings })
  if (faults.length > 0) throw errors.optionInvalid(faults.join('\n'))
  return { options: all, warnings }
}

/** Returns a sentence for each fault of the options, with what has given the option. */
export function findFaults({ options, origins }: Configuration): string[] {
  return checkOptions(options).faults.map(({ option, message }) => {
    const origin = origins.get(option)
    return origin === undefined ? message : `${message} (from ${origin})`
  })
}

interface FileChoice {
  readonly flag: string | boolean | undefined
  readonly variable: string | undefined
  /** Whether an example is to run. It takes the place of the game in the folder. */
  readonly isExample: boolean
  readonly folder: string
}

function chooseFile({ flag, variable, isExample, folder }: FileChoice): ReturnType<typeof findConfigFile> {
  if (typeof flag === 'string') return { path: namedConfigFile(folder, flag, '--config'), warnings: [] }
  if (variable !== undefined)
    return { path: namedConfigFile(folder, variable, 'SALLYPORT_CONFIG'), warnings: [] }
  return isExample ? { path: undefined, warnings: [] } : findConfigFile(folder)
}

function listGiven({ values, origins }: Variables) {
  const rows = new Map<string, OptionRow>(optionTable.map(row => [row.name, row]))
  return [...values].map(([name, text]) => ({
    name,
    value: readText(rows.get(name)!, text),
    variable: origins.get(name)!
  }))
}
