/**
 * Floor: the shape that comes to mind first. `ws`, and for each request one `pool.run` of a Piscina with its default
 * options; the session goes along as an object, and comes back changed with the reply.
 */
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { serve } from '../servers/server.js'
import type { PoolResult, PoolSession, PoolTask } from './pool-run-worker.js'
import { startWebSocketServer } from './web-socket.js'

await serve(async () => {
  const pool = new Piscina<PoolTask, PoolResult>({
    filename: fileURLToPath(new URL('./pool-run-worker.js', import.meta.url))
  })
  let lastSid = 0
  return startWebSocketServer(
    socket => {
      let session: PoolSession = { id: ++lastSid, frontendId: 'gateway-1', uid: null, settings: {} }
      socket.on('message', async data => {
        const [id, route, body] = JSON.parse(String(data))
        try {
          const result = await pool.run({ route, body, session })
          session = result.session
          socket.send(JSON.stringify([id, result.reply]))
        } catch (error) {
          // The load may leave with requests on their way; what they become when the pool closes is no fault.
          if (socket.readyState === socket.OPEN) throw error
        }
      })
    },
    () => pool.close()
  )
})
