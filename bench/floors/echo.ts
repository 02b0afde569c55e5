/** Floor: `ws` alone. Parses each message and answers its body; no session, no worker. */
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
