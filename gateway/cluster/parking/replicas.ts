/**
 * Writes the records of the sessions here, from which another gateway restores them after a crash.
 *
 * Each session has at most one write under way, and one that waits and takes in all changes until it begins.
 * A record is removed when the next one is there, or when the session ends. A gateway that was cut off writes
 * nothing of a session until it is decided that the session is still here (restarts.ts), which it judges by
 * what was written before.
 */
import { ResumableReceiver } from '../../resume/resumable-receiver.js'
import { inStore } from '../../sessions/registry-events.js'
import type { Session } from '../../sessions/session.js'
import { EndedEntries } from './entries/ended-entries.js'
import { LogWatch } from './entries/log-watch.js'
import { formatClaim, formatState, isState, type ParkedEntry } from './entries/parked-entry.js'
import { longestKept } from './entries/parked-log.js'
import type { Holding, ReplicasInit, Written } from './holding.js'
import { Restarts } from './restarts.js'

/** Sessions that are written at the same time, beside those that an answer waits for. */
const mostWrites = 64

export class Replicas {
  readonly restarts: Restarts
  readonly #init: ReplicasInit
  readonly #held = new Map<Session, Holding>()
  /** Sessions that were bound or unbound since their last write began. */
  readonly #boundAnew = new WeakSet<Session>()
  /** Changed sessions whose write has not begun. */
  readonly #due = new Set<Session>()
  readonly #ended: EndedEntries
  /** The claim by which a session is being restored at this moment. */
  #arriving: number | undefined
  /** Changed sessions whose write is under way. What changes meanwhile is due once it is over. */
  readonly #writing = new Set<Session>()
  #stop: () => void = () => {}
  readonly #watch: LogWatch

