/**
 * The one door to the package ws: the WebSocket of a client, and the server that makes it.
 *
 * ws is configured to detect everything that it can refuse by itself. On its own, ws closes with a bare code
 * and reports it afterwards. Here the owner is asked first, so that waiting frames are sent and the close
 * frame has a reason.
 */
import { type Server, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'

/**
 * Factor by which a message may exceed `maxBodyBytes` and still be answered. A larger one closes the
 * connection.
 */
const answeredExcess = 4

/**
 * Bytes of a frame around the body: the headers of package and message with the longest route, or those of
 * the text protocol.
 */
const frameOverhead = 1_024

/**
 * Bytes of a body per allowed fragment, or per chunk that the socket delivers. Each costs up to 290 bytes of
 * memory until the message is complete (ws 8.23, measured): as much as the body itself.
 */
const bytesPerPart = 256
const leastParts = 1_024

/**
 * Pings and pongs within one fragmented message. A fragment is a view of the chunk that was read with it, and
 * so keeps these frames in memory until the message is complete.
 */
const mostControls = 1_000

export interface MessageLimits {
  readonly maxPayload: number
  readonly maxFragments: number
  readonly maxBufferedChunks: number
}

/** Returns the limits that ws enforces for messages whose bodies may have so many bytes. */
export function limitMessages(maxBodyBytes: number): MessageLimits {
  const parts = Math.max(leastParts, Math.ceil(maxBodyBytes / bytesPerPart))
  return {
    maxPayload: maxBodyBytes * answeredExcess + frameOverhead,
    maxFragments: parts,
    maxBufferedChunks: parts
  }
}

/** A violation that ws has found: of the WebSocket protocol, or of a limit of messages. */
export class WebSocketViolation extends Error {
  readonly closeCode: CloseCode

  constructor(closeCode: CloseCode, maxBodyBytes: number) {
    const { maxPayload, maxFragments } = limitMessages(maxBodyBytes)
    const limits: Partial<Record<CloseCode, string>> = {
      [closeCodes.tooLarge]: `a message of more than ${maxPayload} bytes: ${answeredExcess} times maxBodyBytes`,
      [closeCodes.tooManyParts]: `a message in more than ${maxFragments} parts`,
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
  /** Control frames within the current message. */
  #controls = 0

  override close(code?: number, reason?: string | Buffer): void {
    // Only for a violation does ws pass a code without a reason: an answer to a close has the client's reason
    // or no code.
    const isViolation = code !== undefined && reason === undefined && this.readyState === WebSocket.OPEN
    if (isViolation && this.emit('violated', code)) return
    super.close(code, reason)
  }

  /** Counts a received ping or pong. */
  countControl(): void {
    // Opcode of the incomplete message, or 0. It is private in ws: a version without it counts nothing here.
    const { _receiver } = this as unknown as { _receiver?: { _fragmented?: number } }
    this.#controls = (_receiver?._fragmented ?? 0) === 0 ? 0 : this.#controls + 1
    if (this.#controls > mostControls) this.close(closeCodes.tooManyParts)
  }
}

export type SocketServer = Server<typeof ClientWebSocket>

/**
 * Creates the server that turns upgrades into WebSockets. `subprotocols` are those that a client may ask for.
 */
export function createSocketServer(maxBodyBytes: number, subprotocols: readonly string[]): SocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    ...limitMessages(maxBodyBytes),
    WebSocket: ClientWebSocket,
    // The connection answers pings itself, so that it can limit them; ws would terminate the socket.
    autoPong: false,
    closeTimeout: 5_000,
    handleProtocols: asked => subprotocols.find(each => asked.has(each)) ?? false
  } as ServerOptions<typeof ClientWebSocket>)
}
