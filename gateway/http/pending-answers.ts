/**
 * The answers that connections wait for. Pipelined requests are answered in order, so the answer to the
 * newest request is the last one to complete.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export class PendingAnswers {
  /** The response to a connection's newest request, until it is complete. */
  readonly #newest = new WeakMap<Socket, ServerResponse>()

  /** Notes a response that has not begun. */
  add(socket: Socket, response: ServerResponse): void {
    this.#newest.set(socket, response)
    response.once('close', () => {
      if (this.#newest.get(socket) === response) this.#newest.delete(socket)
    })
  }

  /** Whether the answer to the newest request has begun, and is not complete. */
  hasBegun(socket: Socket): boolean {
    return this.#newest.get(socket)?.headersSent === true
  }

  /**
   * Calls `serve` once all answers of a connection are complete; never, if the connection ends with one.
   * Upgrades need this, since Node detaches their sockets from its HTTP parser at once.
   */
  whenDone(socket: Socket, serve: () => void): void {
    const newest = this.#newest.get(socket)
    if (newest === undefined) return serve()
    newest.once('close', () => {
      if (socket.writable) serve()
    })
  }
}
