/**
 * One attempt to load the handlers. Once it takes long it may be cancelled for another one: a module or an
 * `onStart` may wait for ever.
 *
 *   quick ──▶ slow ──▶ over
 */
import { errors } from '../../shared/errors.js'

/**
 * Milliseconds after which an attempt takes long: the log says so, and the next change of a file or request
 * to reload cancels it. A shorter one ends first, so that a file that changes all the time delays no load.
 */
export const slowAfter = 3_000

/** The errors of attempts that were cancelled. */
const cancelErrors = new WeakSet<Error>()

export class LoadAttempt {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  #state: 'quick' | 'slow' | 'over' = 'quick'
  /** Why another attempt is to follow; undefined: none is. */
  #why: string | undefined

  /** @param onSlow called when the attempt takes long */
  constructor(onSlow: () => void) {
    this.#timer = setTimeout(() => {
      this.#state = 'slow'
      onSlow()
      if (this.#why !== undefined) this.cancel(this.#why)
    }, slowAfter)
  }

  /** Aborts when the attempt is cancelled, with the error for whoever waits for it. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get isSlow(): boolean {
    return this.#state === 'slow'
  }

  /** Cancels it for another one: at once if it takes long, else once it does. */
  cancel(why: string): void {
    this.#why = why
    if (this.#state !== 'slow') return
    this.end()
    const error = errors.handlersInvalid(`They took long to load, and were cancelled: ${why}`)
    cancelErrors.add(error)
    this.#controller.abort(error)
  }

  /** It has succeeded, failed, or was cancelled. */
  end(): void {
    this.#state = 'over'
    clearTimeout(this.#timer)
  }
}

/** Whether an attempt has failed because it was cancelled for another one. */
export function isCancelled(error: unknown): boolean {
  return cancelErrors.has(error as Error)
}

/** Returns the log's message about an attempt that takes long. */
export function describeSlow(isDevelopment: boolean): string {
  const message = 'The handlers are still being loaded: a module or onStart waits'
  return isDevelopment ? `${message}; a saved file, r or SIGHUP tries again` : message
}
