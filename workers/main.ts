/**
 * The file that Piscina loads in each worker. Opens the link, loads the handlers, starts the game, says hello, and from
 * then on runs batches. The default export is a promise of the function that Piscina calls, since a worker is ready only when
 * its handlers are.
 */
import { MessageChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type Batch, readBatch } from '../shared/batch.js'
import { beat } from '../shared/claims.js'
import { GatewayError } from '../shared/errors.js'
import type { FromWorker, RouteHello, WorkerSetup } from '../shared/hello.js'
import { HandlerApp } from './app.js'
import { ChannelService } from './channel-service.js'
import { createLinkLogger, type Environment } from './environment.js'
import { reportFatal } from './fatal.js'
import { type Handler, loadHandlers } from './handlers.js'
import type { WorkerHooks } from './hooks.js'
import { Link } from './link.js'
import { Messenger } from './messenger.js'
import { nobody } from './origin.js'
import { Pace } from './pace.js'
import { Running } from './running.js'
import { SessionOperations } from './session-operations.js'
import { Turn } from './turn.js'
import { UserOperations } from './user-operations.js'

/** What Piscina is asked to run: `null` only to see the worker ready, 'stop' to end the game here, else a batch. */
type Task = Batch | 'stop' | null

async function start(setup: WorkerSetup): Promise<(task: Task) => Promise<void>> {
  const { port1, port2 } = new MessageChannel()
  // First of all: what the game asks for while it loads and starts is answered too.
  say({ kind: 'link', port: port2 })
  try {
    return await startOn(port1, setup)
  } catch (error) {
    // The gateway takes the thread for ended when its link has.
    port1.close()
    throw error
  }
}

async function startOn(port: MessagePort, setup: WorkerSetup): Promise<(task: Task) => Promise<void>> {
  const running = new Running()
  const link = new Link(port, (rid, reason) => running.abort(rid, reason))
  const worker = { index: setup.index }
  const operations = new SessionOperations(link, nobody, setup)
  const messenger = new Messenger(link, nobody, operations, setup.frontendId)
  const users = new UserOperations(link, operations)
  const { frontendId } = setup
  const app = new HandlerApp({
    backendSessionService: operations.service,
    channelService: new ChannelService({ frontendId, messenger, operations, users }),
    serverId: frontendId,
    worker,
    messenger
  })
  for (const loader of setup.typescript) (await import(loader)).register()
  const { handlers, hooks } = await loadHandlers(setup.handlers, app)
  const all = [...handlers, ...hooks.handlers]
  const env: Environment = { ...setup, worker, link, handlers: all, running, pace: new Pace() }
  reportFatal(link, running)
  if (setup.pulseInterval > 0) setInterval(() => beat(setup.claims), setup.pulseInterval).unref()
  await hooks.start(app)
  say({ kind: 'hello', routes: list(handlers), hooks: list(hooks.handlers), stops: hooks.stop !== undefined })
  return task => (task === null ? untilTheEnd : task === 'stop' ? stop(link, hooks, app) : run(env, task))
}

function list(handlers: readonly Handler[]): RouteHello[] {
  return handlers.map(({ route, file, options }) => ({ route, file, options }))
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

/** The last task. What it asks for leaves before the gateway hears that it is done. */
async function stop(link: Link, hooks: WorkerHooks, app: HandlerApp): Promise<void> {
  try {
    await hooks.stop?.(app)
  } catch (error) {
    createLinkLogger(link, {}).error('A hook failed', { hook: 'onStop', error })
  }
  link.leave()
}

function say(words: FromWorker): void {
  parentPort!.postMessage(words, words.kind === 'link' ? [words.port] : [])
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
