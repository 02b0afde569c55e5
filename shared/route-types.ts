/**
 * Types of the bodies and replies of routes, derived from the handlers' modules. Client code that uses them
 * no longer compiles when a handler has changed. Types only: nothing of a handler's code gets into a client.
 */

/** Routes, with the types of their bodies and replies. */
export type RouteTypes = Record<string, { readonly body: unknown; readonly reply: unknown }>

/**
 * The routes of modules. Keys are the modules' paths below the handlers' folder, with dots for slashes.
 *
 * @example
 * import type * as score from '../handlers/score.js'
 * import type * as chat from '../handlers/chat/chatHandler.js'
 * type Routes = RoutesOf<{ score: typeof score; 'chat.chatHandler': typeof chat }>
 */
export type RoutesOf<Modules> = Flat<
  Union<
    {
      [Path in keyof Modules & string]: {
        [Name in HandlerName<Handlers<Modules[Path]>> as `${Path}.${Name}`]: RouteOf<
          Handlers<Modules[Path]>[Name]
        >
      }
    }[keyof Modules & string]
  >
>

// biome-ignore lint/suspicious/noExplicitAny: any function at all
type AnyFunction = (...args: any[]) => unknown
// biome-ignore lint/suspicious/noExplicitAny: any class at all
type AnyClass = abstract new (...args: any[]) => unknown

/**
 * The members of a module that can be handlers: its named exports, and those of its default export, of what
 * it resolves to, or of the object that this class or function makes. A module of CommonJS may itself be the
 * class or the function (`module.exports = …`).
 */
type Handlers<Module> = Module extends AnyClass | AnyFunction
  ? DefaultObject<Module>
  : Omit<Module, 'default'> &
      (Module extends { default: infer Default } ? DefaultObject<Awaited<Default>> : unknown)

type DefaultObject<Default> = Default extends abstract new (
  // biome-ignore lint/suspicious/noExplicitAny: any class at all
  ...args: any[]
) => infer Instance
  ? Instance
  : // biome-ignore lint/suspicious/noExplicitAny: any function at all
    Default extends (...args: any[]) => infer Made
    ? Awaited<Made>
    : Default

/** Names of functions that are handlers: no classes, and nothing that begins with `_`. */
type HandlerName<Object> = {
  [Name in keyof Object & string]: Name extends `_${string}`
    ? never
    : Object[Name] extends AnyClass
      ? never
      : Object[Name] extends AnyFunction
        ? Name
        : never
}[keyof Object & string]

type RouteOf<Handler> = Handler extends (...args: infer Args) => infer Reply
  ? { readonly body: BodyOf<Args>; readonly reply: ReplyOf<Awaited<Reply>> }
  : never

/** The body of a handler: its first parameter, or undefined if it has none. */
type BodyOf<Args extends unknown[]> = Args extends [] ? undefined : Args[0]

/** The reply of a handler; undefined if it returns nothing. */
type ReplyOf<Reply> = Reply extends void ? undefined : Reply

type Union<Each> = (Each extends unknown ? (each: Each) => void : never) extends (all: infer All) => void
  ? All
  : never

/** The same, in a form that an editor shows member by member. */
type Flat<Object> = { [Name in keyof Object]: Object[Name] }
