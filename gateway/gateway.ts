/**
 * The public API of a running gateway. Adds the sockets and the parts for the host program to the core
 * (core.ts), and closes all of them in order.
 */
import { errors } from '../shared/errors.js'
import type { EventArguments, EventName } from '../shared/events/event-types.js'
import { withTimeout } from '../shared/with-timeout.js'
import { Connections } from './connections/connections.js'
import { Core } from './core.js'
import { Development } from './development/development.js'
import { showGauges } from './gauges.js'
import {
  type HostBroadcastOptions,
  type HostChannel,
  HostEvents,
  type HostExceptOptions,
  type HostRecipient
} from './host/host-events.js'
import { HostHooks } from './host/host-hooks.js'
import { SessionService } from './host/session-service.js'
import type { Listener } from './http/listener.js'
import { Intake } from './intake/intake.js'
import { LoadLimits } from './intake/load-limits.js'
import type { ConsolePlace } from './internal/console-place.js'
import { type Diagnosis, diagnose, isReady } from './internal/diagnosis.js'
import { createStartTransport } from './isolation/start-transport.js'
import { SharedBudget } from './limits/shared-budget.js'
import type { ResolvedOptions } from './options/options.js'
import { createInternalPort, createListener, type InternalPort, readCondition } from './ports.js'
import { refreshTypesFile } from './project/types-file.js'
import { Reloads, reloadHandlers } from './reloads.js'
import { Resumption } from './resume/resumption.js'
import type { OfferedRoute } from './route-changes.js'
import { Authentication } from './sessions/authentication.js'
import { Registry } from './sessions/registry.js'
import type { MetricName, Metrics } from './telemetry/metrics.js'
import type { DebugLines } from './tracing/debug-lines.js'
import { Watchers } from './tracing/watchers.js'

