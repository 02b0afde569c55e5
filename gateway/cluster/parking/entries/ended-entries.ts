/**
 * Removes the entries of sessions that have ended here, until the store has answered for each.
 *
 * Thousands may end at once. So few removals are under way at the same time, and each once only: the leases
 * and the claims go over the same connection.
 */
import type { Timing } from '../../link/link-host.js'
import { isState } from './parked-entry.js'
import type { ParkedLog } from './parked-log.js'

/** Removals under way at the same time. */
const mostAtOnce = 32

export interface EndedEntriesInit {
  readonly log: Pick<ParkedLog, 'isUp' | 'has' | 'remove' | 'sweep'>
  readonly timing: Pick<Timing, 'after'>
}

/** What is known of the entries of a session that has ended. */
export interface Ended {
  /** The greatest generation whose entries are over. */
  readonly generation: number
  /** Number of the only entry; undefined: there may be others. */
  readonly only: number | undefined
}

export class EndedEntries {
  readonly #init: EndedEntriesInit
  /** By session. undefined: a write is under way. */
  readonly #ended = new Map<number, Ended | undefined>()
  readonly #running = new Set<number>()
  #onEmpty: (() => void) | undefined

  constructor(init: EndedEntriesInit) {
    this.#init = init
  }

  has(sid: number): boolean {
    return this.#ended.has(sid)
  }

  /** Removes the entries of a session once its last write is over, and `describe` can tell of them. */
  add(sid: number, written: Promise<unknown> | undefined, describe: () => Ended): void {
    this.#ended.set(sid, undefined)
    void (written ?? Promise.resolve()).then(() => {
      this.#ended.set(sid, describe())
      this.removeNext()
    })
  }

  /** Begins removals. Also called now and then, for those that had no answer. */
  removeNext(): void {
    if (!this.#init.log.isUp) return
    for (const [sid, ended] of this.#ended) {
      if (this.#running.size >= mostAtOnce) return
      if (ended !== undefined && !this.#running.has(sid)) void this.#remove(sid, ended)
    }
  }

  /** Resolves when all are removed, but after `ms` milliseconds at the latest. */
  async close(ms: number): Promise<void> {
    if (this.#ended.size === 0 || !this.#init.log.isUp) return
    await new Promise<void>(resolve => {
      const stop = this.#init.timing.after(ms, resolve)
      this.#onEmpty = () => {
        stop()
        resolve()
      }
      this.removeNext()
    })
  }

  async #remove(sid: number, ended: Ended): Promise<void> {
    this.#running.add(sid)
    const isDone = await this.#removeEntries(sid, ended)
    this.#running.delete(sid)
    // Else the session has come back, and has ended once more.
    if (this.#ended.get(sid) === ended) {
      this.#ended.delete(sid)
      // What has no answer waits for the next look, behind the others.
      if (!isDone) this.#ended.set(sid, ended)
    }
    if (isDone) this.removeNext()
    if (this.#ended.size === 0) this.#onEmpty?.()
  }

  async #removeEntries(sid: number, { generation, only }: Ended): Promise<boolean> {
    const { log } = this.#init
    // A store that was made anew may have the entry of another session under that number.
    const isThere = only !== undefined && (await log.has(sid, only))
    if (isThere === undefined) return false
    if (only !== undefined && isThere) return log.remove(only)
    return log.sweep(sid, entry =>
      isState(entry) ? entry.generation <= generation : entry.number <= generation
    )
  }
}
