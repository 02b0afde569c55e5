/** The public face of a running gateway, and the only place where its parts are put together. */
import type { FSWatcher } from 'node:fs'
import { closeCodes } from '../shared/close-codes.js'
import { errors } from '../shared/errors.js'
import { withTimeout } from '../shared/with-timeout.js'
import { Connections } from './connections/connections.js'
import { findTypescriptLoaders, watchHandlers } from './dev.js'
import { Dispatcher } from './dispatch/dispatcher.js'
import { OpenRequests } from './dispatch/open-requests.js'
import { Watchdog } from './dispatch/watchdog.js'
import { showGauges } from './gauges.js'
import {
  type HostBroadcastOptions,
  type HostChannel,
  HostEvents,
  type HostExceptOptions,
  type HostRecipient
} from './host/host-events.js'
import { SessionService } from './host/session-service.js'
import { Listener } from './http/listener.js'
import { UpgradePolicy } from './http/upgrade-policy.js'
import { Intake } from './intake/intake.js'
import { LoadLimits } from './intake/load-limits.js'
import { SessionHooks } from './intake/session-hooks.js'
import { SharedBudget } from './limits/shared-budget.js'
import type { ResolvedOptions } from './options/options.js'
import { Pool } from './pool/pool.js'
import { Suspensions } from './pool/suspensions.js'
import { Reloads } from './reloads.js'
import { Resumption } from './resume/resumption.js'
import { Authentication } from './sessions/authentication.js'
import { Channels } from './sessions/channels.js'
import { Registry } from './sessions/registry.js'
import { RouteTable } from './sessions/routes.js'
import type { MetricName, Metrics } from './telemetry/metrics.js'
import { WorkerStarter } from './worker-starter.js'

/** A route that clients may ask for. */
export interface OfferedRoute {
  readonly route: string
  /** The file that offers it, below the handlers' folder. */
  readonly file: string
}

