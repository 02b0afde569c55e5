/**
 * The file that Piscina loads in each worker thread. Opens the link, starts the game, says hello, and from then on runs batches.
 * The default export is a promise of the function that Piscina calls, since a worker is ready only when its handlers are.
 */
import { MessageChannel, parentPort, workerData } from 'node:worker_threads'
import type { Batch } from '../shared/batch.js'
import type { FromWorker, WorkerSetup } from '../shared/hello.js'
import { SharedClaims } from './claims.js'
import { describeFailure, Game } from './game.js'

/** What Piscina is asked to run: `null` only to see the worker ready, 'stop' to end the game here, else a batch. */
type Task = Batch | 'stop' | null

/** The worker's first task lasts as long as the worker: how it fails tells the gateway how the worker ended. */
const untilTheEnd = new Promise<void>(() => {})

async function start(setup: WorkerSetup): Promise<(task: Task) => Promise<void>> {
  const { port1, port2 } = new MessageChannel()
  // First of all: what the game asks for while it loads and starts is answered too.
  say({ kind: 'link', port: port2 })
  try {
    const game = await Game.start({ setup, port: port1, claims: new SharedClaims(setup.claims) })
    say(game.hello)
    return task => (task === null ? untilTheEnd : task === 'stop' ? game.stop() : game.run(task))
  } catch (error) {
    // The gateway takes the thread for ended when its link has.
    port1.close()
    const message = describeFailure(error)
    say({ kind: 'failed', message })
    // What was thrown may not survive the way out of this thread.
    throw new Error(message)
  }
}

function say(words: FromWorker): void {
  parentPort!.postMessage(words, words.kind === 'link' ? [words.port] : [])
}

// biome-ignore lint/style/noDefaultExport: what Piscina looks for
export default start(workerData as WorkerSetup)
