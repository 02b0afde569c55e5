/**
 * A floor: a MessagePort between a worker and the main thread. `node port.js push`: each message carries a
 * key and its text, which are kept in a Map and acknowledged. `node port.js ping`: a number is sent there and
 * back. `node port.js texts`: each message is the text of a hundred keys, which are kept in a Map.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { expectHundred, keepHundred } from '../servers/hundred-keys.js'
import { serve } from '../servers/server.js'
import type { PortMessage, PortPush } from './port-worker.js'
import { startWorker } from './worker.js'

const texts = new Map<string, string>()

const answers: Readonly<Record<PortMessage, (port: MessagePort, message: never) => void>> = {
  ping: (port, number: number) => port.postMessage(number),
  push(port, { ack, key, text }: PortPush) {
    texts.set(key, text)
    port.postMessage(ack)
  },
  texts(port, message: string | number) {
    if (typeof message === 'string') return keepHundred(texts, message)
    expectHundred(texts, message)
    port.postMessage(message)
  }
}

await serve(() => {
  const message = process.argv[2] as PortMessage
  const { port1, port2 } = new MessageChannel()
  port1.on('message', asked => answers[message](port1, asked as never))
  return startWorker(new URL('./port-worker.js', import.meta.url), { port: port2, message }, [port2])
})
