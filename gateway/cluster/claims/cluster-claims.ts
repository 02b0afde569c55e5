/**
 * The claims of a gateway's sessions to their users, over all gateways of the cluster.
 *
 * A claim is answered for as long as its session may be bound. When it ends, or is unbound, release it.
 */
import { errors, type GatewayError } from '../../../shared/errors.js'
import type { Logger } from '../../../shared/text/log.js'
import type { ClaimedSessions, UserClaims } from '../../sessions/user-claims.js'
import type { Metrics } from '../../telemetry/metrics.js'
import type { Bus } from '../bus/bus.js'
import { logsOf, subjectsOf } from '../bus/subjects.js'
import { type Claim, type ClaimName, claimLogs, isSame } from './claim.js'
import { ClaimTable } from './claim-table.js'
import { Claiming, type KnownMembers, type Secured } from './claiming.js'
import type { InterestedIn } from './other-holders.js'
import { type Answer, type AnyAnswer, type ClaimMode, type Question, Questions } from './questions.js'
import { Reclaims } from './reclaims.js'

export interface ClusterClaimsInit {
  readonly bus: Bus
  /** The cluster's name. */
  readonly cluster: string
  readonly members: KnownMembers
  readonly sessions: ClaimedSessions
  /** What becomes of a user's other session. */
  readonly mode: ClaimMode
  readonly leaseTtl: number
  readonly claimTimeout: number
  readonly metrics: Pick<Metrics, 'count' | 'gauge'>
  readonly log: Logger
  readonly monotonic: () => number
}

/** Which sessions are still here after a new start: others may have been restored elsewhere meanwhile. */
export interface KeptSessions {
  /** Whether it is not decided yet if a session is still here. */
  isUndecided(sid: number): boolean
  /** Resolves to whether a session is still here. */
  isHere(sid: number): Promise<boolean>
}

/** Milliseconds for the answer of another gateway, at most, and as a part of a lease. */
const longestAnswer = 500
const answerPart = 1 / 8

export class ClusterClaims implements UserClaims {
  /** The other gateways that are asked before a claim is held. Default: none. */
  interestedIn: InterestedIn = () => []
  /** Which sessions are still here after a new start. Default: all. */
  kept: KeptSessions | undefined
  readonly #init: ClusterClaimsInit
  readonly #table = new ClaimTable()
  readonly #questions: Questions
  readonly #claiming: Claiming
  readonly #reclaims: Reclaims
  /** The ways of claims that are pending. */
  readonly #ways = new Map<Claim, Promise<GatewayError | undefined>>()

