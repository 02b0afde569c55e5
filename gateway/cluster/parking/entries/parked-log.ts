/**
 * The store of sessions: a log of the bus, with the entries of each session under its number, and the kicks
 * of each user under their uid.
 */
import type { Bus } from '../../bus/bus.js'
import { logsOf } from '../../bus/subjects.js'
import {
  formatKick,
  isState,
  type KickEntry,
  type ParkedEntry,
  parseEntry,
  parseKick
} from './parked-entry.js'

/** Milliseconds after which an entry is removed by itself. Whoever has the session writes it anew before. */
export const longestKept = 3_600_000

export class ParkedLog {
  readonly #bus: Bus
  readonly #name: string

  /** @param cluster the cluster's name */
  constructor(bus: Bus, cluster: string) {
    this.#bus = bus
    this.#name = logsOf(cluster).parked
  }

  get isUp(): boolean {
    return this.#bus.isUp
  }

  /** Bytes that an entry may have. */
  get maxBytes(): number {
    return this.#bus.maxBytes
  }

  /** Makes the log. Rejects if the bus can't keep it. */
  open(): Promise<void> {
    return this.#bus.makeLog({ name: this.#name, maxAge: longestKept })
  }

  /** Returns when the log was made, which changes if it is lost; undefined: no answer. */
  madeAt(): Promise<number | undefined> {
    return this.#bus.madeAt(this.#name)
  }

  append(sid: number, bytes: Buffer): Promise<number | undefined> {
    return this.#bus.append(this.#name, `${sid}`, bytes)
  }

  /** Returns all entries of a session, in order; undefined: no answer. */
  async read(sid: number): Promise<readonly ParkedEntry[] | undefined> {
    const entries: ParkedEntry[] = []
    for (let from = 1; ; ) {
      const entry = await this.#bus.first(this.#name, `${sid}`, from)
      if (entry === undefined) return undefined
      if (entry === null) return entries
      const parsed = parseEntry(entry, sid)
      if (parsed !== undefined) entries.push(parsed)
      from = entry.number + 1
    }
  }

  /** Whether an entry of a session is still there; undefined: no answer. */
  async has(sid: number, number: number): Promise<boolean | undefined> {
    const entry = await this.#bus.first(this.#name, `${sid}`, number)
    return entry === undefined ? undefined : entry?.number === number
  }

  appendKick(uid: string, reason: string | null): Promise<number | undefined> {
    return this.#bus.append(this.#name, keyOfKicks(uid), formatKick(reason))
  }

  /** Returns the first kick of a user behind an entry. null: there is none; undefined: no answer. */
  async kickBehind(number: number, uid: string): Promise<KickEntry | null | undefined> {
    for (let from = number + 1; ; ) {
      const entry = await this.#bus.first(this.#name, keyOfKicks(uid), from)
      const kick = entry && parseKick(entry)
      if (kick !== undefined || entry === undefined) return kick
      from = entry!.number + 1
    }
  }

  remove(number: number): Promise<boolean> {
    return this.#bus.remove(this.#name, number)
  }

  /**
   * Removes those entries of a session that `isOver` names: claims and releases last, since whoever looks
   * must not miss one while there is a record before it. Resolves to whether the bus has answered.
   */
  async sweep(sid: number, isOver: (entry: ParkedEntry) => boolean): Promise<boolean> {
    const entries = await this.read(sid)
    if (entries === undefined) return false
    const over = entries.filter(isOver)
    const ordered = [...over.filter(entry => isState(entry)), ...over.filter(entry => !isState(entry))]
    for (const { number } of ordered) if (!(await this.remove(number))) return false
    return true
  }
}

/** Keys of sessions are digits. */
function keyOfKicks(uid: string): string {
  return `kicks of ${uid}`
}
