/** How a handler is declared with more than its code. Plain functions are handlers too. */
import { describeValue } from '../../shared/check.js'
import type { RouteOptions } from '../../shared/link/route-options.js'
import { isThenable } from '../runtime/thenable.js'
import type { AnySettings, BackendSession } from './backend-session.js'
import type { HandlerContext } from './context.js'
import {
  expectReply,
  isSchema,
  parseBody,
  type Schema,
  type SchemaInput,
  type SchemaOfReply,
  type SchemaOutput
} from './schema.js'

/** A handler: what it returns is the reply's body; nothing, or undefined, answers with an empty one. */
export type HandlerFunction<Body = AnySettings, Reply = unknown, Settings = AnySettings> = (
  body: Body,
  session: BackendSession<Settings>,
  context: HandlerContext
) => Reply | Promise<Reply>

/** What a handler is declared with: options of its route, and schemas by Standard Schema v1 (zod, valibot, arktype …). */
export interface HandlerOptions<Body extends Schema = Schema, Reply extends Schema = Schema>
  extends RouteOptions {
  /** What a body must be. One that does not fit is answered with BODY_INVALID; the handler gets what the schema makes of it. */
  readonly body?: Body
  /**
   * What the reply must be. Looked at in development and in unit tests only; one that does not fit is an INTERNAL error.
   * It is sent as it was: a schema that would change it (a transform) is none for replies, and defaults are not filled in.
   */
  readonly reply?: Reply
}

/** Registered, so that two copies of this package in one worker agree on it. */
const optionsKey = Symbol.for('sallyport.handler.options')

/**
 * Declares a handler with a schema of its body, one of its reply, or options of its route. What comes out can be called as
 * the function that went in: it checks the body first, here as in a worker.
 *
 * @throws TypeError, if a schema is none or there is no function
 * @example
 * export const add = handler({ body: z.object({ points: z.number().int().min(1) }) }, ({ points }, session) => …)
 * @example export const find = handler({ concurrent: true }, async (body, session) => …)
 */
export function handler<Body extends Schema, Reply extends Schema, Settings = AnySettings>(
  options: HandlerOptions<Body, Reply> & { readonly body: Body; readonly reply: SchemaOfReply<Reply> },
  run: HandlerFunction<SchemaOutput<Body>, SchemaOutput<Reply>, Settings>
): HandlerFunction<SchemaInput<Body>, SchemaOutput<Reply>, Settings>
export function handler<Body extends Schema, Reply, Settings = AnySettings>(
  options: HandlerOptions<Body> & { readonly body: Body; readonly reply?: never },
  run: HandlerFunction<SchemaOutput<Body>, Reply, Settings>
): HandlerFunction<SchemaInput<Body>, Reply, Settings>
export function handler<Reply extends Schema, Body, Settings = AnySettings>(
  options: HandlerOptions<Schema, Reply> & { readonly body?: never; readonly reply: SchemaOfReply<Reply> },
  run: HandlerFunction<Body, SchemaOutput<Reply>, Settings>
): HandlerFunction<Body, SchemaOutput<Reply>, Settings>
export function handler<Body, Reply, Settings = AnySettings>(
  options: RouteOptions & { readonly body?: never; readonly reply?: never },
  run: HandlerFunction<Body, Reply, Settings>
): HandlerFunction<Body, Reply, Settings>
export function handler(options: HandlerOptions, run: HandlerFunction): HandlerFunction {
  // A game in JavaScript is told here, where its module is loaded, and not at its first request.
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`Expected \`options\` of a handler to be an object, got ${describeValue(options)}`)
  }
  if (typeof run !== 'function') {
    throw new TypeError(`Expected \`run\` of a handler to be a function, got ${describeValue(run)}`)
  }
  const { body, reply, ...routeOptions } = options
  expectSchema('body', body)
  expectSchema('reply', reply)
  // A function of its own, so that two declarations of one do not meet; `this` is an object's where it has one.
  const declared: HandlerFunction = function (this: unknown, given, session, context) {
    const call = (parsed: unknown) => run.call(this, parsed, session, context)
    const result = body === undefined ? call(given) : parseBody(body, given, call)
    // In production nobody waits for the check of what the game's own code has made.
    if (reply === undefined || context?.isDevelopment === false) return result
    return isThenable(result)
      ? Promise.resolve(result).then(value => expectReply(reply, value))
      : expectReply(reply, result)
  }
  return Object.defineProperty(declared, optionsKey, { value: routeOptions })
}

/** The options of its route that a function was declared with; none for a plain one. */
export function optionsOf(run: object): RouteOptions {
  return (run as { [optionsKey]?: RouteOptions })[optionsKey] ?? {}
}

function expectSchema(name: string, schema: unknown): void {
  if (schema === undefined || isSchema(schema)) return
  throw new TypeError(
    `Expected \`${name}\` of a handler to be a schema by Standard Schema v1 (zod, valibot, arktype …), got ${describeValue(schema)}`
  )
}
