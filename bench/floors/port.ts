/**
 * A floor: a MessagePort between a worker and the main thread. `node port.js push`: each message carries a
 * key and its text, which are kept in a Map and acknowledged. `node port.js ping`: a number is sent there and
 * back.
 */
import { MessageChannel } from 'node:worker_threads'
import { serve } from '../servers/server.js'
import type { PortPush } from './port-worker.js'
import { startWorker } from './worker.js'

await serve(() => {
  const isPing = process.argv[2] === 'ping'
  const { port1, port2 } = new MessageChannel()
  const texts = new Map<string, string>()
  if (isPing) port1.on('message', (number: number) => port1.postMessage(number))
  else {
    port1.on('message', ({ ack, key, text }: PortPush) => {
      texts.set(key, text)
      port1.postMessage(ack)
    })
  }
  return startWorker(new URL('./port-worker.js', import.meta.url), { port: port2, isPing }, [port2])
})
