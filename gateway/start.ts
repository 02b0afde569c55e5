/** The start of a gateway: checks the options, puts the parts together and runs them. */
import { errors } from '../shared/errors.js'
import { describeUnsupported, isSupported } from '../shared/node-version.js'
import { Gateway } from './gateway.js'
import type { Config, GatewayOptions } from './gateway-options.js'
import { resolveOptions } from './options/resolve-options.js'
import { Metrics } from './telemetry/metrics.js'

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
