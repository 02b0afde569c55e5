/**
 * The game in a worker: loads the handlers, runs onStart, then batches, and in the end onStop.
 * Puts the parts of a worker together. Does not know whether the worker is a thread (thread.ts) or a process
 * (process.ts): their main files pass the port and the claims.
 */

import { GatewayError } from '../shared/errors.js'
import type { RouteSchemas, WorkerQuestion } from '../shared/examination/question.js'
import { type Batch, readBatch } from '../shared/link/batch.js'
import type { Hello, LoadingStep, RouteHello } from '../shared/link/hello.js'
import type { WorkerSetup } from '../shared/link/worker-setup.js'
import { attempt, describeThrown, messageOf } from '../shared/text/thrown.js'
import { BackendSessionService } from './api/backend-session-service.js'
import { reportLoadedFiles } from './development/loaded-files.js'
import { registerTypescript } from './development/typescript.js'
import { HandlerApp } from './loading/app.js'
import { type Handler, loadHandlers } from './loading/handlers.js'
import type { WorkerHooks } from './loading/hooks.js'
import { createSchemaExport } from './loading/json-schema.js'
import { appCaller } from './operations/caller.js'
import { Link, type LinkPort } from './operations/link.js'
import { createLinkLogger } from './operations/link-logger.js'
import { Messenger } from './operations/messenger.js'
import { SessionOperations } from './operations/session-operations.js'
import { ChannelService } from './pinus/channel-service.js'
import { UserOperations } from './pinus/user-operations.js'
import type { Claims } from './running/claims.js'
import type { Environment } from './running/environment.js'
import { EventLoopBudget } from './running/event-loop-budget.js'
import { reportFatal } from './running/fatal.js'
import { RunningRequests } from './running/running-requests.js'
import { Turn } from './running/turn.js'
import { answerQuestion } from './runtime/answers.js'
import { reportFigures } from './runtime/figures.js'
import { monotonic, setImmediate, setInterval } from './runtime/own-time.js'
import { HandlerSpans } from './tracing/handler-spans.js'

export interface GameInit {
  readonly setup: Omit<WorkerSetup, 'claims'>
  readonly port: LinkPort
  readonly claims: Claims
  /** Whether a message that was posted reaches the gateway even if the worker ends right then. */
  readonly settlesPushes: boolean
}

export class Game {
  /** The worker's first message to the gateway. */
  readonly hello: Hello
  readonly #env: Environment
  readonly #hooks: WorkerHooks
  readonly #app: HandlerApp
  /** The handlers' folder. */
  readonly #folder: string

  private constructor(env: Environment, hooks: WorkerHooks, app: HandlerApp, folder: string, hello: Hello) {
    this.#env = env
    this.#hooks = hooks
    this.#app = app
    this.#folder = folder
    this.hello = hello
  }

