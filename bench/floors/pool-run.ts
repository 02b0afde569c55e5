/**
 * A floor: `ws`, and one `pool.run` of a Piscina for each request. This is the design that comes to mind
 * first. The Piscina has its default options; the session is passed as an object, and returns changed with
 * the reply.
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
          // The load may disconnect with requests in flight; they may fail when the pool closes.
          if (socket.readyState === socket.OPEN) throw error
        }
      })
    },
    () => pool.close()
  )
})
