/**
 * Who may open a connection, before there is one: by the page that it comes from, by how many are there, and by how many are there
 * of its address. Refused at the upgrade, with an HTTP answer that says why.
 */
import type { IncomingMessage } from 'node:http'
import type { Logger } from '../shared/log.js'
import type { Metrics } from './metrics.js'

export interface EntranceLimits {
  /** `same`: pages of this host, and what is no page; `*`: all; or a list of origins with commas between them. */
  readonly origins: string
  /** Connections in all, and of one address; 0: any number. */
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** Proxies in front that append to `X-Forwarded-For`; 0: the socket's own address counts. */
  readonly trustedProxies: number
}

export interface EntranceInit {
  readonly limits: EntranceLimits
  readonly metrics: Metrics
  readonly log: Logger
  readonly monotonic: () => number
}

/** How an upgrade is refused. */
export interface Refusal {
  readonly status: 403 | 429 | 503
  readonly why: string
  /** Seconds after which the client may try again; undefined: it need not. */
  readonly retryAfter?: number
}

/** Milliseconds between two lines of the log about origins: who is refused decides how often he comes. */
const quietFor = 10_000

export class Entrance {
  readonly #init: EntranceInit
  readonly #origins: ReadonlySet<string>
  readonly #byAddress = new Map<string, number>()
  #count = 0
  #isOpen = true
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(init: EntranceInit) {
    this.#init = init
    this.#origins = new Set(init.limits.origins.split(',').map(origin => origin.trim().toLowerCase()))
  }

  /** Where a request comes from: what the outermost of the trusted proxies has seen. */
  addressOf(request: IncomingMessage): string {
    const own = request.socket.remoteAddress ?? ''
    const { trustedProxies } = this.#init.limits
    if (trustedProxies === 0) return own
    const forwarded = String(request.headers['x-forwarded-for'] ?? '')
      .split(',')
      .map(each => each.trim())
      .filter(each => each !== '')
    // What stands further left the client itself can have written.
    return forwarded.at(-trustedProxies) ?? forwarded[0] ?? own
  }

  /** undefined: it may come in, and is counted until `leave`. */
  enter(request: IncomingMessage, address: string): Refusal | undefined {
    const refusal = this.#judge(request, address)
    if (refusal !== undefined) {
      this.#init.metrics.count('connectionsRefused')
      return refusal
    }
    this.#count++
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1)
    return undefined
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#isOpen = false
  }

  leave(address: string): void {
    this.#count--
    const left = (this.#byAddress.get(address) ?? 1) - 1
    if (left === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, left)
  }

  #judge({ headers }: IncomingMessage, address: string): Refusal | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#init.limits
    if (!this.#isOpen)
      return { status: 503, why: 'The gateway is going away: come back in a moment.', retryAfter: 1 }
    const { origin, host } = headers
    if (!this.#isKnown(origin, host)) {
      this.#tell(origin!)
      return { status: 403, why: `Pages of ${origin} may not connect here.` }
    }
    if (maxConnections > 0 && this.#count >= maxConnections)
      return { status: 503, why: 'The gateway has as many connections as it may have.' }
    if (maxConnectionsPerAddress > 0 && (this.#byAddress.get(address) ?? 0) >= maxConnectionsPerAddress)
      return { status: 429, why: 'There are as many connections of this address as there may be.' }
    return undefined
  }

  #isKnown(origin: string | undefined, host: string | undefined): boolean {
    // Only browsers send one, and they always do: nobody else is held back by it.
    if (origin === undefined || this.#origins.has('*') || this.#origins.has(origin.toLowerCase())) return true
    return this.#origins.has('same') && hostOf(origin) === host?.toLowerCase()
  }

  #tell(origin: string): void {
    const { log, monotonic } = this.#init
    const time = monotonic()
    if (time - this.#toldAt < quietFor) return
    this.#toldAt = time
    const how = `--origins same,${origin}`
    log.warn('A page of another origin was refused; to allow it, name it by the option origins', {
      origin,
      how
    })
  }
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}
