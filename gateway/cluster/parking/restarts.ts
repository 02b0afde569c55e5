/**
 * Decides which sessions are still here after a new start.
 *
 * A new start begins when the old one was certified dead, because this gateway was cut off. Whatever another
 * gateway has restored meanwhile is lost here, and all else is claimed anew. Each session is decided once for
 * each start.
 */
import type { Registry } from '../../sessions/registry.js'
import type { Session } from '../../sessions/session.js'
import type { LogWatch } from './entries/log-watch.js'
import { formatClaim, isState } from './entries/parked-entry.js'
import { longestKept } from './entries/parked-log.js'
import type { Holding, ReplicasInit } from './holding.js'

export interface RestartsInit extends Pick<ReplicasInit, 'log' | 'timing' | 'start' | 'isDead' | 'lost'> {
  readonly registry: Pick<Registry, 'findRecipient'>
  readonly held: ReadonlyMap<Session, Holding>
  readonly watch: LogWatch
  /** Called when the log was made anew. */
  readonly logLost: () => void
  /** Called when the user of a session was kicked while this gateway was cut off. */
  readonly kicked: (session: Session, reason: string | null) => void
  /** Called when a session was claimed anew, and has no record of that. */
  readonly kept: (session: Session) => void
}

/** Milliseconds until the store is asked again that has not answered. */
const againAfter = 250

export class Restarts {
  readonly #init: RestartsInit
  /** The starts of this process. */
  readonly #ownStarts = new Set<number>()
  /** Whether the log is the one from before the last start. */
  #log: { readonly start: number; readonly isSame: Promise<boolean> } | undefined

  constructor(init: RestartsInit) {
    this.#init = init
    this.#ownStarts.add(init.start())
  }

  /** Decides all sessions, one after the other, until the store has answered for each. */
  async begin(start: number): Promise<void> {
    this.#ownStarts.add(start)
    let hasAnswered = true
    for (const [session, holding] of [...this.#init.held]) {
      if (this.#init.start() !== start) return
      if ((await this.#decide(session, holding)) === undefined) hasAnswered = false
    }
    if (!hasAnswered) this.#init.timing.after(againAfter, () => void this.begin(start))
  }

  /** Whether it is not decided yet if a session is still here. */
  isUndecided(sid: number): boolean {
    const holding = this.#find(sid)?.holding
    return holding !== undefined && (holding.start !== this.#init.start() || holding.deciding !== undefined)
  }

  /** Resolves to whether a session is still here. */
  async isHere(sid: number): Promise<boolean> {
    for (let found = this.#find(sid); found !== undefined; found = this.#find(sid)) {
      const isHere = await this.#decide(found.session, found.holding)
      if (isHere !== undefined) return isHere
      await new Promise<void>(resolve => this.#init.timing.after(againAfter, resolve))
    }
    return true
  }

  #find(sid: number): { session: Session; holding: Holding } | undefined {
    const { registry, held } = this.#init
    // One on its way may come back from there.
    const session = registry.findRecipient(sid)
    const holding = session && held.get(session)
    return session && holding && { session, holding }
  }

  /** Resolves to whether a session is still here; undefined: the store has not answered. */
  async #decide(session: Session, holding: Holding): Promise<boolean | undefined> {
    const start = this.#init.start()
    if (holding.start !== start)
      holding.deciding ??= this.#reclaim(session, holding, start)
        .then(hasAnswered => {
          if (hasAnswered) holding.start = start
        })
        .finally(() => (holding.deciding = undefined))
    await holding.deciding
    if (holding.isLost === true) return false
    return holding.start === this.#init.start() ? true : undefined
  }

  /** Whether the log is the one from before a start, as far as that is known. */
  #isSameLog(start: number): Promise<boolean> {
    if (this.#log?.start !== start) this.#log = { start, isSame: this.#compareLogs() }
    return this.#log.isSame
  }

  async #compareLogs(): Promise<boolean> {
    const isAnother = await this.#init.watch.isAnother()
    if (isAnother) this.#init.logLost()
    return isAnother === false
  }

  /** Claims a session anew, or lets it go. Resolves to whether the store has answered. */
  async #reclaim(session: Session, holding: Holding, start: number): Promise<boolean> {
    const { log, timing, isDead, lost, kept, kicked } = this.#init
    const { sid } = session
    this.#ownStarts.add(start)
    const isSameLog = await this.#isSameLog(start)
    await (holding.next ?? holding.running)
    const { generation, record, written } = holding
    if (!session.isOpen || holding.isOver) return true
    if (generation === undefined) return true
    // The store may have a record whose answer was lost.
    if (record === undefined && holding.claim === undefined && holding.leftovers === 0) return true
    const claim = await log.append(sid, formatClaim(start))
    const entries = claim === undefined ? undefined : await log.read(sid)
    if (claim === undefined || entries === undefined) return false
    const isFresh = written !== undefined && timing.monotonic() - written.at < longestKept / 2
    const isGone =
      isSameLog && isFresh && record !== undefined && !entries.some(each => each.number === record)
    let isLost = isGone
    for (const entry of entries) {
      if (this.#ownStarts.has(entry.start)) continue
      if (isState(entry)) isLost ||= entry.generation > generation
      else if (entry.kind === 'claim' && entry.number > generation && entry.number < claim)
        isLost ||= (await isDead(entry.start)) !== true
    }
    const { uid } = written ?? {}
    const kick = uid == null || record === undefined || isLost ? null : await log.kickBehind(record, uid)
    if (kick === undefined) return false
    if (holding.isOver) return true
    if (kick !== null && holding.written?.uid === uid) {
      void log.remove(claim)
      kicked(session, kick.reason)
      return true
    }
    if (isLost) {
      holding.isLost = true
      void log.remove(claim)
      // What came there late is behind all that the other gateway has removed, and would bring the
      // session back.
      const last = record ?? holding.claim ?? 0
      if (holding.leftovers > 0)
        void log.sweep(
          sid,
          entry => isState(entry) && this.#ownStarts.has(entry.start) && entry.number > last
        )
      lost(session)
      return true
    }
    holding.generation = claim
    holding.claim = claim
    delete holding.record
    // Decided, so that it may be written.
    holding.start = start
    kept(session)
    return true
  }
}
