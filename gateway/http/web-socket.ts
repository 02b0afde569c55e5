/**
 * The one door to ws: the WebSocket of a client. Everything that ws can be told to refuse by itself, it is
 * told here, and how to say so. ws closes with a code alone and tells of it only afterwards; here its owner
 * is told before, so that what waits to be sent is sent, and the close has a reason.
 */
import { type Server, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'

/** By how much a message may exceed `maxBodyBytes` and be answered: beyond, its connection is closed. */
const answeredExcess = 4

/**
 * Bytes of a frame around the body: package and message header with the longest route, or the text form's.
 */
const frameOverhead = 1_024

/**
 * Bytes of a body for each of the fragments, or of the pieces of a socket, that it may come in. Each costs up
 * to 290 bytes of memory until the message is whole (ws 8.23, measured): as much as the body itself.
 */
const bytesPerPart = 256
const leastParts = 1_024

/**
 * Pings and pongs in the middle of one message in fragments. A fragment is a window on all that was read with
 * it, and so keeps them in memory until the message is whole.
 */
const mostControls = 1_000

export interface MessageLimits {
  readonly maxPayload: number
  readonly maxFragments: number
  readonly maxBufferedChunks: number
}

/** The limits that ws is to hold for messages whose bodies may take so many bytes. */
export function limitMessages(maxBodyBytes: number): MessageLimits {
  const parts = Math.max(leastParts, Math.ceil(maxBodyBytes / bytesPerPart))
  return {
    maxPayload: maxBodyBytes * answeredExcess + frameOverhead,
    maxFragments: parts,
    maxBufferedChunks: parts
  }
}

/** ws has found what breaks a rule of WebSocket, or a limit of its messages. */
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
 * A WebSocket that tells of a violation by `violated`, with the code to close with, and leaves the close to
 * its owner.
 */
export class ClientWebSocket extends WebSocket {
  /** Control frames in the middle of the present message. */
  #controls = 0

  override close(code?: number, reason?: string | Buffer): void {
    // ws gives no reason where it has found a fault; it answers a close with the client's, or without a code.
    const isViolation = code !== undefined && reason === undefined && this.readyState === WebSocket.OPEN
    if (isViolation && this.emit('violated', code)) return
    super.close(code, reason)
  }

  /** Counts a ping or a pong that came. */
  countControl(): void {
    // The opcode of the message that is not whole, or 0. ws tells nobody of it; a version without it counts
    // nothing.
    const { _receiver } = this as unknown as { _receiver?: { _fragmented?: number } }
    this.#controls = (_receiver?._fragmented ?? 0) === 0 ? 0 : this.#controls + 1
    if (this.#controls > mostControls) this.close(closeCodes.tooManyParts)
  }
}

export type SocketServer = Server<typeof ClientWebSocket>

/** What makes WebSockets of upgrades. `subprotocols`: those that a client may ask for. */
export function createSocketServer(maxBodyBytes: number, subprotocols: readonly string[]): SocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    ...limitMessages(maxBodyBytes),
    WebSocket: ClientWebSocket,
    // The connection answers pings, as many as it takes; ws would end the socket without a word.
    autoPong: false,
    closeTimeout: 5_000,
    handleProtocols: asked => subprotocols.find(each => asked.has(each)) ?? false
  } as ServerOptions<typeof ClientWebSocket>)
}
