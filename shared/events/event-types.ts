/**
 * Types of the names and bodies of events. A game declares its events once; without a declaration every name
 * and every body is accepted.
 */

/**
 * The events that a game sends, by name, with the types of their bodies. Declare them once in any file of the
 * project; then handlers, the host and clients of the project know them:
 *
 * @example
 * declare module 'sallyport/worker' {
 *   interface Events { 'chat.said': { from: string; text: string } }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: games add their events
export interface Events {}

/** The name of an event: one of those in `Events`, or any text if none is declared. */
export type EventName = keyof Events extends never ? string : keyof Events & string

/** The body of an event: as `Events` says, or anything if no event is declared. */
export type EventBody<Name extends string> = Name extends keyof Events ? Events[Name] : unknown

/** The arguments that follow an event's name. The body may be left out where it may be `undefined`. */
export type EventArguments<Name extends string, Options> =
  undefined extends EventBody<Name>
    ? [body?: EventBody<Name>, options?: Options]
    : [body: EventBody<Name>, options?: Options]

/** The declared events, or any names with any bodies: the default of a client's events. */
export type EventTypes = keyof Events extends never ? Record<string, unknown> : Events
