/**
 * What a connection has to do with a session: who its client is, the session's beginning or return, and the connection's
 * leave of it. A session that can be resumed has its receiver in between, and may outlive the connection.
 */
import { type CloseCode, closeCodes, mayResume } from '../../shared/close-codes.js'
import type { ResumeReply, ResumeRequest } from '../../shared/wire/resume.js'
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
import type { ClientInfo, Ending, Registry } from '../sessions/registry.js'
import type { Receiver, Session } from '../sessions/session.js'

/** What it needs of its connection. */
export interface AttachedConnection extends Receiver, ResumableConnection {
  /** What was to be done when an answer came has failed. */
  fail(error: unknown): void
}

export interface ConnectionSessionParts {
  readonly authentication: Authentication
  readonly registry: Registry
  readonly resumption: Resumption
}

export class ConnectionSession implements ProtocolSession {
  readonly #connection: AttachedConnection
  readonly #parts: ConnectionSessionParts
  /** Kept until they were looked at. */
  #credentials: Credentials | undefined
  #identity: Identity = nobody
  #session: Session | undefined
  /** Of a session that can be resumed: its receiver. */
  #resumable: ResumableReceiver | undefined

  constructor(connection: AttachedConnection, parts: ConnectionSessionParts, credentials: Credentials) {
    this.#connection = connection
    this.#parts = parts
    // A thousand idle players are not to hold a thousand HTTP requests.
    this.#credentials = parts.authentication.isOn ? credentials : undefined
  }

  /** undefined: it has not begun, or the connection has left it. */
  get session(): Session | undefined {
    return this.#session
  }

  /** Whether sessions are kept for clients that drop and come back. */
  get keepsSessions(): boolean {
    return this.#parts.resumption.isOn
  }

  /**
   * Asks who the client is, once. `done` is called at once where nobody wants to know, and never where the connection is
   * gone when the answer comes; with why, if the client is not let in.
   */
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

  /**
   * Looks for the session that the client wants back, before `open`. `messages`: how it is written to from now on. A
   * client whose session was ended on purpose while it could not be told is told now, and the connection is closed:
   * undefined.
   */
  prepareResume(asked: ResumeRequest, messages: PomeloMessages): ResumeReply | undefined {
    const answer = this.#parts.resumption.admit(asked, messages, this.#identity.uid)
    if ('code' in answer) {
      this.#connection.end(answer.code, answer.kickReason)
      return undefined
    }
    this.#resumable = answer.receiver
    return answer.reply
  }

  /** Why the session can't begin, if it can't: another session of its user is in the way. To be asked before `open`. */
  judge(): HandshakeRefusal | undefined {
    const { uid } = this.#identity
    if (uid === null || this.#resumable?.session !== undefined) return undefined
    const error = this.#parts.registry.judgeUid(uid)
    if (error === undefined) return undefined
    // What was prepared for coming back to this session is for nothing.
    this.#resumable?.end(closeCodes.handshakeRefused, null)
    this.#resumable = undefined
    return this.#parts.authentication.refuse(error.message, { reason: error.message, error: error.code })
  }

  /** The session begins, or goes on where `prepareResume` has found it. */
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

  /**
   * The client has got so many counted messages. Gives how many of its own have been taken in.
   *
   * @throws `PROTOCOL_VIOLATED` for a count that can't be
   */
  acknowledge(count: number): number {
    return this.#resumable!.acknowledge(count)
  }

  /** A data message of the client was taken in. */
  countReceived(): void {
    this.#resumable?.countReceived()
  }

  /** The client has acknowledged the handshake. */
  confirm(): void {
    this.#resumable?.confirm()
  }

  /** The gateway closes the connection. The session ends with it, unless the client may come back to it. */
  leave(code: CloseCode, reason: string): void {
    this.#part({ code, reason, kickReason: null }, !mayResume(code))
  }

  /**
   * The connection was closed, by the client or by what lies in between, or is lost. Only 1000 is a goodbye. A code of ours
   * that the other side says has not our meaning: nobody was kicked.
   */
  lose(code: number, reason: string): void {
    this.#part({ code: closeCodes.normal, reason, kickReason: null }, code === closeCodes.normal)
  }

  #part(ending: Ending, isFinal: boolean): void {
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return
    if (this.#resumable === undefined) return this.#parts.registry.end(session, ending)
    this.#resumable.drop(this.#connection, ending, isFinal)
  }
}
