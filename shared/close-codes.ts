/**
 * The close codes: why a connection ended, as its client reads it. The range carries the policy: after 4000
 * to 4499 come back, after 4500 to 4999 do not. So a client also does the right thing for a code that is
 * newer than itself. A number is never given a second meaning. Codes below 4000 are those of RFC 6455 §7.4.1
 * and of IANA.
 */
export const closeCodes = {
  /** The client, or the host by `close`, ended the connection normally. */
  normal: 1000,
  /** A frame that breaks the rules of WebSocket. */
  webSocketViolated: 1002,
  /** A text, or the reason of a close, that is not UTF-8. */
  notUtf8: 1007,
  /** A message in more fragments, or in smaller pieces, than the gateway puts together. */
  tooManyParts: 1008,
  /** A message of more than four times the bytes that a body may have. */
  tooLarge: 1009,
  /** The gateway restarts; the reason may say when to come back. */
  restart: 1012,
  /**
   * onConnect was interrupted or is suspended, or the host failed to authenticate the client. The reason says
   * when to come back.
   */
  tryAgainLater: 1013,
  /** The client did not read what was sent to it, or the gateway could not read its requests for too long. */
  slow: 4000,
  /** Nothing was heard from the client for twice the heartbeat interval. */
  silent: 4001,
  /** The handshake was not finished in time. */
  handshakeTimeout: 4002,
  /** Sent by a client that gives this connection up, and comes back on another. */
  reconnect: 4003,
  /** The game, or the gateway's host, ended the session on purpose. */
  kicked: 4500,
  /** The client sent bytes that are not a frame of its protocol. */
  frameMalformed: 4501,
  /**
   * A frame came at a point at which the protocol does not allow it: data before the ack, a second handshake.
   */
  protocolViolated: 4502,
  /** The same user connected elsewhere, and the gateway keeps one session for each user. */
  replaced: 4503,
  /**
   * The handshake or the client's identity was refused. The refusal was sent before the close; in the text
   * form, a kick was.
   */
  handshakeRefused: 4504,
  /** The game's onConnect refused the session; the kick before says why. */
  refused: 4505,
  /**
   * The session goes on over another connection that presented its token, or its client came back but could
   * not resume it.
   */
  resumed: 4506,
  /** The client has gone on sending, far beyond what one session may send. */
  flooded: 4507
} as const

/**
 * Whether the reason of this code may say when to come back, in the words of `formatComeBack`. The kick
 * before the close then says it too, to clients that are told of kicks.
 */
export function mayHaveRetryHint(code: number): boolean {
  return code === closeCodes.restart || code === closeCodes.tryAgainLater
}

/** Returns the words that tell a client to come back after `ms` milliseconds. */
export function formatComeBack(ms: number): string {
  return `come back in ${Math.ceil(ms)} ms`
}

/** Returns the milliseconds that a reason states, anywhere in its text; undefined if it states none. */
export function parseComeBack(reason: string): number | undefined {
  const ms = /come back in (\d+) ms/.exec(reason)?.[1]
  return ms === undefined ? ms : Number(ms)
}

export type CloseCodeName = keyof typeof closeCodes
export type CloseCode = (typeof closeCodes)[CloseCodeName]

/** Whether a client should come back after this code. An unknown code is judged by its range. */
export function mayComeBack(code: number): boolean {
  if (code >= 4000) return code < 4500
  // 1005 is a close without a code. Neither our client nor the gateway sends one: a proxy between them has
  // closed. 1014 is the "bad gateway" of a proxy.
  return code === 1001 || code === 1005 || code === 1006 || (code >= 1011 && code <= 1014)
}

/**
 * Whether a session may be resumed after the gateway has closed its connection with this code. `goesOn`: the
 * gateway restarts, and its sessions go on at other gateways of its cluster.
 */
export function mayResume(code: CloseCode, goesOn: boolean): boolean {
  return (code >= 4000 && code < 4500) || (goesOn && code === closeCodes.restart)
}