export class Gateway {
  /** The sessions: found, changed, ended and sent to. */
  readonly sessions: SessionService
  readonly options: ResolvedOptions
  readonly #metrics: Metrics
  readonly #workers: WorkerStarter
  readonly #registry: Registry
  readonly #routes = new RouteTable()
  readonly #pool: Pool
  readonly #requests: OpenRequests
  readonly #dispatcher: Dispatcher
  readonly #hooks: SessionHooks
  readonly #intake: Intake
  readonly #channels: Channels
  readonly #events: HostEvents
  readonly #connections: Connections
  readonly #resumption: Resumption
  readonly #listener: Listener
  readonly #watchdog: Watchdog
  readonly #suspensions: Suspensions
  readonly #reloads = new Reloads(async () => {
    await this.#pool.reload().catch(error => {
      throw this.#closing === undefined ? error : errors.closing()
    })
    this.#suspensions.lift()
  })
  #closing: Promise<void> | undefined
  #watcher: FSWatcher | undefined

  /** @internal Use `createGateway`. */
  constructor(options: ResolvedOptions, metrics: Metrics) {
    this.options = options
    this.#metrics = metrics
    const {
      log,
      now,
      monotonic,
      workers,
      startTimeout,
      frontendId,
      singleSession,
      laneLimit,
      requestTimeout
    } = options
    this.#registry = new Registry({ frontendId, singleSession, metrics, now })
    this.sessions = new SessionService(this.#registry, options, log)
    this.#pool = new Pool({
      size: workers,
      metrics,
      startTimeout,
      log,
      start: index => this.#workers.start(index),
      onOffer: ({ routes, hooks }) => {
        this.#routes.offer(routes)
        this.#hooks.offer(hooks)
        this.#dispatcher.pumpSoon()
      },
      onFailure: place => this.#dispatcher.placeFailed(place)
    })
    this.#requests = new OpenRequests({ metrics, log, laneLimit })
    this.#suspensions = new Suspensions({ metrics, log, monotonic })
    const [pool, requests, suspensions] = [this.#pool, this.#requests, this.#suspensions]
    this.#dispatcher = new Dispatcher({ ...options, pool, requests, metrics, suspensions })
    this.#watchdog = new Watchdog({ ...options, pool, dispatcher: this.#dispatcher, metrics })
    this.#channels = new Channels(options)
    this.#workers = new WorkerStarter({
      options,
      typescriptLoaders: options.dev ? findTypescriptLoaders(options.handlers) : [],
      metrics,
      registry: this.#registry,
      channels: this.#channels,
      pool: this.#pool,
      dispatcher: this.#dispatcher
    })
    const [registry, channels, dispatcher] = [this.#registry, this.#channels, this.#dispatcher]
    this.#events = new HostEvents({ frontendId, registry, channels, sessions: this.sessions, metrics })
    this.#hooks = new SessionHooks({ registry, dispatcher, suspensions, requestTimeout, log, monotonic })
    // Before the host is told of the end: it finds no session in a channel that is gone.
    this.#registry.prependListener('closed', session => this.#channels.leaveAll(session))
    this.#intake = new Intake({
      routes: this.#routes,
      suspensions,
      loadLimits: new LoadLimits({ limits: options, requests: this.#requests, dispatcher }),
      onFlood: session => {
        metrics.count('sessionsFlooded')
        registry.end(session, { code: closeCodes.flooded, reason: 'flooded', kickReason: null })
      },
      dispatcher: this.#dispatcher,
      metrics,
      requestTimeout,
      maxBodyBytes: options.maxBodyBytes,
      log
    })
    this.#resumption = new Resumption({ ...options, registry, metrics })
    this.#connections = new Connections({
      options,
      authentication: new Authentication({ ...options, metrics }),
      registry,
      routes: this.#routes,
      intake: this.#intake,
      metrics,
      budget: new SharedBudget(options.maxSendBytesInAll, () => this.#connections.size),
      resumption: this.#resumption
    })
    this.#listener = new Listener({
      ...options,
      metrics,
      upgradePolicy: new UpgradePolicy({ limits: options, metrics, log, monotonic }),
      onSocket: (...opened) => this.#connections.open(...opened)
    })
    const [connections, resumption] = [this.#connections, this.#resumption]
    showGauges(metrics, {
      listener: this.#listener,
      connections,
      resumption,
      registry,
      channels,
      pool,
      requests,
      dispatcher,
      monotonic
    })
  }

  /** Where the gateway listens. */
  get address(): { readonly host: string; readonly port: number } {
    return this.#listener.address
  }

  /** The address for clients, e.g. `ws://127.0.0.1:3010`; `wss:` with a certificate. */
  get url(): string {
    return this.#listener.url
  }

  /** The routes that clients may ask for, sorted by name. */
  get routes(): readonly OfferedRoute[] {
    return this.#routes.offered.map(({ name, file }) => ({ route: name, file }))
  }

  /**
   * Sends an event to a session, or to all sessions of a user. Gives to how many; 0 is no error.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`, `FRONTEND_UNKNOWN`, TypeError for what is no event, and what
   * JSON.stringify throws for its body
   */
  send(to: HostRecipient, event: string, body?: unknown, options?: HostExceptOptions): number {
    return this.#events.send(to, event, body, options)
  }

  /** Sends an event to all sessions, or to all that are bound to a user. Gives to how many. */
  broadcast(event: string, body?: unknown, options?: HostBroadcastOptions): number {
    return this.#events.broadcast(event, body, options)
  }

  /**
   * A channel by its name: the same that handlers join and leave.
   *
   * @throws `CHANNEL_INVALID`
   */
  channel(name: string): HostChannel {
    return this.#events.channel(name)
  }

  /** Counters since the start and gauges of this moment, by name: `docs/reference/metrics.md`. */
  metrics(): Record<MetricName, number> {
    return this.#metrics.read()
  }

  /** @internal Starts workers, then listens. */
  async start(): Promise<void> {
    try {
      await this.#pool.start()
      await this.#listener.listen()
      if (this.options.dev) this.#watcher = watchHandlers(this)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /**
   * Loads the handlers anew in new workers, and hands out to those once all are up; the old ones end what they have
   * begun. Sessions and sockets are untouched. Routes that were suspended are tried again. Calls during a reload share
   * one more, which follows it.
   *
   * @throws `HANDLERS_INVALID`, `WORKER_NOT_STARTED`, if the new ones don't come up; then the old go on. `CLOSING`
   */
  async reload(): Promise<void> {
    if (this.#closing !== undefined) throw errors.closing()
    await this.#reloads.ask()
  }

  /**
   * Reads certificate and key anew, for connections that are opened from now on. The program does it at SIGHUP.
   *
   * @throws `TLS_INVALID`, and the old ones go on; `OPTION_INVALID` where there are none
   */
  reloadCertificate(): void {
    this.#listener.reloadCertificate()
  }

  /**
   * Ends the gateway: takes nothing new, waits up to `closeTimeout` for what runs, closes the connections with 1012,
   * and ends the workers; for the sessions' onClose, and then for the workers' onStop, it waits as long again. A second call waits for the first.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end(this.options.closeTimeout, 0)
    return this.#closing
  }

  /**
   * Ends the gateway without haste, for a restart: `isReady` is false at once and nobody new is let in; what waits and runs is
   * answered, for up to `drainTimeout`; then clients are told to come back (1012, and in how many milliseconds), spread over
   * `drainSpread`; the rest is as with `close`. A second call, of either, waits for the first.
   */
  drain(): Promise<void> {
    this.#closing ??= this.#end(this.options.drainTimeout, this.options.drainSpread)
    return this.#closing
  }

  /** Whether players can be sent here: it listens, a worker is up and gets on with what waits for it, and it
   * is not closing. For a load balancer's question. */
  get isReady(): boolean {
    return this.#listener.isListening && this.#closing === undefined && this.#watchdog.hasReadyWorker
  }

  async #end(requestsTimeout: number, spread: number): Promise<void> {
    const { closeTimeout, log } = this.options
    this.#watcher?.close()
    this.#listener.close()
    this.#connections.turnAway(spread)
    this.#intake.close()
    if (!(await withTimeout(requestsTimeout, this.#requests.idle()))) this.#requests.abandon()
    await this.#connections.sendAway(spread)
    await withTimeout(closeGrace, this.#connections.close())
    this.#connections.terminate()
    this.#resumption.close()
    this.#listener.terminate()
    await this.#hooks.close(closeTimeout)
    this.#dispatcher.close()
    this.#watchdog.close()
    await this.#pool.close()
    log.close()
  }

  /** @internal Ends a worker's thread, whatever it does: `sallyport/testing` has it. */
  async killWorker(index: number): Promise<void> {
    await this.#pool.kill(index)
  }
}

/** Milliseconds that clients have to answer the close of their connection. */
const closeGrace = 500
