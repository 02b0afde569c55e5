/** Reads the plan of a load from the command line, and refuses what does not fit together. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { findTypescript, isTypescript } from '../../gateway/development/typescript.js'
import { errors } from '../../shared/errors.js'
import { longestTimer } from '../../shared/with-timeout.js'
import type { LoadPlan, ScenarioSetup } from '../players/plan.js'
import { durationOf, type Given, gatewayUrl, jsonOf, numberOf, textOf } from '../terminal/arguments.js'

const defaults = { sockets: 10, inFlight: 1, seconds: 10, timeout: 10_000, threads: 1 }

/** Most sockets of a load: more than one machine has ports for one server. */
const mostSockets = 1_000_000
const mostInFlight = 65_536
const mostRate = 10_000_000
const mostThreads = 256

/** Flags that mean nothing with a scenario, which does its requests itself. */
const notWithScenario = ['route', 'body', 'inflight', 'rate', 'drop-every'] as const

/** @throws `OPTION_INVALID` */
export function readPlan(given: Given): LoadPlan {
  const url = gatewayUrl(given)
  const route = textOf(given, 'route')
  const scenarioFile = textOf(given, 'scenario')
  if (scenarioFile !== undefined) refuseWithScenario(given)
  else if (route === undefined || route === '')
    throw errors.optionInvalid('Expected --route, such as --route room.enter, or --scenario FILE')
  const sockets = numberOf(given, 'sockets', { least: 1, most: mostSockets }) ?? defaults.sockets
  const threads = numberOf(given, 'threads', { least: 1, most: mostThreads }) ?? defaults.threads
  const rate = numberOf(given, 'rate', { least: 0.001, most: mostRate, whole: false })
  const inFlight = numberOf(given, 'inflight', { least: 1, most: mostInFlight })
  const duration = durationOf(given, 'seconds', 's') ?? defaults.seconds * 1_000
  const timeout = durationOf(given, 'timeout') ?? defaults.timeout
  return {
    url,
    sockets,
    threads: Math.min(threads, sockets),
    route,
    body: jsonOf(given, 'body'),
    // Without a limit of its own, an open loop sends whatever is due.
    inFlight: inFlight ?? (rate === undefined ? defaults.inFlight : Number.POSITIVE_INFINITY),
    rate,
    duration: Math.min(duration, longestTimer),
    ramp: durationOf(given, 'ramp') ?? 0,
    dropEvery: durationOf(given, 'drop-every'),
    timeout: Math.round(timeout),
    user: jsonOf(given, 'user'),
    scenario: scenarioFile === undefined ? undefined : findScenario(scenarioFile)
  }
}

function refuseWithScenario({ flags }: Given): void {
  const surplus = notWithScenario.find(name => flags[name] !== undefined)
  if (surplus === undefined) return
  throw errors.optionInvalid(
    `--${surplus} means nothing with --scenario: the scenario says what its players do`
  )
}

function findScenario(name: string): ScenarioSetup {
  const file = resolve(name)
  if (!existsSync(file)) throw errors.optionInvalid(`--scenario names a file that is not there: ${file}`)
  if (!isTypescript(file)) return { file, loaders: [], tsconfig: undefined }
  const { typescriptLoaders, tsconfig } = findTypescript(dirname(file), file)
  return { file, loaders: typescriptLoaders, tsconfig }
}
