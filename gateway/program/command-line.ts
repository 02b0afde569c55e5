/** Reads the options from the command line and the environment. Flags win over variables. */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { errors } from '../../shared/errors.js'
import { findNearest } from '../options/nearest.js'
import { flagOf, variableOf } from '../options/option-row.js'
import { optionTable } from '../options/option-table.js'
import type { GatewayOptions } from '../options/options.js'
import { readVariables } from '../options/variables.js'

export type Command =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'init'; readonly folder: string; readonly dependency: string | undefined }
  | {
      readonly kind: 'run'
      readonly options: GatewayOptions
      /** The module of an example whose `onHttpRequest` answers HTTP requests, if there is one. */
      readonly http: string | undefined
      /** A sentence for each variable of the environment that was ignored. */
      readonly warnings: readonly string[]
    }

/**
 * The folder of the examples in the package. Each has a folder `handlers`, and `http.js` if it has a page.
 */
const examplesFolder = fileURLToPath(new URL('../../examples/', import.meta.url))

/** The folder of the examples' sources in a clone. Development mode runs this TypeScript without a build. */
const exampleSources = fileURLToPath(new URL('../../../examples/', import.meta.url))

/** Flags that are not options of the gateway. */
const ownFlags = {
  dev: { type: 'boolean', help: 'run TypeScript handlers, and load them anew when a file is saved' },
  example: {
    type: 'string',
    help: 'run an example that comes with the package, where no handlers are given'
  },
  help: { type: 'boolean', help: 'print this' },
  version: { type: 'boolean', help: 'print the version' }
} as const

/** @throws `OPTION_INVALID` */
export function readCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Command {
  if (argv[0] === 'init') return readInit(argv.slice(1))
  const flags = readFlags(argv)
  if (flags['help'] === true) return { kind: 'help' }
  if (flags['version'] === true) return { kind: 'version' }
  const { values, warnings } = readVariables(env)
  const asked: Record<string, unknown> = {}
  for (const { name, check } of optionTable) {
    const text = (flags[flagOf(name)] as string | undefined) ?? values.get(name)
    // An invalid number stays a text, so that the check of the options refuses it.
    if (text !== undefined)
      asked[name] = check.type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text
  }
  const isDev = flags['dev'] === true
  if (isDev) asked['dev'] = true
  const name = flags['example'] as string | undefined
  const example = asked['handlers'] === undefined && name !== undefined ? findExample(name, isDev) : undefined
  if (example !== undefined) asked['handlers'] = example.handlers
  return { kind: 'run', options: asked as unknown as GatewayOptions, http: example?.http, warnings }
}

/** Returns the text of `--help`. */
export function formatHelp(): string {
  const rows = optionTable.map(({ name, check, defaultValue, help }) => {
    const value =
      check.type === 'word'
        ? check.words.join('|')
        : check.type === 'integer'
          ? 'N'
          : check.type === 'file'
            ? 'FILE'
            : name === 'handlers'
              ? 'DIR'
              : 'TEXT'
    const isTold = defaultValue === undefined || help.includes('default')
    return [`--${flagOf(name)} ${value}`, `${help}${isTold ? '' : ` (default: ${defaultValue})`}`]
  })
  const own = Object.entries(ownFlags).map(([name, { type, help }]) => [
    `--${name}${type === 'string' ? ' NAME' : ''}`,
    help
  ])
  const width = Math.max(...[...rows, ...own].map(([flag]) => flag!.length)) + 2
  const lines = (list: string[][]) => list.map(([flag, help]) => `  ${flag!.padEnd(width)}${help}`).join('\n')
  return `Usage: sallyport --handlers DIR [options]
       sallyport init NAME [--package SPEC]

A WebSocket gateway for games. Handlers are the functions that the modules in DIR export. init makes a new project in the
folder NAME; SPEC is what its package.json asks npm for instead of this version: file:sallyport-0.1.0.tgz, say.

${lines(rows)}

${lines(own)}

Each of the first can be set in the environment too: --max-pause is ${variableOf('maxPause')}.
`
}

/** Reads the command `init NAME [--package SPEC]`. */
function readInit(argv: readonly string[]): Command {
  const [folder, flag, dependency, ...others] = argv
  const isPlain = flag === undefined || (flag === '--package' && dependency !== undefined)
  if (folder === undefined || folder.startsWith('-') || !isPlain || others.length > 0) {
    throw errors.optionInvalid('Expected the name of a folder to make: sallyport init NAME [--package SPEC]')
  }
  return { kind: 'init', folder, dependency }
}

function readFlags(argv: readonly string[]): Record<string, string | boolean | undefined> {
  const options: Record<string, { type: 'string' | 'boolean' }> = {}
  for (const { name } of optionTable) options[flagOf(name)] = { type: 'string' }
  for (const [name, { type }] of Object.entries(ownFlags)) options[name] = { type }
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    const unknown = argv.find(
      each => each.startsWith('-') && options[each.replace(/^--?/, '').split('=')[0]!] === undefined
    )
    const [firstSentence] = (error as Error).message.split('. ')
    throw errors.optionInvalid(
      unknown === undefined
        ? `${firstSentence}; --help lists the options`
        : describeUnknown(unknown, Object.keys(options))
    )
  }
}

function describeUnknown(flag: string, names: readonly string[]): string {
  const nearest = findNearest(flag.replace(/^--?/, '').split('=')[0]!, names)
  const meant = nearest === undefined ? '' : `did you mean --${nearest}? `
  return `There is no option ${flag}; ${meant}--help lists them`
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
  const names = existsSync(examplesFolder) ? readdirSync(examplesFolder).join(', ') : 'none'
  throw errors.optionInvalid(`There is no example "${name}"; there are: ${names}`)
}
