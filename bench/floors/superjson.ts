/**
 * A floor: a worker that writes values as superjson text and parses them again, in a plain loop. Nothing is
 * sent.
 */
import { serve } from '../servers/server.js'
import { startWorker } from './worker.js'

await serve(() => startWorker(new URL('./superjson-worker.js', import.meta.url), undefined))
