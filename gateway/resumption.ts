/**
 * The sessions that can be resumed, by the secret that their client has, and those whose client is away. A session
 * waits for its client for `resumeWindow`; then it ends. Of a secret only its hash is kept.
 */
import { createHash, randomBytes } from 'node:crypto'
import { closeCodes } from '../shared/close-codes.js'
import {
  type ResumeFailure,
  type ResumePoint,
  type ResumeReply,
  type ResumeRequest,
  resumeFailures
} from '../shared/wire/resume.js'
import { Backlog, type BacklogLimits } from './backlog.js'
import type { Metrics } from './metrics.js'
import type { PomeloMessages } from './pomelo-messages.js'
import type { Ending, Registry } from './registry.js'
import { type ResumableKeeper, ResumableReceiver } from './resumable-receiver.js'
import type { Session } from './session.js'
import { SharedBudget } from './shared-budget.js'

export interface ResumptionInit extends BacklogLimits {
  readonly registry: Registry
  readonly metrics: Metrics
  /** Milliseconds; 0: no session is kept. */
  readonly resumeWindow: number
  /** Characters that all backlogs together may hold. */
  readonly maxBacklogBytesInAll: number
  /** Bytes that may wait to be sent to one client. */
  readonly maxSendBytes: number
  readonly monotonic: () => number
}

/** Characters that are written at once while a client catches up: far fewer than may wait for it. */
const longestPiece = 65_536

/** The hashes of a client's secrets. */
interface Secrets {
  /** What the client surely has. */
  held: string | undefined
  /** What it was given last, and has not said that it has. */
  offered: string | undefined
}

export interface Admission {
  readonly receiver: ResumableReceiver
  readonly reply: ResumeReply
}

export class Resumption implements ResumableKeeper {
  readonly #init: ResumptionInit
  readonly #bySecret = new Map<string, ResumableReceiver>()
  readonly #secrets = new Map<ResumableReceiver, Secrets>()
  /** When each client that is away was lost, by a clock without the moments that are forgiven. Oldest first. */
  readonly #away = new Map<ResumableReceiver, number>()
  readonly #budget: SharedBudget
  #forgiven = 0

  constructor(init: ResumptionInit) {
    this.#init = init
    this.#budget = new SharedBudget(init.maxBacklogBytesInAll, () => this.#secrets.size)
  }

  get isOn(): boolean {
    return this.#init.resumeWindow > 0
  }

  /** Sessions whose client is away. */
  get awayCount(): number {
    return this.#away.size
  }

  get backlogBytes(): number {
    return this.#budget.bytes
  }

  /** Finds the session that a client of this user wants back, or prepares one that it can have back later. */
  admit({ session: point }: ResumeRequest, messages: PomeloMessages, uid: string | null): Admission {
    const found = point === undefined ? undefined : this.#find(point, messages, uid)
    if (found instanceof ResumableReceiver) {
      found.takeOver(point!.received, messages)
      return { receiver: found, reply: this.#describe(found, true) }
    }
    if (found !== undefined) this.#init.metrics.count('resumesFailed')
    const { metrics, maxSendBytes } = this.#init
    const receiver = new ResumableReceiver({
      messages,
      metrics,
      pieceLength: Math.min(longestPiece, maxSendBytes / 4),
      epoch: randomBytes(8).toString('base64url'),
      backlog: new Backlog(this.#init, this.#budget),
      uid,
      keeper: this
    })
    this.#secrets.set(receiver, { held: undefined, offered: undefined })
    return { receiver, reply: this.#describe(receiver, false, found) }
  }

  /** Ends those that waited for too long. `forgiven`: milliseconds since the last look in which nobody could come. */
  look(now: number, forgiven: number): void {
    this.#forgiven += forgiven
    for (const [receiver, since] of this.#away) {
      if (now - this.#forgiven - since < this.#init.resumeWindow) return
      const { code, reason, kickReason } = receiver.dropped!
      this.endSession(receiver.session!, { code, reason: `${reason}, and not back in time`, kickReason })
    }
  }

  /** Ends all whose client is away. */
  close(): void {
    const ending = { code: closeCodes.restart, reason: 'the gateway is closing', kickReason: null }
    for (const receiver of [...this.#away.keys()]) this.endSession(receiver.session!, ending)
  }

  detached(receiver: ResumableReceiver): void {
    this.#init.metrics.count('sessionsDetached')
    this.#away.set(receiver, this.#init.monotonic() - this.#forgiven)
  }

  attached(receiver: ResumableReceiver): void {
    this.#away.delete(receiver)
  }

  ended(receiver: ResumableReceiver): void {
    this.#away.delete(receiver)
    const secrets = this.#secrets.get(receiver)
    this.#secrets.delete(receiver)
    this.#forget(secrets?.held)
    this.#forget(secrets?.offered)
  }

  endSession(session: Session, ending: Ending): void {
    this.#init.registry.end(session, ending)
  }

  confirmed(receiver: ResumableReceiver): void {
    const secrets = this.#secrets.get(receiver)
    if (secrets?.offered === undefined) return
    this.#forget(secrets.held)
    secrets.held = secrets.offered
    secrets.offered = undefined
  }

  #find(
    { token, epoch, received }: ResumePoint,
    messages: PomeloMessages,
    uid: string | null
  ): ResumableReceiver | ResumeFailure {
    const secret = hash(token)
    const receiver = this.#bySecret.get(secret)
    if (receiver?.session === undefined) return resumeFailures.gone
    // Its own client may still come: the session is left as it is.
    if (!receiver.isOf(uid)) return resumeFailures.stranger
    // That it has come with what it was given last says that it has it.
    if (this.#secrets.get(receiver)?.offered === secret) this.confirmed(receiver)
    // What is kept for it is written in the form that it read before.
    const isSame = epoch === receiver.epoch && messages.readsRich === receiver.readsRich
    const verdict = isSame ? receiver.judge(received) : resumeFailures.mismatch
    if (verdict === 'resumable') return receiver
    // Its client has come, and can't have it: nobody else will.
    const ending = {
      code: closeCodes.resumed,
      reason: `its client can't go on: ${verdict}`,
      kickReason: null
    }
    this.endSession(receiver.session, ending)
    return verdict
  }

  #describe(receiver: ResumableReceiver, resumed: boolean, reason?: ResumeFailure): ResumeReply {
    const token = randomBytes(16).toString('base64url')
    const secrets = this.#secrets.get(receiver)!
    this.#forget(secrets.offered)
    secrets.offered = hash(token)
    this.#bySecret.set(secrets.offered, receiver)
    const { epoch, received } = receiver
    const window = this.#init.resumeWindow / 1000
    return { token, epoch, resumed, received, window, ...(reason === undefined ? {} : { reason }) }
  }

  #forget(secret: string | undefined): void {
    if (secret !== undefined) this.#bySecret.delete(secret)
  }
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
