/**
 * The interfaces between a connection and the codec that its client speaks.
 *
 * A protocol decodes frames into requests, and encodes replies and events into frames. It opens no sockets
 * and knows no workers. One protocol belongs to one connection, and is discarded with it. To add a codec,
 * implement `Protocol` and choose it in choose-protocol.ts.
 */
import type { CloseCode } from '../../shared/close-codes.js'
import type { ErrorData } from '../../shared/errors.js'
import { escapeAstral } from '../../shared/utf8.js'
import type { ResumeReply, ResumeRequest } from '../../shared/wire/resume.js'
import type { GatewayEvent } from '../events/event.js'
import type { AuthenticationRequest, ClientAddress } from '../options/options.js'
import type { HandshakeRefusal } from '../sessions/authentication.js'
import type { PomeloMessages } from './pomelo-messages.js'

export interface Protocol {
  readonly name: 'json' | 'pomelo'
  /** Whether the client reads bodies in superjson's form. */
  readonly readsRich: boolean
  /** Whether the client has completed the handshake, so that data may flow. */
  readonly isReady: boolean
  /** Begins the conversation. Called once, when the connection has stored the protocol. */
  start(): void
  /**
   * Decodes one WebSocket message.
   *
   * @throws `FRAME_MALFORMED`, `PROTOCOL_VIOLATED`: the connection must be closed
   */
  receive(bytes: Buffer): void
  /** Asks the client for a sign of life, if in this protocol the gateway begins the heartbeats. */
  beat(): void
  /** Returns the frame of a reply. Bodies and frames are texts of one character for each byte. */
  encodeReply(id: number, body: string): string
  encodeError(id: number, error: ErrorData): string
  /** Returns the frame of an event, which is made once for all clients that read the same form. */
  encodeEvent(event: GatewayEvent): string
  encodeKick(reason: string): string
}

/** The client's identity and its session, as the protocol sees them. */
export interface ProtocolSession {
  /** Whether sessions are kept for clients that lose their connection and come back. */
  readonly keepsSessions: boolean
  /**
   * Authenticates the client, once. Calls `done` synchronously if there is no `authenticate` hook, and never
   * if the connection has closed before the answer comes. Passes a refusal to `done` if the client is not let
   * in.
   */
  authenticate(
    handshake: AuthenticationRequest['handshake'],
    done: (refusal: HandshakeRefusal | undefined) => void
  ): void
  /**
   * Settles which session the client gets: the one that it wants to resume, or a new one for which its user
   * is free. Called once, after `authenticate` and before `open`. Calls `done` synchronously in a gateway
   * alone. In a cluster the session may first have to come from another gateway, and the user to be claimed.
   * Never calls `done` if the connection has closed before, or is closed now because the session was ended on
   * purpose while its client was away.
   *
   * @param asked undefined: the client can't resume
   * @param messages encodes what the session sends to this client from now on
   */
  settle(asked: ResumeRequest | undefined, messages: PomeloMessages | undefined, done: SettledListener): void
  /**
   * Records that the client has received `count` counted messages. Returns the number of counted messages
   * that the gateway has received from the client.
   *
   * @throws `PROTOCOL_VIOLATED` for a count that is impossible
   */
  acknowledge(count: number): number
}

/**
 * Is told how a client's session was settled: by a refusal, or by the answer for the client, which is
 * undefined if the client can't resume.
 */
export type SettledListener = (refusal: HandshakeRefusal | undefined, resume: ResumeReply | undefined) => void

/** The connection, as its protocol sees it. */
export interface ProtocolHost {
  readonly address: ClientAddress
  readonly isConnected: boolean
  readonly connectionSession: ProtocolSession
  /** Sends one frame: a text of one character for each byte. */
  sendFrame(frame: string): void
  /** Sends a WebSocket ping. */
  ping(): void
  /**
   * Begins the session, or resumes the one that `settle` has found. While the connection is corked,
   * events for the client wait for `uncork`. `user` is the client's own data from the handshake.
   */
  open(user?: unknown): void
  /** Closes the connection, since the protocol has failed. */
  fail(error: unknown): void
  /** Stops reading the socket. */
  pause(): void
  /** Reads the socket again. */
  resume(): void
  /** Holds data back until `uncork`; frames of the protocol's own still leave. */
  cork(): void
  uncork(): void
  /**
   * Passes a message to the protocol, be it new or one that had to wait for authentication. An exception of
   * the protocol closes the connection.
   */
  receive(bytes: Buffer): void
  /**
   * Counts a frame, or a package within one, that is no request. Returns false if that was one too many: the
   * connection is closed then.
   */
  countFrame(): boolean
  /** Hands a request or a notify of the client on to the gateway. */
  request(request: IncomingRequest): void
  /** Closes the connection, after the frames that were sent before. */
  close(code: CloseCode, reason: string): void
}

export interface IncomingRequest {
  /** The route's name, or its code in the route dictionary. */
  readonly route: string | number
  /** Number of routes in the dictionary when the client received it: no greater code is valid. */
  readonly knownRoutes: number
  /** The request's number; 0 for a notify. */
  readonly id: number
  readonly gzipped: boolean
  /** Whether the client writes and reads bodies in superjson's form. */
  readonly rich: boolean
  /** The trace that the client says it belongs to, unchecked. */
  readonly traceparent?: string | undefined
  readonly body: string
  /** Bytes of the message that the request took, its headers included. */
  readonly size: number
}

/**
 * Returns the JSON of a value, as a text of one character for each byte. Characters beyond the BMP are
 * escaped.
 */
export function encodeJson(value: unknown): string {
  const json = JSON.stringify(value)
  return Buffer.from(escapeAstral(json), 'utf8').toString('latin1')
}
