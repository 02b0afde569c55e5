/**
 * Decides when the handlers' session hooks run. Each is a request of the gateway itself, with its place in
 * the lane of its session and a turn of its own.
 *
 * onConnect runs when a session begins or is resumed, and all else of the session waits for it. onDrop runs
 * when the client's connection is lost, and onResume when the client is back. onClose runs when a session has
 * ended, once all requests that had started for it are over. Hooks of several folders run one after the
 * other: onDrop and onClose from the inside out, onResume from the outside in.
 */

import { closeCodes } from '../../shared/close-codes.js'
import { errors } from '../../shared/errors.js'
import type { RouteHello } from '../../shared/link/hello.js'
import {
  type ConnectInfo,
  type ConnectRefusal,
  type DropInfo,
  hookModuleOf,
  hookNameOf,
  type ResumeInfo
} from '../../shared/link/hooks.js'
import { withTimeout } from '../../shared/with-timeout.js'
import { refuseForNow } from '../sessions/authentication.js'
import type { Registry } from '../sessions/registry.js'
import type { ClientInfo } from '../sessions/registry-events.js'
import type { Outcome, Request } from '../sessions/request.js'
import type { Route } from '../sessions/routes.js'
import type { Session } from '../sessions/session.js'
import { HookRequests, type HookRequestsInit } from './hook-requests.js'

/**
 * Codes of errors that interrupt an onConnect. The hook can't catch them, and has not accepted the session.
 */
const cutOff: readonly string[] = [errors.handlerFatal.code, errors.workerLost.code, errors.timeout.code]

export interface SessionHooksInit extends HookRequestsInit {
  readonly registry: Registry
}

/** The absence of a client, as hooks are told of it. */
interface Absence {
  /** When the connection was lost, by the monotonic clock. */
  readonly since: number
  readonly drops: readonly Request[]
  /** Modules whose onDrop was withdrawn in another gateway. */
  readonly untold: readonly string[]
}

/** What hooks were told of a client's absence, for another gateway. null: there is none, or no hook. */
export type AbsenceState = { readonly awayFor: number; readonly untold: readonly string[] } | null

export class SessionHooks {
  readonly #init: SessionHooksInit
  readonly #hooks: HookRequests
  readonly #absences = new WeakMap<Session, Absence>()
  /** When the last absence began that is over, by the monotonic clock. */
  readonly #lastAbsences = new WeakMap<Session, number>()
  /** Sessions of other gateways whose client has not come yet. */
  readonly #moved = new WeakSet<Session>()
  readonly #restored = new WeakSet<Session>()
  #isClosing = false
  /** Ended sessions whose onClose is not over. */
  #closing = 0
  #onIdle: (() => void) | undefined