  constructor(init: ReplicasInit) {
    this.#init = init
    const { registry } = init
    this.#watch = new LogWatch(init.log, init.timing)
    this.#ended = new EndedEntries(init)
    this.restarts = new Restarts({
      ...init,
      held: this.#held,
      watch: this.#watch,
      logLost: () => this.#loseEntries(),
      kicked: (session, reason) => registry.kick(session, reason),
      kept: session => init.isOn && this.#writeSoon(session)
    })
    if (init.isOn) {
      registry.on('resumed', session => this.#writeSoon(session))
      registry.on('movedIn', session => this.#cameHere(session))
    }
    for (const event of ['bind', 'unbind'] as const)
      registry.on(event, (session: Session) => {
        this.#boundAnew.add(session)
        const holding = this.#held.get(session)
        if (holding?.written !== undefined) holding.written = { ...holding.written, uid: undefined }
      })
    registry.on('closed', session => this.#forget(session, true))
    registry.on('moved', (session, to) => this.#forget(session, !init.isOn && to !== inStore))
    this.#lookLater()
  }

  /** Notes when the log was made. */
  async open(): Promise<void> {
    await this.#watch.isAnother()
  }

  /** Looks whether the log was made anew, and writes all that it had again. */
  async followLog(): Promise<void> {
    if (await this.#watch.isAnother()) this.#loseEntries()
  }

  /** Returns the generation of a session, for the entry that parks it. */
  generationOf(session: Session): number {
    return this.#held.get(session)?.generation ?? 0
  }

  /** Whether the store has a record of a session, by this gateway. */
  isWritten(session: Session): boolean {
    return this.#held.get(session)?.record !== undefined
  }

  /** Whether a session has ended here whose entries are still to be removed. */
  isOver(sid: number): boolean {
    return this.#ended.has(sid)
  }

  /** Has a session restored here by the claim with this number. Returns what `revive` returns. */
  restore(claim: number, revive: () => Session | undefined): Session | undefined {
    this.#arriving = claim
    const session = revive()
    this.#arriving = undefined
    if (session !== undefined && !this.#init.isOn) {
      this.#held.set(session, { generation: claim, claim, leftovers: 0, start: this.#init.start() })
      void this.#init.log.sweep(session.sid, entry => isState(entry) && entry.generation < claim)
    }
    return session
  }

  /** Whether no other gateway can have restored a session. */
  isSurelyHere(session: Session): boolean {
    return this.#isSurelyHere(this.#of(session))
  }

  #isSurelyHere(holding: Holding): boolean {
    return this.#init.hasLease() && holding.start === this.#init.start()
  }

  /** Writes a session as it is now. Resolves to why that has failed; undefined: it has not. */
  write(session: Session): Promise<string | undefined> {
    const holding = this.#of(session)
    if (holding.next !== undefined) return holding.next
    const next = (holding.running ?? Promise.resolve()).then(() => {
      holding.running = next
      holding.next = undefined
      return this.#append(session, holding)
    })
    holding.next = next
    return next
  }

  /** Waits until what has ended is removed, but at most `ms` milliseconds. */
  close(ms: number): Promise<void> {
    this.#stop()
    return this.#ended.close(ms)
  }

  /** The log was made anew: the numbers of entries that are known are those of others by now. */
  #loseEntries(): void {
    for (const [session, holding] of this.#held) {
      if (holding.generation !== 0) holding.generation = undefined
      delete holding.claim
      delete holding.record
      delete holding.written
      if (this.#init.isOn) this.#due.add(session)
    }
    this.#pump()
  }

  #of(session: Session): Holding {
    let holding = this.#held.get(session)
    if (holding === undefined) {
      holding = { generation: 0, leftovers: 0, start: this.#init.start() }
      this.#held.set(session, holding)
    }
    return holding
  }

  #cameHere(session: Session): void {
    const claim = this.#arriving
    const start = this.#init.start()
    this.#held.set(session, { generation: claim, leftovers: 0, start, ...(claim !== undefined && { claim }) })
    this.#writeSoon(session)
  }

  #writeSoon(session: Session): void {
    this.#due.add(session)
    this.#pump()
  }

  #pump(): void {
    for (const session of this.#due) {
      if (this.#writing.size === mostWrites || !this.#init.log.isUp) return
      if (this.#writing.has(session) || !this.isSurelyHere(session)) continue
      this.#due.delete(session)
      if (!session.isOpen) continue
      this.#writing.add(session)
      void this.write(session).finally(() => {
        this.#writing.delete(session)
        this.#pump()
      })
    }
  }

  #lookLater(): void {
    this.#stop = this.#init.timing.after(this.#init.every, () => {
      if (this.#init.isOn) this.#look()
      const { isUp } = this.#init.log
      if (isUp && this.#watch.isDue) void this.followLog()
      this.#ended.removeNext()
      this.#lookLater()
    })
  }

  /** Looks which sessions have changed, or were written long ago. */
  #look(): void {
    const now = this.#init.timing.monotonic()
    for (const session of this.#init.registry.all()) {
      const { receiver } = session
      if (!(receiver instanceof ResumableReceiver)) continue
      const { written } = this.#held.get(session) ?? {}
      if (written === undefined ? !session.holdsNothing : this.#hasChanged(session, receiver, written, now))
        this.#due.add(session)
    }
    this.#pump()
  }

  #hasChanged(session: Session, receiver: ResumableReceiver, written: Written, now: number): boolean {
    if (written.version !== session.version || written.joins !== session.joins) return true
    if (written.window !== session.resumeWindow || now - written.at > longestKept / 3) return true
    return written.hashes !== this.#init.hashesOf(receiver)
  }

  async #append(session: Session, holding: Holding): Promise<string | undefined> {
    const { log, describe, hashesOf, timing, start } = this.#init
    const { sid, receiver } = session
    if (holding.isOver || !(receiver instanceof ResumableReceiver)) return undefined
    if (!this.#isSurelyHere(holding)) return undecided
    const isNew = holding.generation === undefined
    if (isNew) {
      const claim = await log.append(sid, formatClaim(start()))
      if (claim === undefined) return noAnswer
      if (!this.#isSurelyHere(holding)) {
        void log.remove(claim)
        return undecided
      }
      holding.generation = claim
      holding.claim = claim
      if (holding.isOver || session.receiver !== receiver) return undefined
    }
    this.#boundAnew.delete(session)
    const written: Written = {
      uid: session.uid,
      version: session.version,
      joins: session.joins,
      window: session.resumeWindow,
      hashes: hashesOf(receiver),
      at: timing.monotonic()
    }
    const state = describe(session, receiver)
    const generation = holding.generation ?? 0
    const bytes = formatState({ kind: 'record', start: start(), generation, endsAt: 0, state })
    const before = holding.record
    const isTooLarge = this.#init.tooLarge.isSo(session, bytes.length)
    const record = isTooLarge ? undefined : await log.append(sid, bytes)
    if (isTooLarge) {
      // An older record would bring back what has changed long since.
      holding.written = written
      delete holding.record
      await log.sweep(sid, entry => isState(entry) && entry.generation <= generation)
      return `its ${bytes.length} bytes are more than the ${log.maxBytes} that it keeps`
    }
    if (record === undefined || !this.#isSurelyHere(holding)) {
      // The store may have it nevertheless, perhaps behind what others have written since.
      holding.leftovers++
      return record === undefined ? noAnswer : undecided
    }
    // Numbers that fall are those of a log that was made anew.
    if (before !== undefined && record <= before) await this.followLog()
    holding.record = record
    // What was before a session came here, or before it was restored, is over now.
    if (before === undefined && generation > 0) {
      const isOld = (entry: ParkedEntry) =>
        entry.number !== holding.claim &&
        (isState(entry) ? entry.generation < generation : entry.number < generation)
      void log.sweep(sid, isOld)
    } else if (before !== undefined && before < record) {
      holding.leftovers++
      void log.remove(before).then(isDone => {
        if (isDone) holding.leftovers--
      })
    }
    holding.written = this.#boundAnew.has(session) ? { ...written, uid: undefined } : written
    return undefined
  }

  /** `isRemoved`: the session has no entries any more. Else its next gateway removes them. */
  #forget(session: Session, isRemoved: boolean): void {
    const holding = this.#held.get(session)
    this.#held.delete(session)
    this.#due.delete(session)
    if (holding === undefined) return
    holding.isOver = true
    const last = holding.next ?? holding.running
    // One that has come, and was not claimed here yet, has the entries of its former gateways.
    const mayHaveCome = holding.generation === undefined
    const wasWritten = last !== undefined || holding.record !== undefined || holding.claim !== undefined
    if (!isRemoved || !(mayHaveCome || wasWritten)) return
    this.#ended.add(session.sid, last, () => {
      const { generation = this.#mostOver(holding), record, leftovers } = holding
      return { generation, only: generation === 0 && leftovers === 0 ? record : undefined }
    })
  }

  /** Returns the greatest generation that is over with a session that ended before it was claimed here. */
  #mostOver({ start }: Holding): number {
    // If the start has died since, another gateway may have restored it, and have it.
    return start === this.#init.start() ? Number.MAX_SAFE_INTEGER : 0
  }
}

const noAnswer = 'it does not answer'
const undecided = 'this gateway was cut off, and another one may have the session'
