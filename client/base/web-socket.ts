/**
 * The platform's WebSocket class, and the part of it that the client uses. No other file knows of the global.
 */

/** The part of a WebSocket that the client uses, common to browsers, React Native, Node 22 and `ws`. */
export interface WebSocketLike {
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(data: Uint8Array): void
  close(code?: number, reason?: string): void
}

export type WebSocketClass = new (url: string) => WebSocketLike

/**
 * Loads a class where the platform has none. Only the entry for Node (`client/node.ts`) adds it: what is
 * named here would be in every bundle for browsers and React Native.
 */
export const fallback: { load?: () => Promise<WebSocketClass> } = {}

export async function findWebSocket(): Promise<WebSocketClass> {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketClass }
  const found = WebSocket ?? (await fallback.load?.())
  if (found === undefined)
    throw new Error('the platform has no WebSocket; pass one as the option `WebSocket`')
  return found
}
