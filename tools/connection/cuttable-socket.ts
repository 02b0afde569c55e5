/**
 * A WebSocket class whose connection can be cut as a network cuts it: without a closing handshake. While it
 * is held off, new connections fail. Owned by whoever owns the client that uses the class.
 */
import { findWebSocket, type WebSocketClass, type WebSocketLike } from '../../client/base/web-socket.js'

/** A socket that can be dropped without a goodbye, as those of `ws` can. */
interface TerminableSocket extends WebSocketLike {
  terminate(): void
}

export class CuttableSocket {
  /** The class for the option `WebSocket` of a client. */
  readonly WebSocket: WebSocketClass
  #current: TerminableSocket | undefined
  #isHeldOff = false

  private constructor(Base: new (url: string) => TerminableSocket) {
    const create = (url: string): WebSocketLike => {
      if (this.#isHeldOff) return new AbsentSocket()
      this.#current = new Base(url)
      return this.#current
    }
    this.WebSocket = new Proxy(Base, { construct: (_base, [url]) => create(url) })
  }

  static async create(): Promise<CuttableSocket> {
    return new CuttableSocket((await findWebSocket()) as new (url: string) => TerminableSocket)
  }

  /** Whether connections are held off. */
  get isHeldOff(): boolean {
    return this.#isHeldOff
  }

  /** Cuts the connection. Returns whether there was one to cut. */
  cut(): boolean {
    const socket = this.#current
    this.#current = undefined
    socket?.terminate()
    return socket !== undefined
  }

  /** Cuts the connection, and lets no other be made until `letIn`. Returns whether there was one to cut. */
  holdOff(): boolean {
    this.#isHeldOff = true
    return this.cut()
  }

  letIn(): void {
    this.#isHeldOff = false
  }
}

/** A socket without a network: it reports that no connection was made. */
class AbsentSocket implements WebSocketLike {
  binaryType = ''
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null

  constructor() {
    setImmediate(() => this.close())
  }

  send(): void {}

  close(): void {
    const { onclose } = this
    this.onclose = null
    ;(onclose as ((event: { code: number; reason: string }) => void) | null)?.({ code: 1006, reason: '' })
  }
}
