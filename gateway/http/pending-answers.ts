/**
 * The answers that connections wait for. Pipelined requests are answered in order: only the oldest of a
 * connection's answers can have begun on its socket, and that to the newest request is the last to complete.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export class PendingAnswers {
  /** The responses of each connection that are not complete, in the order of their requests. */
  readonly #pending = new WeakMap<Socket, Set<ServerResponse>>()

  /** Notes a response that has not begun. */
  add(socket: Socket, response: ServerResponse): void {
    const pending = this.#pending.get(socket) ?? new Set()
    this.#pending.set(socket, pending.add(response))
    response.once('close', () => pending.delete(response))
  }

  /** Whether a part of an answer has been sent, and not all of it. */
  hasBegun(socket: Socket): boolean {
    const [oldest] = this.#pending.get(socket) ?? []
    return oldest?.headersSent === true
  }

  /**
   * Calls `serve` once all answers of a connection are complete; never, if the connection ends with one.
   * Upgrades need this, since Node detaches their sockets from its HTTP parser at once.
   */
  whenDone(socket: Socket, serve: () => void): void {
    const newest = [...(this.#pending.get(socket) ?? [])].at(-1)
    if (newest === undefined) return serve()
    newest.once('close', () => {
      if (socket.writable) serve()
    })
  }
}
