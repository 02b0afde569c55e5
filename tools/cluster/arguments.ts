/** Reads the command line of `npm run cluster`: its own flags, and those that each gateway gets. */
import { errors } from '../../shared/errors.js'
import { numberOf } from '../terminal/arguments.js'

export const usage = `Usage: npm run cluster -- [--gateways N] [--port N] [--nats URL] [flags of the gateways]

Starts a nats-server, several gateways and a balancer on one port, on this machine, to try them out.

  --gateways N   how many gateways (default: 3)
  --port N       the balancer's port (default: 3010); the gateways listen on port + 10, + 20 and so on, and
                 their internal ports are one higher. 0: any free ports
  --nats URL     a NATS server that runs (default: a nats-server from the path is started)

Each gateway gets all other flags, such as --handlers DIR. Without handlers it runs the chat example.
A gateway that ends is started again. Ctrl-C ends all of them.
`

/** Flags with a value that are not passed on. */
const own = ['gateways', 'port', 'nats']

/** Flags in which the gateways have to differ. */
const different = ['frontend-id', 'internal-port']

export interface ClusterArguments {
  readonly isHelp: boolean
  readonly gateways: number
  readonly port: number
  /** undefined: a nats-server is to be started. */
  readonly nats: string | undefined
  /** The flags for each gateway. */
  readonly passed: readonly string[]
}

/** @throws `OPTION_INVALID` */
export function readClusterArguments(argv: readonly string[]): ClusterArguments {
  const flags: Record<string, string> = {}
  const passed: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/.exec(argv[i]!) ?? []
    if (different.includes(name))
      throw errors.optionInvalid(`--${name} can't be given: it is different for each gateway of the cluster`)
    if (!own.includes(name)) {
      passed.push(argv[i]!)
      continue
    }
    flags[name] = value ?? argv[++i] ?? ''
    if (flags[name] === '') throw errors.optionInvalid(`--${name} needs a value`)
  }
  const given = { flags, words: [], env: {} }
  return {
    isHelp: argv.includes('--help'),
    gateways: numberOf(given, 'gateways', { least: 1, most: 32 }) ?? 3,
    port: numberOf(given, 'port', { least: 0, most: 65_000 }) ?? 3010,
    nats: flags['nats'],
    passed
  }
}
