/** The platform's WebSocket, or that of the package `ws` where there is none: the one place that knows of either. */

/** What is used of a WebSocket: what browsers, Node 22 and `ws` have in common. */
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

/** Node before 22 has none of its own. A variable, so that bundlers for browsers do not look for the package. */
const fallback = 'ws'

export async function findWebSocket(): Promise<WebSocketClass> {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketClass }
  if (WebSocket !== undefined) return WebSocket
  return (await import(fallback)).WebSocket
}
