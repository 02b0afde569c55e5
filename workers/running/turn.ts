/**
 * A turn in its worker: requests of one session, run one after the other.
 * Each request is claimed before any code of the game runs for it. Different turns of a batch run
 * concurrently.
 */
import { randomUUID } from 'node:crypto'
import { errors } from '../../shared/errors.js'
import type { RequestHead, TurnTask } from '../../shared/link/batch.js'
import { isHookRoute } from '../../shared/link/hooks.js'
import type { AbortReason } from '../../shared/link/inbox.js'
import { describeThrown } from '../../shared/text/thrown.js'
import { findSetting, meaningfulText } from '../../shared/values/settings-text.js'
import { createLinkLogger } from '../operations/link-logger.js'
import { SessionView } from '../operations/session-view.js'
import { monotonic } from '../runtime/own-time.js'
import type { Environment } from './environment.js'
import { RequestRun } from './request-run.js'
import type { Abortable } from './running-requests.js'

export class Turn implements Abortable {
  readonly #env: Environment
  readonly #task: TurnTask
  readonly #view: SessionView
  #next = 0
  #isOver = false
  /** The request that is being started: it may have no outcome if that fails. */
  #starting: RequestRun | undefined
  /** Why the next request was decided while it was deferred; undefined: it was not. */
  #abortReason: AbortReason | undefined

  constructor(env: Environment, task: TurnTask) {
    this.#env = env
    this.#task = task
    this.#view = new SessionView({ frontendId: env.frontendId, ...task })
  }

  /** Number of requests that have started here. */
  get started(): number {
    return this.#next
  }

  /**
   * Runs requests until one has to wait, or none is left. Does not throw, so that other turns can run after
   * it.
   */
  readonly run = (): void => {
    try {
      this.#runOn()
    } catch (error) {
      this.#fail(error)
    }
  }

  #runOn(): void {
    const { claims, budget, link } = this.#env
    const { requests, slot } = this.#task
    while (this.#next < requests.length && !this.#isOver) {
      const time = monotonic()
      link.leaveIfDue(time)
      if (budget.isSpent(time)) {
        link.leave(time)
        return this.#defer(requests[this.#next]!.rid)
      }
      if (this.#hasMoved(requests[this.#next]!) || !claims.claim(slot, this.#next)) {
        return this.#giveBack()
      }
      const run = new RequestRun(this.#env, requests[this.#next++]!, this.#view, slot)
      this.#starting = run
      const hasEnded = this.#abortReason === undefined ? run.start(this.run) : this.#startAborted(run)
      this.#starting = undefined
      if (!hasEnded) return
    }
  }

  /** Goes on with this request, which is the next one, in the event loop's next round. */
  #defer(rid: number): void {
    const { budget, running } = this.#env
    running.add(rid, this)
    budget.defer(() => {
      running.remove(rid)
      this.run()
    })
  }

  /** Called when the gateway decides the deferred request: at its deadline, or at the end of its session. */
  abort(reason: AbortReason): void {
    this.#abortReason = reason
  }

  /**
   * Ends a request that was decided before it could start. Its handler does not run, because requests that
   * still wait at their deadline or at the end of their session never do. Only an onClose runs, with its
   * signal aborted: it is the last chance to save what the session was. Returns whether the request has
   * ended.
   */
  #startAborted(run: RequestRun): boolean {
    const { link } = this.#env
    const reason = this.#abortReason!
    this.#abortReason = undefined
    if (isHookRoute(run.route, 'onClose')) {
      run.abort(reason)
      return run.start(this.run)
    }
    // The gateway waits for an outcome. Unless it closes, it has answered already, and nobody reads this one.
    link.outbox.failed(run.rid, errors.closing())
    link.leaveSoon()
    return true
  }

  /**
   * Logs an error of this code itself, and ends the request that was being started. The rest of the turn is
   * handed back, or goes on after that request if its handler still runs.
   */
  #fail(error: unknown): void {
    const id = randomUUID()
    const log = createLinkLogger(this.#env.link, { sid: this.#task.sid })
    log.error('A turn failed', { id, error: describeThrown(error) })
    const starting = this.#starting
    this.#starting = undefined
    if (starting === undefined || starting.breakOff(errors.internal(id))) this.#giveBack()
  }

  /** Hands back the requests that have not started. The gateway hands them out again. */
  #giveBack(): void {
    this.#isOver = true
    this.#env.link.outbox.slotDone(this.#task.slot)
    this.#env.link.leaveSoon()
  }

  /**
   * Whether the request now belongs in another worker, since an earlier request has changed the session's
   * affinity value. Then the rest of the turn is handed back, and the gateway hands it out again.
   */
  #hasMoved(request: RequestHead): boolean {
    const affinity = this.#env.handlers[request.route]!.options.affinity
    if (affinity === undefined) return false
    if (affinity === 'uid') return this.#view.uid !== this.#task.uid
    const before = findSetting(this.#task.settings, affinity)
    return meaningfulText(this.#view.textOf(affinity)) !== meaningfulText(before)
  }
}
