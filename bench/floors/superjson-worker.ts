/** The worker of the superjson floor. */
import { parentPort } from 'node:worker_threads'
import { SuperJSON } from 'superjson'
import { tellThread } from '../readings/threads.js'
import { firstNumber, richValue } from '../servers/held.js'
import type { Stretch, StretchResult } from '../servers/stretch.js'

tellThread()

const superjson = new SuperJSON()

parentPort!.on('message', ({ seconds }: Stretch) => {
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  let count = 0
  let now = startedAt
  for (; now < end; now = performance.now()) {
    const text = superjson.stringify(richValue(firstNumber + ++count))
    const { gold } = superjson.parse<ReturnType<typeof richValue>>(text)
    if (gold !== richValue(firstNumber + count).gold) throw new Error(`superjson lost a value: ${text}`)
  }
  parentPort!.postMessage({ count, seconds: (now - startedAt) / 1000 } satisfies StretchResult)
})
