/** The start of a gateway, and its options: checks them, puts the parts together and runs them. */

import { errors } from '../shared/errors.js'
import { describeUnsupported, isSupported } from '../shared/node-version.js'
import { describeValue } from '../shared/text/described.js'
import { addEnvironment } from './configuration/configuration.js'
import { Gateway } from './gateway.js'
import type { GivenPlainOptions, OptionTree } from './options/options.js'
import { expectOptions, resolveOptions } from './options/resolve-options.js'
import type { GivenParts } from './parts.js'
import { Metrics } from './telemetry/metrics.js'

/** The options that a configuration file may hold. What it leaves out may come from elsewhere. */
export interface Config extends OptionTree {
  /**
   * Called once, when the gateway listens, with the gateway: to listen to its sessions, to begin timers, and
   * the like. If it throws or rejects, the gateway is closed, and its start fails with that error. Default:
   * nothing.
   */
  onStart?: (gateway: Gateway) => void | Promise<void>
  /**
   * Called once, if `onStart` was called, when the gateway has closed: no session and no worker is left. The
   * end waits for it, for up to `closeTimeout`; an error is logged. Default: nothing.
   */
  onStop?: (gateway: Gateway) => void | Promise<void>
}

/** What a configuration file exports by default: options, a promise, or a function that returns either. */
export type ConfigExport = Config | Promise<Config> | (() => Config | Promise<Config>)

/** The names of options that there are not. */
type UnknownOption<Export> = Export extends (...none: never) => infer Returned
  ? UnknownName<Awaited<Returned>>
  : UnknownName<Awaited<Export>>

type UnknownName<Given> = Exclude<keyof Given, keyof Config>

/** The same export, whose unknown options have the type that the compiler's message names. */
type CorrectedExport<Export> = Export extends (...none: never) => infer Returned
  ? () => Returned extends Promise<infer Given> ? Promise<Marked<Given>> : Marked<Returned>
  : Export extends Promise<infer Given>
    ? Promise<Marked<Given>>
    : Marked<Export>

type Marked<Given> = {
  [Name in keyof Given]: Name extends keyof Config ? Given[Name] : 'There is no such option'
}

/**
 * Returns the options of a configuration file as they are, and so lets an editor know their types. An unknown
 * option is an error of the compiler.
 *
 * @example export default defineConfig({ handlers: './handlers', heartbeat: '10s' })
 */
export function defineConfig<Export extends ConfigExport>(
  config: [UnknownOption<Export>] extends [never] ? Export : CorrectedExport<Export>
): Export {
  return config as Export
}

/** The options of a gateway that a program creates. */
export interface GatewayOptions extends Config {
  /**
   * Folder of the handler modules: a path, which is relative to the current directory, or a `file:` URL, such
   * as `new URL('./handlers', import.meta.url)`.
   */
  handlers: NonNullable<GivenPlainOptions['handlers']>
  /**
   * Whether environment variables set options too, such as `SALLYPORT_PORT`. They take precedence over the
   * options here, so that an operator has the last word. Default: false.
   */
  env?: boolean
}

/**
 * Starts a gateway. When the promise resolves, the handlers are loaded, the port is open, and `onStart` has
 * ended.
 *
 * @throws `NODE_UNSUPPORTED`, `OPTION_INVALID`, `HANDLERS_INVALID`, `WORKER_NOT_STARTED`, `TLS_INVALID`,
 * `LISTEN_FAILED`, `CLOSING` if it was closed meanwhile, and the error of `onStart`; in a cluster
 * `NATS_FAILED`, `FRONTEND_TAKEN`, `CLUSTER_INCOMPATIBLE`, `CLUSTER_UNAVAILABLE`. Then nothing is left
 * running
 * @example const gateway = await createGateway({ handlers: './handlers', port: 3010 })
 */
export function createGateway(options: GatewayOptions | (Config & { readonly env: true })): Promise<Gateway> {
  return startGateway(options, {})
}

/** @internal Starts a gateway with parts that a test gives. */
export async function startGateway(
  options: GatewayOptions | (Config & { readonly env: true }),
  given: GivenParts
): Promise<Gateway> {
  if (!isSupported(process.version)) throw errors.nodeUnsupported(describeUnsupported(process.version))
  const { env, ...own } = expectOptions(options)
  if (env !== undefined && typeof env !== 'boolean')
    throw errors.optionInvalid(`Expected \`env\` to be true or false, got ${describeValue(env)}`)
  const { options: all, warnings } = env ? addEnvironment(own, process.env) : { options: own, warnings: [] }
  const gateway = assembleGateway(all, given)
  for (const warning of warnings) gateway.options.log.warn(warning)
  await gateway.start()
  return gateway
}

/**
 * @internal Puts a gateway together without starting it. It may be closed before and during its start.
 *
 * @throws `OPTION_INVALID`, `TLS_INVALID`
 */
export function assembleGateway(options: Config, given: GivenParts = {}): Gateway {
  const metrics = new Metrics()
  // A bus of this process stands for the servers, without which options of a cluster are refused.
  const asked = given.bus === undefined ? options : { nats: 'this-process', ...options }
  return new Gateway(resolveOptions(asked, metrics), metrics, given)
}
