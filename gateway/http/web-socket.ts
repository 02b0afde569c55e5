/**
 * The WebSocket of a client, and the server that creates it. No other file of the gateway imports code of the
 * package ws.
 *
 * ws detects violations of the protocol and of the limits of messages. By default it closes the WebSocket
 * with a code and no reason, and reports the violation afterwards. Here it reports to the owner first, and
 * the owner closes: so waiting frames are sent, and the close frame has a reason.
 */
import { type Server, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'

/**
 * Factor by which a message may exceed `maxBodyBytes` and still be answered with an error. A larger message
 * closes the connection.
 */
const answeredExcess = 4

/**
 * Bytes of a message besides its body: the headers of a Pomelo package and message with the longest route, or
 * the number and the route in the text protocol.
 */
const frameOverhead = 1_024

/**
 * Number of bytes of `maxBodyBytes` per allowed fragment, and per allowed chunk from the socket. A fragment
 * or chunk costs up to 290 bytes of memory until the message is complete (ws 8.23, measured): about as much
 * as the body itself.
 */
const bytesPerPart = 256
const leastParts = 1_024

/**
 * Largest number of pings and pongs within one fragmented message. A fragment is a view of the chunk that the
 * socket delivered. It keeps the control frames of that chunk in memory until the message is complete.
 */
const mostControls = 1_000

/** Milliseconds for which a client may answer a close frame, and take what was sent before it. */
export const longestClose = 5_000

export interface MessageLimits {
  readonly maxPayload: number
  readonly maxFragments: number
  readonly maxBufferedChunks: number
}

/** Returns the limits that ws enforces for messages with bodies of up to `maxBodyBytes`. */
export function limitMessages(maxBodyBytes: number): MessageLimits {
  const parts = Math.max(leastParts, Math.ceil(maxBodyBytes / bytesPerPart))
  return {
    maxPayload: maxBodyBytes * answeredExcess + frameOverhead,
    maxFragments: parts,
    maxBufferedChunks: parts
  }
}

/** A violation of the WebSocket protocol, or of a limit of messages, that ws has detected. */
export class WebSocketViolation extends Error {
  readonly closeCode: CloseCode

  constructor(closeCode: CloseCode, maxBodyBytes: number) {
    const { maxPayload, maxFragments } = limitMessages(maxBodyBytes)
    const limits: Partial<Record<CloseCode, string>> = {
      [closeCodes.tooLarge]: `a message of more than ${maxPayload} bytes: ${answeredExcess} times maxBodyBytes`,
      [closeCodes.tooManyParts]: `a message in more than ${maxFragments} parts, or with more than ${mostControls} pings in it`,
      [closeCodes.notUtf8]: 'a text that is not UTF-8'
    }
    super(limits[closeCode] ?? 'a frame that breaks the rules of WebSocket')
    this.closeCode = closeCode
  }
}

/**
 * A WebSocket that emits `violated` with the close code of a violation, and leaves the close to its owner.
 */
export class ClientWebSocket extends WebSocket {
  /** Number of pings and pongs since the current message began. */
  #controls = 0

  override close(code?: number, reason?: string | Buffer): void {
    // ws passes a code without a reason only for a violation. When it answers a close frame, it passes the
    // client's reason, or no code.
    const isViolation = code !== undefined && reason === undefined && this.readyState === WebSocket.OPEN
    if (isViolation && this.emit('violated', code)) return
    super.close(code, reason)
  }

  /**
   * Whether a close has begun, by either side. A client that ends its side of the TCP connection without a
   * close frame begins one too; ws then waits until it has taken all that was sent, however long.
   */
  get isClosing(): boolean {
    return this.readyState === WebSocket.CLOSING
  }

  /** Counts a received ping or pong. Reports a violation if there are too many within one message. */
  countControl(): void {
    // `_fragmented` is the opcode of the incomplete message, or 0. The field is private in ws: if a version
    // does not have it, nothing is counted.
    const { _receiver } = this as unknown as { _receiver?: { _fragmented?: number } }
    this.#controls = (_receiver?._fragmented ?? 0) === 0 ? 0 : this.#controls + 1
    if (this.#controls > mostControls) this.close(closeCodes.tooManyParts)
  }
}

export type SocketServer = Server<typeof ClientWebSocket>

/**
 * Creates the server that turns upgrades into WebSockets. `subprotocols` are those that a client may ask for,
 * the preferred one first.
 */
export function createSocketServer(maxBodyBytes: number, subprotocols: readonly string[]): SocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    ...limitMessages(maxBodyBytes),
    WebSocket: ClientWebSocket,
    // The connection answers pings itself, so that it can limit them. ws would terminate the socket when too
    // many pongs wait to be sent.
    autoPong: false,
    closeTimeout: longestClose,
    handleProtocols: asked => subprotocols.find(each => asked.has(each)) ?? false
  } as ServerOptions<typeof ClientWebSocket>)
}
