/**
 * The listeners of a bus by subject, and the wall around them: one that throws is logged.
 * A subject that ends with `.*` stands for all that have one more word in its place.
 */
import type { FullLogger } from '../../../shared/text/log.js'
import type { BusListener, Subscription } from './bus.js'

export type BusLog = Pick<FullLogger, 'error' | 'warn'>

export class BusListeners {
  readonly #log: BusLog
  readonly #bySubject = new Map<string, Set<BusListener>>()

  constructor(log: BusLog) {
    this.#log = log
  }

  add(subject: string, listener: BusListener): Subscription {
    // A function of its own, so that the same listener may be added twice.
    const own: BusListener = (bytes, reply) => listener(bytes, reply)
    const listeners = this.#bySubject.get(subject) ?? new Set()
    this.#bySubject.set(subject, listeners.add(own))
    return {
      end: () => {
        listeners.delete(own)
        if (listeners.size === 0 && this.#bySubject.get(subject) === listeners)
          this.#bySubject.delete(subject)
      }
    }
  }

  has(subject: string): boolean {
    return this.#bySubject.has(subject) || this.#bySubject.has(wildcardOf(subject))
  }

  /** Whether there are listeners that were added for just this subject, with its `.*` if it has one. */
  hasExactly(subject: string): boolean {
    return this.#bySubject.has(subject)
  }

  /** Calls the listeners of a message's subject. Never throws. */
  tell(subject: string, bytes: Buffer, reply: string | undefined): void {
    this.tellExactly(subject, bytes, reply)
    this.tellExactly(wildcardOf(subject), bytes, reply)
  }

  /** Calls the listeners that were added for just this subject. Never throws. */
  tellExactly(subject: string, bytes: Buffer, reply: string | undefined): void {
    const listeners = this.#bySubject.get(subject)
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        listener(bytes, reply)
      } catch (error) {
        this.#log.error('A message between gateways has failed', { subject, error })
      }
    }
  }

  clear(): void {
    this.#bySubject.clear()
  }
}

function wildcardOf(subject: string): string {
  return `${subject.slice(0, subject.lastIndexOf('.') + 1)}*`
}
