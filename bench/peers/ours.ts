/**
 * Our gateway in the comparison. It has its default options, except for the limits on what one client may
 * request.
 */
import { fileURLToPath } from 'node:url'
import { createGateway } from '../../gateway/index.js'
import { serve } from '../servers/server.js'

await serve(async () => {
  const gateway = await createGateway({
    handlers: fileURLToPath(new URL('./handlers', import.meta.url)),
    host: '127.0.0.1',
    port: 0,
    maxRequestsPerSecond: 0,
    maxBytesPerSecond: 0,
    maxQueueDelay: 0,
    logLevel: 'warn'
  })
  return { port: gateway.address.port, close: () => gateway.close() }
})
