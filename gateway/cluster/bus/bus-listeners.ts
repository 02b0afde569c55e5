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

  /** Calls the listeners of a subject. Never throws. */
  tell(subject: string, bytes: Buffer, reply: string | undefined): void {
    this.#tellEach(this.#bySubject.get(subject), subject, bytes, reply)
    this.#tellEach(this.#bySubject.get(wildcardOf(subject)), subject, bytes, reply)
  }

  clear(): void {
    this.#bySubject.clear()
  }

  #tellEach(
    listeners: ReadonlySet<BusListener> | undefined,
    subject: string,
    bytes: Buffer,
    reply: string | undefined
  ): void {
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        listener(bytes, reply)
      } catch (error) {
        this.#log.error('A message between gateways has failed', { subject, error })
      }
    }
  }
}

function wildcardOf(subject: string): string {
  return `${subject.slice(0, subject.lastIndexOf('.') + 1)}*`
}
