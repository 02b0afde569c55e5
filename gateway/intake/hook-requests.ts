/**
 * The session hooks as requests, which the gateway itself creates. Knows the hooks that the workers offer,
 * and adds them to the lanes of their sessions.
 */
import { type ErrorData, errors } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import type { RouteHello } from '../../shared/link/hello.js'
import { hookNameOf, needsAffinityValue, type SessionHookName } from '../../shared/link/hooks.js'
import { type Logger, nameSession } from '../../shared/text/log.js'
import { affinityValueOf } from '../dispatch/affinity.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Suspensions } from '../pool/suspensions.js'
import { encodeJson } from '../protocols/protocol.js'
import type { Outcome, Request } from '../sessions/request.js'
import type { Route } from '../sessions/routes.js'
import type { Session } from '../sessions/session.js'

export interface HookRequestsInit {
  readonly dispatcher: Dispatcher
  readonly suspensions: Suspensions
  readonly requestTimeout: number
  readonly log: Logger
  readonly monotonic: () => number
}

export class HookRequests {
  readonly #init: HookRequestsInit
  /** All hooks that were ever offered, by route. */
  readonly #routes = new Map<string, Route>()
  #offered: readonly Route[] = []

  constructor(init: HookRequestsInit) {
    this.#init = init
  }

  /** Replaces the hooks of the previous generation of workers with those of a new one. */
  offer(hooks: readonly RouteHello[]): void {
    for (const route of this.#offered) route.isOffered = false
    this.#offered = hooks.map(({ route: name, file, options }) => {
      const route = this.#routes.get(name) ?? createRoute(name)
      this.#routes.set(name, route)
      return Object.assign(route, { file, options, isOffered: true })
    })
  }

  /** The hooks that are offered now, those of the outermost folder first. */
  get offered(): readonly Route[] {
    return this.#offered
  }

  /** Returns the hooks of this name, that of the outermost folder first. */
  named(name: SessionHookName): Route[] {
    return this.#offered.filter(route => hookNameOf(route.name) === name)
  }

  add(
    session: Session,
    route: Route,
    flags: number,
    told: unknown,
    onOutcome: (outcome: Outcome) => void
  ): Request {
    const { dispatcher, requestTimeout, monotonic } = this.#init
    const timeout = route.options.timeout ?? requestTimeout
    const body = encodeJson(told)
    return dispatcher.add({ session, route, id: 0, flags, body, timeout, now: monotonic(), onOutcome })
  }

  /**
   * Adds a hook whose outcome does not matter, except for the log. Returns undefined if it is not run: it is
   * suspended, or it does not concern the session.
   */
  tell(session: Session, route: Route, told: unknown, onDone?: () => void): Request | undefined {
    if (!concerns(route, session) || this.isSuspended(route, session)) return undefined
    return this.add(session, route, requestFlags.notify, told, outcome => {
      if ('error' in outcome) this.logFailure(route, session, outcome.error)
      onDone?.()
    })
  }

  /** Whether the hook is suspended because it has ended workers repeatedly; if so, logs it. */
  isSuspended(route: Route, session: Session): boolean {
    const ms = this.#init.suspensions.remaining(route)
    if (ms > 0) this.logFailure(route, session, errors.routeSuspended(route.name, ms))
    return ms > 0
  }

  logFailure({ name, file }: Route, session: Session, { code, message }: ErrorData): void {
    const hook = hookNameOf(name)
    this.#init.log.error('A hook failed', { hook, file, ...nameSession(session), code, error: message })
  }
}

/**
 * Whether a hook is to be run for a session. A hook that needs a value for its affinity is not run if the
 * session has none. An open request may still set one, so in that case the worker decides.
 */
function concerns({ name, options }: Route, session: Session): boolean {
  if (!needsAffinityValue(name, options.affinity)) return true
  return affinityValueOf(session, options.affinity) !== undefined || (session.isOpen && session.lane.open > 0)
}

function createRoute(name: string): Route {
  return { name, code: 0, ordinal: 0, file: '', options: {}, isOffered: false }
}
