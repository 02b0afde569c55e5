/** A floor: `ws` alone, which sends events by a loop of `send` to all sockets that have asked for them. */
import type { WebSocket } from 'ws'
import { serve } from '../servers/server.js'
import { startWebSocketServer } from './web-socket.js'

const text = 'x'.repeat(64)

await serve(() => {
  const audience = new Set<WebSocket>()
  let sent = 0
  return startWebSocketServer(socket => {
    socket.on('close', () => audience.delete(socket))
    socket.on('message', data => {
      const [id, route] = JSON.parse(String(data)) as [number, string]
      if (route === 'events.join') {
        sent = 0
        audience.add(socket)
      } else {
        const count = route === 'events.ten' ? 10 : 100
        for (let i = 0; i < count; i++) {
          const event = JSON.stringify(['tick', [1_000_000 + (sent++ % 1_000_000), text]])
          for (const receiver of audience) receiver.send(event)
        }
      }
      socket.send(JSON.stringify([id, 1]))
    })
  })
})