export class Gateway {
  /** Access to the sessions: finds, changes and ends them, and sends events to them. */
  readonly sessions: SessionService
  readonly options: ResolvedOptions
  readonly #metrics: Metrics
  readonly #core: Core
  readonly #debugLines: DebugLines | undefined
  readonly #intake: Intake
  readonly #events: HostEvents
  readonly #connections: Connections
  readonly #resumption: Resumption
  readonly #listener: Listener
  readonly #internal: InternalPort
  readonly #hostHooks: HostHooks
  readonly #reloads = new Reloads(async () => {
    const reload = () => this.#load(() => this.#core.pool.reload())
    const reloaded = this.#debugLines === undefined ? reload() : this.#debugLines.reload(reload)
    await reloaded.catch(error => {
      throw this.#closing === undefined ? error : errors.closing()
    })
    this.#core.suspensions.lift()
  })
  /** Settles when the gateway has ended; undefined until `close` or `drain` is called. */
  #closing: Promise<void> | undefined
  readonly #development: Development | undefined

  /** @internal Use `createGateway`. */
  constructor(options: ResolvedOptions, metrics: Metrics) {
    this.options = options
    this.#metrics = metrics
    this.#hostHooks = new HostHooks(options)
    this.#development = options.dev
      ? new Development({ options, reload: changed => reloadHandlers(this, changed) })
      : undefined
    this.#development?.onLoaded.push(() => refreshTypesFile(options))
    const startTransport = createStartTransport(options, metrics)
    const { log, monotonic, frontendId, requestTimeout, maxBodyBytes } = options
    const registry = new Registry({ ...options, metrics })
    this.sessions = new SessionService(registry, options, log)
    const watchers = new Watchers(options)
    this.#debugLines = watchers.debugLines
    const core = new Core({
      options,
      watchers: watchers.all,
      requestWatchers: watchers.requests,
      metrics,
      registry,
      startTransport: this.#development?.follow(startTransport) ?? startTransport
    })
    this.#core = core
    watchers.follow(registry)
    const { channels, routes, suspensions, dispatcher, requests, queue } = core
    this.#events = new HostEvents({ frontendId, registry, channels, sessions: this.sessions, metrics })
    this.#intake = new Intake({
      watchers: watchers.all,
      routes,
      suspensions,
      loadLimits: new LoadLimits({ limits: options, requests, queue }),
      onFlood: session => registry.endFlooded(session),
      dispatcher,
      metrics,
      requestTimeout,
      maxBodyBytes,
      log
    })
    const resumption = (this.#resumption = new Resumption({ ...options, registry, metrics }))
    const connections: Connections = new Connections({
      watchers: watchers.all,
      options,
      authentication: new Authentication({ ...options, metrics }),
      registry,
      routes,
      intake: this.#intake,
      timeLimits: core.timeLimits,
      metrics,
      budget: new SharedBudget(options.maxSendBytesInAll, () => connections.size),
      resumption
    })
    this.#connections = connections
    const onSocket = connections.open.bind(connections)
    const listener = (this.#listener = createListener(this, metrics, onSocket))
    this.#internal = createInternalPort(this, { core, metrics, listener })
    showGauges(metrics, { listener, connections, core, resumption, monotonic })
  }

  /** The host and port on which the gateway listens. */
  get address(): { readonly host: string; readonly port: number } {
    return this.#listener.address
  }

  /** The URL for clients, e.g. `ws://127.0.0.1:3010`; `wss:` with a certificate. */
  get url(): string {
    return this.#listener.url
  }

  /** The URL of the internal port; undefined if it is off. */
  get internalUrl(): string | undefined {
    return this.#internal.url
  }

  /** The console's URL, and its token if no option gave one; undefined if it is off. */
  get console(): ConsolePlace | undefined {
    return this.#internal.console
  }

  /** The routes that clients may request, sorted by name. */
  get routes(): readonly OfferedRoute[] {
    return this.#core.routes.offered.map(({ name, file }) => ({ route: name, file }))
  }

  /**
   * Sends an event to a session, or to all sessions of a user. Returns the number of recipients; 0 is no
   * error.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`, `FRONTEND_UNKNOWN`, TypeError for an invalid recipient,
   * event name or option, and any error that JSON.stringify throws for the body
   */
  send<Name extends EventName>(
    to: HostRecipient,
    event: Name,
    ...args: EventArguments<Name, HostExceptOptions>
  ): number {
    return this.#events.send(to, event, ...args)
  }

  /** Sends an event to all sessions, or to all that are bound to a user. Returns the number of recipients. */
  broadcast<Name extends EventName>(
    event: Name,
    ...args: EventArguments<Name, HostBroadcastOptions>
  ): number {
    return this.#events.broadcast(event, ...args)
  }

  /**
   * Returns a channel by its name. Handlers join and leave the same channel.
   *
   * @throws `CHANNEL_INVALID`
   */
  channel(name: string): HostChannel {
    return this.#events.channel(name)
  }

  /** Returns the counters since the start and the current gauges, by name (`docs/reference/metrics.md`). */
  metrics(): Record<MetricName, number> {
    return this.#metrics.read()
  }

  /** @internal Starts workers, then listens. */
  async start(): Promise<void> {
    try {
      await this.#internal.listen()
      const load = () => this.#core.pool.start()
      await (this.#development?.start(load) ?? load())
      await this.#listener.listen()
      await this.#hostHooks.start(this)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /**
   * Loads the handlers again, in new workers. Once all new workers are up, they get all requests, and the old
   * workers finish what they have begun. Sessions and sockets are untouched. Suspended routes are tried
   * again. Calls during a reload share a single reload that follows it.
   *
   * @throws `HANDLERS_INVALID` or `WORKER_NOT_STARTED` if the new workers do not start; then the old workers
   * stay in use. `CLOSING` if the gateway is closing
   */
  async reload(): Promise<void> {
    if (this.#closing !== undefined) throw errors.closing()
    await this.#reloads.ask()
  }

  /**
   * Reads the TLS certificate and its key again. New connections use them. The command-line program calls
   * this at SIGHUP.
   *
   * @throws `TLS_INVALID` if they are not valid; the old ones stay in use. `OPTION_INVALID` if the gateway
   * has none
   */
  reloadCertificate(): void {
    this.#listener.reloadCertificate()
  }

  /**
   * Closes the gateway. It accepts nothing new, waits up to `closeTimeout` for running requests, closes the
   * connections with close code 1012, and ends the workers. It waits up to `closeTimeout` again for the
   * onClose hooks of the sessions, and once more for the onStop hooks of the workers. A second call waits for
   * the first.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end(this.options.closeTimeout, 0)
    return this.#closing
  }

  /**
   * Shuts the gateway down gracefully, for a restart. `isReady` is false at once, and new clients are
   * refused. Requests that wait or run are answered, for up to `drainTimeout`. Then clients are told to
   * reconnect: with close code 1012 and a delay in milliseconds, which spreads them over `drainSpread`. After
   * that it continues like `close`. A later call of `close` or `drain` waits for the first.
   */
  drain(): Promise<void> {
    this.#closing ??= this.#end(this.options.drainTimeout, this.options.drainSpread)
    return this.#closing
  }

  /**
   * Whether a load balancer can send players here: the gateway listens, is neither closing nor overloaded,
   * and at least one worker is up and makes progress. `/readyz` of the internal port tells the same.
   */
  get isReady(): boolean {
    return isReady(this.diagnose())
  }

  /** Returns what is wrong, the gravest first, and what to do about it; nothing if all is well. */
  diagnose(): Diagnosis[] {
    const phase =
      this.#closing !== undefined ? 'closing' : this.#listener.isListening ? 'running' : 'starting'
    return diagnose(readCondition(this, phase, { core: this.#core, listener: this.#listener }))
  }

  #load(run: () => Promise<void>): Promise<void> {
    return this.#development?.load(run) ?? run()
  }

  async #end(requestsTimeout: number, spread: number): Promise<void> {
    const { closeTimeout, log } = this.options
    const { requests, deadlines, hooks, dispatcher, watchdog, pool } = this.#core
    this.#development?.close()
    this.#listener.close()
    this.#connections.turnAway(spread)
    this.#intake.close()
    hooks.expectClose()
    if (!(await withTimeout(requestsTimeout, requests.idle()))) deadlines.abandon()
    await this.#connections.sendAway(spread)
    await withTimeout(closeGrace, this.#connections.close())
    this.#connections.terminate()
    this.#resumption.close()
    this.#listener.terminate()
    await hooks.close(closeTimeout)
    dispatcher.close()
    watchdog.close()
    await pool.close()
    this.#internal.close()
    await this.#hostHooks.stop(this)
    log.close()
  }

  /** @internal Kills a worker's thread or process, even if it is busy. Used by `sallyport/testing`. */
  async killWorker(index: number): Promise<void> {
    await this.#core.pool.kill(index)
  }
}

/** Milliseconds that clients have to answer the close of their connection. */
const closeGrace = 500
