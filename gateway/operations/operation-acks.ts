/**
 * Answers one worker's operations: with an ack or a refusal if the worker expects an answer. Refused
 * operations are logged and counted. One instance for each worker.
 */
import { type ErrorData, errors, type GatewayError } from '../../shared/errors.js'
import type { Inbox } from '../../shared/link/inbox.js'
import type { UserOperationHead } from '../../shared/link/outbox.js'
import type { Logger, RequestFields } from '../../shared/text/log.js'
import type { Metrics } from '../telemetry/metrics.js'

/** The worker from which operations come. */
export interface OperationSource {
  /** The worker's number, unique in this gateway. Distinguishes the views of different workers. */
  readonly serial: number
  /**
   * Returns the route of a request that was given up, and may not act any more; undefined if the request may
   * act.
   */
  endedRoute(rid: number): string | undefined
  /** Returns the fields that name a request in the log, as far as they are known. */
  namesOf(rid: number): RequestFields
}

export interface OperationAcksInit {
  readonly frontendId: string
  readonly source: OperationSource
  readonly inbox: Inbox
  readonly metrics: Metrics
  readonly log: Logger
}

export class OperationAcks {
  readonly #init: OperationAcksInit

  constructor(init: OperationAcksInit) {
    this.#init = init
  }

  /** The worker's serial number. */
  get serial(): number {
    return this.#init.source.serial
  }

  /** Refuses an operation of a request that was given up, or for another gateway. Returns whether it did. */
  refuseEarly(name: string, head: UserOperationHead): boolean {
    const { metrics, source, frontendId } = this.#init
    metrics.count('operations')
    // LOCAL-SESSIONS: the one fork by `frontendId`. An operation for another gateway's session is refused
    // here; a second gateway would forward it from here.
    const endedRoute = source.endedRoute(head.rid)
    if (endedRoute !== undefined) this.refuse(name, head, errors.requestEnded(endedRoute))
    else if (head.frontendId !== frontendId) this.refuse(name, head, errors.frontendUnknown(head.frontendId))
    else return false
    return true
  }

  refuse(name: string, head: UserOperationHead, error: GatewayError, about = ''): void {
    const { inbox, source } = this.#init
    this.tell(name, source.namesOf(head.rid), about, error)
    if (head.ack !== 0) inbox.refused(head.ack, error, '')
  }

  /**
   * Refuses an operation that its worker will retry with the newest value. This does not count as a failure.
   */
  tryAgain(head: UserOperationHead, error: GatewayError, newest: string): void {
    this.#init.inbox.refused(head.ack, error, newest)
  }

  /** Logs and counts an operation that was refused in the worker, which names the request's route. */
  tellOf(request: { rid: number; route: string }, operation: string, about: string, error: ErrorData): void {
    const { rid, route } = request
    this.tell(operation, { ...this.#init.source.namesOf(rid), route }, about, error)
  }

  /** Logs and counts an operation that was refused. */
  tell(operation: string, request: RequestFields, about: string, { code, message }: ErrorData): void {
    const { metrics, log } = this.#init
    metrics.count('operationsRefused')
    const fields = { operation, ...named(request), about, code, error: message }
    // Players leave during requests, and change the same key at the same time: that is normal.
    if (everyday.has(code)) log.info('An operation was refused', fields)
    else log.warn('An operation was refused', fields)
  }

  /** Answers an operation that threw while it was applied. The worker is not at fault. */
  fail(operation: string, { rid, ack }: Pick<UserOperationHead, 'rid' | 'ack'>, error: unknown): void {
    const { metrics, log, inbox, source } = this.#init
    metrics.count('operationsRefused')
    log.error('An operation failed while it was applied', { operation, ...named(source.namesOf(rid)), error })
    if (ack !== 0) inbox.refused(ack, errors.operationFailed(operation), '')
  }

  /** Returns the route of a request of the worker; undefined if there is none. */
  routeOf(rid: number): string | undefined {
    const { route } = rid === 0 ? {} : (this.#init.source.namesOf(rid) as { route?: unknown })
    return typeof route === 'string' ? route : undefined
  }

  ack(ack: number, value: string): void {
    if (ack !== 0) this.#init.inbox.acked(ack, value)
  }
}

/** Returns the fields that name a request, or say that there is none. */
function named(request: RequestFields): RequestFields {
  return { ...request, route: request.route || 'none' }
}

const everyday = new Set<string>([errors.sessionNotFound.code, errors.conflict.code])
