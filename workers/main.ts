/**
 * The file that Piscina loads in each worker thread. Opens the link, starts the game, says hello, and from then on runs batches.
 * The default export is a promise of the function that Piscina calls, since a worker is ready only when its handlers are.
 */
import { MessageChannel, MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Batch } from '../shared/link/batch.js'
import type { FromWorker, LinkOffer } from '../shared/link/hello.js'
import type { WorkerSetup } from '../shared/link/worker-setup.js'
import { describeFailure, Game } from './game.js'
import { SharedClaims } from './running/claims.js'
import { printsHaveLeft } from './runtime/prints.js'

/** What Piscina is asked to run: `null` only to see the worker ready, 'stop' to end the game here, else a batch. */
type Task = Batch | 'stop' | null

/** The worker's first task lasts as long as the worker: how it fails tells the gateway how the worker ended. */
const untilTheEnd = new Promise<void>(() => {})

async function start(setup: WorkerSetup): Promise<(task: Task) => Promise<void>> {
  const { port1, port2 } = new MessageChannel()
  // First of all: what the game asks for while it loads and starts is answered too.
  parentPort!.postMessage({ kind: 'link', port: port2 } satisfies LinkOffer, [port2])
  const say = (words: FromWorker) => port1.postMessage(words)
  hidePorts()
  try {
    const game = await Game.start({ setup, port: port1, claims: new SharedClaims(setup.claims) })
    say(game.hello)
    return task => (task === null ? untilTheEnd : task === 'stop' ? stop(game) : game.run(task))
  } catch (error) {
    const message = describeFailure(error)
    say({ kind: 'failed', message })
    // The gateway takes the thread for ended when its link has.
    port1.close()
    // What was thrown may not survive the way out of this thread.
    throw new Error(message)
  }
}

async function stop(game: Game): Promise<void> {
  await game.stop()
  await printsHaveLeft()
}

/**
 * Keeps the ports of this thread from code that closes, or writes to, whatever a process has open, as some libraries do to end
 * it: over Node's own ports, and Piscina's, that would reach into the gateway.
 */
function hidePorts(): void {
  const holder = process as unknown as { _getActiveHandles: () => unknown[] }
  const all = holder._getActiveHandles
  holder._getActiveHandles = () => all.call(process).filter(handle => !(handle instanceof MessagePort))
}

// biome-ignore lint/style/noDefaultExport: what Piscina looks for
export default start(workerData as WorkerSetup)
