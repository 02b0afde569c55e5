/**
 * The public API of a running gateway. Starts its parts (parts.ts), and has them ended in order (ending.ts).
 */
import { errors } from '../shared/errors.js'
import type { EventArguments, EventName } from '../shared/events/event-types.js'
import type { ClusterView } from './cluster/cluster-view.js'
import { namePlaces } from './development/syntax.js'
import { type EndingTimes, endGateway } from './ending.js'
import type { HostChannel } from './host/host-channel.js'
import type { HostBroadcastOptions, HostRecipient } from './host/host-events.js'
import type { HostExceptOptions } from './host/host-names.js'
import type { SessionService } from './host/session-service.js'
import type { ConsolePlace } from './internal/console-place.js'
import { type Diagnosis, diagnose, isReady } from './internal/diagnosis.js'
import type { ResolvedOptions } from './options/options.js'
import { createParts, type GatewayParts, type GivenParts, joinCluster } from './parts.js'
import { readCondition } from './ports.js'
import { type OfferedRoute, Reloads } from './reloads.js'
import type { MetricName, Metrics } from './telemetry/metrics.js'

export class Gateway {
  /** Access to the sessions: finds, changes and ends them, and sends events to them. */
  readonly sessions: SessionService
  readonly options: ResolvedOptions
  readonly #metrics: Metrics
  readonly #parts: GatewayParts
  readonly #given: GivenParts
  readonly #reloads = new Reloads(async () => {
    // It may have waited for another reload, while the gateway began to close.
    if (this.#closing !== undefined) throw errors.closing()
    const { core, debugLines } = this.#parts
    const reload = () => this.#load(cancelled => core.pool.reload(cancelled))
    const reloaded = debugLines === undefined ? reload() : debugLines.reload(reload)
    await reloaded.catch(error => {
      throw this.#closing === undefined ? error : errors.closing()
    })
    core.suspensions.lift()
  })
  /** The join of the cluster, while it is under way or if it has failed. */
  #joining: Promise<void> | undefined
  readonly #ending = new AbortController()
  #hasStarted = false
  /** Settles when the gateway has ended; undefined until `close` or `drain` is called. */
  #closing: Promise<void> | undefined

  /** @internal Use `createGateway`. */
  constructor(options: ResolvedOptions, metrics: Metrics, given: GivenParts = {}) {
    this.options = options
    this.#given = given
    this.#metrics = metrics
    this.#parts = createParts(this, metrics, given)
    this.sessions = this.#parts.sessions
    metrics.gauge('reloadFailed', () => Number(this.#reloads.hasFailed))
    const workerUp = () => this.#reloads.noteLoaded()
    this.#parts.core.watchers.push({ workerUp, workerEnded: () => {} })
  }

  /** The host and port on which the gateway listens. */
  get address(): { readonly host: string; readonly port: number } {
    return this.#parts.listener.address
  }

  /** The URL for clients, e.g. `ws://127.0.0.1:3010`; `wss:` with a certificate. */
  get url(): string {
    return this.#parts.listener.url
  }

  /** The URL of the internal port; undefined if it is off. */
  get internalUrl(): string | undefined {
    return this.#parts.internal.url
  }

  /** The console's URL, and its token if no option gave one; undefined if it is off. */
  get console(): ConsolePlace | undefined {
    return this.#parts.internal.console
  }

  /** The routes that clients may request, sorted by name. */
  get routes(): readonly OfferedRoute[] {
    return this.#parts.core.routes.offered.map(({ name, file }) => ({ route: name, file }))
  }

  /**
   * Sends an event to a session, or to all sessions of a user. Returns the number of recipients; 0 is no
   * error. In a cluster a user's sessions in other gateways get the event too, but are not counted: `asend`
   * counts them, and reaches a session of another gateway by its address.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`, `FRONTEND_UNKNOWN`; TypeError for an invalid recipient,
   * event name or option
   */
  send<Name extends EventName>(
    to: HostRecipient,
    event: Name,
    ...args: EventArguments<Name, HostExceptOptions>
  ): number {
    return this.#parts.events.send(to, event, ...args)
  }

  /**
   * Variant of `send` that resolves with the number of recipients in all gateways of the cluster.
   *
   * @throws as `send`, and `CLUSTER_UNAVAILABLE` (then nobody has got it), `CLUSTER_TIMEOUT`, `FRONTEND_LOST`
   */
  asend<Name extends EventName>(
    to: HostRecipient,
    event: Name,
    ...args: EventArguments<Name, HostExceptOptions>
  ): Promise<number> {
    return this.#parts.events.asend(to, event, ...args)
  }

  /**
   * Sends an event to all sessions, or to all that are bound to a user. Returns the number of recipients. In
   * a cluster the sessions of other gateways get it too, but are not counted.
   */
  broadcast<Name extends EventName>(
    event: Name,
    ...args: EventArguments<Name, HostBroadcastOptions>
  ): number {
    return this.#parts.events.broadcast(event, ...args)
  }

  /**
   * Variant of `broadcast` that resolves with the number of recipients in all gateways of the cluster.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `CLUSTER_UNAVAILABLE` (then nobody has got it), `CLUSTER_TIMEOUT`,
   * `FRONTEND_LOST`, TypeError for an invalid event name or option
   */
  abroadcast<Name extends EventName>(
    event: Name,
    ...args: EventArguments<Name, HostBroadcastOptions>
  ): Promise<number> {
    return this.#parts.events.abroadcast(event, ...args)
  }

  /**
   * Returns a channel by its name. Handlers join and leave the same channel.
   *
   * @throws `CHANNEL_INVALID`
   */
  channel(name: string): HostChannel {
    return this.#parts.events.channel(name)
  }

  /** Returns the counters since the start and the current gauges, by name (`docs/reference/metrics.md`). */
  metrics(): Record<MetricName, number> {
    return this.#metrics.read()
  }

  /**
   * The cluster: its gateways, with their states and loads. undefined: the option `nats` names no servers, or
   * this gateway has not joined yet.
   */
  get cluster(): ClusterView | undefined {
    return this.#parts.cluster
  }

  /** @internal Joins the cluster, starts workers, then listens. */
  async start(): Promise<void> {
    try {
      await this.#parts.internal.listen()
      this.#joining = this.#join()
      await this.#joining
      this.#joining = undefined
      const load = (cancelled?: AbortSignal) => this.#parts.core.pool.start(cancelled)
      await (this.#parts.development?.start(load) ?? namePlaces(load(), this.options.handlers))
      await this.#parts.listener.listen()
      await this.#parts.hostHooks.start(this)
      if (this.#closing !== undefined) throw errors.closing()
      this.#hasStarted = true
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /**
   * @internal In development, tries a start again that waits for a change of a file, or takes long. Returns
   * whether it did.
   */
  tryStartAgain(): boolean {
    return this.#parts.development?.tryAgain('that was asked for') === true
  }

  /** @internal What the workers load or start that are not up yet. */
  get loadingSteps(): readonly string[] {
    return this.#parts.core.pool.steps
  }

  /**
   * Loads the handlers again, in new workers. Once all new workers are up, they get all requests, and the old
   * workers finish what they have begun. Sessions and sockets are untouched. Suspended routes are tried
   * again. Calls during a reload share a single reload that follows it. In development mode, a reload that
   * has not ended after three seconds is cancelled for that one.
   *
   * @throws `HANDLERS_INVALID` or `WORKER_NOT_STARTED` if the new workers do not start; then the old workers
   * stay in use. `HANDLERS_INVALID` too if it was cancelled. `CLOSING` if the gateway is closing
   */
  async reload(): Promise<void> {
    await this.askReload()
  }

  /** @internal Does what `reload` does. Calls that share a reload get the same promise. */
  askReload(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(errors.closing())
    this.#parts.development?.cancel('another reload was asked for')
    return this.#reloads.ask()
  }

  /**
   * Reads the TLS certificate and its key again. New connections use them. The command-line program calls
   * this at SIGHUP.
   *
   * @throws `TLS_INVALID` if they are not valid; the old ones stay in use. `OPTION_INVALID` if the gateway
   * has none
   */
  reloadCertificate(): void {
    this.#parts.listener.reloadCertificate()
  }

  /**
   * Closes the gateway. It accepts nothing new, waits up to `closeTimeout` for running requests, closes the
   * connections with close code 1012, and ends the workers. It waits up to `closeTimeout` again for the
   * onClose hooks of the sessions, and once more for the onStop hooks of the workers. A second call waits for
   * the first.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end({ requests: this.options.closeTimeout, spread: 0, mayMove: false })
    return this.#closing
  }

  /**
   * Shuts the gateway down gracefully, for a restart. `isReady` is false at once, and new clients are
   * refused. Requests that wait or run are answered, for up to `drainTimeout`. Then clients are told to
   * reconnect: with close code 1012 and a delay in milliseconds, which spreads them over `drainSpread`. After
   * that it continues like `close`. A later call of `close` or `drain` waits for the first.
   *
   * In a cluster with a `resumeWindow`, clients that can resume are told first, while their requests are
   * still taken in. Then the requests of all others are answered. The gateway waits up to `handoverTimeout`
   * for its sessions to be taken by other gateways, before it ends those that are left.
   */
  drain(): Promise<void> {
    const { drainTimeout, drainSpread } = this.options
    this.#closing ??= this.#end({ requests: drainTimeout, spread: drainSpread, mayMove: true })
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
      this.#closing !== undefined ? 'closing' : this.#parts.listener.isListening ? 'running' : 'starting'
    return diagnose(readCondition(this, phase, { ...this.#parts, reloadFailed: this.#reloads.hasFailed }))
  }

  async #join(): Promise<void> {
    const cluster = await joinCluster(this, this.#parts, this.#given, this.#ending.signal)
    this.#parts.cluster = cluster
    if (this.#closing === undefined) return
    await cluster?.leave()
    throw errors.closing()
  }

  #load(run: (cancelled?: AbortSignal) => Promise<void>): Promise<void> {
    return this.#parts.development?.load(run) ?? namePlaces(run(), this.options.handlers)
  }

  #end(times: Omit<EndingTimes, 'hasStarted'>): Promise<void> {
    this.#ending.abort()
    const end = () => endGateway(this, this.#parts, { ...times, hasStarted: this.#hasStarted })
    // A join that is under way fails by the abort, or leaves again.
    return this.#joining?.then(end, end) ?? end()
  }

  /** @internal Kills a worker's thread or process, even if it is busy. Used by `sallyport/testing`. */
  async killWorker(index: number): Promise<void> {
    await this.#parts.core.pool.kill(index)
  }
}
