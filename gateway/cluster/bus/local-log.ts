/** A log of a LocalNetwork: entries by number and by key, which are removed by themselves at their age. */
import type { Entry, LogInit } from './bus.js'

interface AgedEntry extends Entry {
  readonly key: string
  readonly at: number
}

export class LocalLog {
  readonly maxAge: number
  readonly madeAt: number
  readonly #now: () => number
  /** In the order of their numbers, which is that of their ages. */
  readonly #entries = new Map<number, AgedEntry>()
  readonly #byKey = new Map<string, AgedEntry[]>()
  #last = 0

  /** @param now milliseconds since 1970 */
  constructor({ maxAge }: LogInit, now: () => number) {
    this.maxAge = maxAge
    this.#now = now
    this.madeAt = now()
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size
  }

  append(key: string, bytes: Uint8Array): number {
    const entry = { number: ++this.#last, key, at: this.#now(), bytes: Buffer.from(bytes) }
    this.#entries.set(entry.number, entry)
    const ofKey = this.#byKey.get(key)
    if (ofKey === undefined) this.#byKey.set(key, [entry])
    else ofKey.push(entry)
    return entry.number
  }

  first(key: string, from: number, isHidden: (entry: Entry) => boolean = () => false): Entry | null {
    this.#expire()
    const entry = this.#byKey.get(key)?.find(each => each.number >= from && !isHidden(each))
    return entry === undefined ? null : { number: entry.number, bytes: Buffer.from(entry.bytes) }
  }

  remove(number: number): void {
    const entry = this.#entries.get(number)
    if (entry === undefined) return
    this.#entries.delete(number)
    const ofKey = this.#byKey.get(entry.key)!
    ofKey.splice(ofKey.indexOf(entry), 1)
    if (ofKey.length === 0) this.#byKey.delete(entry.key)
  }

  #expire(): void {
    if (this.maxAge === 0) return
    const least = this.#now() - this.maxAge
    for (const { number, at } of this.#entries.values()) {
      if (at > least) return
      this.remove(number)
    }
  }
}
