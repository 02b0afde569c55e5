/** The types of the settings of a game's sessions, as a project declares them. */

/**
 * The keys of all sessions and the types of their values, which a project may declare once. Without a
 * declaration all values are `any` in handlers, and `unknown` in the gateway's host.
 *
 * @example
 * declare module 'sallyport/worker' {
 *   interface SessionSettings { room: string; hp: number }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: a project fills it
export interface SessionSettings {}

/** The settings of a session without a type parameter: `SessionSettings`; `any` if that is not declared. */
// biome-ignore lint/suspicious/noExplicitAny: the specification demands it for a session's values
export type AnySettings = keyof SessionSettings extends never ? any : SessionSettings

/** The settings of a session in the gateway's host: `SessionSettings`; any keys if that is not declared. */
export type HostSettings = keyof SessionSettings extends never ? Record<string, unknown> : SessionSettings
