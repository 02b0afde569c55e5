/**
 * The way of a claim to its user: its entry is appended, and held once it is the first of the user.
 *
 * Who stands before it is asked first, and its entry is removed only if it is gone: because its gateway says
 * so, or because its start is dead. What is gone never comes back under the same name. So of two that hold,
 * the later saw the earlier removed: only one holds. After each wait it is looked whether the claim is still
 * there and the own lease good. An entry is never taken for the first because others seem to be absent: the
 * claim's own entry must be seen.
 *
 * Who removes does not matter to that, but two should not at once: nats-server 2.9 then hides later entries
 * of the user from looks for a while. A gateway removes what it calls gone before it says so, and the entries
 * of a dead start are removed by the claim next to them. Others remove what still stands at their next look.
 * A claim that misses its own entry takes another name and appends again; should the hidden entry come to
 * light, it is gone. An entry that is hidden after its claim was held is caught by OtherHolders, and by the
 * audit.
 */
import type { Bus, Entry } from '../bus/bus.js'
import type { logsOf } from '../bus/subjects.js'
import type { Membership } from '../members/membership.js'
import { type Claim, type ClaimName, formatClaimName, isSame, logIndexOf, parseClaimName } from './claim.js'
import { type InterestedIn, OtherHolders } from './other-holders.js'
import type { Answer, AnyAnswer, ClaimMode, Question, Questions } from './questions.js'
import { Removals } from './removals.js'

/** The members of the cluster, and what is known of their deaths without a look. */
export interface KnownMembers extends Membership {
  isKnownDead(start: number): boolean
}

/** The end of a claim's way. `unavailable`: with the reason. */
export type Secured =
  | { readonly kind: 'held' }
  | { readonly kind: 'taken' }
  | { readonly kind: 'over' }
  | { readonly kind: 'unavailable'; readonly why: string }

export interface ClaimingInit {
  readonly bus: Bus
  readonly logs: ReturnType<typeof logsOf>
  readonly members: KnownMembers
  readonly questions: Pick<Questions, 'ask'>
  /** Answers a question about a claim of this gateway. */
  readonly answer: (question: Question) => AnyAnswer
  readonly interestedIn: InterestedIn
  /** Whether a claim was one of this gateway, and is over: for ever. */
  readonly isOver: (uid: string, name: ClaimName) => boolean
  /** Names a claim anew, by the present start. */
  readonly rename: (claim: Claim) => void
  /** Milliseconds for which a claim is tried. */
  readonly claimTimeout: number
  readonly monotonic: () => number
}

/** Milliseconds until the next look: while another is undecided, and while a gateway does not answer. */
const pendingWait = 2
const silentWait = 50

/** Entries before the own one whose starts are watched at once. */
const mostNoticed = 100

/** Entries that may be missed: the log hides them, or has a new leader. Then the user can't be had. */
const mostMisses = 20

/**
 * What is known of the claim that stands first. `dead`: its start is. `former`: it is of the own session, and
 * nothing stands between.
 */
type Judgement = Exclude<Answer, object> | 'dead' | 'former'

export class Claiming {
  readonly #init: ClaimingInit
  readonly #removals: Removals
  readonly #others: OtherHolders

  constructor(init: ClaimingInit) {
    this.#init = init
    this.#removals = new Removals(init.bus)
    this.#others = new OtherHolders(init)
  }

  /** Leads a claim that is pending or unsecured to its end; sets its state if it is held then. */
  async secure(claim: Claim, mode: ClaimMode): Promise<Secured> {
    const { monotonic, claimTimeout, rename } = this.#init
    const end = monotonic() + claimTimeout
    for (let misses = 0; misses < mostMisses; misses++) {
      const { name } = claim
      const secured = await this.#secureOnce(claim, mode, end)
      if (secured !== 'missed') return secured
      await pause(silentWait)
      const over = this.#check(claim, name)
      if (over !== undefined) return over
      rename(claim)
    }
    return unavailable('the log of claims has lost an entry')
  }

