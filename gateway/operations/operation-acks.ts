/**
 * Answers one worker's operations: with an ack or a refusal if the worker expects an answer. Refused
 * operations are logged and counted. One instance for each worker, and for each link to another gateway.
 */
import { allGateways } from '../../shared/address.js'
import { type ErrorData, errors, everydayCodes, type GatewayError } from '../../shared/errors.js'
import type { Inbox } from '../../shared/link/inbox.js'
import type { UserOperationHead } from '../../shared/link/outbox.js'
import type { Logger, RequestFields } from '../../shared/text/log.js'
import type { Session } from '../sessions/session.js'
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

/** Takes the answers of operations: the inbox of a worker, or that of a link to another gateway. */
export type AnswerReader = Pick<Inbox, 'acked' | 'refused'>

/** Knows which names the other gateways of a cluster have heard of. A gateway alone has none. */
export interface NamesHere {
  /**
   * Calls `done` once the other gateways know that a user, or a channel, has a session here. At once if they
   * know.
   */
  whenKnown(kind: 'user' | 'channel', name: string, done: () => void): void
}

/** Keeps sessions for the time after a crash of their gateway. */
export interface SessionStore {
  /** Resolves to the error if a session can't be kept as it is now. */
  keep(session: Session): Promise<GatewayError | undefined>
}

/** Notes kicks of users for those of their sessions that no gateway has. */
export interface KickStore {
  /** Resolves to the error if a kick can't be noted. `isRelayed`: it comes from another gateway. */
  note(uid: string, reason: string | null, isRelayed: boolean): Promise<GatewayError | undefined>
}

export interface OperationAcksInit {
  /** The only gateway whose operations are applied; undefined in a cluster: they were routed before. */
  readonly frontendId: string | undefined
  readonly source: OperationSource
  readonly inbox: AnswerReader
  /** Has the inbox sent soon, for answers that come after the message of their operations was applied. */
  readonly sendSoon: () => void
  readonly names?: NamesHere | undefined
  /** Answers of changes wait for it; undefined: they do not. */
  readonly store?: SessionStore | undefined
  /** Returns the error of an operation that is refused before it is looked at. */
  readonly judge?: (name: string, head: UserOperationHead) => GatewayError | undefined
  /**
   * Makes the id of a view unique in this gateway, for views that the source has numbered itself. Default:
   * by the serial number of the source.
   */
  readonly viewIdOf?: (viewId: number) => number
  readonly metrics: Metrics
  readonly log: Logger
}

export class OperationAcks {
  readonly #init: OperationAcksInit

  constructor(init: OperationAcksInit) {
    this.#init = init
  }

  /** Returns a view's id as it is unique in this gateway. */
  viewIdOf(viewId: number): number {
    const { viewIdOf, source } = this.#init
    if (viewIdOf !== undefined) return viewIdOf(viewId)
    return viewId >= 0 ? viewId : -(source.serial * 0x1_0000_0000 - viewId)
  }

  /** Refuses an operation of a request that was given up, or for another gateway. Returns whether it did. */
  refuseEarly(name: string, head: UserOperationHead): boolean {
    const { metrics, frontendId, judge } = this.#init
    metrics.count('operations')
    if (this.refuseEnded(name, head)) return true
    const error = judge?.(name, head)
    if (error !== undefined) {
      this.refuse(name, head, error)
      return true
    }
    if (frontendId === undefined || head.frontendId === frontendId || head.frontendId === allGateways)
      return false
    this.refuse(name, head, errors.frontendUnknown(head.frontendId))
    return true
  }

  /** Refuses an operation of a request that was given up. Returns whether it did. */
  refuseEnded(name: string, head: UserOperationHead): boolean {
    const endedRoute = this.#init.source.endedRoute(head.rid)
    if (endedRoute === undefined) return false
    this.refuse(name, head, errors.requestEnded(endedRoute))
    return true
  }

  refuse(name: string, head: Pick<UserOperationHead, 'rid' | 'ack'>, error: GatewayError, about = ''): void {
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
    if (everydayCodes.has(code)) log.info('An operation was refused', fields)
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

  /**
   * Acks an operation that has brought a session under a name: in a cluster as soon as the other gateways
   * know, so that what they send to the name from then on arrives here.
   */
  ackOnceKnown(ack: number, value: string, kind: 'user' | 'channel', name: string): void {
    if (ack === 0) return
    const { inbox, names } = this.#init
    if (names === undefined) return inbox.acked(ack, value)
    let isLate = false
    names.whenKnown(kind, name, () => {
      inbox.acked(ack, value)
      if (isLate) this.sendSoon()
    })
    isLate = true
  }

  /**
   * Calls `done` once the changed sessions are kept, and refuses the operation if that fails. At once if
   * nothing is kept, or nobody asks.
   */
  whenKept(
    name: string,
    head: Pick<UserOperationHead, 'rid' | 'ack'>,
    sessions: readonly Session[],
    done: (ack: number) => void
  ): void {
    const { store } = this.#init
    const { rid, ack } = head
    if (store === undefined || ack === 0) return done(ack)
    // A copy, because the reader uses its object again for the next operation.
    const kept = { rid, ack }
    Promise.all(sessions.map(session => store.keep(session)))
      .then(errors => {
        const error = errors.find(each => each !== undefined)
        if (error === undefined) done(ack)
        else this.refuse(name, kept, error)
      })
      .catch(error => this.fail(name, kept, error))
      .finally(() => this.sendSoon())
  }

  /** Has answers sent soon that were made after the message of their operations was applied. */
  sendSoon(): void {
    this.#init.sendSoon()
  }
}

/** Returns the fields that name a request, or say that there is none. */
function named(request: RequestFields): RequestFields {
  return { ...request, route: request.route || 'none' }
}
