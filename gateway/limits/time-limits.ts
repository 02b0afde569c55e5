/**
 * Whether the time limits of requests and workers are on. They are off while an inspector is open: a handler
 * that a debugger has paused is neither late nor stuck. Owned by the core. Node does not tell whether a
 * debugger is attached, so an open inspector counts, in the gateway's process and in each worker.
 */
import { findInspector } from '../../shared/examination/inspector.js'
import type { Logger } from '../../shared/text/log.js'

const asked = 'asked'

export interface TimeLimitsInit {
  readonly log: Logger
  /** Called when the limits are on again. */
  readonly onBack: () => void
  /** Returns where the inspector of the gateway's process listens; undefined if it is closed. */
  readonly find?: () => string | undefined
}

export class TimeLimits {
  readonly #init: TimeLimitsInit
  readonly #find: () => string | undefined
  /** The workers with an inspector, and where each listens; `asked`: only Node's arguments ask for it. */
  readonly #workers = new Map<object, string>()
  #areOff = false

  constructor(init: TimeLimitsInit) {
    this.#init = init
    this.#find = init.find ?? findInspector
  }

  /** Whether the limits are off, as of the last look. */
  get areOff(): boolean {
    return this.#areOff
  }

  /** Looks for open inspectors. Called by the timers that enforce the limits, just before they do. */
  look(): void {
    const { log, onBack } = this.#init
    const areOff = this.#workers.size > 0 || this.#find() !== undefined
    if (areOff === this.#areOff) return
    this.#areOff = areOff
    if (areOff) return log.warn('Time limits are off: an inspector is open')
    log.info('Time limits are on again: no inspector is open')
    onBack()
  }

  /**
   * Calls `act` once `ms` milliseconds have passed. If the limits are off then, they begin anew. Returns a
   * function that stops it.
   */
  after(ms: number, act: () => void): () => void {
    const judge = () => {
      this.look()
      if (this.#areOff) timer = setTimeout(judge, ms)
      else act()
    }
    let timer = setTimeout(judge, ms)
    return () => clearTimeout(timer)
  }

  /** Notes where the inspector of a worker listens; null: it is closed, or the worker has ended. */
  note(worker: object, at: string | null): void {
    if (at === null) this.#workers.delete(worker)
    else this.#workers.set(worker, at)
    this.look()
  }

  /** Notes that the arguments of a worker that starts ask for an inspector. It may wait for a debugger. */
  noteAsked(worker: object): void {
    this.note(worker, asked)
  }

  /** Notes that a worker has started. If it has not told of an inspector by now, it has none. */
  started(worker: object): void {
    if (this.#workers.get(worker) === asked) this.note(worker, null)
  }
}
