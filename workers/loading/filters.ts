/**
 * Filters: code of the game around its handlers, of a folder and those below it. They are put around a
 * handler once, when it is loaded: a handler that has none is called as it is. What is synchronous stays so.
 */
import { describeValue } from '../../shared/check.js'
import type { BackendSession } from '../api/backend-session.js'
import type { HandlerContext } from '../api/context.js'
import { isThenable } from '../runtime/thenable.js'

/** How a handler ended: with a reply, or with what it threw. */
export type HandlerOutcome = { readonly reply: unknown } | { readonly error: unknown }

/** A handler, with the filters around it or without. */
export type Call = (body: unknown, session: BackendSession, context: HandlerContext) => unknown

/** What a `_hooks` module has for the handlers of its folder and those below. */
export interface Filter {
  /** The module, below the handlers' folder. */
  readonly file: string
  /** Gives nothing, `{ body }` to change the body, or `{ reply }` to answer; throws to refuse. */
  readonly before: Call | undefined
  readonly after:
    | ((outcome: HandlerOutcome, session: BackendSession, context: HandlerContext) => unknown)
    | undefined
}

/** Puts filters, the outermost first, around a handler. */
export function surround(call: Call, filters: readonly Filter[]): Call {
  return filters.reduceRight((inner, filter) => watched(filter, entered(filter, inner)), call)
}

function entered({ file, before }: Filter, inner: Call): Call {
  if (before === undefined) return inner
  return (body, session, context) =>
    then(before(body, session, context), answer => {
      if (answer === undefined) return inner(body, session, context)
      const { reply, isReply, newBody } = readAnswer(answer, file)
      return isReply ? reply : inner(newBody, session, context)
    })
}

/** `after` sees how what is inside ended, and changes nothing of it. */
function watched({ file, after }: Filter, inner: Call): Call {
  if (after === undefined) return inner
  return (body, session, context) =>
    then(
      outcomeOf(() => inner(body, session, context)),
      outcome => {
        const seen = outcomeOf(() => after({ ...outcome }, session, context))
        return then(seen, own => {
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
 * Goes on at once where nothing need be waited for: what is blamed on a request's synchronous part stays
 * there.
 */
function then<Value>(value: Value | Promise<Value>, next: (value: Value) => unknown): unknown {
  return isThenable(value) ? Promise.resolve(value).then(each => next(each as Value)) : next(value)
}
