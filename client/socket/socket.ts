/**
 * One WebSocket of a client, as packages: what comes in is told package by package, and its end once. Knows
 * nothing of what the packages mean.
 */
import { decodePackages, encodePackage, type PackageKind } from '../../shared/wire/package.js'
import type { WebSocketClass, WebSocketLike } from '../base/web-socket.js'

export interface SocketListener {
  opened(): void
  received(kind: PackageKind, bytes: Uint8Array, start: number, end: number): void
  /** Once, whether it had been open or not. */
  closed(code: number, reason: string): void
}

/**
 * Milliseconds within which a close must follow an error. The WebSocket of Node 22 has none for a connection
 * that was reset before it was there.
 */
const errorGrace = 100

export class Socket {
  readonly #webSocket: WebSocketLike
  readonly #listener: SocketListener
  #isOver = false
  #grace: ReturnType<typeof setTimeout> | undefined

  constructor(WebSocket: WebSocketClass, url: string, listener: SocketListener) {
    this.#listener = listener
    this.#webSocket = new WebSocket(url)
    this.#webSocket.binaryType = 'arraybuffer'
    this.#webSocket.onopen = () => {
      if (!this.#isOver) listener.opened()
    }
    this.#webSocket.onmessage = ({ data }: { data: unknown }) => this.#receive(data)
    this.#webSocket.onclose = ({ code, reason }: { code: number; reason: string }) => this.#end(code, reason)
    // A close follows, which tells more; or none does.
    this.#webSocket.onerror = () => {
      this.#grace ??= setTimeout(() => this.#end(1006, ''), errorGrace)
    }
  }

  send(kind: PackageKind, body?: Uint8Array): void {
    if (!this.#isOver) this.#webSocket.send(encodePackage(kind, body))
  }

  /** Closes it. Its listener is told at once: the other side may be beyond reach, and never answer. */
  close(code: number, reason: string): void {
    if (this.#isOver) return
    this.#webSocket.close(code, reason)
    this.#end(code, reason)
  }

  #receive(data: unknown): void {
    if (this.#isOver) return
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError('a text message')
      const bytes = new Uint8Array(data)
      for (const { kind, start, end } of decodePackages(bytes)) {
        // A package may end the socket that brought it.
        if (this.#isOver) return
        this.#listener.received(kind, bytes, start, end)
      }
    } catch (error) {
      // A gateway that can't be understood now will not be understood later.
      // A reason may take 123 bytes (RFC 6455 §5.5), and a character three.
      this.close(4501, String((error as Error).message).slice(0, 40))
    }
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#grace)
    this.#listener.closed(code, reason)
  }
}
