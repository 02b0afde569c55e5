/**
 * Floor: a worker and the first thread with nothing but a MessagePort between them. `node port.js push`: each message
 * carries a key and its text, which are kept in a Map and acked. `node port.js ping`: a number goes there and back.
 */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { type Server, serve } from '../server.js'
import type { StretchResult } from '../stretch.js'
import type { PortPush } from './port-worker.js'

await serve(async (): Promise<Server> => {
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
  const worker = new Worker(new URL('./port-worker.js', import.meta.url), {
    workerData: { port: port2, isPing },
    transferList: [port2]
  })
  await once(worker, 'online')
  return {
    port: 0,
    stretch: async stretch => {
      worker.postMessage(stretch)
      const [result] = (await once(worker, 'message')) as [StretchResult]
      return result
    },
    close: () => worker.terminate()
  }
})