  /** Appends an entry, and leads it to its end. `missed`: the log does not show it. */
  async #secureOnce(claim: Claim, mode: ClaimMode, end: number): Promise<Secured | 'missed'> {
    const { bus, claimTimeout, monotonic } = this.#init
    const { name, uid } = claim
    const entry = await bus.append(this.logOf(uid), uid, Buffer.from(formatClaimName(name)))
    if (entry === undefined) return unavailable('the log of claims gives no answer')
    claim.entry = entry
    this.#removals.noteAppended(this.logOf(uid), entry)
    let hasNoticed = false
    let left: number | undefined
    for (;;) {
      const seenAt = this.#removals.nextMoment()
      const first = await bus.first(this.logOf(uid), uid)
      const over = this.#check(claim, name)
      if (over !== undefined) return over
      const isOwn = first ? isSame(readName(first), name) : false
      const answer = isOwn
        ? await this.#others.ask(claim, mode)
        : first
          ? await this.#judge(claim, first, mode)
          : undefined
      const overNow = this.#check(claim, name)
      if (overNow !== undefined) return overNow
      if (answer === 'held') return { kind: 'taken' }
      if (isOwn && answer === 'gone') {
        claim.state = 'held'
        claim.old = undefined
        claim.settled?.()
        claim.settled = undefined
        return { kind: 'held' }
      }
      if (monotonic() >= end) return unavailable(`it was not decided within ${claimTimeout} ms`)
      // The own entry is not there, or only behind others that came later.
      if (first === null || (first && first.number > entry)) return 'missed'
      if (answer === undefined && !hasNoticed) {
        hasNoticed = true
        void this.#noticeOthers(uid, entry)
      }
      if (answer === 'gone' || answer === 'dead' || answer === 'former') {
        const { number } = first!
        const isLeft = left === number
        left = number
        if (isLeft || answer === 'former' || (answer === 'dead' && (await this.#isNext(uid, number, entry))))
          await this.#removals.remove(this.logOf(uid), number, seenAt)
        else if (answer === 'dead') await pause(this.#turnWait)
      } else await pause(answer === 'pending' ? pendingWait : silentWait)
    }
  }

  /** Milliseconds that the claim next to a dead start's entry has for its removal: no two wait as long. */
  get #turnWait(): number {
    return silentWait * (1 + (this.#init.members.start % 8) / 4)
  }

  /** Resolves to whether an own entry is the next behind one, except for those of dead starts. */
  async #isNext(uid: string, number: number, own: number): Promise<boolean> {
    const { bus, members } = this.#init
    let from = number + 1
    for (let read = 0; read < mostNoticed; read++) {
      const entry = await bus.first(this.logOf(uid), uid, from)
      if (!entry || entry.number >= own) return entry?.number === own
      const name = readName(entry)
      if (name !== undefined && !members.isKnownDead(name.start)) return false
      from = entry.number + 1
    }
    return false
  }

  /**
   * Looks whether a claim's entry is the first of its user. undefined: no answer.
   */
  async isFirst({ uid, name, old }: Claim): Promise<boolean | undefined> {
    const first = await this.#init.bus.first(this.logOf(uid), uid)
    if (first === undefined) return undefined
    const found = first === null ? undefined : readName(first)
    return found !== undefined && (isSame(name, found) || isSame(old, found))
  }

  /** Removes an entry of a claim that is over, and was not renamed. */
  async remove(uid: string, entry: number | undefined): Promise<void> {
    if (entry !== undefined) await this.#removals.remove(this.logOf(uid), entry)
  }

  /** Removes the entry of an own claim that is over, if it stands first: its number may not be known. */
  async removeNamed(uid: string, name: ClaimName): Promise<void> {
    const { bus, members } = this.#init
    if (name.start !== members.start) return
    const seenAt = this.#removals.nextMoment()
    const first = await bus.first(this.logOf(uid), uid)
    if (first && isSame(readName(first), name))
      await this.#removals.remove(this.logOf(uid), first.number, seenAt)
  }

  logOf(uid: string): string {
    return this.#init.logs.claims(logIndexOf(uid))
  }

  /** Returns the end of a claim that can't be held any more. */
  #check(claim: Claim, name: ClaimName): Secured | undefined {
    const { members } = this.#init
    if ((claim.state !== 'pending' && claim.state !== 'unsecured') || !isSame(name, claim.name))
      return { kind: 'over' }
    if (!members.hasLease || members.start !== name.start)
      return unavailable('this gateway has lost its lease')
    return undefined
  }

  /**
   * Begins to watch all starts that have entries before the own one. They are judged one after the other, but
   * their leases are waited for at once.
   */
  async #noticeOthers(uid: string, own: number): Promise<void> {
    const { bus, members } = this.#init
    let from = 1
    for (let read = 0; read < mostNoticed; read++) {
      const entry = await bus.first(this.logOf(uid), uid, from)
      if (!entry || entry.number >= own) return
      const name = readName(entry)
      if (name !== undefined) void members.isDead(name.start)
      from = entry.number + 1
    }
  }

  /** Judges the claim that stands first. undefined: it can't be decided now. */
  async #judge(claim: Claim, first: Entry, mode: ClaimMode): Promise<Judgement | undefined> {
    const name = readName(first)
    if (name === undefined) return 'dead'
    const { uid } = claim
    if (isSame(claim.old, name)) return this.#judgeOld(claim, first)
    const question: Question = { about: 'entry', mode, name, uid }
    const answer = await this.#askOf(question)
    if (typeof answer !== 'object') return answer
    // Whoever has the session now may not know it yet, and says so by "gone".
    const there = await this.#askAt(answer.movedTo, question)
    return there === 'held' ? 'held' : 'pending'
  }

  /**
   * The old claim of a session that came here is gone when nothing stands between it and the new one. What
   * stands there for nobody is removed: nobody else looks at an entry that is not the first.
   */
  async #judgeOld({ uid, name: own, old: former }: Claim, old: Entry): Promise<Judgement | undefined> {
    const { bus, members, isOver } = this.#init
    let from = old.number + 1
    for (let read = 0; read < mostNoticed; read++) {
      const seenAt = this.#removals.nextMoment()
      const next = await bus.first(this.logOf(uid), uid, from)
      if (!next) return undefined
      const name = readName(next)
      if (name !== undefined && isSame(own, name)) return 'former'
      from = next.number + 1
      // Appended twice, because the log had not answered the first time.
      if (name !== undefined && isSame(former, name)) continue
      if (name !== undefined && !isOver(uid, name) && !members.isKnownDead(name.start)) {
        void members.isDead(name.start)
        return 'pending'
      }
      await this.#removals.remove(this.logOf(uid), next.number, seenAt)
    }
    return 'pending'
  }

  async #askOf(question: Question): Promise<Answer | 'dead' | undefined> {
    const { members } = this.#init
    const { start } = question.name
    if (members.isKnownDead(start)) return 'dead'
    const answer = await this.#askAt(start, question)
    if (answer !== undefined) return answer
    return (await members.isDead(start)) === true ? 'dead' : undefined
  }

  async #askAt(start: number, question: Question): Promise<Answer | undefined> {
    const { members, questions, answer } = this.#init
    return start === members.start ? answer(question) : questions.ask(start, question)
  }
}

function readName(entry: Entry): ClaimName | undefined {
  return parseClaimName(entry.bytes.toString('latin1'))
}

function unavailable(why: string): Secured {
  return { kind: 'unavailable', why }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
