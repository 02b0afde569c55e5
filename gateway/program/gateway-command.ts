/** The program without a command: runs the gateway, with options from flags and the environment. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { errors } from '../../shared/errors.js'
import { suggest } from '../../shared/text/nearest.js'
import { flagOf, type OptionRow } from '../options/option-row.js'
import { optionTable } from '../options/option-table.js'
import { formatValue, readText } from '../options/option-value.js'
import { readVariables } from '../options/variables.js'
import { assembleGateway, type Config } from '../start.js'
import { formatBanner } from './banner.js'
import type { Arguments, FlagTable, ProgramCommand } from './command.js'
import { Program } from './program.js'

/** The version of this package. */
export const version: string = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
).version

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
  example: {
    value: 'NAME',
    help: 'run an example that comes with the package, where no handlers are given'
  },
  version: { help: 'print the version' }
} as const satisfies FlagTable

/** The flags that say which handlers, for commands that load them. */
export const handlersFlags: FlagTable = {
  handlers: gatewayFlags['handlers']!,
  dev: gatewayFlags['dev']!,
  example: programFlags.example
}

export const gatewayCommand: ProgramCommand = {
  usage: '--handlers DIR [options]',
  summary: 'A WebSocket gateway for games. Handlers are the functions that the modules in DIR export.',
  flags: { ...gatewayFlags, ...programFlags },
  run: runGateway
}

/** The options of a gateway that a command line and the environment give. */
export interface GivenOptions {
  readonly options: Config
  /** The module of an example whose `onHttpRequest` answers HTTP requests, if there is one. */
  readonly http: string | undefined
  /** A sentence for each variable of the environment that was ignored. */
  readonly warnings: readonly string[]
}

/**
 * Reads the options of a gateway. Flags win over variables. Flags that are no options of it are ignored.
 *
 * @throws `OPTION_INVALID` if there is no such example
 */
export function readGatewayOptions({ flags, env }: Arguments): GivenOptions {
  const { values, warnings } = readVariables(env)
  const asked: Record<string, unknown> = {}
  for (const row of optionTable) {
    const given = flags[flagOf(row.name)] ?? values.get(row.name)
    if (given !== undefined) asked[row.name] = typeof given === 'string' ? readText(row, given) : given
  }
  const isDev = asked['dev'] === true
  const name = flags['example'] as string | undefined
  const example = asked['handlers'] === undefined && name !== undefined ? findExample(name, isDev) : undefined
  if (example !== undefined) asked['handlers'] = example.handlers
  return { options: asked as unknown as Config, http: example?.http, warnings }
}

async function runGateway(given: Arguments): Promise<void> {
  if (given.flags['version'] === true) {
    process.stdout.write(`${version}\n`)
    return
  }
  const { options, http, warnings } = readGatewayOptions(given)
  const page = http === undefined ? {} : await import(pathToFileURL(http).href)
  const gateway = assembleGateway({ internalPort: 'auto', ...options, onHttpRequest: page.onHttpRequest })
  for (const warning of warnings) gateway.options.log.warn(warning)
  const state = await new Program(gateway).start()
  if (state === 'running') process.stdout.write(formatBanner(gateway, version))
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
