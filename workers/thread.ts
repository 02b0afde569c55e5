/**
 * A worker thread: opens the link, starts the game, says hello, and then runs batches.
 */
import { MessageChannel, MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { WorkerQuestion } from '../shared/examination/question.js'
import type { Batch } from '../shared/link/batch.js'
import type { FromWorker, LinkOffer } from '../shared/link/hello.js'
import type { WorkerSetup } from '../shared/link/worker-setup.js'
import { describeStartFailure, Game } from './game.js'
import { SharedClaims } from './running/claims.js'
import { followInspector } from './runtime/inspection.js'
import { printsHaveLeft } from './runtime/prints.js'

/**
 * A task for Piscina: `null` to start the worker, `'stop'` to run the game's onStop, a question, or else a
 * batch.
 */
type Task = Batch | WorkerQuestion | 'stop' | null

/**
 * Result of the first task: it never settles, since the task lasts as long as the worker. The task's failure
 * tells how the worker ended.
 */
const untilTheEnd = new Promise<void>(() => {})

/**
 * Starts the worker. Resolves with the function that Piscina calls: a worker is ready only when its handlers
 * are loaded.
 */
export async function startThread(): Promise<(task: Task) => Promise<unknown>> {
  const { claims, ...setup } = workerData as WorkerSetup
  // Modules of the game get the same object, and what they write to this table would harm the sessions.
  Reflect.deleteProperty(workerData, 'claims')
  const { port1, port2 } = new MessageChannel()
  // Sent before all else, since the game may already use the link while it loads and starts.
  parentPort!.postMessage({ kind: 'link', port: port2 } satisfies LinkOffer, [port2])
  const send = (message: FromWorker) => port1.postMessage(message)
  followInspector(at => send({ kind: 'inspector', at }))
  hidePorts()
  try {
    const game = await Game.start({
      setup,
      port: port1,
      claims: new SharedClaims(claims),
      settlesPushes: true
    })
    send(game.hello)
    return task => {
      if (Array.isArray(task)) return game.run(task)
      return task === null ? untilTheEnd : task === 'stop' ? stop(game) : game.answer(task)
    }
  } catch (error) {
    const message = describeStartFailure(error)
    send({ kind: 'failed', message })
    // The gateway regards the thread as ended when its link is closed.
    port1.close()
    // The original error may not be cloneable, and so could not leave this thread.
    throw new Error(message)
  }
}

async function stop(game: Game): Promise<void> {
  await game.stop()
  await printsHaveLeft()
}

/**
 * Hides this thread's ports from code that closes, or writes to, every open handle of a process. Some
 * libraries do that before they end the process. It would also close, or write to, the ports of Node and
 * Piscina, and so disturb the gateway.
 */
function hidePorts(): void {
  const holder = process as unknown as { _getActiveHandles: () => unknown[] }
  const all = holder._getActiveHandles
  holder._getActiveHandles = () => all.call(process).filter(handle => !(handle instanceof MessagePort))
}
