/**
 * The tracing channel `sallyport:handler` of `node:diagnostics_channel`: publishes each run of a handler.
 *
 * Its events are those of every tracing channel: `start`, `end`, `asyncStart`, `asyncEnd` and `error`.
 */

import { tracingChannel } from 'node:diagnostics_channel'
import { isThenable } from '../../shared/check.js'
import type { HandlerSpans, RunFields } from './handler-spans.js'

/** The message of all events of one run. */
type Run = RunFields & {
  /** The error that the handler has thrown, or that its promise is rejected with. */
  error?: unknown
  /** The handler's value. Of an asynchronous handler: its promise, and from `asyncStart` on its value. */
  result?: unknown
}

const runs = tracingChannel<Run, Run>('sallyport:handler')

/** Whether anybody wants to know of the runs of handlers. */
export function isWatched(spans: HandlerSpans | undefined): boolean {
  return spans !== undefined || runs.hasSubscribers
}

/** Runs a handler within its events and its span. Returns, throws or resolves as the handler does. */
export function runWatched(
  fields: RunFields,
  spans: HandlerSpans | undefined,
  handler: () => unknown
): unknown {
  const run = spans === undefined ? handler : () => spans.run(fields, handler)
  return runs.hasSubscribers ? publish({ ...fields }, run) : run()
}

function publish(run: Run, handler: () => unknown): unknown {
  const result: unknown = runs.traceSync(handler, run)
  return isThenable(result) ? publishEnd(run, result) : result
}

async function publishEnd(run: Run, result: PromiseLike<unknown>): Promise<unknown> {
  try {
    run.result = await result
    return run.result
  } catch (error) {
    run.error = error
    runs.error.publish(run)
    throw error
  } finally {
    runs.asyncStart.publish(run)
    runs.asyncEnd.publish(run)
  }
}
