/** How a handler is declared with more than its code. Plain functions are handlers too. */
import type { RouteOptions } from '../shared/hello.js'
import type { AnySettings, BackendSession } from './backend-session.js'
import type { HandlerContext } from './context.js'

/** A handler: what it returns is the reply's body; nothing, or undefined, answers with an empty one. */
export type HandlerFunction<Body = AnySettings, Reply = unknown, Settings = AnySettings> = (
  body: Body,
  session: BackendSession<Settings>,
  context: HandlerContext
) => Reply | Promise<Reply>

/** Registered, so that two copies of this package in one worker agree on it. */
const optionsKey = Symbol.for('sallyport.handler.options')

/**
 * Declares options for one handler.
 *
 * @example export const find = handler({ concurrent: true }, async (body, session) => …)
 */
export function handler<Body, Reply, Settings = AnySettings>(
  options: RouteOptions,
  run: HandlerFunction<Body, Reply, Settings>
): HandlerFunction<Body, Reply, Settings> {
  // A function of its own, so that two declarations of one do not meet; `this` is an object's where it has one.
  const declared: typeof run = function (this: unknown, ...given) {
    return run.apply(this, given)
  }
  return Object.defineProperty(declared, optionsKey, { value: options })
}

/** The options that a function was declared with; none for a plain one. */
export function optionsOf(run: object): RouteOptions {
  return (run as { [optionsKey]?: RouteOptions })[optionsKey] ?? {}
}
