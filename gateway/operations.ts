/**
 * Applies what workers ask for to the sessions: the one place where an operation becomes a change. One instance for
 * each worker. An operation names its session by address; one that is refused changes nothing, is answered if its
 * worker wants an answer, logged and counted.
 */
import { type ErrorData, errors, type GatewayError } from '../shared/errors.js'
import type { Inbox } from '../shared/inbox.js'
import type { Logger } from '../shared/log.js'
import type { OperationHead, OperationReader, UserOperationHead } from '../shared/outbox.js'
import { formatSessions } from '../shared/session-text.js'
import type { Metrics } from './metrics.js'
import type { Registry } from './registry.js'
import { parseChange, type Session } from './session.js'

/** What operations need to know of the worker that they come from. */
export interface OperationSource {
  /** Unique in this gateway: tells views of different workers apart. */
  readonly serial: number
  /** The route of a request that may not act any more, undefined of one that may. */
  endedRoute(rid: number): string | undefined
  /** The route of a request, as far as it is known. */
  routeOf(rid: number): string | undefined
}

export interface OperationsInit {
  readonly frontendId: string
  readonly maxSettingsLength: number
  readonly registry: Registry
  readonly source: OperationSource
  readonly inbox: Inbox
  readonly metrics: Metrics
  readonly log: Logger
}

export class Operations implements OperationReader {
  readonly #init: OperationsInit

  constructor(init: OperationsInit) {
    this.#init = init
  }

  push(head: OperationHead, key: string, text: string): void {
    this.#init.metrics.count('pushes')
    const session = this.#sessionFor('push', head, key)
    if (session === undefined) return
    this.#conclude(
      'push',
      head,
      session,
      session.changeKey(key, text, this.#writer(head), this.#init.maxSettingsLength),
      key
    )
  }

  pushAll(head: OperationHead, settings: string): void {
    this.#init.metrics.count('pushes')
    this.#apply('pushAll', head, session =>
      session.change(parseChange(settings), this.#writer(head), this.#init.maxSettingsLength)
    )
  }

  bind(head: OperationHead, uid: string): void {
    this.#apply('bind', head, session => this.#init.registry.bind(session, uid, this.#writer(head)), uid)
  }

  unbind(head: OperationHead, uid: string): void {
    this.#apply('unbind', head, session => this.#init.registry.unbind(session, uid, this.#writer(head)), uid)
  }

  update(head: OperationHead, key: string, text: string, before: string): void {
    this.#apply(
      'update',
      head,
      session =>
        (session.textOf(key) ?? '') === before
          ? session.changeKey(key, text, this.#writer(head), this.#init.maxSettingsLength)
          : errors.conflict([key]),
      key
    )
  }

  commit(head: OperationHead, settings: string, version: number): void {
    this.#apply('commit', head, session => {
      const writer = this.#writer(head)
      const change = parseChange(settings)
      const changed = session.changedSince(
        version,
        change.map(([key]) => key),
        writer
      )
      return changed.length > 0
        ? errors.conflict(changed)
        : session.change(change, writer, this.#init.maxSettingsLength)
    })
  }

  read(head: OperationHead): void {
    if (this.#refuseEarly('read', head)) return
    const session = this.#init.registry.find(head.sid)
    this.#ack(head.ack, session === undefined ? '' : formatSessions([session.snapshot]))
  }

  readByUid(head: UserOperationHead, uid: string): void {
    if (this.#refuseEarly('readByUid', head)) return
    this.#ack(head.ack, formatSessions(this.#init.registry.findByUid(uid).map(session => session.snapshot)))
  }

  kick(head: OperationHead, reason: string | null): void {
    if (this.#refuseEarly('kick', head)) return
    const session = this.#init.registry.find(head.sid)
    if (session !== undefined) this.#init.registry.kick(session, reason)
    this.#ack(head.ack, '')
  }

  kickByUid(head: UserOperationHead, uid: string, reason: string | null): void {
    if (this.#refuseEarly('kickByUid', head)) return
    for (const session of this.#init.registry.findByUid(uid)) this.#init.registry.kick(session, reason)
    this.#ack(head.ack, '')
  }

  refused(route: string, operation: string, about: string, error: ErrorData): void {
    this.#init.metrics.count('operations')
    this.#tell(operation, route, about, error)
  }

  #apply(
    name: string,
    head: OperationHead,
    change: (session: Session) => GatewayError | undefined,
    about = ''
  ): void {
    const session = this.#sessionFor(name, head, about)
    if (session !== undefined) this.#conclude(name, head, session, change(session), about)
  }

  /** The session that the operation is about; undefined if it was refused. */
  #sessionFor(name: string, head: OperationHead, about: string): Session | undefined {
    if (this.#refuseEarly(name, head)) return undefined
    const session = this.#init.registry.find(head.sid)
    if (session === undefined) this.#refuse(name, head, errors.sessionNotFound(head.sid), about)
    return session
  }

  /** Answers an operation that was tried. */
  #conclude(
    name: string,
    head: OperationHead,
    session: Session,
    error: GatewayError | undefined,
    about: string
  ): void {
    if (error === undefined) return this.#ack(head.ack, '')
    const isConflict = error.code === errors.conflict.code
    // An update that met a conflict is tried again with the newest value: nothing has failed.
    if (isConflict && name === 'update')
      return this.#init.inbox.refused(head.ack, error, session.textOf(about) ?? '')
    this.#refuse(name, head, error, about)
    // The lane was handed out on the belief that its operations hold: what has not started begins anew.
    if (!isConflict && session.lane.turn?.id === head.view) session.lane.turn.takeBack()
  }

  /** Refuses what no look at a session is needed for. True if it did. */
  #refuseEarly(name: string, head: UserOperationHead): boolean {
    const { metrics, source, frontendId } = this.#init
    metrics.count('operations')
    const endedRoute = source.endedRoute(head.rid)
    if (endedRoute !== undefined) this.#refuse(name, head, errors.requestEnded(endedRoute))
    else if (head.frontendId !== frontendId) this.#refuse(name, head, errors.frontendUnknown(head.frontendId))
    else return false
    return true
  }

  #refuse(name: string, head: UserOperationHead, error: GatewayError, about = ''): void {
    const { inbox, source } = this.#init
    this.#tell(name, source.routeOf(head.rid) ?? '', about, error)
    if (head.ack !== 0) inbox.refused(head.ack, error, '')
  }

  /** Logs and counts what was refused, here or in the worker. */
  #tell(operation: string, route: string, about: string, { code, message }: ErrorData): void {
    const { metrics, log } = this.#init
    metrics.count('operationsRefused')
    const fields = { operation, route: route || 'none', about, code, error: message }
    // A player who leaves in the middle of a request, or two who want the same, are everyday things.
    if (everyday.has(code)) log.info('An operation was refused', fields)
    else log.warn('An operation was refused', fields)
  }

  #ack(ack: number, value: string): void {
    if (ack !== 0) this.#init.inbox.acked(ack, value)
  }

  /** Views that a worker numbered itself are told apart from those of other workers. */
  #writer({ view }: OperationHead): number {
    return view >= 0 ? view : -(this.#init.source.serial * 0x1_0000_0000 - view)
  }
}

const everyday = new Set<string>([errors.sessionNotFound.code, errors.conflict.code])
