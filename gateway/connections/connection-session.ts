/**
 * The tie between a connection and its session: authentication, the session's start, its bytes, and resume.
 *
 * Owned by the connection, and lives as long as it does. When the connection closes, the session ends or is
 * kept for a resume. A session that can be resumed may outlive the connection: a ResumableReceiver stands
 * between the two.
 *
 *   authenticate ──▶ settle ──▶ open
 *
 * Each of the first two may take time, in which the connection may close: nothing that was asked for before
 * is used after that. `settle` takes time in a cluster only.
 */
import { type CloseCode, closeCodes, mayResume } from '../../shared/close-codes.js'
import { errors, type GatewayError } from '../../shared/errors.js'
import type { ResumeReply, ResumeRequest } from '../../shared/wire/resume.js'
import type { Intake } from '../intake/intake.js'
import type { AuthenticationRequest, Credentials } from '../options/options.js'
import type { PomeloMessages } from '../protocols/pomelo-messages.js'
import type { ProtocolSession, SettledListener } from '../protocols/protocol.js'
import type { ResumableConnection } from '../resume/resumable-parts.js'
import type { ResumableReceiver } from '../resume/resumable-receiver.js'
import type { Resumption } from '../resume/resumption.js'
import {
  type Authentication,
  type HandshakeRefusal,
  type Identity,
  nobody,
  refuseForNow,
  refuseUntil
} from '../sessions/authentication.js'
import type { Receiver } from '../sessions/receiver.js'
import type { Registry } from '../sessions/registry.js'
import { type ClientInfo, type Ending, replaced } from '../sessions/registry-events.js'
import type { Session } from '../sessions/session.js'
import type { Traffic } from './traffic.js'

/** The connection, as its session and ConnectionSession see it. */
export interface AttachedConnection extends Receiver, ResumableConnection {
  /** Closes the connection after an exception in a callback, which has no caller to throw to. */
  fail(error: unknown): void
}

export interface ConnectionSessionParts {
  readonly authentication: Authentication
  readonly registry: Registry
  readonly intake: Intake
  readonly resumption: Resumption
}

/** Milliseconds after which a client comes again whose session is on its way to another gateway. */
const againAfter = 100

/** Why such a client is refused. */
const onItsWay = 'your session is on its way to another gateway'

export class ConnectionSession implements ProtocolSession {
  readonly #connection: AttachedConnection
  readonly #parts: ConnectionSessionParts
  /** Headers and URL of the upgrade, kept until the client has been authenticated. */
  #credentials: Credentials | undefined
  #identity: Identity = nobody
  #asked: AuthenticationRequest | undefined
  #session: Session | undefined
  /** The receiver of a session that can be resumed. */
  #resumable: ResumableReceiver | undefined
  /** The user that was claimed for the session, and its number; only until it begins. */
  #claimed: { readonly uid: string; readonly sid: number } | undefined

  constructor(connection: AttachedConnection, parts: ConnectionSessionParts, credentials: Credentials) {
    this.#connection = connection
    this.#parts = parts
    // Dropped if there is no `authenticate` hook, so that a thousand idle players do not hold a thousand HTTP
    // requests in memory.
    this.#credentials = parts.authentication.isOn ? credentials : undefined
  }

  /** The session; undefined before it begins and after the connection has left it. */
  get session(): Session | undefined {
    return this.#session
  }

  /** What the host was asked and has not answered yet; undefined if it is not asked. */
  get asked(): AuthenticationRequest | undefined {
    return this.#asked
  }

  get keepsSessions(): boolean {
    return this.#parts.resumption.isOn
  }

  /** Whether the client can resume the session. */
  get canResume(): boolean {
    return this.#resumable?.session !== undefined
  }

