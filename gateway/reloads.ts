/** Runs reloads of the handlers one at a time; logs those of signals and of `--dev`. The pool does them. */
import { GatewayError } from '../shared/errors.js'
import { listNames } from '../shared/text/listed.js'
import type { LogFields } from '../shared/text/log.js'
import { describeChanged } from './development/development.js'
import { describeSlow, isCancelled, slowAfter } from './development/load-attempt.js'
import type { Gateway } from './gateway.js'

/** Runs one reload at a time. Calls during a run share a single run that begins after it. */
export class Reloads {
  readonly #run: () => Promise<void>
  /** Settles when the last requested run has ended; never rejects. */
  #last: Promise<void> = Promise.resolve()
  /** The requested run that has not begun yet. */
  #next: Promise<void> | undefined
  #hasFailed = false

  constructor(run: () => Promise<void>) {
    this.#run = run
  }

  /** Whether the last run has failed: the handlers that are there do not load. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** A worker has loaded the handlers: those that are there are all right. */
  noteLoaded(): void {
    this.#hasFailed = false
  }

  /**
   * Requests a run, and settles with its result. The run begins after the call, so it sees all earlier
   * changes.
   */
  ask(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    const next = this.#last.then(() => {
      this.#next = undefined
      return this.#run()
    })
    this.#next = next
    this.#last = next.then(
      () => {
        this.#hasFailed = false
      },
      error => {
        if (!isClosing(error) && !isCancelled(error)) this.#hasFailed = true
      }
    )
    return next
  }
}

/** The runs of reloads that are logged. */
const told = new WeakSet<Promise<void>>()

/**
 * Reloads the handlers and logs the result, once for all calls that share a run; after three seconds without
 * a result, that too. If the new ones do not load, the old ones stay in use.
 *
 * @param changed the files whose change has caused the reload
 */
export async function reloadHandlers(gateway: Gateway, changed: readonly string[] = []): Promise<void> {
  const { dev, log, monotonic, startTimeout } = gateway.options
  const startedAt = monotonic()
  const run = gateway.askReload()
  if (told.has(run)) return run.catch(() => {})
  told.add(run)
  const cause = changed.length === 0 ? {} : { changed: describeChanged(changed) }
  const slow = setTimeout(() => {
    log.warn(describeSlow(dev), { at: listNames(gateway.loadingSteps), startTimeout, ...cause })
  }, slowAfter)
  try {
    const before = gateway.routes
    await run
    log.info('The handlers were loaded anew', {
      ...describeRoutes(before, gateway.routes),
      ms: Math.round(monotonic() - startedAt),
      ...cause
    })
  } catch (error) {
    if (isClosing(error)) return log.info('The handlers are not loaded anew: the gateway is closing')
    const { message } = error as Error
    if (isCancelled(error)) return log.info('The handlers are loaded once more', { why: message, ...cause })
    log.error('The new handlers do not load; the old ones go on', { error: message, ...cause })
  } finally {
    clearTimeout(slow)
  }
}

function isClosing(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'CLOSING'
}

/** A route that clients may request. */
export interface OfferedRoute {
  readonly route: string
  /** The file that offers it, relative to the handlers' folder. */
  readonly file: string
}

/**
 * Returns the number of routes, the `new` ones and those that are `gone`. Fields of neither are left out. A
 * route whose file has changed is neither.
 */
export function describeRoutes(before: readonly OfferedRoute[], after: readonly OfferedRoute[]): LogFields {
  const came = subtract(after, before)
  const went = subtract(before, after)
  return {
    routes: after.length,
    ...(came.length > 0 && { new: listNames(came) }),
    ...(went.length > 0 && { gone: listNames(went) })
  }
}

function subtract(routes: readonly OfferedRoute[], others: readonly OfferedRoute[]): string[] {
  const known = new Set(others.map(({ route }) => route))
  return routes.map(({ route }) => route).filter(route => !known.has(route))
}
