/** Connects a client to a gateway: the way in. */
import { errors } from '../shared/errors.js'
import type { RouteTypes } from '../shared/route-types.js'
import { ClientError } from './base/client-error.js'
import { type ClientOptions, resolveClientOptions } from './base/options.js'
import { Client, type EventTypes } from './client.js'

/**
 * Connects to a gateway. The client is open when the promise resolves; from then on it comes back by itself
 * when the connection is lost.
 *
 * Rejects with a ClientError: CONNECT_FAILED where no connection came about within `connectTimeout`,
 * HANDSHAKE_REFUSED (with the game's `user` as its `data`), CONNECTION_CLOSED, OPTION_INVALID.
 *
 * A function `user` that throws, rejects or does not answer is asked again until then, as it is after a loss:
 * the network is often no more there for the service of tokens than for the gateway. The error says what it
 * has thrown, and has it as its `cause`. With an error whose `fatal` is true, `connect` rejects at once.
 *
 * @example const game = await connect<Routes, Events>('ws://127.0.0.1:3010')
 */
export async function connect<Routes = RouteTypes, Events = EventTypes>(
  url: string,
  options: ClientOptions = {}
): Promise<Client<Routes, Events>> {
  const resolved = resolveClientOptions(options)
  const { connectTimeout } = resolved
  // A URL is welcome too. What is no address the platform refuses.
  const address = String(url)
  const client = new Client<Routes, Events>(address, resolved)
  return new Promise((resolve, reject) => {
    const onTimeout = () => {
      const { reason, cause } = client.failure ?? {}
      const last = reason === undefined ? '' : `; the last attempt: ${reason}`
      const error = errors.connectFailed(address, `nobody has answered within ${connectTimeout} ms${last}`)
      settle(() => reject(new ClientError(error, { retryable: true, cause })))
      client.close()
    }
    const timer = connectTimeout > 0 ? setTimeout(onTimeout, connectTimeout) : undefined
    const end = client.onState(({ state }) => {
      if (state === 'open') settle(() => resolve(client))
      if (state === 'closed') settle(() => reject(client.error))
    })
    // It may have been over before anybody listened.
    if (client.state === 'closed') settle(() => reject(client.error))
    function settle(done: () => void): void {
      clearTimeout(timer)
      end()
      done()
    }
  })
}