  authenticate(
    handshake: AuthenticationRequest['handshake'],
    done: (refusal: HandshakeRefusal | undefined) => void
  ): void {
    const credentials = this.#credentials
    this.#credentials = undefined
    if (credentials === undefined) return done(undefined)
    const connection = this.#connection
    const { address } = connection
    this.#asked = { ...credentials, address, handshake }
    this.#parts.authentication
      .ask(this.#asked)
      .then(answer => {
        this.#asked = undefined
        if (!connection.isConnected) return
        if ('reason' in answer) return done(answer)
        this.#identity = answer
        done(undefined)
      })
      .catch(error => connection.fail(error))
  }

  /** `token`: the next one for the client, which the store has already; undefined: not yet. */
  settle(
    asked: ResumeRequest | undefined,
    messages: PomeloMessages | undefined,
    done: SettledListener,
    token?: string
  ): void {
    const point = asked?.session
    const { resumption } = this.#parts
    const { far } = resumption
    const known = point !== undefined && resumption.knows(point.token)
    if (known === 'leaving') return done(refuseUntil(onItsWay, againAfter), undefined)
    if (known && token === undefined) return this.#settleKept(asked!, messages!, done)
    if (point === undefined || known || far === undefined || !far.mayHave(point.token))
      return this.#settleHere(asked, messages, done, token)
    const connection = this.#connection
    // A session that has come for a client that is gone meanwhile waits here as any other whose client is
    // away.
    far
      .take(point, this.#identity.uid)
      .then(taken => {
        if (!connection.isConnected) return
        if (taken.kind === 'again') return done(refuseUntil(onItsWay, taken.ms), undefined)
        if (taken.kind === 'ended') return connection.end(taken.farewell.code, taken.farewell.kickReason)
        if (taken.kind === 'here') return this.#settleKept(asked!, messages!, done)
        this.#settleHere(asked, messages, done, undefined)
      })
      .catch(error => connection.fail(error))
  }

  /**
   * Offers the client its next token only when the store has it: if this gateway is over right after its
   * answer, another one restores the session by that token, and if it is over before, by the old one. If the
   * store does not take it in time, the client goes on without that.
   */
  #settleKept(asked: ResumeRequest, messages: PomeloMessages, done: SettledListener): void {
    const connection = this.#connection
    const { resumption } = this.#parts
    const next = resumption.keep && resumption.prepareNext(asked.session!.token)
    if (next === undefined) return this.#settleHere(asked, messages, done, undefined)
    resumption.keep!(next.session)
      .then(() => {
        // The session may have ended or moved meanwhile.
        if (connection.isConnected) this.settle(asked, messages, done, next.token)
      })
      .catch(error => connection.fail(error))
  }

  /** Finds the session to resume among those of this gateway, or has the user for a new one. */
  #settleHere(
    asked: ResumeRequest | undefined,
    messages: PomeloMessages | undefined,
    done: SettledListener,
    token: string | undefined
  ): void {
    const connection = this.#connection
    const { resumption, registry } = this.#parts
    const { uid } = this.#identity
    let reply: ResumeReply | undefined
    if (asked !== undefined) {
      const found = resumption.admit(asked, messages!, uid, token)
      // Its session was ended on purpose while the client was away.
      if ('code' in found) return connection.end(found.code, found.kickReason)
      this.#resumable = found.receiver
      reply = found.reply
    }
    if (uid === null || this.#resumable?.session !== undefined) return done(undefined, reply)
    const refusal = this.#judge(uid)
    const { claimed } = registry
    if (refusal !== undefined || claimed === undefined) return done(refusal, reply)
    const sid = this.#resumable?.sid ?? registry.reserve()
    claimed
      .claimNewcomer(uid, sid)
      .then(error => {
        if (error === undefined) this.#claimed = { uid, sid }
        if (!connection.isConnected) return this.#discard()
        if (error !== undefined) return done(this.#refuse(error), undefined)
        // Judged again: another session of the user may have come here while this one waited.
        const lost = claimed.judgeClaim(uid, sid)
        done(lost === undefined ? this.#judge(uid) : this.#refuse(lost), reply)
      })
      .catch(error => connection.fail(error))
  }

  /** Returns a refusal if the user has another session already and `singleSession` forbids a second one. */
  #judge(uid: string): HandshakeRefusal | undefined {
    const error = this.#parts.registry.judgeUid(uid)
    return error && this.#refuse(error)
  }

  /** Returns how a client is refused whose user can't be had. */
  #refuse({ code, message }: GatewayError): HandshakeRefusal {
    if (code !== errors.singleSession.code)
      return refuseForNow('the cluster could not be asked about your user')
    const { registry, authentication } = this.#parts
    // A later one has come while this one was about to begin.
    if (registry.claimed?.lastOneWins === true)
      return { code: replaced.code, reason: replaced.kickReason, user: undefined }
    return authentication.refuse(message, { reason: message, error: code })
  }

  /** Begins the session, or resumes the one that `settle` has found. */
  open(client: ClientInfo): void {
    const resumable = this.#resumable
    resumable?.attach(this.#connection)
    if (resumable?.session !== undefined) {
      this.#session = resumable.session
      const { registry, resumption } = this.#parts
      registry.resume(resumable.session, client, !resumption.restored.has(resumable))
      return
    }
    const sid = resumable?.sid ?? this.#claimed?.sid
    // From here on the claim is the session's, which releases it at its end.
    this.#claimed = undefined
    this.#session = this.#parts.registry.open(resumable ?? this.#connection, client, this.#identity, sid)
    if (resumable !== undefined) resumable.session = this.#session
    this.#identity = nobody
  }

  acknowledge(count: number): number {
    return this.#resumable!.acknowledge(count)
  }

  /** Counts a data message that the gateway has received from the client. */
  countReceived(): void {
    this.#resumable?.countReceived()
  }

  /**
   * Charges the session for unpaid bytes. Before the session begins, they add up to a handshake, and to pings
   * as the limits of frames and of `handshakeTimeout` allow.
   */
  pay(traffic: Traffic, now: number): void {
    const session = this.#session
    if (session !== undefined && traffic.isDue) this.#parts.intake.pay(session, traffic.settle(), now)
  }

  /** Notes that the client has acknowledged the handshake. */
  confirm(): void {
    this.#resumable?.confirm()
  }

  /**
   * Detaches the session when the gateway closes the connection. The session is kept if it can be resumed and
   * `code` allows a resume; else it ends.
   */
  leave(code: CloseCode, reason: string): void {
    this.#detach({ code, reason, kickReason: null }, !mayResume(code, this.#parts.resumption.goesOn))
  }

  /**
   * Detaches the session when the client or the network has closed the connection. A session that can be
   * resumed ends only after code 1000, and is kept after any other. The gateway's own codes, above 4000, have
   * no meaning if the client sends them: the session does not count as kicked.
   */
  lose(code: number, reason: string): void {
    const ending = { code: closeCodes.normal, reason, kickReason: null }
    this.#detach(ending, code === closeCodes.normal)
  }

  /** Returns what was taken for a session that does not begin. */
  #discard(): void {
    const claimed = this.#claimed
    if (claimed !== undefined) this.#parts.registry.claimed?.release(claimed.uid, claimed.sid)
    this.#claimed = undefined
    if (this.#resumable?.session === undefined) this.#resumable?.end(closeCodes.handshakeRefused, null)
  }

  #detach(ending: Ending, isFinal: boolean): void {
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return this.#discard()
    if (this.#resumable === undefined) return this.#parts.registry.end(session, ending)
    this.#resumable.drop(this.#connection, ending, isFinal)
  }
}
