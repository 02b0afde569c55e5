/**
 * The core of a gateway: sessions, requests and workers, put together without sockets. Tests of the core
 * build the same core with workers that have no thread. gateway.ts adds the sockets and the API for the host
 * program.
 */
import type { FullLogger } from '../shared/text/log.js'
import { Deadlines } from './dispatch/deadlines.js'
import { Dispatcher } from './dispatch/dispatcher.js'
import { OpenRequests, type RequestWatcher } from './dispatch/open-requests.js'
import { RequestFigures } from './dispatch/request-figures.js'
import { RequestQueue } from './dispatch/request-queue.js'
import { Watchdog } from './dispatch/watchdog.js'
import { WorkerReports, type WorkerWatcher } from './dispatch/worker-reports.js'
import { SessionHooks } from './intake/session-hooks.js'
import type { StartTransport } from './isolation/start-transport.js'
import { TimeLimits } from './limits/time-limits.js'
import { LoadingNotes } from './loading-notes.js'
import type { OperationTargets } from './operations/worker-operations.js'
import { listEvents } from './options/content-checks.js'
import type { ResolvedOptions } from './options/options.js'
import { Pool } from './pool/pool.js'
import { Suspensions } from './pool/suspensions.js'
import { Channels } from './sessions/channels.js'
import type { Registry } from './sessions/registry.js'
import { RouteTable } from './sessions/routes.js'
import type { Metrics } from './telemetry/metrics.js'
import { isOperated, type WorkerOptions, WorkerStarter } from './worker-starter.js'

export type CoreOptions = WorkerOptions &
  Pick<
    ResolvedOptions,
    | 'workers'
    | 'startTimeout'
    | 'requestTimeout'
    | 'events'
    | 'laneLimit'
    | 'maxQueueDelay'
    | 'maxChannels'
    | 'maxMembers'
    | 'monotonic'
  > & { readonly log: FullLogger }

export interface CoreInit {
  readonly options: CoreOptions
  readonly metrics: Metrics
  readonly registry: Registry
  readonly startTransport: StartTransport
  readonly watchers?: readonly WorkerWatcher[]
  readonly requestWatchers?: readonly RequestWatcher[]
}

export class Core {
  readonly registry: Registry
  readonly channels: Channels
  readonly timeLimits: TimeLimits
  readonly routes: RouteTable
  readonly hooks: SessionHooks
  readonly pool: Pool
  readonly requests: OpenRequests
  readonly queue: RequestQueue
  readonly deadlines: Deadlines
  readonly suspensions: Suspensions
  readonly dispatcher: Dispatcher
  readonly watchdog: Watchdog
  /** The parts that the operations of workers act on. In a cluster, `routing` is set before workers start. */
  readonly targets: OperationTargets
  /** Told of the lives of the workers. A part that is made later may add itself. */
  readonly watchers: WorkerWatcher[]

  constructor({ options, metrics, registry, startTransport, ...told }: CoreInit) {
    const { watchers = [], requestWatchers = [] } = told
    const { log, monotonic, workers: size, startTimeout } = options
    this.registry = registry
    this.watchers = [...watchers]
    this.channels = new Channels(options)
    const timeLimits = new TimeLimits({ log, onBack: () => requests.restartClocks(monotonic()) })
    const loadingNotes = new LoadingNotes(log)
    this.routes = new RouteTable(listEvents(options.events))
    const pool: Pool = new Pool({
      size,
      timeLimits,
      metrics,
      startTimeout,
      log,
      start: index => starter.start(index),
      onOffer: ({ routes, hooks, notes }) => {
        loadingNotes.tell(notes)
        this.routes.offer(routes)
        this.hooks.offer(hooks)
        dispatcher.pumpSoon()
      },
      onPlaced: worker => {
        for (const watcher of this.watchers) watcher.workerPlaced?.(worker)
      },
      onFailure: place => dispatcher.placeFailed(place)
    })
    const allWatchers = isOperated(options) ? [...requestWatchers, new RequestFigures()] : requestWatchers
    const requests = new OpenRequests({ ...options, metrics, watchers: allWatchers })
    const queue = new RequestQueue({ ...options, pool, requests, timeLimits })
    const deadlines = new Deadlines({ requests, timeLimits, metrics, log })
    const suspensions = new Suspensions({ metrics, log, monotonic })
    const dispatcher = new Dispatcher({
      ...options,
      pool,
      requests,
      queue,
      deadlines,
      timeLimits,
      metrics,
      suspensions
    })
    this.targets = { ...options, registry, channels: this.channels, limits: options, metrics }
    const starter = new WorkerStarter({
      options,
      metrics,
      timeLimits,
      watchers: this.watchers,
      startTransport,
      listener: new WorkerReports({ watchers: this.watchers, pool, dispatcher, requests, timeLimits, log }),
      targets: this.targets
    })
    this.hooks = new SessionHooks({ ...options, registry, dispatcher, suspensions })
    // Prepended, so that the host program's own listeners find no ended session in a channel.
    registry.prependListener('closed', session => this.channels.leaveAll(session))
    registry.prependListener('moved', session => this.channels.leaveAll(session))
    this.watchdog = new Watchdog({ ...options, pool, queue, timeLimits })
    this.timeLimits = timeLimits
    this.pool = pool
    this.requests = requests
    this.queue = queue
    this.deadlines = deadlines
    this.suspensions = suspensions
    this.dispatcher = dispatcher
  }
}
