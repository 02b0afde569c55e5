/**
 * The platform's WebSocket class, and the part of it that the client uses. No other file knows of the global.
 */
import type { FailureKind } from './state.js'

/** The part of a WebSocket that the client uses, common to browsers, React Native, Node 22 and `ws`. */
export interface WebSocketLike {
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
}

export type WebSocketClass = new (url: string) => WebSocketLike

/** Why a socket did not open. */
export interface Fault {
  readonly kind: FailureKind
  readonly reason: string
  /** Status of the HTTP response, with the kind `http`. */
  readonly status?: number
  /** Milliseconds after which the server wants the next attempt. */
  readonly retryAfter?: number | undefined
  /** Whether further attempts would fail as well, as far as one can tell. */
  readonly isPermanent?: boolean
}

/**
 * What the entry for Node (`client/node.ts`) adds. Everything that is named here would be in every bundle for
 * browsers and React Native.
 */
export const platform: {
  /** Loads the class to use, instead of the platform's own. */
  load?: () => Promise<WebSocketClass>
  /** Prepares a new socket, so that its error says more. */
  watch?: (webSocket: WebSocketLike) => void
  /** Explains the error of a socket that did not open; undefined if it says nothing. */
  explain?: (error: unknown, url: string) => Fault | undefined
} = {}

export async function findWebSocket(): Promise<WebSocketClass> {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketClass }
  const found = (await platform.load?.()) ?? WebSocket
  if (found === undefined)
    throw new Error('the platform has no WebSocket; pass one as the option `WebSocket`')
  return found
}

/** Explains why a socket did not open. Browsers do not tell a page, so it is told what there is to check. */
export function explainFault(error: unknown, url: string): Fault {
  const told = platform.explain?.(error, url)
  if (told !== undefined) return told
  const certificate = url.startsWith('wss:') ? ', its certificate may not be trusted' : ''
  return {
    kind: 'unknown',
    reason: `refused or unreachable, and the platform does not say why: nothing may be listening there${certificate}, or this page's origin may not be allowed (the gateway's option \`origins\`); see the browser's console, and the gateway's log`
  }
}
