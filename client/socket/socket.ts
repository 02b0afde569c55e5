/**
 * One WebSocket of a client, as a stream of packages. Passes each incoming package to its listener, and
 * reports its end exactly once. Owned by an Attempt; the Conversation knows the meaning of the packages.
 */
import { decodePackages, encodePackage, type PackageKind } from '../../shared/wire/package.js'
import { platform, type WebSocketClass, type WebSocketLike } from '../base/web-socket.js'

export interface SocketListener {
  opened(): void
  received(kind: PackageKind, bytes: Uint8Array, start: number, end: number): void
  /** Either this or `refused` is called, exactly once. */
  closed(code: number, reason: string): void
  /** Called if the socket never opened. `error`: that of its first `error` event, where there is one. */
  refused(error: unknown): void
}

/**
 * Milliseconds to wait for the `close` event after an `error` event. The WebSocket of Node 22 sends none for
 * a connection that was reset before it was open.
 */
const errorGrace = 100

export class Socket {
  readonly #webSocket: WebSocketLike
  readonly #listener: SocketListener
  #isOver = false
  #hasOpened = false
  #error: unknown
  #grace: ReturnType<typeof setTimeout> | undefined

  constructor(WebSocket: WebSocketClass, url: string, listener: SocketListener) {
    this.#listener = listener
    this.#webSocket = new WebSocket(url)
    platform.watch?.(this.#webSocket)
    this.#webSocket.binaryType = 'arraybuffer'
    this.#webSocket.onopen = () => {
      this.#hasOpened = true
      if (!this.#isOver) listener.opened()
    }
    this.#webSocket.onmessage = ({ data }: { data: unknown }) => this.#receive(data)
    this.#webSocket.onclose = ({ code, reason }: { code: number; reason: string }) =>
      this.#hasOpened ? this.#end(code, reason) : this.#refuse()
    // A `close` event usually follows and says more; if none comes, the timer ends the socket.
    this.#webSocket.onerror = ({ error }: { error?: unknown }) => {
      if (this.#isOver) return
      this.#error ??= error
      this.#grace ??= setTimeout(() => (this.#hasOpened ? this.#end(1006, '') : this.#refuse()), errorGrace)
    }
  }

  send(kind: PackageKind, body?: Uint8Array): void {
    if (!this.#isOver) this.#webSocket.send(encodePackage(kind, body))
  }

  /**
   * Closes the socket and tells the listener at once: an unreachable peer would never answer the closing
   * handshake. Some platforms report the closing of a socket that was not open yet as its error, and at once.
   */
  close(code: number, reason: string): void {
    if (!this.#finish()) return
    this.#webSocket.close(code, reason)
    this.#listener.closed(code, reason)
  }

  #receive(data: unknown): void {
    if (this.#isOver) return
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError('a text message')
      const bytes = new Uint8Array(data)
      for (const { kind, start, end } of decodePackages(bytes)) {
        // The listener may have closed the socket while it handled the previous package.
        if (this.#isOver) return
        this.#listener.received(kind, bytes, start, end)
      }
    } catch (error) {
      // Malformed data is not a passing fault, so this code tells the client not to reconnect. A close reason
      // may take 123 bytes (RFC 6455 §5.5), and a character up to three.
      this.close(4501, String((error as Error).message).slice(0, 40))
    }
  }

  #end(code: number, reason: string): void {
    if (this.#finish()) this.#listener.closed(code, reason)
  }

  #refuse(): void {
    if (this.#finish()) this.#listener.refused(this.#error)
  }

  /** Returns whether this is the socket's end, and not something after it. */
  #finish(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    clearTimeout(this.#grace)
    return true
  }
}
