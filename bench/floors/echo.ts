/**
 * A floor: `ws` alone, which parses each message and replies with its body. It has no sessions and no
 * workers.
 */
import { serve } from '../servers/server.js'
import { startWebSocketServer } from './web-socket.js'

await serve(() =>
  startWebSocketServer(socket => {
    socket.on('message', data => {
      const [id, , body] = JSON.parse(String(data))
      socket.send(JSON.stringify([id, body]))
    })
  })
)
