/**
 * How many there may be of one address at a time, and how many may come of it in a second. Of an address that
 * nobody is of, and that has been quiet for as long as a burst takes to fill up again, nothing is kept.
 */

import type { RetryHint } from '../../shared/errors.js'
import { burstSeconds, TokenBucket } from '../limits/token-bucket.js'
import { addressKey } from './client-address.js'

/**
 * How a request is refused. With `retryAfter`, its client may try again then; the answer has it as `Retry-After`.
 * Without it, there is no use in trying again.
 */
export interface HttpRefusal extends Partial<RetryHint> {
  readonly status: 403 | 421 | 429 | 503
  readonly why: string
}

export interface AddressLimitsInit {
  /** 0: any number. */
  readonly maxConnectionsPerAddress: number
  readonly maxConnectionsPerSecondPerAddress: number
}

/**
 * Addresses whose rates are known at a time, at most twice. Beyond it they are forgotten early: a flood of
 * addresses is let in rather than kept.
 */
const maxRates = 65_536

export class AddressLimits<Member> {
  readonly #limits: AddressLimitsInit
  readonly #members = new Map<string, Set<Member>>()
  /** Of addresses that came in this stretch of time, and in the one before. */
  #rates = new Map<string, TokenBucket>()
  #olderRates = new Map<string, TokenBucket>()
  #turnedAt = Number.NEGATIVE_INFINITY

  constructor(limits: AddressLimitsInit) {
    this.#limits = limits
  }

  /** Counts somebody who comes in, by the rate; undefined if they may. */
  judgeRate(address: string, now: number): HttpRefusal | undefined {
    const perSecond = this.#limits.maxConnectionsPerSecondPerAddress
    if (perSecond === 0 || this.#rateOf(addressKey(address), perSecond, now).spend(1, now) === 0)
      return undefined
    return { status: 429, why: 'Connections of this address come too fast.', retryAfter: 1_000 }
  }

  /** Why there may be no other one of this address at the moment. */
  judgeNumber(address: string): HttpRefusal | undefined {
    const { maxConnectionsPerAddress } = this.#limits
    if (maxConnectionsPerAddress === 0 || this.of(address).size < maxConnectionsPerAddress) return undefined
    return {
      status: 429,
      why: 'There are as many connections of this address as there may be.',
      retryAfter: 1_000
    }
  }

  /** Those that are there, the oldest first. */
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

  /** The bucket of who has not come for two stretches is full again, and so is none. */
  #rateOf(key: string, perSecond: number, now: number): TokenBucket {
    if (now - this.#turnedAt >= burstSeconds * 1000 || this.#rates.size >= maxRates) {
      this.#olderRates = this.#rates
      this.#rates = new Map()
      this.#turnedAt = now
    }
    const rate = this.#rates.get(key) ?? this.#olderRates.get(key) ?? new TokenBucket(perSecond, now)
    this.#rates.set(key, rate)
    return rate
  }
}
