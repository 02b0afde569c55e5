/** The program without a command: runs the gateway, with its configuration. */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { errors } from '../../shared/errors.js'
import { suggest } from '../../shared/text/nearest.js'
import { followConfigFile } from '../configuration/config-changes.js'
import { type Configuration, findFaults, readConfiguration } from '../configuration/configuration.js'
import { flagOf, type OptionRow } from '../options/option-row.js'
import { optionTable } from '../options/option-table.js'
import { formatValue } from '../options/option-value.js'
import type { Config } from '../start.js'
import { print } from '../telemetry/output.js'
import { version } from '../telemetry/version.js'
import { formatBanner } from './banner.js'
import type { Arguments, FlagTable, ProgramCommand } from './command.js'

/**
 * The folder of the examples in the package. Each has a folder `handlers`, and `http.js` if it has a page.
 */
const examplesFolder = fileURLToPath(new URL('../../examples/', import.meta.url))

/** The folder of the examples' sources in a clone. Development mode runs this TypeScript without a build. */
const exampleSources = fileURLToPath(new URL('../../../examples/', import.meta.url))

/** What stands for a flag's value in the help text. */
const placeholders = {
  text: 'TEXT',
  list: 'A,B',
  file: 'FILE',
  folder: 'DIR',
  integer: 'N',
  duration: 'TIME',
  size: 'SIZE'
} as const

/** The flags that set options of the gateway. */
export const gatewayFlags: FlagTable = Object.fromEntries(
  optionTable.map(row => [flagOf(row.name), { ...placeholderOf(row), help: describe(row) }])
)

/** The flags that are no options of the gateway, beside `--help`. */
export const programFlags = {
  config: {
    value: 'FILE',
    help: 'the configuration file (default: sallyport.config.ts, .mts, .js, .mjs, .cjs or .json in the current folder)'
  },
  example: {
    value: 'NAME',
    help: 'run an example that comes with the package, unless --handlers or --config say what to run'
  },
  version: { help: 'print the version' }
} as const satisfies FlagTable

/** The flags that say which handlers, for commands that load them. */
export const handlersFlags: FlagTable = {
  handlers: gatewayFlags['handlers']!,
  config: programFlags.config,
  dev: gatewayFlags['dev']!,
  example: programFlags.example
}

export const gatewayCommand: ProgramCommand = {
  usage: '[--handlers DIR] [options]',
  summary: 'A WebSocket gateway for games. Handlers are the functions that the modules in DIR export.',
  flags: { ...gatewayFlags, ...programFlags },
  run: runGateway
}

/** The options of a gateway that the command line, the environment and the configuration file give. */
export interface GivenOptions {
  readonly options: Config
  /** The same, with what has given each of them. */
  readonly configuration: Configuration
}

/**
 * Reads the options of a gateway. Flags that are no options of it are ignored.
 *
 * @throws `OPTION_INVALID` if the configuration file does not load, or if there is no such example
 */
export async function readGatewayOptions({ flags, env }: Arguments): Promise<GivenOptions> {
  const read = await readConfiguration({ flags, env, folder: process.cwd() })
  const configuration = await addExample(read, flags['example'] as string | undefined)
  // A program of one's own has no internal port unless it asks for one; the command line has.
  const options = { internalPort: 'auto', ...configuration.options }
  return { options: options as unknown as Config, configuration }
}

/** Adds the handlers of an example, and its page, where no handlers are given. */
async function addExample(given: Configuration, name: string | undefined): Promise<Configuration> {
  if (name === undefined) return given
  // An unknown name is refused in any case: it may be mistyped, or meant for another flag.
  const { handlers, http } = findExample(name, given.options['dev'] === true)
  if (given.options['handlers'] !== undefined) return given
  const page = http === undefined ? {} : await import(pathToFileURL(http).href)
  const { onHttpRequest } = page as { readonly onHttpRequest?: unknown }
  return {
    ...given,
    options: { handlers, ...(onHttpRequest !== undefined && { onHttpRequest }), ...given.options },
    origins: new Map([...given.origins, ['handlers', '--example']])
  }
}

async function runGateway(given: Arguments): Promise<void> {
  if (given.flags['version'] === true) {
    await print(`${version}\n`)
    return
  }
  const { options, configuration } = await readGatewayOptions(given)
  const faults = findFaults(configuration)
  if (faults.length > 0) throw errors.optionInvalid(faults.join('\n'))
  // Not loaded before, so that a fault or `--help` is told at once.
  const [{ assembleGateway }, { Program }] = await Promise.all([
    import('../start.js'),
    import('./program.js')
  ])
  const gateway = assembleGateway(options, { refreshesTypes: true })
  const { log } = gateway.options
  for (const warning of configuration.warnings) log.warn(warning)
  const { file } = configuration
  if (gateway.options.dev && file !== undefined)
    followConfigFile(file, () =>
      log.warn('The configuration has changed: restart the gateway to apply it', { file })
    )
  const state = await new Program(gateway).start()
  if (state === 'running') process.stdout.write(formatBanner(gateway, version, file))
}

/** Returns the placeholder of a flag's value; an empty object if the flag takes none. */
function placeholderOf({ check }: OptionRow): { readonly value?: string } {
  if (check.type === 'boolean') return {}
  if (check.type === 'word') return { value: check.words.join('|') }
  const words = check.type === 'integer' ? (check.words ?? []) : []
  return { value: [placeholders[check.type], ...words].join('|') }
}

function describe(row: OptionRow): string {
  const { check, defaultValue, help } = row
  const isTold = defaultValue === undefined || check.type === 'boolean' || help.includes('default')
  return `${help}${isTold ? '' : ` (default: ${formatValue(row, defaultValue)})`}`
}

function findExample(name: string, isDev: boolean): { handlers: string; http: string | undefined } {
  const folder = `${examplesFolder}${name}`
  if (/^\w+$/.test(name) && existsSync(`${folder}/handlers`)) {
    const [sources, http] = [`${exampleSources}${name}/handlers`, `${folder}/http.js`]
    return {
      handlers: isDev && existsSync(sources) ? sources : `${folder}/handlers`,
      http: existsSync(http) ? http : undefined
    }
  }
  const names = existsSync(examplesFolder) ? readdirSync(examplesFolder) : []
  const list = names.length === 0 ? 'none' : names.join(', ')
  throw errors.optionInvalid(`There is no example "${name}"; ${suggest(name, names)}there are: ${list}`)
}
