/**
 * Declares handlers with schemas or options of their routes.
 * Plain functions are handlers too, and need none of this.
 */
import { isThenable } from '../../shared/check.js'
import type { HandlerSchemas, RouteOptions } from '../../shared/link/route-options.js'
import { describeValue } from '../../shared/text/described.js'
import type { AnySettings } from '../../shared/values/session-settings.js'
import type { BackendSession } from './backend-session.js'
import type { HandlerContext } from './context.js'
import {
  expectReply,
  type InputOr,
  isSchema,
  type OutputOr,
  parseBody,
  type ReturnedFor,
  type Schema,
  type SchemaOfReply
} from './schema.js'

/** The body of a handler that declares neither a schema nor a type for it. */
// biome-ignore lint/suspicious/noExplicitAny: a handler without a type for its body may use it freely
export type AnyBody = any

/** A handler. Its result is the body of the reply; undefined makes an empty reply. */
export type HandlerFunction<Body = AnyBody, Reply = unknown, Settings = AnySettings> = (
  body: Body,
  session: BackendSession<Settings>,
  context: HandlerContext
) => Reply | Promise<Reply>

/** Options of a handler's route, and its schemas by Standard Schema v1 (zod, valibot, arktype …). */
export interface HandlerOptions<
  Body extends Schema | undefined = Schema,
  Reply extends Schema | undefined = Schema
> extends RouteOptions {
  /**
   * Schema of the body. A body that does not fit is answered with `BODY_INVALID`. The handler gets the
   * schema's output.
   */
  readonly body?: Body
  /**
   * Schema of the reply, checked in development and in unit tests only. A reply that does not fit is answered
   * with `INTERNAL`. The reply is sent unchanged: schemas with transforms are not allowed, and defaults are
   * not filled in.
   */
  readonly reply?: SchemaOfReply<Reply>
}

/** A registered symbol, so that two copies of this package in one worker agree on it. */
const optionsKey = Symbol.for('sallyport.handler.options')
const schemasKey = Symbol.for('sallyport.handler.schemas')
const declaredSchemasKey = Symbol.for('sallyport.handler.declaredSchemas')

/**
 * Declares a handler with a schema of its body, a schema of its reply, or options of its route. The result
 * can be called like the given function, for example in a unit test. It checks the body first, as in a
 * worker.
 *
 * @throws TypeError for an invalid schema or a missing function
 * @example
 * export const add = handler(
 *   { body: z.object({ points: z.number().int().min(1) }) },
 *   ({ points }, session) => …
 * )
 * @example export const find = handler({ concurrent: true }, async (body, session) => …)
 */
export function handler<
  BodySchema extends Schema | undefined,
  ReplySchema extends Schema | undefined,
  Body = unknown,
  Returned = unknown,
  Settings = AnySettings
>(
  options: HandlerOptions<BodySchema, ReplySchema>,
  run: (
    body: OutputOr<BodySchema, Body>,
    session: BackendSession<Settings>,
    context: HandlerContext
  ) => ReturnedFor<ReplySchema, Returned>
): HandlerFunction<InputOr<BodySchema, Body>, OutputOr<ReplySchema, Awaited<Returned>>, Settings>
export function handler(options: HandlerOptions, run: HandlerFunction): HandlerFunction {
  // Checks the types for games in JavaScript, which then fail when the module is loaded rather than at the
  // first request.
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`Expected \`options\` of a handler to be an object, got ${describeValue(options)}`)
  }
  if (typeof run !== 'function') {
    throw new TypeError(`Expected \`run\` of a handler to be a function, got ${describeValue(run)}`)
  }
  const { body, reply, ...routeOptions } = options
  expectSchema('body', body)
  expectSchema('reply', reply)
  // Creates a new function, so that one `run` may be declared twice. `this` is passed on for methods of
  // objects.
  const declared: HandlerFunction = function (this: unknown, given, session, context) {
    const call = (parsed: unknown) => run.call(this, parsed, session, context)
    const result = body === undefined ? call(given) : parseBody(body, given, call)
    // Replies come from the game's own code, so production does not spend time on checking them.
    if (reply === undefined || context?.isDevelopment === false) return result
    return isThenable(result)
      ? Promise.resolve(result).then(value => expectReply(reply, value))
      : expectReply(reply, result)
  }
  if (body !== undefined || reply !== undefined) {
    const schemas: HandlerSchemas = { body: body !== undefined, reply: reply !== undefined }
    Object.defineProperty(declared, schemasKey, { value: schemas })
    Object.defineProperty(declared, declaredSchemasKey, { value: { body, reply } })
  }
  return Object.defineProperty(declared, optionsKey, { value: routeOptions })
}

/** Whether a function was made by `handler`. */
export function isDeclared(run: object): boolean {
  return optionsKey in run
}

/** Returns which schemas a function was declared with; undefined for none. */
export function schemasOf(run: object): HandlerSchemas | undefined {
  return (run as { [schemasKey]?: HandlerSchemas })[schemasKey]
}

/** Returns the schemas that a function was declared with. */
export function declaredSchemasOf(run: object): { readonly body?: Schema; readonly reply?: Schema } {
  return (run as { [declaredSchemasKey]?: { body?: Schema; reply?: Schema } })[declaredSchemasKey] ?? {}
}

/** Returns the route options that a function was declared with; none for a plain function. */
export function optionsOf(run: object): RouteOptions {
  return (run as { [optionsKey]?: RouteOptions })[optionsKey] ?? {}
}

function expectSchema(name: string, schema: unknown): void {
  if (schema === undefined || isSchema(schema)) return
  throw new TypeError(
    `Expected \`${name}\` of a handler to be a schema by Standard Schema v1 (zod, valibot, arktype …), got ${describeValue(schema)}`
  )
}
