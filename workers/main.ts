/**
 * The file that Piscina loads in each worker. Loads the handlers, opens the link, says hello, and from then on runs
 * batches. The default export is a promise of the function that Piscina calls, since a worker is ready only when
 * its handlers are.
 */
import { MessageChannel, parentPort, workerData } from 'node:worker_threads'
import { type Batch, readBatch } from '../shared/batch.js'
import { GatewayError } from '../shared/errors.js'
import type { Hello, WorkerSetup } from '../shared/hello.js'
import { HandlerApp } from './app.js'
import type { Environment } from './environment.js'
import { reportFatal } from './fatal.js'
import { loadHandlers } from './handlers.js'
import { Link } from './link.js'
import { Messenger } from './messenger.js'
import { nobody } from './origin.js'
import { Pace } from './pace.js'
import { Running } from './running.js'
import { SessionOperations } from './session-operations.js'
import { Turn } from './turn.js'

/** What Piscina is asked to run: `null` only to see the worker ready, else a batch. */
type Task = Batch | null

async function start(setup: WorkerSetup): Promise<(task: Task) => Promise<void> | undefined> {
  const { port1, port2 } = new MessageChannel()
  const running = new Running()
  const link = new Link(port1, (rid, reason) => running.abort(rid, reason))
  const worker = { index: setup.index }
  const operations = new SessionOperations(link, nobody, setup)
  const messenger = new Messenger(link, nobody, operations, setup.frontendId)
  const app = new HandlerApp(operations.service, worker, messenger)
  for (const loader of setup.typescript) (await import(loader)).register()
  const handlers = await loadHandlers(setup.handlers, app)
  const env: Environment = { ...setup, worker, link, handlers, running, pace: new Pace() }
  reportFatal(link, running)
  const routes = handlers.map(({ route, file, options }) => ({ route, file, options }))
  say({ kind: 'hello', port: port2, routes })
  return task => (task === null ? untilTheEnd : run(env, task))
}

/** The worker's first task lasts as long as the worker: how it fails tells the gateway how the worker ended. */
const untilTheEnd = new Promise<void>(() => {})

async function run(env: Environment, batch: Batch): Promise<void> {
  const { link, pace, running } = env
  link.hold()
  const startedAt = performance.now()
  const turns = readBatch(batch).map(task => new Turn(env, task))
  try {
    for (const turn of turns) turn.run()
    if (running.size > 0 || pace.hasDeferred) await pace.quiet()
  } finally {
    let started = 0
    for (const turn of turns) started += turn.started
    link.outbox.ready(started, Math.round((performance.now() - startedAt) * 1000))
    link.release()
  }
}

function say(hello: Hello): void {
  parentPort!.postMessage(hello, hello.kind === 'hello' ? [hello.port] : [])
}

function sayWhyNot(error: unknown): never {
  const message =
    error instanceof GatewayError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error)
  say({ kind: 'failed', message })
  throw error
}

// biome-ignore lint/style/noDefaultExport: what Piscina looks for
export default start(workerData as WorkerSetup).catch(sayWhyNot)
