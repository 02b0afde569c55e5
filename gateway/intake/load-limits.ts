/**
 * Rate limits of each session, and the limits of all sessions together while workers are overloaded. A
 * refused request is answered with the reason; a session that keeps sending far beyond its rates is closed.
 */
import { errors, type GatewayError } from '../../shared/errors.js'
import type { OpenRequests } from '../dispatch/open-requests.js'
import type { RequestQueue } from '../dispatch/request-queue.js'
import { TokenBucket } from '../limits/token-bucket.js'
import type { IncomingRequest } from '../protocols/protocol.js'
import type { Route } from '../sessions/routes.js'
import type { Session } from '../sessions/session.js'

export interface RateLimits {
  /**
   * Requests and notifies of one session per second, and bytes that its connection delivers per second; 0: no
   * limit.
   */
  readonly maxRequestsPerSecond: number
  readonly maxBytesPerSecond: number
  /** Maximum number of requests of all sessions that wait or run, and of bytes in their bodies. */
  readonly maxOpenRequests: number
  readonly maxOpenBytes: number
  /** Milliseconds that requests may wait for a worker before new ones are refused; 0: no limit. */
  readonly maxQueueDelay: number
}

export interface LoadLimitsInit {
  readonly limits: RateLimits
  readonly requests: Pick<OpenRequests, 'undecided' | 'bytes'>
  readonly queue: Pick<RequestQueue, 'isBehind'>
}

/**
 * Refused requests or bytes, measured in seconds of the rate limit, beyond which a session is closed as a
 * flood. Refusals by a route's own rate limit do not count: that limit may be a few requests per minute, and
 * players press a button more often than that.
 */
const mostInsistence = 10

/** The part of a request that the limits look at. */
export type Incoming = Pick<IncomingRequest, 'body' | 'size'>

/** The decision on a request. `flood`: its session is to be closed. */
export type Verdict = GatewayError | 'flood' | undefined

interface SessionBuckets {
  readonly requests: TokenBucket
  readonly bytes: TokenBucket
  /** Buckets of the routes that declare a rate limit. Created with the first. */
  routes: Map<Route, TokenBucket> | undefined
}

export class LoadLimits {
  readonly #init: LoadLimitsInit
  readonly #buckets = new WeakMap<Session, SessionBuckets>()

  constructor(init: LoadLimitsInit) {
    this.#init = init
  }

  /** Returns why a request is refused; undefined: it is accepted. */
  judge(session: Session, route: Route | undefined, request: Incoming, now: number): Verdict {
    return (
      this.#judgeRates(session, route, request.size, now) ??
      this.#judgeLoad(session, route, request.body.length, now)
    )
  }

  /**
   * Counts bytes that belong to no request. Returns whether there were so many that the session is to be
   * closed.
   */
  isFlood(session: Session, bytes: number, now: number): boolean {
    if (this.#init.limits.maxBytesPerSecond === 0) return false
    const bucket = this.#bucketsOf(session, now).bytes
    bucket.spend(bytes, now)
    return bucket.insistence > mostInsistence
  }

  #bucketsOf(session: Session, now: number): SessionBuckets {
    let buckets = this.#buckets.get(session)
    if (buckets === undefined) {
      const { maxRequestsPerSecond, maxBytesPerSecond } = this.#init.limits
      buckets = {
        requests: new TokenBucket(maxRequestsPerSecond || Number.MAX_SAFE_INTEGER, now),
        bytes: new TokenBucket(maxBytesPerSecond || Number.MAX_SAFE_INTEGER, now),
        routes: undefined
      }
      this.#buckets.set(session, buckets)
    }
    return buckets
  }

  #judgeRates(session: Session, route: Route | undefined, bytes: number, now: number): Verdict {
    const { maxRequestsPerSecond, maxBytesPerSecond } = this.#init.limits
    const rateLimit = route?.options.rateLimit
    if (maxRequestsPerSecond === 0 && maxBytesPerSecond === 0 && rateLimit === undefined) return undefined
    const buckets = this.#bucketsOf(session, now)
    const requestsWait = buckets.requests.spend(1, now)
    const bytesWait = buckets.bytes.spend(bytes, now)
    if (requestsWait > 0 || bytesWait > 0) {
      if (Math.max(buckets.requests.insistence, buckets.bytes.insistence) > mostInsistence) return 'flood'
      return requestsWait >= bytesWait
        ? errors.rateLimited(requestsWait, 'maxRequestsPerSecond', `${maxRequestsPerSecond}`)
        : errors.rateLimited(bytesWait, 'maxBytesPerSecond', `${maxBytesPerSecond}`)
    }
    if (route === undefined || rateLimit === undefined) return undefined
    buckets.routes ??= new Map()
    let routeBucket = buckets.routes.get(route)
    // A reload may have changed the rate.
    if (routeBucket?.perSecond !== rateLimit)
      buckets.routes.set(route, (routeBucket = new TokenBucket(rateLimit, now)))
    const routeWait = routeBucket.spend(1, now)
    return routeWait === 0 ? undefined : errors.rateLimited(routeWait, 'rateLimit', `${rateLimit}`)
  }

  #judgeLoad(session: Session, route: Route | undefined, bytes: number, now: number): Verdict {
    const { limits, requests, queue } = this.#init
    const { maxOpenRequests, maxOpenBytes, maxQueueDelay } = limits
    const wait = Math.max(100, maxQueueDelay)
    if (requests.undecided >= maxOpenRequests)
      return errors.overloaded(wait, 'maxOpenRequests', `${maxOpenRequests}`)
    if (requests.bytes + bytes > maxOpenBytes)
      return errors.overloaded(wait, 'maxOpenBytes', `${maxOpenBytes}`)
    if (route === undefined || !queue.isBehind({ session, route }, now)) return undefined
    return errors.overloaded(wait, 'maxQueueDelay', `${maxQueueDelay} ms`)
  }
}
