/** The watchers of a gateway: its moments, and those that its options ask for. */
import { isLogged } from '../../shared/text/log.js'
import { loadTracingApi } from '../../shared/tracing/open-telemetry.js'
import type { RequestWatcher } from '../dispatch/open-requests.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Registry } from '../sessions/registry.js'
import { DebugLines } from './debug-lines.js'
import { Moments } from './moments.js'
import { RequestSpans } from './request-spans.js'
import { SlowRequests } from './slow-requests.js'
import { TraceLines } from './trace-lines.js'

export type WatchOptions = Pick<
  ResolvedOptions,
  'handlers' | 'log' | 'logLevel' | 'monotonic' | 'now' | 'slowRequest' | 'tracing'
>

export class Watchers {
  /** Told of requests, in this order. */
  readonly requests: readonly RequestWatcher[]
  /** Told of connections, refused requests and workers. */
  readonly all: readonly (Moments | DebugLines)[]
  /** Writes lines at the level `debug`; undefined at other levels. */
  readonly debugLines: DebugLines | undefined

  /** @throws `OPTION_INVALID` if the option `tracing` is on, and the game has no `@opentelemetry/api` */
  constructor(options: WatchOptions) {
    const { handlers, log, logLevel, monotonic, slowRequest, tracing } = options
    const moments = new Moments()
    this.debugLines = isLogged('debug', logLevel) ? new DebugLines(log, monotonic) : undefined
    this.all = this.debugLines === undefined ? [moments] : [moments, this.debugLines]
    const requests: RequestWatcher[] = []
    // First, so that the others see the span that a request belongs to.
    if (tracing) requests.push(new RequestSpans({ ...options, api: loadTracingApi(handlers) }))
    requests.push(moments)
    if (isLogged('trace', logLevel)) requests.push(new TraceLines(log))
    if (this.debugLines !== undefined) requests.push(this.debugLines)
    if (slowRequest > 0) requests.push(new SlowRequests(slowRequest, log))
    this.requests = requests
  }

  /** Tells the watchers of a registry's sessions too. */
  follow(registry: Registry): void {
    for (const watcher of this.all) watcher.follow(registry)
  }
}
