/** The start of a gateway, and its options: checks them, puts the parts together and runs them. */
import { errors } from '../shared/errors.js'
import { describeUnsupported, isSupported } from '../shared/node-version.js'
import { Gateway } from './gateway.js'
import type { GivenPlainOptions, OptionTree } from './options/options.js'
import { resolveOptions } from './options/resolve-options.js'
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
 * `LISTEN_FAILED`, and the error of `onStart`; then nothing is left running
 * @example const gateway = await createGateway({ handlers: './handlers', port: 3010 })
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  if (!isSupported(process.version)) throw errors.nodeUnsupported(describeUnsupported(process.version))
  const gateway = assembleGateway(options)
  await gateway.start()
  return gateway
}

/**
 * Puts a gateway together without starting it. It may be closed before and during its start.
 *
 * @throws `OPTION_INVALID`, `TLS_INVALID`
 */
export function assembleGateway(options: Config): Gateway {
  const metrics = new Metrics()
  return new Gateway(resolveOptions(options, metrics), metrics)
}
