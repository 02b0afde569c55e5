/**
 * A client's pending requests. Each is settled once: by its reply, by its timeout, by its abort signal, or
 * when the client closes or loses its session. Owned by the Client.
 */
import type { AbortSignalLike } from '../shared/abort-signal.js'
import { maxMessageId } from '../shared/wire/message.js'
import { type ErrorData, wireErrors } from '../shared/wire-errors.js'
import { ClientError } from './base/client-error.js'
import type { ClientMessage } from './conversation/message.js'

interface Waiting {
  readonly message: ClientMessage
  readonly resolve: (body: unknown) => void
  readonly reject: (error: unknown) => void
  /** Stops the timer and removes the listener from the signal. */
  readonly release: () => void
}

export class Requests {
  readonly #byId = new Map<number, Waiting>()
  #lastId: number

  /** `lastId`: the id after which ids begin. */
  constructor(lastId: number) {
    this.#lastId = lastId
  }

  get lastId(): number {
    return this.#lastId
  }

  /** Returns an id that no pending request has. */
  nextId(): number {
    do this.#lastId = this.#lastId === maxMessageId ? 1 : this.#lastId + 1
    while (this.#byId.has(this.#lastId))
    return this.#lastId
  }

  /**
   * Waits for the reply to a request. `withdraw` is called with the message when it times out or is aborted,
   * and returns whether it was never sent.
   */
  wait(
    message: ClientMessage,
    { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignalLike | undefined },
    withdraw: (message: ClientMessage) => boolean
  ): Promise<unknown> {
    const { id, route } = message
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        withdraw(message)
        this.#take(id)?.reject(signal?.reason)
      }
      const onTimeout = () => {
        const retryable = withdraw(message)
        this.#take(id)?.reject(new ClientError(wireErrors.requestTimedOut(route, timeout), { retryable }))
      }
      const timer = timeout > 0 ? setTimeout(onTimeout, timeout) : undefined
      signal?.addEventListener('abort', onAbort, { once: true })
      const release = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      this.#byId.set(id, { message, resolve, reject, release })
    })
  }

  resolve(id: number, body: unknown): void {
    this.#take(id)?.resolve(body)
  }

  reject(id: number, error: ErrorData): void {
    this.#take(id)?.reject(new ClientError(error))
  }

  /** Rejects all pending requests, each with the error that `createError` makes for it. */
  rejectAll(createError: (message: ClientMessage) => ClientError): void {
    for (const [id, { message, reject }] of [...this.#byId]) {
      this.#take(id)
      reject(createError(message))
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#byId.get(id)
    this.#byId.delete(id)
    waiting?.release()
    return waiting
  }
}
