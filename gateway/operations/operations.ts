/**
 * Applies a worker's operations on sessions. This is the one place where an operation becomes a change. An
 * operation names its session by address. A refused operation changes nothing; it is logged and counted, and
 * it is answered if the worker expects an answer. One instance for each worker.
 */
import { allGateways } from '../../shared/address.js'
import { maxNameBytes } from '../../shared/check.js'
import { type ErrorData, errors, GatewayError } from '../../shared/errors.js'
import type { OperationHead, OperationReader, UserOperationHead } from '../../shared/link/outbox.js'
import { formatSessions } from '../../shared/values/session-text.js'
import { changeLimits, ownPushLimits, type SettingsLimits } from '../../shared/values/settings-text.js'
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
import { type Author, parseChange, type SettingsChange } from '../sessions/settings/setting.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { MovesOfSource } from './event-operations.js'
import type { KickStore, OperationAcks } from './operation-acks.js'

export interface OperationsInit {
  readonly acks: OperationAcks
  readonly registry: Registry
  readonly metrics: Metrics
  readonly limits: SettingsLimits
  /** undefined: the source is no other gateway, and no session that it means can be about to move. */
  readonly moves?: Pick<MovesOfSource, 'kickUser' | 'isEmpty' | 'isLeftOut'> | undefined
  /** undefined: a session is in a gateway, or nowhere. */
  readonly kicks?: KickStore | undefined
}

export class Operations implements OperationReader {
  readonly #init: OperationsInit
  readonly #acks: OperationAcks
  readonly #ownPushLimits: SettingsLimits
  readonly #changeLimits: SettingsLimits

  constructor(init: OperationsInit) {
    this.#init = init
    this.#ownPushLimits = ownPushLimits(init.limits)
    this.#changeLimits = changeLimits(init.limits)
    this.#acks = init.acks
  }

  push(head: OperationHead, key: string, text: string): void {
    this.#init.metrics.count('pushes')
    const session = this.#sessionFor('push', head, key)
    if (session === undefined) return
    const error = session.changeKey(
      key,
      text,
      this.#viewIdOf(head),
      this.#limitsOf(head, session),
      this.#authorOf(head, session)
    )
    this.#conclude('push', head, session, error, key)
  }

  pushAll(head: OperationHead, settings: string): void {
    this.#init.metrics.count('pushes')
    this.#apply('pushAll', head, session => {
      const change = this.#readChange(settings)
      if (change instanceof GatewayError) return change
      const [viewId, limits] = [this.#viewIdOf(head), this.#limitsOf(head, session)]
      return session.changeKeys(change, viewId, limits, this.#authorOf(head, session))
    })
  }

  bind(head: OperationHead, uid: string): void {
    const session = this.#sessionFor('bind', head, uid)
    if (session === undefined) return
    const { registry } = this.#init
    const viewId = this.#viewIdOf(head)
    const conclude = (head: OperationHead, error: GatewayError | undefined) => {
      if (error === undefined)
        this.#acks.whenKept('bind', head, [session], ack => this.#acks.ackOnceKnown(ack, '', 'user', uid))
      else this.#conclude('bind', head, session, error, uid)
    }
    if (registry.claimed === undefined) conclude(head, registry.bind(session, uid, viewId))
    else this.#later('bind', head, registry.claimed.bind(session, uid, viewId), conclude)
  }

  unbind(head: OperationHead, uid: string): void {
    const session = this.#sessionFor('unbind', head, uid)
    if (session === undefined) return
    const { registry } = this.#init
    const viewId = this.#viewIdOf(head)
    const conclude = (head: OperationHead, error: GatewayError | undefined) =>
      this.#conclude('unbind', head, session, error, uid)
    if (registry.claimed === undefined) conclude(head, registry.unbind(session, uid, viewId))
    else this.#later('unbind', head, registry.claimed.unbind(session, uid, viewId), conclude)
  }

