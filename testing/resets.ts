/**
 * Ends connections with a TCP reset. Node leaks a socket that it resets while the system shuts it down: libuv
 * refuses (`EINVAL` of `uv_tcp_close_reset`), and Node has forgotten the handle by then. The leak keeps the
 * connection open, and the process from ending. `resetAndDestroy` shuts a socket down, too, before it resets.
 */
import type { Socket } from 'node:net'

/** Sockets that Node is about to reset. */
const resetting = new WeakSet<Socket>()

/** Resets a connection; one that is being shut down is only closed. */
export function reset(socket: Socket): void {
  if (resetting.has(socket)) return
  if (socket.writableEnded && !socket.writableFinished) {
    socket.destroy()
    return
  }
  resetting.add(socket)
  socket.resetAndDestroy()
}

/** Closes a connection, unless it is about to be reset. */
export function destroy(socket: Socket): void {
  if (!resetting.has(socket)) socket.destroy()
}
