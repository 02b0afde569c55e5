/**
 * Decides which HTTP requests are served, and which may open a WebSocket.
 *
 * Checks the host name of the request and the origin of the page. Behind proxies it also checks the limits of
 * the client's address. A refused client gets an HTTP response that says why. Owned by the gateway's
 * listener.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { shorten } from '../../shared/text/field-text.js'
import type { Logger } from '../../shared/text/log.js'
import { AddressLimits, type AddressLimitsInit, type HttpRefusal } from '../addresses/address-limits.js'
import { normalizeAddress, readForwarded } from '../addresses/client-address.js'
import { Hosts, readHostName } from '../addresses/hosts.js'
import { normalizeOrigin, Origins } from '../addresses/origins.js'
import type { Metrics } from '../telemetry/metrics.js'
import { SeldomWarning } from '../telemetry/seldom-warning.js'
import { hasBody } from './http-answers.js'

/** Characters of a stranger's `Host` or `Origin` that are told. The longest domain name has 253. */
const longestTold = 300

export interface UpgradePolicyLimits extends AddressLimitsInit {
  readonly host: string
  readonly hosts: string
  readonly origins: string
  readonly trustedProxies: number
}

export interface UpgradePolicyInit {
  readonly limits: UpgradePolicyLimits
  readonly metrics: Metrics
  readonly log: Logger
  readonly monotonic: () => number
}

export class UpgradePolicy {
  readonly #init: UpgradePolicyInit
  readonly #origins: Origins
  readonly #hosts: Hosts
  /**
   * The limits per client address, as proxies report the addresses. Undefined without proxies: then
   * TcpConnections has the limits, and counts by the addresses of sockets.
   */
  readonly #addresses: AddressLimits<Socket> | undefined
  readonly #originRefused: SeldomWarning
  readonly #hostRefused: SeldomWarning
  #isOpen = true

  constructor(init: UpgradePolicyInit) {
    this.#init = init
    const { origins, hosts, host, trustedProxies } = init.limits
    this.#addresses = trustedProxies === 0 ? undefined : new AddressLimits(init.limits)
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

  /**
   * Returns the client's address: the one that the outermost trusted proxy has seen, or else the socket's.
   */
  addressOf({ socket, headers }: IncomingMessage): string {
    const { trustedProxies } = this.#init.limits
    const forwarded = trustedProxies === 0 ? undefined : readForwarded(headers, trustedProxies)
    return forwarded ?? normalizeAddress(socket.remoteAddress ?? '') ?? ''
  }

  /**
   * Returns the refusal of a request for a host name that is not served; undefined if it is served. Applies
   * to upgrades and to other requests.
   */
  judgeHost({ headers: { host } }: IncomingMessage): HttpRefusal | undefined {
    if (this.#hosts.serves(host)) return undefined
    const { limits, metrics } = this.#init
    const { hosts } = limits
    const name = isTold(host!) ? (readHostName(host!) ?? 'NAME') : 'NAME'
    metrics.count('connectionsRefused')
    this.#hostRefused.tell({
      host: shorten(host!, longestTold),
      how: `--hosts ${hosts === 'auto' ? 'loopback' : hosts},${name}`
    })
    return { status: 421, why: 'The gateway is not served under this name.' }
  }

  /**
   * Returns the refusal of an upgrade with a body; undefined if it has none. RFC 6455 knows no such upgrade,
   * and versions of Node differ in whether they take the body for the first frames.
   */
  judgeBody(request: IncomingMessage): HttpRefusal | undefined {
    if (!hasBody(request)) return undefined
    this.#init.metrics.count('connectionsRefused')
    return { status: 400, why: 'An upgrade to a WebSocket has no body.' }
  }

  /**
   * Returns the refusal of an upgrade; undefined if it is allowed. Behind proxies, an allowed upgrade counts
   * for its address until its socket closes.
   */
  enter(request: IncomingMessage, socket: Socket, address: string): HttpRefusal | undefined {
    const refusal = this.#judge(request, address)
    if (refusal !== undefined) this.#init.metrics.count('connectionsRefused')
    else if (this.#addresses !== undefined) {
      const addresses = this.#addresses
      addresses.add(address, socket)
      socket.once('close', () => addresses.remove(address, socket))
    }
    return refusal
  }

  /** Allows the pages of one more origin. */
  allowOrigin(origin: string): void {
    this.#origins.add(origin)
  }

  /** Refuses all upgrades from now on. */
  close(): void {
    this.#isOpen = false
  }

  #judge(request: IncomingMessage, address: string): HttpRefusal | undefined {
    const { limits, monotonic } = this.#init
    if (!this.#isOpen)
      return { status: 503, why: 'The gateway is going away: come back in a moment.', retryAfter: 1_000 }
    const { origin, host } = request.headers
    if (!this.#origins.allows(origin, host)) {
      const name = origin === 'null' ? origin : (isTold(origin!) && normalizeOrigin(origin!)) || '*'
      const told = shorten(origin!, longestTold)
      this.#originRefused.tell({ origin: told, how: `--origins ${limits.origins},${name}` })
      return { status: 403, why: `Pages of ${told} may not connect here.` }
    }
    return this.#addresses?.judgeRate(address, monotonic()) ?? this.#addresses?.judgeNumber(address)
  }
}

/** Whether a stranger's text is told whole. */
function isTold(text: string): boolean {
  return text.length <= longestTold
}
