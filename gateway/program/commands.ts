/** The table of the program's commands, and the choice of one by the command line. */
import { existsSync } from 'node:fs'
import { errors } from '../../shared/errors.js'
import { suggest } from '../../shared/text/nearest.js'
import { toolCommands } from '../../tools/commands.js'
import { variableOf } from '../options/option-row.js'
import {
  type FlagTable,
  findFlag,
  formatFlags,
  formatRows,
  helpFlag,
  type ProgramCommand
} from './command.js'
import { checkCommand, configCommand } from './configuration-commands.js'
import { gatewayCommand, gatewayFlags, programFlags } from './gateway-command.js'
import { initCommand } from './init.js'
import { routesCommand } from './routes.js'
import { typesCommand } from './types.js'

/** Commands by their names. Without a name, the program runs the gateway. */
export const commands: Readonly<Record<string, ProgramCommand>> = {
  init: initCommand,
  check: checkCommand,
  config: configCommand,
  routes: routesCommand,
  types: typesCommand,
  ...toolCommands
}

/** A flag that may stand before any command, as `npm start` in a clone gives it. Most commands ignore it. */
const exampleFlag = 'example'

export interface ChosenCommand {
  readonly command: ProgramCommand
  /** The arguments without the command's name. */
  readonly argv: readonly string[]
}

/**
 * Chooses the command: the first word of the command line that is neither a flag nor a flag's value.
 *
 * @throws `OPTION_INVALID` if there is no such command
 */
export function chooseCommand(argv: readonly string[]): ChosenCommand {
  const at = findFirstWord(argv)
  if (at === -1) return { command: gatewayCommand, argv }
  const name = argv[at]!
  if (!Object.hasOwn(commands, name))
    throw errors.optionInvalid(`There is no command "${name}"; ${suggestFor(name)}--help lists them`)
  const command = commands[name]!
  return { command, argv: [...frontOf(command, argv.slice(0, at)), ...argv.slice(at + 1)] }
}

/** Returns what somebody may have meant by a word that is no command. */
function suggestFor(word: string): string {
  if (Object.hasOwn(programFlags, word) || Object.hasOwn(helpFlag, word)) return `did you mean --${word}? `
  const meant = suggest(word, Object.keys(commands))
  return meant === '' && existsSync(word) ? `did you mean --handlers ${word}? ` : meant
}

/** Returns the text of `sallyport --help`. */
export function formatHelp(): string {
  const others = Object.values(commands).map(({ usage, summary }) => [usage, summary])
  return `Usage: sallyport ${gatewayCommand.usage}
       sallyport COMMAND [options]

${gatewayCommand.summary}

Commands; each has a --help of its own:

${formatRows(others)}

Options of the gateway:

${formatFlags(gatewayFlags)}

${formatFlags({ ...programFlags, ...helpFlag })}

Each option of the gateway can be set in the environment too: --max-pause is ${variableOf('maxPause')}. A
configuration file calls it maxPause. A time may be 10s, a size 64KiB; --no-dev takes back a dev: true.
`
}

/** Returns the index of the first word, or -1 if there is none, or an unknown flag before it. */
function findFirstWord(argv: readonly string[]): number {
  const all = [gatewayCommand, ...Object.values(commands)].map(each => each.flags)
  const flags: FlagTable = Object.assign({}, ...all)
  for (let i = 0; i < argv.length; i++) {
    if (!argv[i]!.startsWith('-')) return i
    const flag = findFlag(argv[i]!, flags)
    if (flag === undefined) return -1
    if (flag.value !== undefined && !argv[i]!.includes('=')) i++
  }
  return -1
}

/** Returns the arguments before a command's name without `--example`, if the command does not take it. */
function frontOf({ flags }: ProgramCommand, front: readonly string[]): readonly string[] {
  if (Object.hasOwn(flags, exampleFlag)) return front
  const at = front.findIndex(each => each.split('=')[0] === `--${exampleFlag}`)
  return at === -1 ? front : front.toSpliced(at, front[at]!.includes('=') ? 1 : 2)
}
