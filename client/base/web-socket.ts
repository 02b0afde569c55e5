/**
 * The platform's WebSocket class, or that of the package `ws` where there is none. No other file knows of
 * either.
 */

/** The part of a WebSocket that the client uses, common to browsers, Node 22 and `ws`. */
export interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(data: Uint8Array): void
  close(code?: number, reason?: string): void
}

export type WebSocketClass = new (url: string) => WebSocketLike

/**
 * Package for Node before version 22, which has no WebSocket. Named by a variable, so that bundlers for
 * browsers do not look for it.
 */
const fallback = 'ws'

export async function findWebSocket(): Promise<WebSocketClass> {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketClass }
  if (WebSocket !== undefined) return WebSocket
  return (await import(fallback)).WebSocket
}