  static async start({ setup, port, claims, settlesPushes }: GameInit): Promise<Game> {
    const running = new RunningRequests()
    // Set in development: reports what was loaded before anything that follows it, such as a reply.
    let reportLoaded = () => {}
    const linkPort: LinkPort = {
      on: (event, listener) => port.on(event, listener),
      postMessage: message => {
        reportLoaded()
        port.postMessage(message)
      },
      unref: () => port.unref()
    }
    const link = new Link(setup.isDevelopment ? linkPort : port, (rid, reason) => running.abort(rid, reason))
    const worker = { index: setup.index }
    const spans = setup.makesSpans ? new HandlerSpans(setup.handlers, createLinkLogger(link)) : undefined
    const operations = new SessionOperations(link, appCaller, { ...setup, spans })
    const messenger = new Messenger(link, appCaller, operations, setup.frontendId)
    const users = new UserOperations(link, operations)
    const { frontendId } = setup
    const app = new HandlerApp({
      backendSessionService: new BackendSessionService(operations),
      channelService: new ChannelService({ frontendId, messenger, operations, users }),
      serverId: frontendId,
      worker,
      messenger
    })
    reportFatal(link)
    await registerTypescript(setup.typescriptLoaders, setup.tsconfig)
    const files = setup.isDevelopment ? reportLoadedFiles(message => port.postMessage(message)) : undefined
    if (files !== undefined) reportLoaded = () => files.flush()
    const begins = (what: string) => port.postMessage({ kind: 'step', what } satisfies LoadingStep)
    const loaded = await loadHandlers(setup.handlers, app, begins).finally(reportLoaded)
    const { handlers, sessionHooks, hooks, notes } = loaded
    const all = [...handlers, ...sessionHooks]
    const env: Environment = {
      ...setup,
      claims,
      settlesPushes: settlesPushes && setup.keepsPushes !== true,
      worker,
      link,
      handlers: all,
      running,
      spans,
      budget: new EventLoopBudget()
    }
    if (setup.pulseInterval > 0) setInterval(() => claims.beat(), setup.pulseInterval).unref()
    if (setup.reportsFigures) reportFigures(message => port.postMessage(message), setup.heapLimit)
    if (!setup.isListing) {
      begins('onStart')
      await hooks.start(app)
    }
    // What the modules or onStart have left rejected ends the worker now, before it is up.
    await new Promise<void>(resolve => setImmediate(resolve))
    return new Game(env, hooks, app, setup.handlers, {
      kind: 'hello',
      routes: list(handlers),
      hooks: list(sessionHooks),
      stops: hooks.stop !== undefined && !setup.isListing,
      notes
    })
  }

  /** Runs a batch. Resolves once its synchronous part is over and its operations are sent. */
  async run(batch: Batch): Promise<void> {
    const { link, budget, running } = this.#env
    link.beginBatch()
    const startedAt = monotonic()
    const turns = readBatch(batch).map(task => new Turn(this.#env, task))
    try {
      for (const turn of turns) turn.run()
      while (running.size > 0 || budget.hasDeferred) {
        await budget.quiet()
        if (!link.leaveForPushes()) break
      }
    } finally {
      let started = 0
      for (const turn of turns) started += turn.started
      link.outbox.ready(started, Math.round((monotonic() - startedAt) * 1000))
      link.endBatch()
    }
  }

  /** Answers a question of the gateway about this worker. Rejects if that fails. */
  async answer(question: WorkerQuestion): Promise<unknown> {
    if (question.kind !== 'schemas') return answerQuestion(question, this.#env.heapLimit)
    const exportSchema = await createSchemaExport(this.#folder)
    const json = (schema: unknown) => JSON.parse(exportSchema(schema) ?? 'null')
    const exported: RouteSchemas[] = this.#env.handlers.flatMap(({ route, declared }) =>
      declared === undefined
        ? []
        : [{ route, body: json(declared.body ?? null), reply: json(declared.reply ?? null) }]
    )
    return JSON.stringify(exported)
  }

  /**
   * Runs onStop, as the worker's last action. Its operations are sent before the gateway is told that onStop
   * has ended. The task to stop may overtake aborts that were sent before it over the link, so these are read
   * first: the event loop reads both in its second round at the latest.
   */
  async stop(): Promise<void> {
    const { link } = this.#env
    for (let rounds = 0; rounds < 2; rounds++) await new Promise<void>(resolve => setImmediate(resolve))
    try {
      await this.#hooks.stop?.(this.#app)
    } catch (error) {
      createLinkLogger(link, {}).error('A hook failed', { hook: 'onStop', error })
    }
    link.leave()
  }
}

function list(handlers: readonly Handler[]): RouteHello[] {
  return handlers.map(({ call: _call, declared: _declared, ...hello }) => hello)
}

/** Describes to the gateway why the game did not start. */
export function describeStartFailure(error: unknown): string {
  return attempt(() => (error instanceof GatewayError ? messageOf(error) : describeThrown(error)))
}
