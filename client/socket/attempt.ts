/**
 * One attempt to connect to the gateway, and the connection that results. It calls the option `user`, opens a
 * WebSocket and sends the client's handshake. It reports its end exactly once, and nothing after that, even
 * if one of its steps is still under way. Owned by the Conversation.
 *
 *   asking ──▶ handshaking ──▶ open        over: from each of them
 */
import { closeCodes } from '../../shared/close-codes.js'
import { type PackageKind, packageKinds } from '../../shared/wire/package.js'
import type { ResolvedClientOptions } from '../base/options.js'
import type { Failure } from '../base/state.js'
import { explainFault, type Fault, findWebSocket } from '../base/web-socket.js'
import { Socket } from './socket.js'

export interface AttemptInit {
  readonly url: string
  readonly options: Pick<ResolvedClientOptions, 'user' | 'WebSocket' | 'attemptTimeout'>
  /**
   * Encodes the client's half of the handshake. `user`: the value of the option. Throws for a value that JSON
   * cannot hold.
   */
  describe(user: unknown): Uint8Array
  received(kind: PackageKind, bytes: Uint8Array, start: number, end: number): void
  /** Called when the connection is closed, or when the attempt is given up before it is open. */
  ended(code: number, reason: string): void
  /** Called when no connection can be made. `isFatal`: further attempts would certainly fail as well. */
  failed(failure: Failure, isFatal: boolean, fault?: Fault): void
}

export class Attempt {
  readonly #init: AttemptInit
  #state: 'asking' | 'handshaking' | 'open' | 'over' = 'asking'
  #socket: Socket | undefined
  readonly #timer: ReturnType<typeof setTimeout>

  constructor(init: AttemptInit) {
    this.#init = init
    this.#timer = setTimeout(() => this.#late(), init.options.attemptTimeout)
    void this.#begin()
  }

  send(kind: PackageKind, body?: Uint8Array): void {
    this.#socket?.send(kind, body)
  }

  /** Tells that the handshake succeeded, which ends the attempt's timeout. */
  opened(): void {
    this.#state = 'open'
    clearTimeout(this.#timer)
  }

  /** Closes the connection, or gives up the attempt if there is no connection yet. */
  close(code: number, reason: string): void {
    if (this.#socket === undefined) this.#end(code, reason)
    else this.#socket.close(code, reason)
  }

  async #begin(): Promise<void> {
    try {
      // The owner knows the attempt by then. Its game may close it in the function `user`.
      await undefined
      if (this.#isOver) return
      const { WebSocket } = this.#init.options
      const [webSocketClass, hello] = await Promise.all([WebSocket ?? findWebSocket(), this.#describe()])
      if (this.#isOver) return
      this.#state = 'handshaking'
      this.#socket = new Socket(webSocketClass, this.#init.url, {
        opened: () => this.send(packageKinds.handshake, hello),
        received: this.#init.received,
        closed: (code, reason) => this.#end(code, reason),
        refused: error => this.#refuse(error)
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  async #describe(): Promise<Uint8Array> {
    const { options, describe } = this.#init
    const { user } = options
    if (typeof user !== 'function') return describe(user)
    try {
      return describe(await user())
    } catch (cause) {
      throw new UserFailed('', { cause })
    }
  }

  get #isOver(): boolean {
    return this.#state === 'over'
  }

  #late(): void {
    const { user, attemptTimeout } = this.#init.options
    const isAsking = this.#state === 'asking' && typeof user === 'function'
    const what = isAsking ? 'no answer of the function `user`' : 'no handshake'
    this.close(closeCodes.handshakeTimeout, `${what} within ${attemptTimeout} ms`)
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return
    this.#leave()
    this.#init.ended(code, reason)
  }

  #refuse(cause: unknown): void {
    if (this.#isOver) return
    this.#leave()
    const fault = explainFault(cause, this.#init.url)
    const { kind, reason, status } = fault
    this.#init.failed({ kind, reason, cause, ...(status === undefined ? {} : { status }) }, false, fault)
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#leave()
    const isUser = error instanceof UserFailed
    const cause = isUser ? error.cause : error
    const { text, isFatal } = readThrown(cause)
    const reason = isUser ? `the function \`user\` failed: ${text}` : text
    this.#init.failed({ kind: isUser ? 'user' : 'platform', reason, cause }, !isUser || isFatal)
  }

  #leave(): void {
    this.#state = 'over'
    clearTimeout(this.#timer)
  }
}

/** Marks an error of the game's `user` function, as opposed to one of the platform. */
class UserFailed extends Error {}

/** Reads a thrown value. Anything can be thrown, even an object whose properties throw when they are read. */
function readThrown(thrown: unknown): { readonly text: string; readonly isFatal: boolean } {
  try {
    const { message, fatal } = Object(thrown) as { message?: unknown; fatal?: unknown }
    return { text: typeof message === 'string' ? message : String(thrown), isFatal: fatal === true }
  } catch {
    return { text: 'unknown error', isFatal: false }
  }
}
