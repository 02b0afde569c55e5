/**
 * One request in its worker, from its claim to its end.
 * Decodes the body, calls the handler, and puts the outcome into the outbox behind all operations of the
 * handler. Is the caller of those operations, and names the request in the lines of its log. Owned by its
 * turn.
 *
 *   started ──▶ decided
 *
 * Decided: the outcome is in the outbox. The session's next request starts once the awaited operations (bind,
 * unbind, update, commit) are answered too.
 */
import { isThenable } from '../../shared/check.js'
import { type ErrorData, errors } from '../../shared/errors.js'
import { type RequestHead, requestFlags } from '../../shared/link/batch.js'
import { isHookRoute } from '../../shared/link/hooks.js'
import type { AbortReason } from '../../shared/link/inbox.js'
import { type FullLogger, nameSession, type RequestFields } from '../../shared/text/log.js'
import { nameTrace } from '../../shared/wire/traceparent.js'
import { BackendSession } from '../api/backend-session.js'
import { BackendSessionService } from '../api/backend-session-service.js'
import { HandlerContext, type WorkerInfo } from '../api/context.js'
import type { Caller } from '../operations/caller.js'
import { createLinkLogger, RequestLog } from '../operations/link-logger.js'
import { Messenger } from '../operations/messenger.js'
import { SessionOperations } from '../operations/session-operations.js'
import { nextViewId, type SessionView } from '../operations/session-view.js'
import { Author, actAs } from '../runtime/author.js'
import { tellFailure } from '../runtime/failure.js'
import { isWatched, runWatched } from '../tracing/handler-moments.js'
import type { RunFields } from '../tracing/handler-spans.js'
import { decodeBody, encodeReply } from './body.js'
import type { Environment } from './environment.js'

export class RequestRun implements Caller {
  readonly rid: number
  readonly view: SessionView
  readonly operations: SessionOperations
  readonly #env: Environment
  readonly #head: RequestHead
  readonly #slot: number
  readonly author: Author
  #state: 'started' | 'decided' = 'started'
  #abortReason: AbortReason | undefined
  #controller: AbortController | undefined
  #log: RequestLog | undefined
  #messenger: Messenger | undefined
  #service: BackendSessionService | undefined
  /**
   * The id of the own view for changes after the end: foreign to the turn's later requests, but not to each
   * other.
   */
  #lateViewId: number | undefined
  /** Number of awaited operations that are not answered yet. */
  #unanswered = 0
  /** Whether the gateway was told to hold back the session's next request. */
  #isNextHeldBack = false
  #onEnd: (() => void) | undefined

  /** Creates the run of a claimed request. `slot` is the slot of its turn. */
  constructor(env: Environment, head: RequestHead, view: SessionView, slot: number) {
    this.rid = head.rid
    this.#slot = slot
    this.#env = env
    this.#head = head
    this.view = view
    this.author = new Author(
      { rid: this.rid, route: this.route, sid: view.address.sid },
      env.maxOperationsPerRequest
    )
    this.operations = new SessionOperations(env.link, this, env)
  }

  get route(): string {
    return this.#env.handlers[this.#head.route]!.route
  }

  get traceparent(): string | undefined {
    return this.#head.traceparent
  }

  get isNotify(): boolean {
    return (this.#head.flags & requestFlags.notify) !== 0
  }

  /** Access to other sessions, on behalf of the request. */
  get service(): BackendSessionService {
    this.#service ??= new BackendSessionService(this.operations)
    return this.#service
  }

  /** Events and channels, on behalf of the request. */
  get messenger(): Messenger {
    const { link, frontendId } = this.#env
    this.#messenger ??= new Messenger(link, this, this.operations, frontendId)
    return this.#messenger
  }

  get isDevelopment(): boolean {
    return this.#env.isDevelopment
  }

  get worker(): WorkerInfo {
    return this.#env.worker
  }

  get log(): FullLogger {
    const most = this.author.isOver ? 0 : this.#env.maxOperationsPerRequest
    this.#log ??= new RequestLog(this.#env.link, () => this.#names(), most)
    return this.#log.logger
  }

  /** The fields that name the request in log lines. */
  #names(): RequestFields {
    const { uid, address } = this.view
    return {
      route: this.route,
      requestId: this.rid,
      ...nameSession({ sid: address.sid, uid }),
      ...nameTrace(this.traceparent)
    }
  }

