/** The command `sallyport routes`: lists the routes of a handlers' folder, as a table or as JSON. */
import type { ListedRoute } from '../route-list.js'
import { print } from '../telemetry/output.js'
import type { Arguments, ProgramCommand } from './command.js'
import { gatewayFlags, handlersFlags, readGatewayOptions } from './gateway-command.js'

const heading = ['route', 'file', 'options', 'schema']

/** What stands in an empty cell, so that each line has four columns. */
const none = '-'

export const routesCommand: ProgramCommand = {
  usage: 'routes [--handlers DIR] [--json]',
  summary: 'Lists the routes of the handlers in DIR, with their files, options and schemas.',
  details:
    'The handlers are loaded, and what they print goes to stderr. No port is opened, and onStart does not run.',
  flags: {
    ...handlersFlags,
    'start-timeout': gatewayFlags['start-timeout']!,
    json: { help: 'print JSON' }
  },
  run
}

async function run(given: Arguments): Promise<void> {
  // Loads the gateway, so not before the command is known.
  const { listRoutes } = await import('../route-list.js')
  const list = await listRoutes((await readGatewayOptions(given)).options)
  const text = given.flags['json'] === true ? JSON.stringify(list, null, 2) : formatTable(list.routes)
  await print(`${text}\n`)
}

function formatTable(routes: readonly ListedRoute[]): string {
  const rows = [heading, ...routes.map(formatRow)]
  const widths = heading.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

function formatRow({ route, file, options, schema }: ListedRoute): string[] {
  const declared = Object.entries(options).map(([name, value]) =>
    value === true ? name : `${name} ${value}`
  )
  const checked = Object.entries(schema).flatMap(([name, isThere]) => (isThere ? [name] : []))
  return [route, file, declared.join(', ') || none, checked.join(', ') || none]
}
