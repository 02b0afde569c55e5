/**
 * The game in a worker: loads its handlers, lets it start, runs batches, and lets it stop. What kind of worker it is in is its main
 * file's to know: a thread (main.ts), or a process (process.ts).
 */
import { type Batch, readBatch } from '../shared/batch.js'
import { GatewayError } from '../shared/errors.js'
import type { Hello, RouteHello, WorkerSetup } from '../shared/hello.js'
import { attempt, describeThrown, messageOf } from '../shared/thrown.js'
import { HandlerApp } from './app.js'
import { BackendSessionService } from './backend-session-service.js'
import { ChannelService } from './channel-service.js'
import type { Claims } from './claims.js'
import type { Environment } from './environment.js'
import { reportFatal } from './fatal.js'
import { type Handler, loadHandlers } from './handlers.js'
import type { WorkerHooks } from './hooks.js'
import { Link, type LinkPort } from './link.js'
import { createLinkLogger } from './link-logger.js'
import { Messenger } from './messenger.js'
import { nobody } from './origin.js'
import { monotonic, setInterval } from './own-time.js'
import { EventLoopBudget } from './pace.js'
import { RunningRequests } from './running.js'
import { SessionOperations } from './session-operations.js'
import { Turn } from './turn.js'
import { UserOperations } from './user-operations.js'

export interface GameInit {
  readonly setup: Omit<WorkerSetup, 'claims'>
  readonly port: LinkPort
  readonly claims: Claims
}

export class Game {
  /** What it says of itself, once it has started. */
  readonly hello: Hello
  readonly #env: Environment
  readonly #hooks: WorkerHooks
  readonly #app: HandlerApp

  private constructor(env: Environment, hooks: WorkerHooks, app: HandlerApp, hello: Hello) {
    this.#env = env
    this.#hooks = hooks
    this.#app = app
    this.hello = hello
  }

  static async start({ setup, port, claims }: GameInit): Promise<Game> {
    const running = new RunningRequests()
    const link = new Link(port, (rid, reason) => running.abort(rid, reason))
    const worker = { index: setup.index }
    const operations = new SessionOperations(link, nobody, setup)
    const messenger = new Messenger(link, nobody, operations, setup.frontendId)
    const users = new UserOperations(link, operations)
    const { frontendId } = setup
    const app = new HandlerApp({
      backendSessionService: new BackendSessionService(operations),
      channelService: new ChannelService({ frontendId, messenger, operations, users }),
      serverId: frontendId,
      worker,
      messenger
    })
    for (const loader of setup.typescriptLoaders) (await import(loader)).register()
    const { handlers, hooks } = await loadHandlers(setup.handlers, app)
    const all = [...handlers, ...hooks.handlers]
    const env: Environment = {
      ...setup,
      claims,
      worker,
      link,
      handlers: all,
      running,
      budget: new EventLoopBudget()
    }
    reportFatal(link)
    if (setup.pulseInterval > 0) setInterval(() => claims.beat(), setup.pulseInterval).unref()
    await hooks.start(app)
    return new Game(env, hooks, app, {
      kind: 'hello',
      routes: list(handlers),
      hooks: list(hooks.handlers),
      stops: hooks.stop !== undefined
    })
  }

  /** Resolves once its synchronous part is done, and all that it asked for has left. */
  async run(batch: Batch): Promise<void> {
    const { link, budget: pace, running } = this.#env
    link.beginBatch()
    const startedAt = monotonic()
    const turns = readBatch(batch).map(task => new Turn(this.#env, task))
    try {
      for (const turn of turns) turn.run()
      if (running.size > 0 || pace.hasDeferred) await pace.quiet()
    } finally {
      let started = 0
      for (const turn of turns) started += turn.started
      link.outbox.ready(started, Math.round((monotonic() - startedAt) * 1000))
      link.endBatch()
    }
  }

  /** The last that it does. What it asks for leaves before the gateway hears that it is done. */
  async stop(): Promise<void> {
    const { link } = this.#env
    try {
      await this.#hooks.stop?.(this.#app)
    } catch (error) {
      createLinkLogger(link, {}).error('A hook failed', { hook: 'onStop', error })
    }
    link.leave()
  }
}

function list(handlers: readonly Handler[]): RouteHello[] {
  return handlers.map(({ route, file, options }) => ({ route, file, options }))
}

/** Why it did not start, as the gateway is told. */
export function describeFailure(error: unknown): string {
  return attempt(() => (error instanceof GatewayError ? messageOf(error) : describeThrown(error)))
}
