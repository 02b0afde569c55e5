/**
 * The way of a claim to its user: its entry is appended, and held once it is the first of the user.
 *
 * Who stands before it is asked first, and its entry is removed only if it is gone: because its gateway says
 * so, or because its start is dead. What is gone never comes back under the same name. So of two that hold,
 * the later saw the earlier removed: only one holds. After each wait it is looked whether the claim is still
 * there and the own lease good. An entry is never taken for the first because others seem to be absent: the
 * claim's own entry must be seen.
 *
 * A log may hide an entry from the looks by its user for a while: nats-server 2.9 does so when an earlier one
 * is removed by several at once. Others would not see it either. So a claim that misses its own entry takes
 * another name and appends again; should the hidden entry come to light, it is gone.
 */
import type { Bus, Entry } from '../bus/bus.js'
import type { logsOf } from '../bus/subjects.js'
import type { Membership } from '../members/membership.js'
import { type Claim, type ClaimName, formatClaimName, isSame, logIndexOf, parseClaimName } from './claim.js'
import type { Answer, ClaimMode, Question, Questions } from './questions.js'

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
  readonly answer: (question: Question) => Answer
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

export class Claiming {
  readonly #init: ClaimingInit

  constructor(init: ClaimingInit) {
    this.#init = init
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
    let hasNoticed = false
    for (;;) {
      const first = await bus.first(this.logOf(uid), uid)
      const over = this.#check(claim, name)
      if (over !== undefined) return over
      if (first && isSame(readName(first), name)) {
        claim.state = 'held'
        claim.old = undefined
        claim.settled?.()
        claim.settled = undefined
        return { kind: 'held' }
      }
      const answer = first ? await this.#judge(claim, first, mode) : undefined
      const overNow = this.#check(claim, name)
      if (overNow !== undefined) return overNow
      if (answer === 'held') return { kind: 'taken' }
      if (monotonic() >= end) return unavailable(`it was not decided within ${claimTimeout} ms`)
      // The own entry is not there, or only behind others that came later.
      if (first === null || (first && first.number > entry)) return 'missed'
      if (answer === undefined && !hasNoticed) {
        hasNoticed = true
        void this.#noticeOthers(uid, entry)
      }
      if (answer === 'gone') await bus.remove(this.logOf(uid), first!.number)
      else await pause(answer === 'pending' ? pendingWait : silentWait)
    }
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

  /** Removes an entry of a claim that is over. */
  remove(uid: string, entry: number | undefined): void {
    if (entry !== undefined) void this.#init.bus.remove(this.logOf(uid), entry)
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
  async #judge(claim: Claim, first: Entry, mode: ClaimMode): Promise<Answer | undefined> {
    const name = readName(first)
    if (name === undefined) return 'gone'
    const { uid } = claim
    if (isSame(claim.old, name)) return this.#judgeOld(claim, first)
    const answer = await this.#askOf({ mode, name, uid })
    if (typeof answer !== 'object') return answer
    // Whoever has the session now may not know it yet, and says so by "gone".
    const there = await this.#askAt(answer.movedTo, { mode, name, uid })
    return there === 'held' ? 'held' : 'pending'
  }

  /** The old claim of a session that came here is gone when nothing stands between it and the new one. */
  async #judgeOld(claim: Claim, old: Entry): Promise<Answer | undefined> {
    const next = await this.#init.bus.first(this.logOf(claim.uid), claim.uid, old.number + 1)
    if (!next) return undefined
    const name = readName(next)
    return name !== undefined && isSame(claim.name, name) ? 'gone' : 'pending'
  }

  async #askOf(question: Question): Promise<Answer | undefined> {
    const { members } = this.#init
    const { start } = question.name
    if (members.isKnownDead(start)) return 'gone'
    const answer = await this.#askAt(start, question)
    if (answer !== undefined) return answer
    return (await members.isDead(start)) === true ? 'gone' : undefined
  }

  #askAt(start: number, question: Question): Promise<Answer | undefined> {
    const { members, questions, answer } = this.#init
    return start === members.start ? Promise.resolve(answer(question)) : questions.ask(start, question)
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
