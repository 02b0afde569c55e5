/**
 * Filters: the `before` and `after` functions that a game declares around the handlers of a folder.
 * They are put around a handler once, when it is loaded. A handler without filters is called directly, and
 * synchronous code stays synchronous.
 */
import { isThenable } from '../../shared/check.js'
import { describeValue } from '../../shared/text/described.js'
import type { BackendSession } from '../api/backend-session.js'
import type { HandlerContext } from '../api/context.js'

/** Outcome of a handler: `{ reply }` with its result, or `{ error }` with its error. */
export type HandlerOutcome = { readonly reply: unknown } | { readonly error: unknown }

/** A handler, with or without filters around it. */
export type Call = (body: unknown, session: BackendSession, context: HandlerContext) => unknown

/** The filter functions of one `_hooks` module. */
export interface Filter {
  /** The module's file, relative to the handlers' folder. */
  readonly file: string
  /** Returns nothing, `{ body }` to change the body, or `{ reply }` to answer; throws to refuse. */
  readonly before: Call | undefined
  readonly after:
    | ((outcome: HandlerOutcome, session: BackendSession, context: HandlerContext) => unknown)
    | undefined
}

/** Puts filters around a handler. The first filter becomes the outermost. */
export function surround(call: Call, filters: readonly Filter[]): Call {
  return filters.reduceRight((inner, filter) => withAfter(filter, withBefore(filter, inner)), call)
}

function withBefore({ file, before }: Filter, inner: Call): Call {
  if (before === undefined) return inner
  return (body, session, context) =>
    continueWith(before(body, session, context), answer => {
      if (answer === undefined) return inner(body, session, context)
      const { reply, isReply, newBody } = readAnswer(answer, file)
      return isReply ? reply : inner(newBody, session, context)
    })
}

/** Adds an `after`. It sees the outcome of the inner code, but can't change it. */
function withAfter({ file, after }: Filter, inner: Call): Call {
  if (after === undefined) return inner
  return (body, session, context) =>
    continueWith(
      outcomeOf(() => inner(body, session, context)),
      outcome => {
        const seen = outcomeOf(() => after({ ...outcome }, session, context))
        return continueWith(seen, own => {
          if ('error' in own)
            context.log.error('A filter failed', { filter: `after of ${file}`, error: own.error })
          if ('error' in outcome) throw outcome.error
          return outcome.reply
        })
      }
    )
}

function readAnswer(answer: unknown, file: string) {
  const given = typeof answer === 'object' && answer !== null ? answer : {}
  const [name, ...others] = Object.keys(given)
  if ((name === 'body' || name === 'reply') && others.length === 0) {
    const { reply, body } = given as { reply?: unknown; body?: unknown }
    return { reply, isReply: name === 'reply', newBody: body }
  }
  throw new TypeError(
    `Expected before of ${file} to give nothing, { body } or { reply }, got ${describeValue(answer)}`
  )
}

function outcomeOf(work: () => unknown): HandlerOutcome | Promise<HandlerOutcome> {
  try {
    const reply = work()
    if (!isThenable(reply)) return { reply }
    return Promise.resolve(reply).then(
      reply => ({ reply }),
      error => ({ error })
    )
  } catch (error) {
    return { error }
  }
}

/**
 * Calls `next` at once if the value is no promise. So synchronous code stays in the request's synchronous
 * part, during which a stuck thread or a lack of memory is blamed on the request.
 */
function continueWith<Value>(value: Value | Promise<Value>, next: (value: Value) => unknown): unknown {
  return isThenable(value) ? Promise.resolve(value).then(each => next(each as Value)) : next(value)
}
