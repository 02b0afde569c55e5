/**
 * The log of starts: numbers the starts of all gateways, and tells which starts had a name before.
 */
import type { Bus, Subscription } from '../bus/bus.js'
import { tokenOf } from '../bus/subjects.js'
import { startBefore, starts } from './start-number.js'

/**
 * Leases for which the first start waits for answers, or for the death of an earlier start that does not
 * renew its lease: on a machine without time to spare the look that finds it dead comes late.
 */
export const longestNaming = 3

export interface StartsInit {
  readonly bus: Bus
  /** The log's name. */
  readonly log: string
  readonly frontendId: string
  /** The subject on which a living start answers. */
  readonly subjectOf: (start: number) => string
  /** The subject on which each member answers with the greatest number that it knows. */
  readonly knownSubject: string
}

/** Milliseconds for the answer of a gateway that has the same number. */
const answerTime = 250

/**
 * Numbers that a log is led past at most, one by one, to come behind one that others know. A greater one is
 * not of this cluster's logs, or is of a time when their clock was wrong: only its own gateway counts then.
 */
const mostSkipped = 500

/** Starts of one name that are read at most: those that are dead are removed. */
const mostStarts = 1_000

export class Starts {
  readonly #bus: Bus
  readonly #log: string
  readonly #key: string
  readonly #subjectOf: StartsInit['subjectOf']
  readonly #knownSubject: string
  /** The greatest number that this gateway has heard of. */
  #known = 0
  #ownSubscription: Subscription | undefined
  #knownSubscription: Subscription | undefined

  constructor({ bus, log, frontendId, subjectOf, knownSubject }: StartsInit) {
    this.#bus = bus
    this.#log = log
    this.#key = tokenOf(frontendId)
    this.#subjectOf = subjectOf
    this.#knownSubject = knownSubject
  }

  /** Takes note of a number that is in use, or was. */
  note(start: number): void {
    if (start < starts) this.#known = Math.max(this.#known, start)
  }

  /** Answers gateways that begin a start, until `end`. Called once this gateway is a member. */
  answer(): void {
    this.#knownSubscription = this.#subscribe(this.#knownSubject, () => `${this.#known}`)
  }

  end(): void {
    this.#ownSubscription?.end()
    this.#knownSubscription?.end()
  }

  #subscribe(subject: string, answer: () => string): Subscription {
    return this.#bus.subscribe(subject, (_, reply) => {
      if (reply !== undefined) this.#bus.publish(reply, Buffer.from(answer()))
    })
  }

  make(): Promise<void> {
    return this.#bus.makeLog({ name: this.#log, maxAge: 0 })
  }

  /**
   * Begins a start. Its number is greater than what this gateway and another member know: the log may have
   * been lost, and count from a smaller one. Resolves to its number; undefined: no answer.
   */
  async begin(): Promise<number | undefined> {
    const answer = await this.#bus.ask(this.#knownSubject, Buffer.alloc(0), answerTime)
    this.note(Number(answer?.toString()))
    for (;;) {
      const before = await this.#bus.madeAt(this.#log)
      const number = await this.#bus.append(this.#log, this.#key, Buffer.from('start'))
      const madeAt = await this.#bus.madeAt(this.#log)
      if (number === undefined || madeAt === undefined || before === undefined) return undefined
      if (madeAt !== before) continue
      const start = startBefore(madeAt) + number
      const isNext = start > this.#known || this.#known - start > mostSkipped
      if (isNext && !(await this.#isUsed(start))) {
        this.note(start)
        this.#ownSubscription?.end()
        this.#ownSubscription = this.#subscribe(this.#subjectOf(start), () => 'here')
        return start
      }
      await this.#bus.remove(this.#log, number)
    }
  }

  /** A gateway that lives may have the number from a log that was lost. */
  async #isUsed(start: number): Promise<boolean> {
    const answer = await this.#bus.ask(this.#subjectOf(start), Buffer.alloc(0), answerTime)
    return answer !== undefined
  }

  /**
   * Returns the earlier starts of the same name that `isDead` does not remove. undefined: no answer.
   */
  async othersBefore(
    start: number,
    isDead: (start: number) => Promise<boolean | undefined>
  ): Promise<number[] | undefined> {
    const madeAt = await this.#bus.madeAt(this.#log)
    if (madeAt === undefined) return undefined
    const base = startBefore(madeAt)
    const others: number[] = []
    let next = 1
    for (let read = 0; read < mostStarts; read++) {
      const found = await this.#bus.first(this.#log, this.#key, next)
      if (found === undefined) return undefined
      // Nothing there, or only later ones: the own entry is of a log that was lost meanwhile.
      if (found === null || base + found.number >= start) return others
      const isOver = await isDead(base + found.number)
      if (isOver === undefined) return undefined
      if (isOver) void this.#bus.remove(this.#log, found.number)
      else others.push(base + found.number)
      next = found.number + 1
    }
    return others
  }
}
