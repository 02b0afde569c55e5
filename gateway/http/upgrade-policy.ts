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
import { SeldomLine } from '../telemetry/seldom-line.js'
import { hasBody } from './http-answers.js'

/** Characters of a stranger's `Host` or `Origin` that are told. The longest domain name has 253. */
const longestTold = 300

/** The metric of requests that the origin or the host of the request rules out. */
const byPolicy = { metric: 'connectionsRefused' } as const

export interface UpgradePolicyLimits extends Omit<AddressLimitsInit, 'log' | 'monotonic'> {
  readonly host: string
  readonly hosts: string
  readonly origins: string
  readonly trustedProxies: number
}

export interface UpgradePolicyInit {
  readonly limits: UpgradePolicyLimits
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
  readonly #originRefused: SeldomLine
  readonly #hostRefused: SeldomLine
  #isOpen = true

  constructor(init: UpgradePolicyInit) {
    this.#init = init
    const { origins, hosts, host, trustedProxies } = init.limits
    this.#addresses = trustedProxies === 0 ? undefined : new AddressLimits({ ...init, ...init.limits })
    this.#origins = new Origins(origins)
    this.#hosts = new Hosts(hosts, host)
    this.#originRefused = new SeldomLine(
      'A page of another origin was refused; to allow it, name it by the option origins',
      init
    )
    this.#hostRefused = new SeldomLine(
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
    const { hosts } = this.#init.limits
    const name = isTold(host!) ? (readHostName(host!) ?? 'NAME') : 'NAME'
    this.#hostRefused.tell({
      host: shorten(host!, longestTold),
      how: `--hosts ${hosts === 'auto' ? 'loopback' : hosts},${name}`
    })
    return { status: 421, why: 'The gateway is not served under this name.', ...byPolicy }
  }

  /**
   * Returns the refusal of an upgrade with a body or without a `Host`; undefined for any other. RFC 6455
   * knows no upgrade with a body, and versions of Node differ in whether they take it for the first frames.
   * Node itself refuses only other requests without a `Host`.
   */
  judgeForm(request: IncomingMessage): HttpRefusal | undefined {
    if (request.headers.host === undefined) return malformed('An upgrade to a WebSocket names its host.')
    return hasBody(request) ? malformed('An upgrade to a WebSocket has no body.') : undefined
  }

  /**
   * Returns the refusal of an upgrade; undefined if it is allowed. Behind proxies, an allowed upgrade counts
   * for its address until its socket closes.
   */
  enter(request: IncomingMessage, socket: Socket, address: string): HttpRefusal | undefined {
    const refusal = this.#judge(request, address)
    if (refusal === undefined && this.#addresses !== undefined) {
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
      return {
        status: 503,
        why: 'The gateway is going away: come back in a moment.',
        retryAfter: 1_000,
        metric: 'connectionsAtDrain'
      }
    const { origin, host } = request.headers
    if (!this.#origins.allows(origin, host)) {
      const name = origin === 'null' ? origin : (isTold(origin!) && normalizeOrigin(origin!)) || '*'
      const told = shorten(origin!, longestTold)
      this.#originRefused.tell({ origin: told, how: `--origins ${limits.origins},${name}` })
      return { status: 403, why: `Pages of ${told} may not connect here.`, ...byPolicy }
    }
    const refusal = this.#addresses?.judgeRate(address, monotonic()) ?? this.#addresses?.judgeNumber(address)
    if (refusal !== undefined) this.#addresses?.tell(address, refusal)
    return refusal
  }
}

function malformed(why: string): HttpRefusal {
  return { status: 400, why, metric: 'handshakesMalformed' }
}

/** Whether a stranger's text is told whole. */
function isTold(text: string): boolean {
  return text.length <= longestTold
}

/** Whether an upgrade is to a WebSocket. A server may ignore any other (RFC 9110 §7.8). */
export function isForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/**
 * Option of Node's server, known from Node 22.21 and 24.9 on: whether Node takes a request with an `Upgrade`
 * header for an upgrade. All are, except those to another protocol that have a body, since Node 25 and later
 * read it themselves. Node loses what comes behind such a request in the same chunk, so its connection is
 * closed after the response.
 */
export function shouldUpgradeCallback(request: IncomingMessage): boolean {
  return isForWebSocket(request) || !hasBody(request)
}
