/** Events that nobody has waited for yet, and those who wait for one. */
import { errors } from '../../shared/errors.js'

/** Events that are kept for later waits. */
const mostKept = 256

/** An event that has come. */
export interface InboxEvent {
  readonly event: string
  readonly body: unknown
}

interface Waiting {
  readonly events: readonly string[]
  readonly fits: (body: unknown) => boolean
  readonly resolve: (found: InboxEvent) => void
  readonly reject: (error: unknown) => void
}

export interface InboxWait {
  readonly timeout: number
  readonly fits: (body: unknown) => boolean
  /** Ends the wait; the promise then stays as it is. */
  readonly signal?: AbortSignal
}

export class EventInbox {
  #kept: InboxEvent[] = []
  readonly #waiting = new Set<Waiting>()

  receive(event: string, body: unknown): void {
    for (const waiting of this.#waiting) {
      if (!waiting.events.includes(event)) continue
      try {
        if (waiting.fits(body)) return waiting.resolve({ event, body })
      } catch (error) {
        // The event is there for others.
        waiting.reject(error)
      }
    }
    this.#kept.push({ event, body })
    if (this.#kept.length > mostKept) this.#kept.shift()
  }

  clear(): void {
    this.#kept = []
  }

  /**
   * Resolves with the oldest event of one of the names that fits and was not taken. Earlier ones of these
   * names are passed over.
   *
   * @throws `WAIT_TIMED_OUT`, and what `fits` throws
   */
  async wait(events: readonly string[], { timeout, fits, signal }: InboxWait): Promise<InboxEvent> {
    const isNamed = ({ event }: InboxEvent) => events.includes(event)
    const at = this.#kept.findIndex(each => isNamed(each) && fits(each.body))
    const found = this.#kept[at]
    this.#kept = this.#kept.filter((each, i) => !isNamed(each) || (at !== -1 && i > at))
    if (found !== undefined) return found
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        events,
        fits,
        resolve: come => {
          release()
          resolve(come)
        },
        reject: error => {
          release()
          reject(error)
        }
      }
      const release = () => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        signal?.removeEventListener('abort', release)
      }
      const timer = setTimeout(() => {
        waiting.reject(errors.waitTimedOut(events.join('" or "'), timeout))
      }, timeout)
      signal?.addEventListener('abort', release)
      this.#waiting.add(waiting)
    })
  }
}
