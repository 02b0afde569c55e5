/** Floor: a worker that writes values as superjson's text and reads them again, in a plain loop; nothing is sent. */
import { serve } from '../servers/server.js'
import { startWorker } from './worker.js'

await serve(() => startWorker(new URL('./superjson-worker.js', import.meta.url), undefined))