  update(head: OperationHead, key: string, text: string, before: string): void {
    this.#apply(
      'update',
      head,
      session =>
        (session.textOf(key) ?? '') === before
          ? session.changeKey(
              key,
              text,
              this.#viewIdOf(head),
              this.#init.limits,
              this.#authorOf(head, session)
            )
          : errors.conflict([key]),
      key
    )
  }

  commit(head: OperationHead, settings: string, version: number): void {
    this.#apply('commit', head, session => {
      const viewId = this.#viewIdOf(head)
      const change = this.#readChange(settings)
      if (change instanceof GatewayError) return change
      const changed = session.changedSince(
        version,
        change.map(([key]) => key),
        viewId
      )
      return changed.length > 0
        ? errors.conflict(changed)
        : session.changeKeys(change, viewId, this.#init.limits, this.#authorOf(head, session))
    })
  }

  setResumeWindow(head: OperationHead, ms: number): void {
    const window = ms === -1 ? null : ms
    this.#apply('setResumeWindow', head, session => this.#init.registry.setResumeWindow(session, window))
  }

  read(head: OperationHead): void {
    if (this.#acks.refuseEarly('read', head)) return
    const session = this.#init.registry.find(head.sid)
    this.#acks.ack(head.ack, session === undefined ? '' : formatFound(head, [session]))
  }

  readByUid(head: UserOperationHead, uid: string): void {
    if (this.#acks.refuseEarly('readByUid', head)) return
    const { registry, moves } = this.#init
    const found = registry.findByUid(uid)
    const here = moves?.isEmpty === false ? found.filter(({ sid }) => !moves.isLeftOut(sid)) : found
    this.#acks.ack(head.ack, formatFound(head, here))
  }

  kick(head: OperationHead, reason: string | null): void {
    if (this.#acks.refuseEarly('kick', head)) return
    // One that is on its way ends as soon as it is decided where it is.
    const session = this.#init.registry.findRecipient(head.sid)
    if (session !== undefined) this.#init.registry.kick(session, reason)
    this.#acks.ack(head.ack, '')
  }

  kickByUid(head: UserOperationHead, uid: string, reason: string | null): void {
    if (this.#acks.refuseEarly('kickByUid', head)) return
    this.#init.moves?.kickUser(uid, reason)
    for (const session of this.#init.registry.findByUid(uid)) this.#init.registry.kick(session, reason)
    const { kicks } = this.#init
    if (kicks === undefined || head.frontendId !== allGateways) this.#acks.ack(head.ack, '')
    else this.#noteKick(kicks, head, uid, reason)
  }

  refused(rid: number, route: string, operation: string, about: string, error: ErrorData): void {
    this.#init.metrics.count('operations')
    this.#acks.tellOf({ rid, route }, operation, about, error)
  }

  /** Answers a kick once it is noted for sessions that no gateway has. */
  #noteKick(kicks: KickStore, { rid, ack }: UserOperationHead, uid: string, reason: string | null): void {
    kicks
      .note(uid, reason, this.#init.moves !== undefined)
      .then(error => {
        if (error === undefined) this.#acks.ack(ack, '')
        else this.#acks.refuse('kickByUid', { rid, ack }, error, uid)
      })
      .catch(error => this.#acks.fail('kickByUid', { rid, ack }, error))
      .finally(() => this.#acks.sendSoon())
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

  // LOCAL-SESSIONS: sessions are looked up in this gateway's registry, here and in the methods above. In a
  // cluster, operations on sessions of other gateways do not come here: cluster/routing sends them there.
  /** Returns the session of the operation; undefined if the operation was refused. */
  #sessionFor(name: string, head: OperationHead, about: string): Session | undefined {
    if (this.#acks.refuseEarly(name, head)) return undefined
    const session = this.#init.registry.find(head.sid)
    if (session === undefined) this.#acks.refuse(name, head, errors.sessionNotFound(head.sid), about)
    return session
  }

  /** Answers an operation once the cluster has settled it. */
  #later(
    name: string,
    head: OperationHead,
    settled: Promise<GatewayError | undefined>,
    conclude: (head: OperationHead, error: GatewayError | undefined) => void
  ): void {
    // A copy, because the reader uses its object again for the next operation.
    const { rid, viewId, ack, frontendId, sid } = head
    const kept = { rid, viewId, ack, frontendId, sid }
    settled
      .then(error => conclude(kept, error))
      .catch(error => this.#acks.fail(name, kept, error))
      .finally(() => this.#acks.sendSoon())
  }

  /** Answers an operation after it was tried, with an ack or a refusal. */
  #conclude(
    name: string,
    head: OperationHead,
    session: Session,
    error: GatewayError | undefined,
    about: string
  ): void {
    if (error === undefined) return this.#acks.whenKept(name, head, [session], ack => this.#acks.ack(ack, ''))
    const isConflict = error.code === errors.conflict.code
    if (isConflict) this.#init.metrics.count('conflicts')
    // The worker retries an update after a conflict, with the newest value. So this is no failure.
    if (isConflict && name === 'update') return this.#acks.tryAgain(head, error, session.textOf(about) ?? '')
    this.#acks.refuse(name, head, error, about)
    // The worker's snapshot assumes that this operation succeeded. Requests that have not started get a new
    // snapshot.
    if (!isConflict && session.lane.turn?.viewId === head.viewId) session.lane.turn.takeBack()
  }

  /**
   * Reads a change of several keys, or returns the error of one that no session can have. Workers send none
   * such; one that does must not make the gateway read a text of any length.
   */
  #readChange(settings: string): SettingsChange | GatewayError {
    const { maxSettingsLength, maxSettingsKeys } = this.#init.limits
    const most = this.#changeLimits
    if (settings.length > most.maxSettingsLength)
      return errors.settingsTooLarge('', settings.length, maxSettingsLength)
    const change = parseChange(settings, most.maxSettingsKeys)
    if (change === undefined) return errors.tooManyKeys('', maxSettingsKeys)
    const long = change.find(([key]) => key.length > maxNameBytes)
    return long === undefined ? change : errors.keyInvalid(`one of ${long[0].length} characters`)
  }

  /**
   * Returns the limits for a push. One without an ack by the session's own turn may be settled in the worker.
   */
  #limitsOf({ ack, viewId }: OperationHead, session: Session): SettingsLimits {
    return ack === 0 && viewId > 0 && session.lane.turn?.viewId === viewId
      ? this.#ownPushLimits
      : this.#init.limits
  }

  /** Returns who makes a change: mostly a request of the session's own turn, which is found at once. */
  #authorOf({ rid }: OperationHead, { lane: { turn } }: Session): Author {
    const route = turn?.routeOf(rid) ?? this.#acks.routeOf(rid)
    return this.#init.registry.author(route ?? outsideRequests)
  }

  /** Returns the view's id. An id that the worker chose itself is made unique among all workers. */
  #viewIdOf({ viewId }: OperationHead): number {
    return this.#acks.viewIdOf(viewId)
  }
}

/** Formats sessions for the operation that asks for them, with their gateway where it named another one. */
function formatFound({ frontendId: asked }: UserOperationHead, sessions: readonly Session[]): string {
  const frontendId = sessions[0]?.frontendId
  return formatSessions(
    sessions.map(session => session.snapshot),
    frontendId === asked ? undefined : frontendId
  )
}

/** Stands for the route of a change that a worker's own code made, such as a timer. */
const outsideRequests = '(no request)'
