/**
 * Claims users anew for bound sessions: after a new start, a loss of the log, or a move.
 *
 * As by `reject`: where another session holds the user, the own one ends. The log may lose entries that were
 * acknowledged, so each second a hundredth of the claims is looked up.
 */
import type { Logger } from '../../../shared/text/log.js'
import type { ClaimedSessions } from '../../sessions/user-claims.js'
import type { Bus } from '../bus/bus.js'
import type { logsOf } from '../bus/subjects.js'
import { type Claim, claimLogs, logIndexOf } from './claim.js'
import type { ClaimTable } from './claim-table.js'
import type { Claiming, Secured } from './claiming.js'

export interface ReclaimsInit {
  readonly bus: Bus
  readonly logs: ReturnType<typeof logsOf>
  readonly table: ClaimTable
  readonly claiming: Claiming
  readonly sessions: ClaimedSessions
  readonly log: Logger
  /** The own start. */
  readonly start: () => number
  /** Resolves to whether a session is still here after a new start. */
  readonly isHere: (sid: number) => Promise<boolean>
}

/** Claims that are claimed anew at once. */
const mostAtOnce = 64

/** Milliseconds between two audits, and the part of the claims that one looks up. */
const auditInterval = 1_000
const auditPart = 1 / 100

export class Reclaims {
  readonly #init: ReclaimsInit
  /** When each log was made. */
  readonly #madeAt = new Map<number, number>()
  readonly #unchecked = new Set<number>()
  readonly #waiting = new Set<Claim>()
  readonly #running = new Set<Claim>()
  #audited: IterableIterator<Claim> | undefined
  #timer: NodeJS.Timeout | undefined
  #isAuditing = false
  #isClosed = false

  constructor(init: ReclaimsInit) {
    this.#init = init
  }

  /** Claims that are to be claimed anew. */
  get size(): number {
    return this.#waiting.size + this.#running.size
  }

  async open(): Promise<void> {
    for (let index = 0; index < claimLogs; index++) this.#unchecked.add(index)
    await this.#checkLogs()
    if (this.#isClosed) return
    this.#timer = setInterval(() => this.#tick(), auditInterval)
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#waiting.clear()
  }

  /** Claims all anew: a new start has begun, and the former claims are over. */
  restart(start: number): void {
    for (const claim of [...this.#init.table]) {
      if (claim.state === 'pending') continue
      this.#init.table.rename(claim, start)
      claim.old = undefined
      if (claim.state !== 'moving') this.add(claim)
    }
  }

  /** Looks whether logs were made anew: the bus was away. */
  checkLogs(): void {
    for (let index = 0; index < claimLogs; index++) this.#unchecked.add(index)
    void this.#checkLogs()
  }

  /** Claims anew, under a new name; the former one stands until the new one does. */
  renew(claim: Claim): void {
    const former = claim.name
    this.#init.table.rename(claim, this.#init.start())
    claim.old = former
    this.add(claim)
  }

  add(claim: Claim): void {
    claim.state = 'unsecured'
    this.#waiting.add(claim)
    this.#runNext()
  }

  /** Claims at once. Resolves to the outcome. */
  async secure(claim: Claim): Promise<Secured> {
    const { table, claiming, sessions, log, isHere } = this.#init
    this.#running.add(claim)
    try {
      // A session that another gateway has restored meanwhile keeps its user there.
      if (!(await isHere(claim.sid))) {
        table.end(claim)
        void claiming.remove(claim.uid, claim.entry)
        return { kind: 'over' }
      }
      const secured = await claiming.secure(claim, 'reject')
      if (secured.kind === 'taken') {
        const { uid, sid, entry } = claim
        table.end(claim)
        void claiming.remove(uid, entry)
        log.info('A session ends, since another one has its user', { uid, sid })
        sessions.giveUp(uid, sid, 'kick')
      } else if (claim.state === 'over') void claiming.remove(claim.uid, claim.entry)
      return secured
    } finally {
      this.#running.delete(claim)
      this.#runNext()
    }
  }

  #runNext(): void {
    for (const claim of this.#waiting) {
      if (this.#running.size >= mostAtOnce) return
      if (this.#running.has(claim)) continue
      this.#waiting.delete(claim)
      if (claim.state !== 'unsecured') continue
      void this.secure(claim).catch(error =>
        this.#init.log.error('A user could not be claimed anew', { error })
      )
    }
  }

  #tick(): void {
    if (this.#isAuditing || !this.#init.bus.isUp) return
    this.#isAuditing = true
    void this.#audit()
      .catch(error => this.#init.log.error('The audit of claims has failed', { error }))
      .finally(() => {
        this.#isAuditing = false
      })
  }

  async #audit(): Promise<void> {
    await this.#checkLogs()
    const { table, claiming } = this.#init
    for (let left = Math.ceil(table.size * auditPart); left > 0; left--) {
      this.#audited ??= table[Symbol.iterator]()
      const { value: claim, done } = this.#audited.next()
      if (done === true) {
        this.#audited = undefined
        break
      }
      if (claim.state === 'unsecured' && !this.#running.has(claim)) this.add(claim)
      if (claim.state !== 'held') continue
      const { name } = claim
      const isFirst = await claiming.isFirst(claim)
      if (isFirst === false && claim.state === 'held' && claim.name === name) this.renew(claim)
    }
  }

  /** Claims anew what was in logs that were made anew. */
  async #checkLogs(): Promise<void> {
    const { bus, logs, table } = this.#init
    for (const index of [...this.#unchecked]) {
      const madeAt = await bus.madeAt(logs.claims(index))
      if (madeAt === undefined) continue
      this.#unchecked.delete(index)
      const before = this.#madeAt.get(index)
      this.#madeAt.set(index, madeAt)
      if (before === undefined || before === madeAt) continue
      for (const claim of [...table])
        if (claim.state === 'held' && logIndexOf(claim.uid) === index) this.renew(claim)
    }
  }
}
