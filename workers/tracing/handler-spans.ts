/**
 * The spans of OpenTelemetry in a worker: of handlers, and of their operations. The option `tracing`.
 *
 * A handler's span is the present one while the handler runs, so that the spans of the game are its children.
 * An error of the game's SDK never changes what a handler does.
 */
import { isThenable } from '../../shared/check.js'
import { isInstance } from '../../shared/text/instance.js'
import type { Logger, RequestFields } from '../../shared/text/log.js'
import { attempt, codeOf } from '../../shared/text/thrown.js'
import {
  hasProvider,
  loadTracingApi,
  type Span,
  type Tracer,
  type TracingApi,
  tracerName
} from '../../shared/tracing/open-telemetry.js'
import { markFailed, readParent } from '../../shared/tracing/span-context.js'

/** A request whose handler runs. */
export interface RunFields extends RequestFields {
  readonly traceparent: string | undefined
  /** The worker's place among the workers. */
  readonly worker: number
}

/** What a part that makes spans has. */
export interface SpanHolder {
  /** undefined unless the option `tracing` is on. */
  readonly spans?: HandlerSpans | undefined
}

export class HandlerSpans {
  readonly #api: TracingApi
  readonly #log: Logger
  readonly #tracer: Tracer
  #isFirst = true

  /**
   * Loads the game's `@opentelemetry/api`.
   *
   * @param handlers absolute path of the handlers' folder
   * @throws `OPTION_INVALID` if it is not installed there
   */
  constructor(handlers: string, log: Logger) {
    this.#api = loadTracingApi(handlers)
    this.#log = log
    this.#tracer = this.#api.trace.getTracer(tracerName)
  }

  /** Runs a handler in its span. Returns, throws or resolves as the handler does. */
  run(fields: RunFields, handler: () => unknown): unknown {
    if (this.#isFirst && !hasProvider(this.#api))
      this.#log.warn('`tracing` is on, but no SDK of OpenTelemetry is set up in a worker')
    this.#isFirst = false
    const { context, trace } = this.#api
    const parent = readParent(this.#api, fields.traceparent)
    const attributes = { 'sallyport.request.id': fields.requestId, 'sallyport.worker.index': fields.worker }
    const span = this.#start(() => this.#tracer.startSpan(`handler ${fields.route}`, { attributes }, parent))
    if (span === undefined) return handler()
    return context.with(trace.setSpan(parent, span), () => this.#watch(span, handler))
  }

  /**
   * Makes a span of an operation, if a span is present. An unhandled rejection does not end the worker, as
   * that of the operation's own promise.
   */
  operation<Result>(name: string, ask: () => Promise<Result>): Promise<Result> {
    const { trace } = this.#api
    const span = this.#start(() =>
      trace.getActiveSpan()?.isRecording() ? this.#tracer.startSpan(`operation ${name}`) : undefined
    )
    if (span === undefined) return ask()
    let promise: Promise<Result>
    try {
      promise = ask()
    } catch (error) {
      this.#end(span, { error })
      throw error
    }
    // V8 finds the awaiting code, for the stack of an error, through an async function only.
    const answer = this.#watchPromise(span, promise, () => answer.catch(() => {})) as Promise<Result>
    return answer
  }

  #watch(span: Span, handler: () => unknown): unknown {
    try {
      const result = handler()
      if (isThenable(result)) return this.#watchPromise(span, result)
      this.#end(span)
      return result
    } catch (error) {
      this.#end(span, { error })
      throw error
    }
  }

  async #watchPromise(span: Span, result: PromiseLike<unknown>, onError?: () => void): Promise<unknown> {
    try {
      const reply = await result
      this.#end(span)
      return reply
    } catch (error) {
      this.#end(span, { error })
      onError?.()
      throw error
    }
  }

  #start(start: () => Span | undefined): Span | undefined {
    try {
      return start()
    } catch (error) {
      this.#log.error('A span failed', { error })
      return undefined
    }
  }

  #end(span: Span, failed?: { readonly error: unknown }): void {
    try {
      if (failed !== undefined && span.isRecording()) {
        const { error } = failed
        span.recordException(isInstance(error, Error) ? error : attempt(() => String(error)))
        markFailed(this.#api, span, typeOf(error))
      }
      span.end()
    } catch (error) {
      this.#log.error('A span failed', { error })
    }
  }
}

/** Returns the code of an error, or its class. */
function typeOf(error: unknown): string {
  return codeOf(error) || attempt(() => (error instanceof Error ? error.name : typeof error))
}
