/** Ours: a gateway with the handlers of the bench. `node gateway.js WORKERS`; without a number: as many as cores. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { createGateway, type Gateway } from '../gateway/index.js'
import { type Server, serve } from './server.js'
import type { Stretch, StretchResult } from './stretch.js'

await serve(async (): Promise<Server> => {
  const workers = process.argv[2]
  const gateway = await createGateway({
    handlers: fileURLToPath(new URL('./handlers', import.meta.url)),
    host: '127.0.0.1',
    port: 0,
    // A stretch lasts as long as it was asked to.
    requestTimeout: 0,
    logLevel: 'warn',
    ...(workers !== undefined && { workers: Number(workers) })
  })
  return {
    port: gateway.address.port,
    stretch: stretch => runStretch(gateway, stretch),
    close: () => gateway.close()
  }
})

/** One player asks for the stretch; one frame each way, which is nothing beside the pushes. */
async function runStretch(gateway: Gateway, stretch: Stretch): Promise<StretchResult> {
  const player = new WebSocket(gateway.url, 'sallyport.json')
  await once(player, 'open')
  player.send(JSON.stringify([1, 'push.awaited', stretch]))
  const [frame] = await once(player, 'message')
  const [, result, error] = JSON.parse(String(frame)) as [number, StretchResult, unknown]
  if (error !== undefined) throw new Error(`The stretch of pushes failed: ${JSON.stringify(error)}`)
  gateway.sessions.forEachSession(session => {
    const held = session.get('position')
    if (held !== result.last) throw new Error(`The session holds ${held}, but ${result.last} was pushed last`)
  })
  player.close()
  await once(player, 'close')
  return result
}