  constructor(init: SessionHooksInit) {
    this.#init = init
    this.#hooks = new HookRequests(init)
    init.registry.on('opened', (session, client) => this.#runOnConnect(session, client, false))
    init.registry.on('dropped', (session, reason, endsAt) => this.#runOnDrop(session, { reason, endsAt }))
    init.registry.on('resumed', (session, client) => this.#sessionResumed(session, client))
    init.registry.on('closed', (session, reason) => this.#sessionClosed(session, reason))
  }

  /** Replaces the hooks of the previous generation of workers with those of a new one. */
  offer(hooks: readonly RouteHello[]): void {
    this.#hooks.offer(hooks)
  }

  /** The hooks that are offered now. */
  get offered(): readonly Route[] {
    return this.#hooks.offered
  }

  /** Runs no onDrop from now on: the gateway closes, and no client can come back. */
  expectClose(): void {
    this.#isClosing = true
  }

  /** Waits until every onClose is over, but at most `ms` milliseconds. */
  async close(ms: number): Promise<void> {
    if (this.#closing === 0) return
    const idle = new Promise<void>(resolve => (this.#onIdle = resolve))
    if (await withTimeout(ms, idle)) return
    this.#init.log.error('The gateway closes before each onClose is done', { sessions: this.#closing })
  }

  #runOnConnect(session: Session, client: ClientInfo, resumed: boolean): void {
    const [route] = this.#hooks.named('onConnect')
    if (route === undefined || !session.isOpen) return
    if (this.#hooks.isSuspended(route, session)) {
      // Deferred, since the connection has not received its session yet.
      if (!resumed) queueMicrotask(() => this.#refuseForNow(session, route))
      return
    }
    const { ip, port } = session.receiver!.address
    const info: ConnectInfo = {
      address: { ip, port },
      ...client,
      resumed,
      moved: this.#moved.delete(session),
      restored: this.#restored.delete(session)
    }
    const request = this.#hooks.add(session, route, 0, info, outcome =>
      this.#onConnectDone(session, request, resumed, outcome)
    )
  }

  #onConnectDone(session: Session, request: Request, resumed: boolean, outcome: Outcome): void {
    if ('error' in outcome) {
      this.#hooks.logFailure(request.route, session, outcome.error)
      if (!resumed && cutOff.includes(outcome.error.code)) return this.#refuseForNow(session, request.route)
    } else if (outcome.body !== '') {
      const reason = readRefusal(outcome.body)
      const ending = { code: closeCodes.refused, reason: 'refused', kickReason: reason ?? '' }
      if (reason !== undefined) return this.#init.registry.end(session, ending)
      this.#hooks.logFailure(request.route, session, errors.bodyMalformed('the answer of onConnect'))
      if (!resumed) return this.#refuseForNow(session, request.route)
    }
    this.#init.dispatcher.connectHookDone(request)
  }

  #runOnDrop(session: Session, info: DropInfo): void {
    const resumes = this.#hooks.named('onResume')
    const routes = this.#hooks.named('onDrop').reverse()
    if (this.#isClosing || !session.isOpen || routes.length + resumes.length === 0) return
    const drops = routes.flatMap(route => this.#hooks.tell(session, route, info) ?? [])
    this.#absences.set(session, { since: this.#init.monotonic(), drops, untold: [] })
  }

  /**
   * Withdraws each onDrop that has not started: nobody has to know of an absence that is over. The onResume
   * of the same module is not run then.
   */
  #sessionResumed(session: Session, client: ClientInfo): void {
    const { dispatcher, monotonic } = this.#init
    const absence = this.#absences.get(session)
    this.#absences.delete(session)
    const withdrawn = absence?.drops.filter(drop => dispatcher.withdraw(drop)) ?? []
    const untold = new Set([...namesOf(withdrawn), ...(absence?.untold ?? [])])
    this.#runOnConnect(session, client, true)
    if (absence === undefined || !session.isOpen) return
    this.#lastAbsences.set(session, absence.since)
    const { ip, port } = session.receiver!.address
    const info: ResumeInfo = {
      address: { ip, port },
      awayFor: Math.round(monotonic() - absence.since)
    }
    for (const route of this.#hooks.named('onResume')) {
      // One that still waits tells of this return too: only a module without an onDrop can get here.
      const isDue = session.lane.waiting.some(request => request.route === route)
      if (!isDue && !untold.has(hookModuleOf(route.name))) this.#hooks.tell(session, route, info)
    }
  }

  /** Withdraws the hooks of a session that goes to another gateway. Returns what that has to know. */
  moveOut(session: Session): AbsenceState {
    const { dispatcher, monotonic } = this.#init
    const waiting = session.lane.waiting.filter(({ onOutcome }) => onOutcome !== undefined)
    const withdrawn = waiting.filter(hook => dispatcher.withdraw(hook))
    const absence = this.#absences.get(session)
    this.#absences.delete(session)
    // A module whose onResume was withdrawn still knows of an earlier absence.
    const told = new Set(namesOf(withdrawn.filter(({ route }) => hookNameOf(route.name) === 'onResume')))
    if (absence === undefined && told.size === 0) return null
    const since = absence?.since ?? this.#lastAbsences.get(session) ?? monotonic()
    const drops = absence?.drops.filter(drop => withdrawn.includes(drop)) ?? []
    // Without an absence that is not over, only those modules are to be told of the return.
    const mayBeUntold =
      absence === undefined
        ? this.#hooks.named('onResume').map(({ name }) => hookModuleOf(name))
        : [...absence.untold, ...namesOf(drops)]
    return { awayFor: monotonic() - since, untold: mayBeUntold.filter(name => !told.has(name)) }
  }

  /** A session has come from another gateway, or is back from its way there. */
  moveIn(session: Session, absence: AbsenceState, isNew: boolean): void {
    if (isNew) this.#moved.add(session)
    if (absence === null) return
    const { awayFor, untold } = absence
    this.#absences.set(session, { since: this.#init.monotonic() - awayFor, drops: [], untold })
  }

  /** A session was restored: that is told to onConnect, instead of a move. */
  restored(session: Session): void {
    this.#moved.delete(session)
    this.#restored.add(session)
  }

  #sessionClosed(session: Session, reason: string): void {
    const running = new Set(this.#init.dispatcher.sessionEnded(session))
    if (this.#hooks.named('onClose').length === 0) return
    this.#closing++
    for (const request of running) {
      request.onEnd = () => {
        running.delete(request)
        if (running.size === 0) this.#runOnClose(session, reason)
      }
    }
    if (running.size === 0) this.#runOnClose(session, reason)
  }

  /**
   * Ends a new session whose onConnect did not complete, since that hook may hold the game's own checks. A
   * resumed session goes on, since its onConnect completed when it began.
   */
  #refuseForNow(session: Session, onConnect: Route): void {
    const { code, reason } = refuseForNow(
      'the session could not begin',
      this.#init.suspensions.remaining(onConnect)
    )
    this.#init.registry.end(session, { code, reason, kickReason: reason })
  }

  #runOnClose(session: Session, reason: string): void {
    let left = 1
    const done = () => {
      if (--left === 0 && --this.#closing === 0) this.#onIdle?.()
    }
    for (const route of this.#hooks.named('onClose').reverse()) {
      left++
      if (this.#hooks.tell(session, route, reason, done) === undefined) done()
    }
    done()
  }
}

/** Returns the reason of a refusal by onConnect; undefined if a worker has answered anything else. */
function readRefusal(body: string): string | undefined {
  try {
    const { reason }: Partial<ConnectRefusal> = JSON.parse(Buffer.from(body, 'latin1').toString())
    return typeof reason === 'string' ? reason : undefined
  } catch {
    return undefined
  }
}

function namesOf(hooks: readonly Request[]): string[] {
  return hooks.map(({ route }) => hookModuleOf(route.name))
}
