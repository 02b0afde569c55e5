/** The commands `sallyport check` and `sallyport config`: is the configuration all right, and what is it. */

import { resolve } from 'node:path'
import { wallClock } from '../../shared/clock.js'
import { loadTracingApi } from '../../shared/tracing/open-telemetry.js'
import { findFaults } from '../configuration/configuration.js'
import { formatOptions, showOptions } from '../configuration/shown-options.js'
import { readTlsPair } from '../http/tls.js'
import { checkOptions } from '../options/resolve-options.js'
import { print } from '../telemetry/output.js'
import type { Arguments, ProgramCommand } from './command.js'
import { type GivenOptions, gatewayFlags, programFlags, readGatewayOptions } from './gateway-command.js'

/** Options that decide how handlers are loaded, beside `handlers` and `dev`. */
const loading = new Set(['startTimeout', 'workerArgv', 'workerHeap'])

const flags = { ...gatewayFlags, config: programFlags.config, example: programFlags.example }

export const checkCommand: ProgramCommand = {
  usage: 'check [options]',
  summary: 'Loads configuration and handlers as a start would, and says all that is wrong.',
  details:
    'No port is opened, and onStart does not run. The exit code is 1 if anything is wrong. --dev checks TypeScript.',
  flags,
  run: check
}

export const configCommand: ProgramCommand = {
  usage: 'config [--json] [options]',
  summary: 'Prints the options in effect, and which flag, variable or file has given each of them.',
  details: 'Secrets are not printed.',
  flags: { ...flags, json: { help: 'print JSON' } },
  run: show
}

async function check(given: Arguments): Promise<void> {
  let found: GivenOptions
  try {
    found = await readGatewayOptions(given)
  } catch (error) {
    return report([(error as Error).message])
  }
  const { configuration } = found
  warn(configuration.warnings)
  const faults = findFaults(configuration)
  const { plain, faults: ofOptions } = checkOptions(configuration.options)
  const { dev, handlers, tlsCert, tlsKey } = plain
  if (tlsCert && tlsKey) note(faults, () => readTlsPair({ tlsCert, tlsKey }, wallClock()))
  if (plain.nats !== 'none') {
    // A gateway on its own loads no module of the cluster.
    const { natsFiles, readAccessFiles } = await import('../cluster/bus/nats-access.js')
    const before = faults.length
    for (const name of natsFiles) note(faults, () => readAccessFiles({ [name]: plain[name] }))
    if (faults.length === before) note(faults, () => readAccessFiles(plain))
  }
  let routes = 0
  if (handlers !== undefined) {
    try {
      // Loads the gateway, so not before the command is known.
      const { listRoutes } = await import('../route-list.js')
      const faulty = new Set(ofOptions.map(({ option }) => option))
      const given = Object.entries(found.options).filter(([name]) => loading.has(name) && !faulty.has(name))
      const asked = { ...Object.fromEntries(given), handlers }
      routes = (await listRoutes(asked, dev === true)).routes.length
    } catch (error) {
      faults.push((error as Error).message)
    }
    if (plain.tracing === true) note(faults, () => loadTracingApi(handlers))
  }
  if (faults.length > 0) return report(faults)
  await print(`configuration  ${configuration.file ?? 'no file'}
handlers       ${handlers}, with ${routes} ${routes === 1 ? 'route' : 'routes'}
No fault was found.
`)
}

async function show(given: Arguments): Promise<void> {
  const { configuration, options: asked } = await readGatewayOptions(given)
  warn(configuration.warnings)
  const faults = findFaults(configuration)
  if (faults.length > 0) return report(faults)
  // As they were given: what `auto` stands for depends on the machine and the environment.
  const { plain } = checkOptions({ ...asked })
  const options = { ...plain, handlers: resolve(plain.handlers ?? '') }
  const { options: all, origins } = configuration
  const shown = showOptions({ options, given: all, origins })
  if (given.flags['json'] !== true) return print(`${formatOptions(shown)}\n`)
  const byName = Object.fromEntries(shown.map(({ name, value, from }) => [name, { value, from }]))
  await print(`${JSON.stringify({ file: configuration.file ?? null, options: byName }, null, 2)}\n`)
}

function note(faults: string[], run: () => void): void {
  try {
    run()
  } catch (error) {
    faults.push((error as Error).message)
  }
}

function warn(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
}

/** Writes each fault on a line of its own. */
function report(faults: readonly string[]): void {
  for (const line of faults.flatMap(each => each.split('\n'))) process.stderr.write(`sallyport: ${line}\n`)
  process.exitCode = 1
}