  constructor(init: ClusterClaimsInit) {
    const { bus, cluster, members, claimTimeout, leaseTtl, metrics, monotonic, sessions, log } = init
    this.#init = init
    const logs = logsOf(cluster)
    const answer = (question: Question): AnyAnswer => this.#answer(question)
    this.#questions = new Questions({
      bus,
      subjects: subjectsOf(cluster),
      answerTime: Math.min(longestAnswer, leaseTtl * answerPart),
      answer
    })
    const questions: Pick<Questions, 'ask'> = {
      ask: (start, question) => {
        metrics.count('claimsAsked')
        return this.#questions.ask(start, question)
      }
    }
    this.#claiming = new Claiming({
      bus,
      logs,
      members,
      questions,
      answer,
      interestedIn: uid => this.interestedIn(uid),
      isOver: (uid, name) => name.start === members.start && this.#table.findNamed(uid, name) === undefined,
      rename: claim => this.#table.rename(claim, members.start),
      claimTimeout,
      monotonic
    })
    this.#reclaims = new Reclaims({
      bus,
      logs,
      table: this.#table,
      claiming: this.#claiming,
      sessions,
      log,
      start: () => members.start,
      isHere: async sid => (await this.kept?.isHere(sid)) !== false
    })
    members.watch({
      restarted: start => {
        this.#questions.answerFor(start)
        this.#reclaims.restart(start)
      }
    })
    bus.onState(isUp => {
      if (isUp) this.#reclaims.checkLogs()
    })
    metrics.gauge('claimsHeld', () => this.#table.size)
  }

  /** Makes the logs, and answers questions from then on. Rejects if the bus can't keep logs. */
  async open(): Promise<void> {
    const { bus, cluster, members } = this.#init
    const logs = logsOf(cluster)
    const made = Array.from({ length: claimLogs }, (_, index) =>
      bus.makeLog({ name: logs.claims(index), maxAge: 0 })
    )
    await Promise.all(made)
    this.#questions.answerFor(members.start)
    await this.#reclaims.open()
  }

  close(): void {
    this.#reclaims.close()
    this.#questions.close()
  }

  /** Number of sessions that are bound and whose users are to be claimed anew. */
  get unsecured(): number {
    return this.#reclaims.size
  }

  claim(uid: string, sid: number, isRestored = false): Promise<GatewayError | undefined> {
    const { members } = this.#init
    const known = this.#table.find(uid, sid)
    if (known !== undefined) return this.#ways.get(known) ?? Promise.resolve(undefined)
    if (!members.hasLease) return Promise.resolve(this.#unavailable(uid, 'this gateway has no lease'))
    const claim = this.#table.add(uid, sid, members.start)
    const way = this.#lead(claim, isRestored ? 'reject' : this.#init.mode).finally(() =>
      this.#ways.delete(claim)
    )
    this.#ways.set(claim, way)
    return way
  }

  isHeld(uid: string, sid: number): boolean {
    const claim = this.#table.find(uid, sid)
    return claim !== undefined && claim.state !== 'pending'
  }

  /** Whether a session's claim is known to be the only one. */
  isSecured(uid: string, sid: number): boolean {
    return this.#table.find(uid, sid)?.state === 'held'
  }

  release(uid: string, sid: number): void {
    const claim = this.#table.find(uid, sid)
    if (claim !== undefined) void this.#end(claim)
  }

  /**
   * Whether a session may be moved: its claim, if it has one, is held. Before that, nobody knows which of
   * its entries stands for it.
   */
  mayMove(uid: string, sid: number): boolean {
    return (this.#table.find(uid, sid)?.state ?? 'held') === 'held'
  }

  /**
   * Begins to move a session to another start, which answers for it from then on. Returns the claim's name,
   * for `adopt` there; undefined: the session has no claim. Afterwards call `release` once it is
   * settled there, or `takeBack` if the session has not moved.
   */
  moveOut(uid: string, sid: number, to: number): ClaimName | undefined {
    const claim = this.#table.find(uid, sid)
    if (claim === undefined || claim.state === 'pending') return undefined
    claim.state = 'moving'
    claim.movingTo = to
    return claim.name
  }

  /** Takes a claim back whose session was not moved after all. */
  takeBack(uid: string, sid: number): void {
    const claim = this.#table.find(uid, sid)
    if (claim?.state !== 'moving') return
    claim.movingTo = undefined
    this.#reclaims.renew(claim)
  }

  /**
   * Claims a user for a session that has come from another gateway, where its claim was `old`. The session is
   * bound from the call on. Resolves when no claim of others can stand in between, or to the error:
   * `SINGLE_SESSION` if another session has the user, so that this one has been ended. With
   * `CLUSTER_UNAVAILABLE` the session stays, and is claimed again later. Until the claim is settled the
   * former one must stay.
   */
  async adopt(uid: string, sid: number, old: ClaimName): Promise<GatewayError | undefined> {
    const claim = this.#table.add(uid, sid, this.#init.members.start)
    claim.state = 'unsecured'
    claim.old = old
    const secured = await this.#reclaims.secure(claim)
    // A new start has begun meanwhile, and claims it anew.
    if (secured.kind === 'over' && this.#table.find(uid, sid) === claim)
      return this.#unavailable(uid, 'this gateway has lost its lease')
    return this.#errorOf(uid, secured)
  }

  /** Calls `done` when the claim of a session that has come from elsewhere is held, or over. */
  whenSettled(uid: string, sid: number, done: () => void): void {
    const claim = this.#table.find(uid, sid)
    if (claim?.state === 'unsecured') claim.settled = done
    else done()
  }

  async #lead(claim: Claim, mode: ClaimMode): Promise<GatewayError | undefined> {
    const { metrics } = this.#init
    const secured = await this.#claiming.secure(claim, mode)
    if (secured.kind === 'held') {
      metrics.count('claimsWon')
      return undefined
    }
    if (secured.kind !== 'unavailable') metrics.count('claimsLost')
    void this.#end(claim)
    return this.#errorOf(claim.uid, secured)
  }

  /**
   * Answers for a claim of this gateway. What is not in the table is gone for ever. Its entry is removed
   * here, before the answer, so that not all who asked do so at once.
   */
  #answer(question: Question): AnyAnswer {
    const { about, mode, name, uid } = question
    if (about !== 'entry') return this.#answerForOthers(question)
    const claim = this.#table.findNamed(uid, name)
    if (claim === undefined) return this.#claiming.removeNamed(uid, name).then(() => 'gone')
    if (claim.state === 'moving') return { movedTo: claim.movingTo! }
    if (claim.state === 'pending' && mode === 'reject') return 'pending'
    if (this.kept?.isUndecided(claim.sid) === true) return 'pending'
    const hasEnded = this.#init.sessions.giveUp(uid, claim.sid, mode)
    if (!hasEnded && claim.state !== 'pending') return 'held'
    return this.#end(claim).then(() => 'gone')
  }

  /** Answers for the sessions here that have a user, whatever their entries. A pending claim has none. */
  #answerForOthers({ about, mode, name, uid }: Question): AnyAnswer {
    let answer: Answer = 'gone'
    for (const claim of this.#table.allOf(uid)) {
      if (claim.state === 'pending' || isSame(claim.name, name)) continue
      if (claim.state === 'moving') {
        if (about === 'new' || claim.movingTo !== name.start) answer = 'pending'
        continue
      }
      // Of two that are claimed anew the order of their entries decides: each would end for the other here.
      if (claim.state === 'unsecured' && about === 'bound') {
        answer = 'pending'
        continue
      }
      // Another gateway may have restored the session, which must not end for it then.
      if (this.kept?.isUndecided(claim.sid) === true) {
        answer = 'pending'
        continue
      }
      if (!this.#init.sessions.giveUp(uid, claim.sid, mode)) return 'held'
      void this.#end(claim)
    }
    return answer
  }

  #end(claim: Claim): Promise<void> {
    this.#table.end(claim)
    return this.#claiming.remove(claim.uid, claim.entry)
  }

  #errorOf(uid: string, secured: Secured): GatewayError | undefined {
    if (secured.kind === 'held') return undefined
    return secured.kind === 'unavailable' ? this.#unavailable(uid, secured.why) : errors.singleSession(uid)
  }

  #unavailable(uid: string, why: string): GatewayError {
    return errors.clusterUnavailable(`the user ${JSON.stringify(uid)}`, why)
  }
}
