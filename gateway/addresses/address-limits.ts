/**
 * Limits per client address: simultaneous connections, and new connections per second.
 *
 * An address is forgotten once it has no connection and was quiet for long enough to have its full burst
 * again.
 */

import type { RetryHint } from '../../shared/errors.js'
import type { Logger } from '../../shared/text/log.js'
import { burstSeconds, TokenBucket } from '../limits/token-bucket.js'
import type { CounterName } from '../telemetry/metrics.js'
import { SeldomLine } from '../telemetry/seldom-line.js'
import { addressKey } from './client-address.js'

/** An HTTP response that refuses a request. */
export interface HttpRefusal extends Partial<RetryHint> {
  readonly status: 400 | 403 | 408 | 413 | 421 | 429 | 431 | 503
  readonly why: string
  /** The metric that is counted when the response is sent. */
  readonly metric: CounterName
}

/** The refusal of a connection or an upgrade by a limit of its address. */
export interface AddressRefusal extends HttpRefusal {
  /** The option that sets the limit. */
  readonly by: 'maxConnectionsPerAddress' | 'maxConnectionsPerSecondPerAddress'
}

export interface AddressLimitsInit {
  /** 0 allows any number. */
  readonly maxConnectionsPerAddress: number
  /** 0 allows any number. */
  readonly maxConnectionsPerSecondPerAddress: number
  readonly log: Logger
  readonly monotonic: () => number
}

/**
 * Number of addresses in one of the two maps of buckets at which the older map is dropped early. During a
 * flood from many addresses, bounded memory is worth more than an exact rate limit.
 */
const maxBuckets = 65_536

export class AddressLimits<Member> {
  readonly #limits: AddressLimitsInit
  readonly #members = new Map<string, Set<Member>>()
  /**
   * Buckets of the addresses that have connected in the current period. `#olderBuckets` has those of the
   * period before.
   */
  #buckets = new Map<string, TokenBucket>()
  #olderBuckets = new Map<string, TokenBucket>()
  #periodStart = Number.NEGATIVE_INFINITY

  readonly #reached: SeldomLine

  constructor(limits: AddressLimitsInit) {
    this.#limits = limits
    this.#reached = new SeldomLine('An address has reached its limit of connections', limits)
  }

  /** Counts a new connection. Returns a refusal if it exceeds the rate, else undefined. */
  judgeRate(address: string, now: number): AddressRefusal | undefined {
    const perSecond = this.#limits.maxConnectionsPerSecondPerAddress
    if (perSecond === 0 || this.#bucketOf(addressKey(address), perSecond, now).spend(1, now) === 0)
      return undefined
    return refusal('maxConnectionsPerSecondPerAddress', 'This address opens connections too fast.')
  }

  /** Returns a refusal if the address may have no further connection now, else undefined. */
  judgeNumber(address: string): AddressRefusal | undefined {
    const { maxConnectionsPerAddress } = this.#limits
    if (maxConnectionsPerAddress === 0 || this.of(address).size < maxConnectionsPerAddress) return undefined
    return refusal('maxConnectionsPerAddress', 'This address has reached its limit of connections.')
  }

  /** Tells the log, now and then, that a connection or an upgrade of the address is refused. */
  tell(ip: string, { by }: AddressRefusal): void {
    this.#reached.tell({ ip, by })
  }

  /** Returns the connections of an address, the oldest first. */
  of(address: string): ReadonlySet<Member> {
    return this.#members.get(addressKey(address)) ?? new Set()
  }

  add(address: string, member: Member): void {
    if (this.#limits.maxConnectionsPerAddress === 0) return
    const key = addressKey(address)
    this.#members.set(key, (this.#members.get(key) ?? new Set()).add(member))
  }

  remove(address: string, member: Member): void {
    const key = addressKey(address)
    const members = this.#members.get(key)
    members?.delete(member)
    if (members?.size === 0) this.#members.delete(key)
  }

  /**
   * Returns the bucket of an address. A bucket is dropped after two periods without use: it would be full
   * again.
   */
  #bucketOf(key: string, perSecond: number, now: number): TokenBucket {
    if (now - this.#periodStart >= burstSeconds * 1000 || this.#buckets.size >= maxBuckets) {
      this.#olderBuckets = this.#buckets
      this.#buckets = new Map()
      this.#periodStart = now
    }
    const bucket = this.#buckets.get(key) ?? this.#olderBuckets.get(key) ?? new TokenBucket(perSecond, now)
    this.#buckets.set(key, bucket)
    return bucket
  }
}

function refusal(by: AddressRefusal['by'], why: string): AddressRefusal {
  return { status: 429, why, retryAfter: 1_000, metric: 'connectionsLimited', by }
}
