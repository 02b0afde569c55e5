/**
 * The spans of OpenTelemetry for each request in the gateway's process. The option `tracing`.
 *
 * There are two: from the arrival of a request to its outcome, named after its route; and in it the time that
 * the request waited, `queue ROUTE`. The worker's span is a child of the first one. Names and attributes
 * follow the semantic conventions for RPC.
 */
import type { Logger } from '../../shared/text/log.js'
import {
  type Attributes,
  type Context,
  hasProvider,
  type Span,
  type Tracer,
  type TracingApi,
  tracerName
} from '../../shared/tracing/open-telemetry.js'
import { markFailed, nameSpan, readParent } from '../../shared/tracing/span-context.js'
import type { RequestWatcher } from '../dispatch/open-requests.js'
import type { Outcome, Request } from '../sessions/request.js'

interface OpenSpan {
  readonly span: Span
  /** The context in which it is the present span. */
  readonly context: Context
  /** When it began, by the time of day. */
  readonly since: number
}

export interface RequestSpansInit {
  readonly api: TracingApi
  readonly log: Logger
  /** Returns the time of day. */
  readonly now: () => number
}

export class RequestSpans implements RequestWatcher {
  readonly #init: RequestSpansInit
  readonly #tracer: Tracer
  readonly #open = new Map<Request, OpenSpan>()
  #isFirst = true

  constructor(init: RequestSpansInit) {
    this.#init = init
    this.#tracer = init.api.trace.getTracer(tracerName)
  }

  requestAdded(request: Request): void {
    const { api, log, now } = this.#init
    if (this.#isFirst && !hasProvider(api))
      log.warn("`tracing` is on, but no SDK of OpenTelemetry is set up in the gateway's process")
    this.#isFirst = false
    this.#safely(() => {
      const since = now()
      const kind = request.onOutcome === undefined ? api.SpanKind.SERVER : api.SpanKind.INTERNAL
      const parent = readParent(api, request.traceparent)
      const options = { kind, startTime: since, attributes: describe(request) }
      const span = this.#tracer.startSpan(request.route.name, options, parent)
      this.#open.set(request, { span, context: api.trace.setSpan(parent, span), since })
      // From here on, in the worker and in lines of the log, it belongs to this span.
      request.traceparent = nameSpan(api, span) ?? request.traceparent
    })
  }

  requestDecided(request: Request, outcome: Outcome | undefined, now: number): void {
    const open = this.#open.get(request)
    if (open === undefined) return
    this.#open.delete(request)
    this.#safely(() => this.#end(request, open, outcome, now))
  }

  #end(
    request: Request,
    { span, context, since }: OpenSpan,
    outcome: Outcome | undefined,
    now: number
  ): void {
    const { arrivedAt, startedAt = now, route } = request
    if (span.isRecording()) {
      const waited = this.#tracer.startSpan(`queue ${route.name}`, { startTime: since }, context)
      waited.end(since + startedAt - arrivedAt)
      if (outcome === undefined) span.setAttribute('sallyport.dropped', true)
      else if ('error' in outcome) {
        // Without the message, which may quote the body.
        span.setAttribute('rpc.response.status_code', outcome.error.code)
        markFailed(this.#init.api, span, outcome.error.code)
      }
    }
    span.end(since + now - arrivedAt)
  }

  /** Runs code of the game's SDK. An error there must not reach the gateway. */
  #safely(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#init.log.error('A span failed', { error })
    }
  }
}

function describe({ route, rid, id, session, onOutcome }: Request): Attributes {
  return {
    ...(onOutcome === undefined && { 'rpc.system.name': 'sallyport', 'rpc.method': route.name }),
    ...(onOutcome === undefined && id === 0 && { 'sallyport.notify': true }),
    'sallyport.request.id': rid,
    'session.id': String(session.sid),
    ...(session.uid !== null && { 'user.id': session.uid })
  }
}