  #runFields(): RunFields {
    return { ...this.#names(), traceparent: this.traceparent, worker: this.worker.index }
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  /** Runs the handler. Returns true if the request has ended; if not, calls `onEnd` later. Does not throw. */
  start(onEnd: () => void): boolean {
    return actAs(this.author, RequestRun.#runHere, this, onEnd)
  }

  static #runHere(run: RequestRun, onEnd: () => void): boolean {
    return run.#begin(onEnd)
  }

  #begin(onEnd: () => void): boolean {
    const { running, handlers, claims, spans } = this.#env
    claims.setRunning(this.rid)
    try {
      const { body, flags } = this.#head
      const value = decodeBody(body, flags, this.#env)
      const session = new BackendSession(this.view, this.operations, this)
      const handler = handlers[this.#head.route]!
      const context = new HandlerContext(this)
      const result = isWatched(spans)
        ? runWatched(this.#runFields(), spans, () => handler.call(value, session, context))
        : handler.call(value, session, context)
      if (isThenable(result)) {
        this.#onEnd = onEnd
        running.add(this.rid, this)
        void this.#settle(result)
        return false
      }
      this.#succeed(result)
    } catch (error) {
      this.#fail(error)
    } finally {
      claims.setRunning(0)
    }
    if (this.#unanswered === 0) return true
    this.#onEnd = onEnd
    running.add(this.rid, this)
    return false
  }

  /**
   * Called when the gateway decides the request without its handler, or when its deadline has passed before
   * the operations are answered that it did not await: then the lane goes on.
   */
  abort(reason: AbortReason): void {
    if (this.#state === 'decided') return this.#end()
    this.#abortReason = reason
    // Errors in listeners of the signal are blamed on this request.
    if (this.#controller !== undefined) actAs(this.author, () => this.#controller?.abort(reason))
  }

  /** Ends the request because its start has failed. Returns false if its handler runs, and ends it later. */
  breakOff(error: ErrorData): boolean {
    if (this.#onEnd !== undefined) return false
    if (this.#state === 'started') this.#env.link.outbox.failed(this.rid, error)
    this.#state = 'decided'
    this.author.isOver = true
    return true
  }

  expectAlive(): void {
    if (this.#abortReason === 'timeout') throw errors.requestEnded(this.route)
  }

  get hasEnded(): boolean {
    return this.#state === 'decided' || this.#abortReason === 'timeout'
  }

  viewIdOf(view: SessionView): number {
    if (view !== this.view || !this.hasEnded) return view.viewId
    this.#lateViewId ??= nextViewId()
    return this.#lateViewId
  }

  /**
   * Whether a push from this view is settled by the worker. That needs the lane, so that the session's next
   * request reads the pushed value. When onClose runs, the session has ended: the gateway refuses its pushes.
   */
  settlesPush(view: SessionView): boolean {
    if (view !== this.view || this.#state === 'decided' || this.#abortReason !== undefined) return false
    const { settlesPushes, handlers } = this.#env
    const { route, options } = handlers[this.#head.route]!
    return settlesPushes && options.concurrent !== true && !isHookRoute(route, 'onClose')
  }

  awaitOperation(answer: Promise<unknown>): void {
    if (this.#state === 'decided') return
    this.#unanswered++
    const answered = () => {
      this.#unanswered--
      if (this.#unanswered === 0 && this.#state === 'decided') this.#end()
    }
    answer.then(answered, answered)
  }

  /**
   * Waits with `await`, which is safe with any thenable: even if it throws, or calls back twice or
   * synchronously, the lane continues only once.
   */
  async #settle(result: PromiseLike<unknown>): Promise<void> {
    let reply: unknown
    try {
      reply = await result
    } catch (error) {
      return this.#conclude(this.#fail, error)
    }
    this.#conclude(this.#succeed, reply)
  }

  /** Marks the request as running while its outcome is encoded, which takes long for a large value. */
  #conclude(conclude: (made: unknown) => void, made: unknown): void {
    const { claims } = this.#env
    claims.setRunning(this.rid)
    try {
      conclude.call(this, made)
    } finally {
      claims.setRunning(0)
    }
  }

  #succeed(result: unknown): void {
    if (this.isNotify) return this.#decide('')
    try {
      this.#decide(encodeReply(result, (this.#head.flags & requestFlags.rich) !== 0))
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#decide(tellFailure(error, createLinkLogger(this.#env.link, this.#names())))
  }

  #decide(outcome: string | ErrorData): void {
    if (this.#state === 'decided') return
    const { outbox } = this.#env.link
    // Tells the gateway to hold back the session's next request, because another worker may run that.
    this.#isNextHeldBack = this.#unanswered > 0
    if (this.#isNextHeldBack) outbox.awaitOperations(this.#slot)
    if (typeof outcome === 'string') outbox.reply(this.rid, outcome)
    else outbox.failed(this.rid, outcome)
    this.#state = 'decided'
    this.author.isOver = true
    this.#log?.end()
    this.#env.link.leaveSoon()
    if (this.#unanswered === 0) this.#end()
  }

  #end(): void {
    this.#env.running.remove(this.rid)
    if (this.#isNextHeldBack) {
      this.#isNextHeldBack = false
      this.#env.link.outbox.goOn(this.#slot)
      this.#env.link.leaveSoon()
    }
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.()
  }
}
