/** A bare `ws` server on a free port, for floors that need one. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Server } from '../servers/server.js'

export async function startWebSocketServer(
  onSocket: (socket: WebSocket, connection: Duplex) => void,
  onClose: () => Promise<unknown> = async () => {}
): Promise<Server> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (socket, request) => {
    // The load may disconnect in the middle of a frame.
    socket.on('error', () => {})
    onSocket(socket, request.socket)
  })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
      return onClose()
    }
  }
}
