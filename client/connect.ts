/** Connects a client to a gateway. `connect` is the only way to make a Client. */
import type { RouteTypes } from '../shared/route-types.js'
import { ClientError } from './base/client-error.js'
import { connectError } from './base/closing-error.js'
import { type ClientOptions, type EventTypes, resolveClientOptions } from './base/options.js'
import { Client } from './client.js'

/**
 * Connects to a gateway. Resolves with a client that is open; from then on, the client reconnects by itself
 * when the connection is lost.
 *
 * If the option `user` is a function that throws, rejects or does not answer, the client calls it again until
 * `connectTimeout` has passed. After a lost connection it does so without a time limit. The reason: when the
 * network is down, the service that issues tokens is often as unreachable as the gateway. When `connect`
 * times out, the error's message and `cause` name what the function threw last. If the function throws an
 * error with `fatal: true`, `connect` rejects at once.
 *
 * A connection that fails is tried again until `connectTimeout` has passed. Faults that do not pass by
 * themselves reject at once: a certificate that is not trusted, and an HTTP status below 500 other than 408,
 * 425 and 429. After the first connection the client tries again after every fault; the option `onFailure`
 * is told of each.
 *
 * @throws ClientError: `CONNECT_FAILED` if no connection was made, with the kind of the fault in its `data`;
 * `HANDSHAKE_REFUSED`, with the game's `user` as its `data`; `CONNECTION_CLOSED`; `OPTION_INVALID`
 *
 * @example const game = await connect<Routes, Events>('ws://127.0.0.1:3010')
 */
export async function connect<Routes = RouteTypes, Events = EventTypes>(
  url: string,
  options: ClientOptions<Events> = {}
): Promise<Client<Routes, Events>> {
  const resolved = resolveClientOptions(options)
  const { connectTimeout } = resolved
  // A URL object is accepted too. The platform's WebSocket rejects text that is not a URL.
  const address = String(url)
  const client = new Client<Routes, Events>(address, resolved)
  return new Promise((resolve, reject) => {
    const onTimeout = () => {
      const { kind = 'timeout', reason = 'no answer', ...rest } = client.failure ?? { cause: undefined }
      const tried = `${reason} (tried for ${connectTimeout} ms)`
      const error = connectError(address, { ...rest, kind, reason: tried })
      settle(() => reject(new ClientError(error, { retryable: true, cause: error.cause })))
      client.close()
    }
    const timer = connectTimeout > 0 ? setTimeout(onTimeout, connectTimeout) : undefined
    const end = client.onState(({ state }) => {
      if (state === 'open') settle(() => resolve(client))
      if (state === 'closed') settle(() => reject(client.error))
    })
    // The client may have closed before the listener was added.
    if (client.state === 'closed') settle(() => reject(client.error))
    function settle(done: () => void): void {
      clearTimeout(timer)
      end()
      done()
    }
  })
}
