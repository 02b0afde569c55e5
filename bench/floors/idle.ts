/** A floor: `ws` alone, for idle connections. Replies to each message with the same text. */
import { readMemory } from '../readings/memory.js'
import { serve } from '../servers/server.js'
import { startWebSocketServer } from './web-socket.js'

await serve(async () => {
  const server = await startWebSocketServer(socket => {
    socket.on('message', data => {
      const [id] = JSON.parse(String(data))
      socket.send(JSON.stringify([id, 1]))
    })
  })
  return { ...server, tasks: { memory: readMemory } }
})
