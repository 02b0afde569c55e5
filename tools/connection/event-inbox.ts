/** Events that nobody has waited for yet, and those who wait for one. */
import { errors } from '../../shared/errors.js'

/** Events that are kept for later waits. */
const mostKept = 256

interface Waiting {
  readonly event: string
  readonly fits: (body: unknown) => boolean
  readonly resolve: (body: unknown) => void
}

export interface InboxWait {
  readonly timeout: number
  readonly fits: (body: unknown) => boolean
  /** Ends the wait; the promise then stays as it is. */
  readonly signal?: AbortSignal
}

export class EventInbox {
  #events: { readonly event: string; readonly body: unknown }[] = []
  readonly #waiting = new Set<Waiting>()

  receive(event: string, body: unknown): void {
    for (const waiting of this.#waiting) {
      if (waiting.event === event && waiting.fits(body)) {
        this.#waiting.delete(waiting)
        return waiting.resolve(body)
      }
    }
    this.#events.push({ event, body })
    if (this.#events.length > mostKept) this.#events.shift()
  }

  clear(): void {
    this.#events = []
  }

  /**
   * Resolves with the oldest event of a name that fits and was not taken. Earlier ones of this name are
   * passed over.
   *
   * @throws `WAIT_TIMED_OUT`
   */
  wait(event: string, { timeout, fits, signal }: InboxWait): Promise<unknown> {
    const at = this.#events.findIndex(each => each.event === event && fits(each.body))
    const found = this.#events[at]
    this.#events = this.#events.filter((each, i) => each.event !== event || (at !== -1 && i > at))
    if (found !== undefined) return Promise.resolve(found.body)
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        event,
        fits,
        resolve: body => {
          release()
          resolve(body)
        }
      }
      const release = () => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        signal?.removeEventListener('abort', release)
      }
      const timer = setTimeout(() => {
        release()
        reject(errors.waitTimedOut(event, timeout))
      }, timeout)
      signal?.addEventListener('abort', release)
      this.#waiting.add(waiting)
    })
  }
}
