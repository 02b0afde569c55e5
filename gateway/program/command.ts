/** A command of the program: its words and flags, how they are read, and its help text. */
import { parseArgs } from 'node:util'
import { errors } from '../../shared/errors.js'
import { suggest } from '../../shared/text/nearest.js'

export interface Flag {
  /** The placeholder of its value in the help text, such as `DIR`; undefined if the flag takes no value. */
  readonly value?: string
  readonly help: string
}

/** Flags by their names without `--`. */
export type FlagTable = Readonly<Record<string, Flag>>

export interface Arguments {
  /** The values of the given flags: a text, or true for a flag without a value. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
  /** The arguments that are no flags, without the command's name. */
  readonly words: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

export interface ProgramCommand {
  /** What to write after `sallyport`, such as `init NAME [options]`. */
  readonly usage: string
  /** A sentence for the list of commands. */
  readonly summary: string
  /** Further lines for its own help text. */
  readonly details?: string
  /** The flags that it takes, beside `--help`. */
  readonly flags: FlagTable
  /** The number of words that it takes at most. Default: 0. */
  readonly mostWords?: number
  /** Runs the command. Sets `process.exitCode` if it has failed without an error. */
  run(given: Arguments): void | Promise<void>
}

/** The flag of every command. */
export const helpFlag: FlagTable = { help: { help: 'print this' } }

/**
 * Reads the arguments that follow a command's name.
 *
 * @throws `OPTION_INVALID` for a flag that the command does not take, and for surplus words
 */
export function readArguments(
  { flags, usage, mostWords = 0 }: ProgramCommand,
  given: readonly string[],
  env: NodeJS.ProcessEnv
): Arguments {
  const known: FlagTable = { ...flags, ...helpFlag }
  const argv = joinNegative(given, known)
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string' } as const
    ])
  )
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      strict: true,
      allowNegative: true,
      allowPositionals: true
    })
    const surplus = positionals[mostWords]
    if (surplus !== undefined)
      throw errors.optionInvalid(`Unexpected argument "${surplus}"; expected: sallyport ${usage}`)
    return { flags: values, words: positionals, env }
  } catch (error) {
    const unknown = findUnknown(argv, known)
    if (unknown !== undefined) {
      const meant = suggest(wholeName(nameOf(unknown)), Object.keys(known), name => `--${name}`)
      throw errors.optionInvalid(`There is no option ${unknown}; ${meant}--help lists them`)
    }
    if ((error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') !== true) throw error
    const [firstSentence] = (error as Error).message.split('. ')
    throw errors.optionInvalid(`${firstSentence}; --help lists the options`)
  }
}

/** Returns the lines that list flags in a help text. */
export function formatFlags(flags: FlagTable): string {
  const rows = Object.entries(flags).map(([name, { value, help }]) => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    help
  ])
  return formatRows(rows)
}

/** Returns lines of two columns, indented. */
export function formatRows(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([first]) => first!.length)) + 2
  return rows.map(([first, second]) => `  ${first!.padEnd(width)}${second}`).join('\n')
}

/** Returns the text of `sallyport COMMAND --help`. */
export function formatCommandHelp({ usage, summary, details, flags }: ProgramCommand): string {
  const more = details === undefined ? '' : `${details}\n\n`
  return `Usage: sallyport ${usage}\n\n${summary}\n\n${more}${formatFlags({ ...flags, ...helpFlag })}\n`
}

/** Returns the name in an argument such as `--port=1`. */
function nameOf(argument: string): string {
  return argument.replace(/^--?/, '').split('=')[0]!
}

/**
 * Returns the arguments with `--rate=-1` for `--rate -1`: without it, a negative number would be taken for a
 * flag. So whoever reads the value says what it has to be.
 */
function joinNegative(argv: readonly string[], known: FlagTable): string[] {
  const joined: string[] = []
  for (const each of argv) {
    const flag = joined.at(-1) ?? ''
    const takesValue = flag.startsWith('--') && known[flag.slice(2)]?.value !== undefined
    if (takesValue && /^-\.?\d/.test(each)) joined[joined.length - 1] = `${flag}=${each}`
    else joined.push(each)
  }
  return joined
}

/**
 * Returns the flag of an argument such as `--port=1`; undefined if there is none. A flag that takes no value
 * can be taken back: `--no-dev`.
 */
export function findFlag(argument: string, flags: FlagTable): Flag | undefined {
  if (!argument.startsWith('--')) return undefined
  const name = nameOf(argument)
  if (Object.hasOwn(flags, name)) return flags[name]
  const positive = name.replace(/^no-/, '')
  const isSwitch = Object.hasOwn(flags, positive) && flags[positive]!.value === undefined
  return isSwitch ? flags[positive] : undefined
}

/** Returns the first argument that looks like a flag, and is none of those that are known. */
function findUnknown(argv: readonly string[], known: FlagTable): string | undefined {
  return argv.find(each => /^-./.test(each) && findFlag(each, known) === undefined)
}

/** Returns the name that a flag of one letter stands for in most programs. */
function wholeName(name: string): string {
  return { h: 'help', v: 'version', V: 'version', p: 'port' }[name] ?? name
}
