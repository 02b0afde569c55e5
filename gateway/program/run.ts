/** Runs the command that the user has given: one of the table, or the gateway. */
import { print, surviveErrors } from '../telemetry/output.js'
import { formatCommandHelp, readArguments } from './command.js'
import { chooseCommand, formatHelp } from './commands.js'
import { failAtSignals } from './first-signals.js'
import { gatewayCommand } from './gateway-command.js'

/** @throws the error because of which the command has failed */
export async function run(): Promise<void> {
  // A closed stdout, as with `| head -1`, must not end the process.
  surviveErrors(process.stdout)
  surviveErrors(process.stderr)
  const { command, argv } = chooseCommand(process.argv.slice(2))
  const given = readArguments(command, argv, process.env)
  if (given.flags['help'] === true) {
    return print(command === gatewayCommand ? formatHelp() : formatCommandHelp(command))
  }
  if (command !== gatewayCommand) failAtSignals()
  await command.run(given)
}
