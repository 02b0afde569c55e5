/** The worker of the port floors. It uses callbacks only, so that nothing but the port is measured. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { tellThread } from '../readings/threads.js'
import { firstNumber } from '../servers/held.js'
import type { Stretch, StretchResult } from '../servers/stretch.js'

tellThread()

/** A push, as a message of its own. */
export interface PortPush {
  readonly ack: number
  readonly key: string
  readonly text: string
}

const { port, isPing } = workerData as { port: MessagePort; isPing: boolean }

parentPort!.on('message', ({ waiting = 1, seconds }: Stretch) => {
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  let last = firstNumber
  let count = 0
  let open = waiting
  const post = () => {
    last++
    port.postMessage(isPing ? last : ({ ack: last, key: 'position', text: String(last) } satisfies PortPush))
  }
  port.removeAllListeners('message')
  port.on('message', () => {
    count++
    const now = performance.now()
    if (now < end) return post()
    if (--open > 0) return
    const result: StretchResult = { count, seconds: (now - startedAt) / 1000 }
    parentPort!.postMessage(result)
  })
  for (let i = 0; i < waiting; i++) post()
})
