/** The start of a gateway: options are checked, its parts put together, and then it runs. */
import { Gateway } from './gateway.js'
import { type GatewayOptions, resolveOptions } from './options/options.js'
import { Metrics } from './telemetry/metrics.js'

/**
 * Starts a gateway. It is running when the promise resolves: the handlers are loaded, the port is open.
 *
 * @throws `OPTION_INVALID`, `HANDLERS_INVALID`, `WORKER_NOT_STARTED`, `TLS_INVALID`, `LISTEN_FAILED`; then nothing is left
 * running
 * @example const gateway = await createGateway({ handlers: './handlers', port: 3010 })
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = assembleGateway(options)
  await gateway.start()
  return gateway
}

/**
 * Puts a gateway together that has yet to be started, and may be closed meanwhile.
 *
 * @throws `OPTION_INVALID`, `TLS_INVALID`
 */
export function assembleGateway(options: GatewayOptions): Gateway {
  const metrics = new Metrics()
  return new Gateway(resolveOptions(options, metrics), metrics)
}
