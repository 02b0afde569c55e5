/**
 * The value `traceparent` of W3C Trace Context (https://www.w3.org/TR/trace-context/).
 *
 * It names the trace that a request belongs to, and the span that has caused it.
 */

/** Maximum characters of a value. That of version 00 has 55; later versions may append to it. */
export const maxTraceparentLength = 255

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The flags that version 00 knows: sampled, and random trace id. */
const knownFlags = 0x03

/**
 * Returns the value in the form of version 00. Returns undefined if it is no value, or malformed: then it is
 * to be ignored, says the W3C.
 */
export function readTraceparent(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length < 55 || value.length > maxTraceparentLength) return undefined
  const [, version, traceId, spanId, flags, more] = form.exec(value) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return undefined
  const known = Number.parseInt(flags!, 16) & knownFlags
  return `00-${traceId}-${spanId}-0${known}`
}

/** Returns the fields that name a trace in the log. `traceparent`: as `readTraceparent` returns it. */
export function nameTrace(traceparent: string | undefined): { readonly trace_id?: string } {
  return traceparent === undefined ? {} : { trace_id: traceparent.slice(3, 35) }
}
