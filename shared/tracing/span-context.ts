/** Converts between a `traceparent` and the contexts of OpenTelemetry, and marks spans as failed. */
import type { Context, Span, TracingApi } from './open-telemetry.js'

/** Returns the context of the span that a `traceparent` names, which `readTraceparent` has returned. */
export function readParent({ trace, ROOT_CONTEXT }: TracingApi, traceparent: string | undefined): Context {
  if (traceparent === undefined) return ROOT_CONTEXT
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    traceFlags: Number.parseInt(traceparent.slice(53), 16),
    isRemote: true
  })
}

/** Returns the `traceparent` that names a span; undefined if no SDK is set up, and so there is none. */
export function nameSpan({ isSpanContextValid }: TracingApi, span: Span): string | undefined {
  const context = span.spanContext()
  if (!isSpanContextValid(context)) return undefined
  const { traceId, spanId, traceFlags } = context
  return `00-${traceId}-${spanId}-0${traceFlags & 3}`
}

/** Marks a span as failed. `type`: the code of the error, or its class. */
export function markFailed({ SpanStatusCode }: TracingApi, span: Span, type: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}
