/** A scenario: the life of one player as code, and what the code has at hand. */
import type { Client, ClientOptions, EventTypes, RouteTypes } from '../../client/index.js'

export interface WaitOptions<Body = unknown> {
  /** Milliseconds after which the wait rejects with `WAIT_TIMED_OUT`. Default: that of `--timeout`. */
  readonly timeout?: number
  /** Whether an event is the one that is waited for. Earlier ones are passed over. Default: the first is. */
  readonly where?: (body: Body) => boolean
}

/** An event of one of several names, with the body that belongs to its name. */
export type NamedEvent<Events, Name extends keyof Events> = {
  [Each in Name]: { readonly event: Each; readonly body: Events[Each] }
}[Name]

/**
 * The player of a scenario. Its steps are timed under their names: a request under its route, a wait under
 * `wait EVENT`. At the end of the run, each step that still waits rejects. Later steps reject at once, and
 * send nothing. What the scenario does then is not counted.
 */
export interface Player<Routes = RouteTypes, Events = EventTypes> {
  /** The player's number, from 0 up to the value of `--sockets`: for names, tokens and rooms. */
  readonly index: number
  /** How often the scenario has run for this player before, from 0. */
  readonly life: number
  /** The URL that `sallyport load` was given. */
  readonly url: string
  /** Aborts at the end of the run. */
  readonly signal: AbortSignal
  /** The client of this life. Throws before `connect`. What is called on it directly is not timed. */
  readonly client: Client<Routes, Events>

  /**
   * Connects, with the options of `connect` of `sallyport/client`. `user` has the value of `--user`, unless
   * it is given. A second call closes the first connection. The end of the scenario closes the last one.
   *
   * @throws ClientError as `connect` of `sallyport/client`
   */
  connect(options?: ClientOptions<Events>): Promise<void>

  /**
   * Sends a request and resolves with its reply, as `request` of a client.
   *
   * @throws ClientError: the handler's error, or that of the client
   */
  request: Client<Routes, Events>['request']

  /** Sends a notify, as `notify` of a client. */
  notify: Client<Routes, Events>['notify']

  /** Adds a listener of an event, as `on` of a client. Returns a function that removes it. */
  on: Client<Routes, Events>['on']

  /**
   * Resolves with the body of the next event of this name: the oldest one since `connect` that no `waitFor`
   * has taken yet, so an event that comes before the call is not missed. The newest 256 events are kept.
   *
   * @throws ClientError `WAIT_TIMED_OUT`
   */
  waitFor<Event extends keyof Events & string>(
    event: Event,
    options?: WaitOptions<Events[Event]>
  ): Promise<Events[Event]>

  /**
   * Does what `waitFor` does, for the first event of any of these names. Resolves with its name and its body.
   * `where` gets the body alone. The step is `wait FIRST | SECOND`.
   *
   * @throws ClientError `WAIT_TIMED_OUT`
   * @example
   * const { event, body } = await player.waitForAny(['duel.turn', 'duel.over'])
   */
  waitForAny<Event extends keyof Events & string>(
    events: readonly Event[],
    options?: WaitOptions<Events[Event]>
  ): Promise<NamedEvent<Events, Event>>

  /** Waits, as a player who thinks. */
  sleep(ms: number): Promise<void>

  /** Times several steps, or anything else, as one step of this name. */
  measure<Result>(name: string, run: () => Promise<Result>): Promise<Result>

  /** Cuts the connection as a network does, without a goodbye. The client resumes its session by itself. */
  cut(): void
}

/** The life of one player. It runs again, on a new connection, until the run ends. */
export type Scenario<Routes = RouteTypes, Events = EventTypes> = (
  player: Player<Routes, Events>
) => Promise<void> | void

/**
 * Returns the scenario as it is; its parameter is typed by the routes and events of the game.
 *
 * @example
 * export default defineScenario<Routes, Events>(async player => {
 *   await player.connect()
 *   await player.request('room.enter', { room: `room-${player.index % 10}` })
 * })
 */
export function defineScenario<Routes = RouteTypes, Events = EventTypes>(
  scenario: Scenario<Routes, Events>
): Scenario<Routes, Events> {
  return scenario
}
