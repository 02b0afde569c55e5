/**
 * Who may open a connection, before there is one: by the name that was asked for, by the page that it comes from, by how
 * many are there, and by how many are there of its address. Refused at the upgrade, with an HTTP answer that says why.
 */
import type { IncomingMessage } from 'node:http'
import type { Logger } from '../shared/log.js'
import { addressKey, normalizeAddress, readForwarded } from './client-address.js'
import { Hosts, readHostName } from './hosts.js'
import type { Metrics } from './metrics.js'
import { normalizeOrigin, Origins } from './origins.js'
import type { PlainOptions } from './plain-options.js'
import { SeldomWarning } from './seldom-warning.js'

export type EntranceLimits = Pick<
  PlainOptions,
  'host' | 'hosts' | 'origins' | 'maxConnections' | 'maxConnectionsPerAddress' | 'trustedProxies'
>

export interface EntranceInit {
  readonly limits: EntranceLimits
  readonly metrics: Metrics
  readonly log: Logger
  readonly monotonic: () => number
}

/** How a request is refused. */
export interface Refusal {
  readonly status: 403 | 421 | 429 | 503
  readonly why: string
  /** Seconds after which the client may try again; undefined: it need not. */
  readonly retryAfter?: number
}

export class Entrance {
  readonly #init: EntranceInit
  readonly #origins: Origins
  readonly #hosts: Hosts
  readonly #byAddress = new Map<string, number>()
  readonly #originRefused: SeldomWarning
  readonly #hostRefused: SeldomWarning
  #count = 0
  #isOpen = true

  constructor(init: EntranceInit) {
    this.#init = init
    const { origins, hosts, host } = init.limits
    this.#origins = new Origins(origins)
    this.#hosts = new Hosts(hosts, host)
    this.#originRefused = new SeldomWarning(
      'A page of another origin was refused; to allow it, name it by the option origins',
      init
    )
    this.#hostRefused = new SeldomWarning(
      'A request for another host was refused; to serve it, name it by the option hosts',
      init
    )
  }

  /** Where a request comes from: what the outermost of the trusted proxies has seen, or else the socket's own address. */
  addressOf({ socket, headers }: IncomingMessage): string {
    const { trustedProxies } = this.#init.limits
    const forwarded = trustedProxies === 0 ? undefined : readForwarded(headers, trustedProxies)
    return forwarded ?? normalizeAddress(socket.remoteAddress ?? '') ?? ''
  }

  /** Why a request is not served at all, whether it wants a WebSocket or not. */
  judgeHost({ headers: { host } }: IncomingMessage): Refusal | undefined {
    if (this.#hosts.serves(host)) return undefined
    const { limits, metrics } = this.#init
    const { hosts } = limits
    const name = readHostName(host!)
    metrics.count('connectionsRefused')
    this.#hostRefused.tell({
      host,
      how: `--hosts ${hosts === 'auto' ? 'loopback' : hosts},${name ?? 'NAME'}`
    })
    return { status: 421, why: 'The gateway is not served under this name.' }
  }

  /** undefined: it may come in, and is counted until `leave`. */
  enter(request: IncomingMessage, address: string): Refusal | undefined {
    const refusal = this.#judge(request, address)
    if (refusal !== undefined) {
      this.#init.metrics.count('connectionsRefused')
      return refusal
    }
    this.#count++
    const key = addressKey(address)
    this.#byAddress.set(key, (this.#byAddress.get(key) ?? 0) + 1)
    return undefined
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#isOpen = false
  }

  leave(address: string): void {
    this.#count--
    const key = addressKey(address)
    const left = (this.#byAddress.get(key) ?? 1) - 1
    if (left === 0) this.#byAddress.delete(key)
    else this.#byAddress.set(key, left)
  }

  #judge(request: IncomingMessage, address: string): Refusal | undefined {
    const { maxConnections, maxConnectionsPerAddress, origins } = this.#init.limits
    if (!this.#isOpen)
      return { status: 503, why: 'The gateway is going away: come back in a moment.', retryAfter: 1 }
    const { origin, host } = request.headers
    if (!this.#origins.allows(origin, host)) {
      const name = origin === 'null' ? origin : (normalizeOrigin(origin!) ?? '*')
      this.#originRefused.tell({ origin, how: `--origins ${origins},${name}` })
      return { status: 403, why: `Pages of ${origin} may not connect here.` }
    }
    if (maxConnections > 0 && this.#count >= maxConnections)
      return { status: 503, why: 'The gateway has as many connections as it may have.', retryAfter: 1 }
    const count = this.#byAddress.get(addressKey(address)) ?? 0
    if (maxConnectionsPerAddress > 0 && count >= maxConnectionsPerAddress)
      return {
        status: 429,
        why: 'There are as many connections of this address as there may be.',
        retryAfter: 1
      }
    return undefined
  }
}
