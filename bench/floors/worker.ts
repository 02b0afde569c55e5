/** A server that is one worker thread with its stretches, for floors that need no socket. */
import { once } from 'node:events'
import { type Transferable, Worker } from 'node:worker_threads'
import type { Server } from '../servers/server.js'
import type { Stretch, StretchResult } from '../servers/stretch.js'

export async function startWorker(
  file: URL,
  workerData: unknown,
  transferList: readonly Transferable[] = []
): Promise<Server> {
  const worker = new Worker(file, { workerData, transferList: [...transferList] })
  await once(worker, 'online')
  return {
    port: 0,
    tasks: {
      stretch: async (stretch: Stretch) => {
        worker.postMessage(stretch)
        const [result] = (await once(worker, 'message')) as [StretchResult]
        return result
      }
    },
    close: () => worker.terminate()
  }
}
