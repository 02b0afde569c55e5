/**
 * What every codec of the wire does for a connection, and what it is given to do it with. A protocol turns frames
 * into requests and what the gateway has for a client into frames; it opens no sockets and knows no workers.
 */
import type { ErrorData } from '../../shared/errors.js'
import { escapeAstral } from '../../shared/utf8.js'
import type { ResumeReply, ResumeRequest } from '../../shared/wire/resume.js'
import type { GatewayEvent } from '../events/event.js'
import type { AuthenticationRequest, ClientAddress } from '../options/options.js'
import type { HandshakeRefusal } from '../sessions/authentication.js'
import type { PomeloMessages } from './pomelo-messages.js'

export interface Protocol {
  readonly name: 'json' | 'pomelo'
  /**
   * Reads one WebSocket message.
   *
   * @throws `FRAME_MALFORMED`, `PROTOCOL_VIOLATED`: the connection is to be closed
   */
  receive(bytes: Buffer): void
  /** Bodies are bytes, each as one character. */
  reply(id: number, body: string): void
  error(id: number, error: ErrorData): void
  /** Gives whether the event was not dropped. */
  event(event: GatewayEvent): boolean
  kick(reason: string): void
  /** Whether the client reads bodies in superjson's form. */
  readonly readsRich: boolean
  /** Whether the client has done all that it must before data flows. */
  readonly isReady: boolean
  /** A heartbeat's time has come: asks the client for a sign of life, if it is for the gateway to ask. */
  beat(): void
}

/** Who the client is, and which session it has. */
export interface ProtocolSession {
  /** Whether sessions are kept for clients that drop and come back. */
  readonly keepsSessions: boolean
  /**
   * Asks who the client is, once. `done` is called at once where nobody wants to know, and never where the
   * connection is gone when the answer comes; with why, if the client is not let in.
   */
  authenticate(
    handshake: AuthenticationRequest['handshake'],
    done: (refusal: HandshakeRefusal | undefined) => void
  ): void
  /**
   * Looks for the session that the client wants back, before `open`. `messages`: how it is written to from now
   * on. A client whose session was ended on purpose while it could not be told is told now, and the connection
   * is closed: undefined.
   */
  prepareResume(asked: ResumeRequest, messages: PomeloMessages): ResumeReply | undefined
  /** Why the session can't begin, if it can't. To be asked before `open`. */
  judge(): HandshakeRefusal | undefined
  /**
   * The client has got so many counted messages. Returns how many of its own have been taken in.
   *
   * @throws `PROTOCOL_VIOLATED` for a count that can't be
   */
  acknowledge(count: number): number
}

/** What a connection does for its protocol. */
export interface ProtocolHost {
  readonly address: ClientAddress
  readonly isConnected: boolean
  /** Sends one WebSocket message. Its bytes, each as one character. */
  send(payload: string, isText: boolean): void
  /** Sends an event, whose frame in this protocol is given. */
  sendEvent(event: GatewayEvent, frame: string): boolean
  ping(): void
  /** Who the client is, and its session. */
  readonly connectionSession: ProtocolSession
  /**
   * The client is in: its session begins, or goes on where `prepareResume` has found it. Events for it wait for
   * `release`, if `hold` was called. `user` is what it said of itself.
   */
  open(user?: unknown): void
  /** Stops reading the socket, and goes on. */
  pause(): void
  resume(): void
  cork(): void
  uncork(): void
  /** Has the protocol read a message, now or again; one that it does not understand closes the connection. */
  receive(bytes: Buffer): void
  /** Counts a frame, or a package in one, that is no request. Gives false where too many came: the connection is closed. */
  countFrame(): boolean
  /** Takes in what the client asks for. */
  request(request: IncomingRequest): void
  /** The client is not let in: ends the connection after what was sent. */
  refuse(refusal: Pick<HandshakeRefusal, 'code' | 'reason'>): void
}

export interface IncomingRequest {
  /** By its name, or by its code in the dictionary. */
  readonly route: string | number
  /** How many of the gateway's routes the client may know the codes of. */
  readonly told: number
  /** 0: a notify. */
  readonly id: number
  readonly gzipped: boolean
  /** Whether the client writes and reads bodies in superjson's form. */
  readonly rich: boolean
  readonly body: string
  /** Bytes that it took of its message, all that is around its body included. */
  readonly size: number
}

/** A value as the JSON of a body: its bytes, each as one character, in a form that every client reads. */
export function encodeJson(value: unknown): string {
  const json = JSON.stringify(value)
  return Buffer.from(escapeAstral(json), 'utf8').toString('latin1')
}
