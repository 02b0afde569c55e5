/** The worker of the port floors. It uses callbacks only, so that nothing but the port is measured. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { tellThread } from '../readings/threads.js'
import { firstNumber, hundredKeys } from '../servers/held.js'
import { encodeHundred } from '../servers/hundred-keys.js'
import type { Stretch, StretchResult } from '../servers/stretch.js'

tellThread()

/** A push, as a message of its own. */
export interface PortPush {
  readonly ack: number
  readonly key: string
  readonly text: string
}

/** What the port's messages are; `port.ts` explains them. */
export type PortMessage = 'push' | 'ping' | 'texts'

const { port, message } = workerData as { port: MessagePort; message: PortMessage }

parentPort!.on('message', (stretch: Stretch) => {
  if (message === 'texts') postTexts(stretch)
  else converse(stretch)
})

function converse({ waiting = 1, seconds }: Stretch): void {
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  let last = firstNumber
  let count = 0
  let open = waiting
  const post = () => {
    last++
    port.postMessage(
      message === 'ping' ? last : ({ ack: last, key: 'position', text: String(last) } satisfies PortPush)
    )
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
}

/** Messages that are posted before the event loop's next round. */
const textsInRound = 16

/** Posts texts of a hundred keys until the time is up. The last one is acknowledged. */
function postTexts({ seconds }: Stretch): void {
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  let number = firstNumber
  const post = () => {
    for (let i = 0; i < textsInRound; i++) port.postMessage(encodeHundred(++number))
    if (performance.now() < end) return setImmediate(post)
    port.once('message', () => {
      const count = (number - firstNumber) * hundredKeys.length
      const result: StretchResult = { count, seconds: (performance.now() - startedAt) / 1000 }
      parentPort!.postMessage(result)
    })
    return port.postMessage(number)
  }
  post()
}
