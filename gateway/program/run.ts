/** Runs the command that the user has given: the gateway, `init`, `--help` or `--version`. */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { assembleGateway } from '../start.js'
import { surviveErrors } from '../telemetry/output.js'
import { formatBanner } from './banner.js'
import { formatHelp, readCommand } from './command-line.js'
import { createProject } from './init.js'
import { Program } from './program.js'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))

/** @throws the error that prevented the start of the gateway */
export async function run(): Promise<void> {
  // A closed stdout, as with `| head -1`, must not end the process.
  surviveErrors(process.stdout)
  surviveErrors(process.stderr)
  const command = readCommand(process.argv.slice(2), process.env)
  if (command.kind === 'init') {
    const path = createProject({ folder: command.folder, dependency: command.dependency ?? `^${version}` })
    process.stdout.write(
      `${path} is made. Next: npm install, npm start, and in a second terminal npm run play.\n`
    )
    return
  }
  if (command.kind !== 'run') {
    process.stdout.write(command.kind === 'help' ? formatHelp() : `${version}\n`)
    return
  }
  const { options, http, warnings } = command
  const page = http === undefined ? {} : await import(pathToFileURL(http).href)
  const gateway = assembleGateway({ ...options, onHttpRequest: page.onHttpRequest })
  for (const warning of warnings) gateway.options.log.warn(warning)
  const state = await new Program(gateway).start()
  if (state === 'running') process.stdout.write(formatBanner(gateway, version))
}
