/**
 * Runs the handlers' onConnect and onClose, as requests that the gateway itself creates. onConnect runs
 * when a session begins or is resumed: first in the lane, and alone. onClose runs when a session has ended,
 * once all requests that had started for it are over.
 */

import { closeCodes } from '../../shared/close-codes.js'
import { type ErrorData, errors } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import type { RouteHello } from '../../shared/link/hello.js'
import { type ConnectInfo, type ConnectRefusal, hookRoutes } from '../../shared/link/hooks.js'
import type { Logger } from '../../shared/text/log.js'
import { withTimeout } from '../../shared/with-timeout.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Suspensions } from '../pool/suspensions.js'
import { encodeJson } from '../protocols/protocol.js'
import { refuseForNow } from '../sessions/authentication.js'
import type { ClientInfo, Registry } from '../sessions/registry.js'
import type { Outcome, Request } from '../sessions/request.js'
import type { Route } from '../sessions/routes.js'
import type { Session } from '../sessions/session.js'

/**
 * Codes of errors that interrupt an onConnect. The hook can't catch them, and has not accepted the session.
 */
const cutOff: readonly string[] = [errors.handlerFatal.code, errors.workerLost.code, errors.timeout.code]

export interface SessionHooksInit {
  readonly registry: Registry
  readonly dispatcher: Dispatcher
  readonly suspensions: Suspensions
  readonly requestTimeout: number
  readonly log: Logger
  readonly monotonic: () => number
}

export class SessionHooks {
  readonly #init: SessionHooksInit
  readonly #onConnect = createRoute(hookRoutes.onConnect)
  readonly #onClose = createRoute(hookRoutes.onClose)
  /** Ended sessions whose onClose is not over. */
  #closing = 0
  #onIdle: (() => void) | undefined

  constructor(init: SessionHooksInit) {
    this.#init = init
    init.registry.on('opened', (session, client) => this.#runOnConnect(session, client, false))
    init.registry.on('resumed', (session, client) => this.#runOnConnect(session, client, true))
    init.registry.on('closed', (session, reason) => this.#sessionClosed(session, reason))
  }

  /** Replaces the hooks of the previous generation of workers with those of a new one. */
  offer(hooks: readonly RouteHello[]): void {
    for (const route of [this.#onConnect, this.#onClose]) {
      const hook = hooks.find(each => each.route === route.name)
      route.isOffered = hook !== undefined
      if (hook !== undefined) route.options = hook.options
    }
  }

  /** Waits until every onClose is over, but at most `ms` milliseconds. */
  async close(ms: number): Promise<void> {
    if (this.#closing === 0) return
    const idle = new Promise<void>(resolve => (this.#onIdle = resolve))
    if (await withTimeout(ms, idle)) return
    this.#init.log.error('The gateway closes before each onClose is done', { sessions: this.#closing })
  }

  #runOnConnect(session: Session, client: ClientInfo, resumed: boolean): void {
    if (!this.#onConnect.isOffered || !session.isOpen) return
    if (this.#isSuspended('onConnect', this.#onConnect, session)) {
      // Deferred, since the connection has not received its session yet.
      if (!resumed) queueMicrotask(() => this.#refuseForNow(session))
      return
    }
    const { ip, port } = session.receiver!.address
    const info: ConnectInfo = { address: { ip, port }, ...client, resumed }
    const request = this.#add(session, this.#onConnect, 0, info, outcome =>
      this.#onConnectDone(session, request, resumed, outcome)
    )
  }

  #onConnectDone(session: Session, request: Request, resumed: boolean, outcome: Outcome): void {
    if ('error' in outcome) {
      this.#tellFailure('onConnect', session, outcome.error)
      if (!resumed && cutOff.includes(outcome.error.code)) return this.#refuseForNow(session)
    } else if (outcome.body !== '') {
      const { reason }: ConnectRefusal = JSON.parse(Buffer.from(outcome.body, 'latin1').toString())
      const ending = { code: closeCodes.refused, reason: 'refused', kickReason: reason }
      return this.#init.registry.end(session, ending)
    }
    this.#init.dispatcher.connectHookDone(request)
  }

  #sessionClosed(session: Session, reason: string): void {
    const running = new Set(this.#init.dispatcher.sessionEnded(session))
    if (!this.#onClose.isOffered) return
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
  #refuseForNow(session: Session): void {
    const { code, reason } = refuseForNow(this.#init.suspensions.remaining(this.#onConnect))
    this.#init.registry.end(session, { code, reason, kickReason: reason })
  }

  #runOnClose(session: Session, reason: string): void {
    if (this.#isSuspended('onClose', this.#onClose, session)) return this.#onCloseDone()
    this.#add(session, this.#onClose, requestFlags.notify, reason, outcome => {
      if ('error' in outcome) this.#tellFailure('onClose', session, outcome.error)
      this.#onCloseDone()
    })
  }

  #onCloseDone(): void {
    if (--this.#closing === 0) this.#onIdle?.()
  }

  /** Whether the hook is suspended because it has ended workers repeatedly; if so, logs it. */
  #isSuspended(hook: string, route: Route, session: Session): boolean {
    const ms = this.#init.suspensions.remaining(route)
    if (ms > 0) this.#tellFailure(hook, session, errors.routeSuspended(route.name, ms))
    return ms > 0
  }

  #add(
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

  #tellFailure(hook: string, { sid, uid }: Session, { code, message }: ErrorData): void {
    this.#init.log.error('A hook failed', { hook, sid, uid, code, error: message })
  }
}

function createRoute(name: string): Route {
  return { name, code: 0, ordinal: 0, file: '', options: {}, isOffered: false }
}
