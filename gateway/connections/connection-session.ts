/**
 * The tie between a connection and its session: authentication, the session's start, its bytes, and resume.
 *
 * Owned by the connection, and lives as long as it does. When the connection closes, the session ends or is
 * kept for a resume. A session that can be resumed may outlive the connection: a ResumableReceiver stands
 * between the two.
 */
import { type CloseCode, closeCodes, mayResume } from '../../shared/close-codes.js'
import type { ResumeReply, ResumeRequest } from '../../shared/wire/resume.js'
import type { Intake } from '../intake/intake.js'
import type { AuthenticationRequest, Credentials } from '../options/options.js'
import type { PomeloMessages } from '../protocols/pomelo-messages.js'
import type { ProtocolSession } from '../protocols/protocol.js'
import type { ResumableConnection, ResumableReceiver } from '../resume/resumable-receiver.js'
import type { Resumption } from '../resume/resumption.js'
import {
  type Authentication,
  type HandshakeRefusal,
  type Identity,
  nobody
} from '../sessions/authentication.js'
import type { Receiver } from '../sessions/receiver.js'
import type { ClientInfo, Ending, Registry } from '../sessions/registry.js'
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

export class ConnectionSession implements ProtocolSession {
  readonly #connection: AttachedConnection
  readonly #parts: ConnectionSessionParts
  /** Headers and URL of the upgrade, kept until the client has been authenticated. */
  #credentials: Credentials | undefined
  #identity: Identity = nobody
  #session: Session | undefined
  /** The receiver of a session that can be resumed. */
  #resumable: ResumableReceiver | undefined

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

  get keepsSessions(): boolean {
    return this.#parts.resumption.isOn
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
    this.#parts.authentication
      .ask({ ...credentials, address, handshake })
      .then(answer => {
        if (!connection.isConnected) return
        if ('reason' in answer) return done(answer)
        this.#identity = answer
        done(undefined)
      })
      .catch(error => connection.fail(error))
  }

  prepareResume(asked: ResumeRequest, messages: PomeloMessages): ResumeReply | undefined {
    const found = this.#parts.resumption.admit(asked, messages, this.#identity.uid)
    if ('code' in found) {
      this.#connection.end(found.code, found.kickReason)
      return undefined
    }
    this.#resumable = found.receiver
    return found.reply
  }

  /** Returns a refusal if the user has another session already and `singleSession` forbids a second one. */
  judge(): HandshakeRefusal | undefined {
    const { uid } = this.#identity
    if (uid === null || this.#resumable?.session !== undefined) return undefined
    const error = this.#parts.registry.judgeUid(uid)
    if (error === undefined) return undefined
    // The receiver that `prepareResume` has made is not needed any more.
    this.#resumable?.end(closeCodes.handshakeRefused, null)
    this.#resumable = undefined
    return this.#parts.authentication.refuse(error.message, { reason: error.message, error: error.code })
  }

  /** Begins the session, or resumes the one that `prepareResume` has found. */
  open(client: ClientInfo): void {
    const resumable = this.#resumable
    resumable?.attach(this.#connection)
    if (resumable?.session !== undefined) {
      this.#session = resumable.session
      this.#parts.registry.resume(resumable.session, client)
      return
    }
    this.#session = this.#parts.registry.open(resumable ?? this.#connection, client, this.#identity)
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

  /** Charges the session for unpaid bytes. Before the session begins, they add up to a handshake at most. */
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
    this.#detach({ code, reason, kickReason: null }, !mayResume(code))
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

  #detach(ending: Ending, isFinal: boolean): void {
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return
    if (this.#resumable === undefined) return this.#parts.registry.end(session, ending)
    this.#resumable.drop(this.#connection, ending, isFinal)
  }
}
