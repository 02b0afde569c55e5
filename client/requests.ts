/**
 * The requests that wait for their replies: each is settled once, by its reply, its time, its signal or the
 * end.
 */
import { type ErrorData, errors } from '../shared/errors.js'
import { maxMessageId } from '../shared/wire/message.js'
import { ClientError } from './base/client-error.js'
import type { ClientMessage } from './conversation/message.js'

export interface RequestOptions {
  /**
   * Milliseconds until it rejects with REQUEST_TIMED_OUT. Default: the client's `requestTimeout`. 0: never.
   */
  readonly timeout?: number
  /** Gives it up: it rejects with the signal's reason. What the gateway has already it runs all the same. */
  readonly signal?: AbortSignal
}

interface Waiting {
  readonly message: ClientMessage
  readonly resolve: (body: unknown) => void
  readonly reject: (error: unknown) => void
  /** Ends its clock and looks at no signal any more. */
  readonly release: () => void
}

export class Requests {
  readonly #byId = new Map<number, Waiting>()
  #lastId = 0

  /** A number that no request waits under. */
  nextId(): number {
    do this.#lastId = this.#lastId === maxMessageId ? 1 : this.#lastId + 1
    while (this.#byId.has(this.#lastId))
    return this.#lastId
  }

  /** `onGivenUp` is called with the message of a request that is not waited for any more. */
  wait(
    message: ClientMessage,
    { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal | undefined },
    onGivenUp: (message: ClientMessage) => void
  ): Promise<unknown> {
    const { id, route } = message
    return new Promise((resolve, reject) => {
      const giveUp = (error: unknown) => {
        this.#take(id)?.reject(error)
        onGivenUp(message)
      }
      const onAbort = () => giveUp(signal?.reason)
      const onTimeout = () => giveUp(new ClientError(errors.requestTimedOut(route, timeout)))
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

  /** Rejects all, each with the error that is made for it. */
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
