/**
 * Sessions that went from here to another gateway. If that one is over before it has written them to the
 * store, the records of this one are the newest. They are released then: their writer lives, and so it would
 * count as the gateway that has the sessions.
 */
import type { Timing } from '../link/link-host.js'
import { formatRelease } from './entries/parked-entry.js'
import type { ParkedLog } from './entries/parked-log.js'

export interface GivenAwayInit {
  readonly log: Pick<ParkedLog, 'read' | 'append'>
  /** The own start. */
  readonly start: () => number
  /** Whether a session is here again, or is being restored here. */
  readonly isHere: (sid: number) => boolean
  /** While true, other gateways that ask for the session are told to ask again. */
  readonly setBusy: (sid: number, isBusy: boolean) => void
  readonly timing: Pick<Timing, 'after' | 'monotonic'>
  /** Milliseconds after which another gateway has written a session, or has been found to be over. */
  readonly writtenWithin: number
}

/** Releases under way at the same time. */
const mostAtOnce = 32

/** Milliseconds until the store is asked again that has not answered. */
const againAfter = 250

export class GivenAway {
  readonly #init: GivenAwayInit
  /** When each session was given away, by the start that has got it, the oldest first. */
  readonly #given = new Map<number, Map<number, number>>()
  /** Sessions whose release has not begun. */
  readonly #due = new Set<number>()
  readonly #releasing = new Map<number, Promise<void>>()
  #isClosed = false

  constructor(init: GivenAwayInit) {
    this.#init = init
  }

  /** Notes that a session went to another start. */
  add(sid: number, start: number): void {
    const sids = this.#given.get(start) ?? new Map<number, number>()
    sids.delete(sid)
    this.#given.set(start, sids.set(sid, this.#init.timing.monotonic()))
  }

  /** A session has come back here. */
  back(sid: number): void {
    for (const sids of this.#given.values()) sids.delete(sid)
  }

  /** A start has left by itself: it had no session any more. */
  forget(start: number): void {
    this.#given.delete(start)
  }

  /** A start is over: releases the sessions that it has got from here. */
  async over(start: number): Promise<void> {
    for (const sid of this.#given.get(start)?.keys() ?? []) {
      this.#due.add(sid)
      this.#init.setBusy(sid, true)
    }
    this.#given.delete(start)
    const releaseNext = async () => {
      for (const sid of this.#due) await this.release(sid)
    }
    await Promise.all(Array.from({ length: mostAtOnce }, releaseNext))
  }

  /** Releases a session, unless it is here or the store has nothing of it by this gateway. */
  release(sid: number): Promise<void> {
    const earlier = this.#releasing.get(sid)
    if (earlier !== undefined) return earlier
    const { setBusy } = this.#init
    this.#due.delete(sid)
    setBusy(sid, true)
    const released = this.#release(sid).finally(() => {
      this.#releasing.delete(sid)
      setBusy(sid, false)
    })
    this.#releasing.set(sid, released)
    return released
  }

  /** Resolves when a session is not to be released any more: what follows comes behind its release. */
  async whenReleased(sid: number): Promise<void> {
    await (this.#due.has(sid) ? this.release(sid) : this.#releasing.get(sid))
  }

  /** Forgets what the other gateways have written by now. Called now and then. */
  forgetWritten(): void {
    const { timing, writtenWithin } = this.#init
    const since = timing.monotonic() - writtenWithin
    for (const [start, sids] of this.#given) {
      for (const [sid, at] of sids) {
        if (at > since) break
        sids.delete(sid)
      }
      if (sids.size === 0) this.#given.delete(start)
    }
  }

  close(): void {
    this.#isClosed = true
  }

  async #release(sid: number): Promise<void> {
    const { log, isHere, start, timing } = this.#init
    while (!this.#isClosed) {
      const entries = await log.read(sid)
      if (entries !== undefined) {
        const isNamed = entries.some(entry => entry.kind !== 'release' && entry.start === start())
        // What is appended after it counts: if the session comes back here, its claim does.
        if (!isNamed || isHere(sid)) return
        if ((await log.append(sid, formatRelease(start()))) !== undefined) return
      }
      await new Promise<void>(resolve => timing.after(againAfter, resolve))
    }
  }
}
