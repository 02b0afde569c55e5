/**
 * The public class `Client`. It sends requests and notifies, and calls listeners for events. Made by
 * `connect`; owns a Conversation, which keeps the connection.
 */

import type { RouteTypes } from '../shared/route-types.js'
import { type MessageHeader, messageKinds } from '../shared/wire/message.js'
import { readTraceparent } from '../shared/wire/traceparent.js'
import { wireErrors } from '../shared/wire-errors.js'
import { ClientError } from './base/client-error.js'
import {
  type EventTypes,
  expectFunction,
  expectMs,
  expectRequestOptions,
  type RequestOptions,
  type ResolvedClientOptions,
  refuseOption
} from './base/options.js'
import type { ClientState, Failure, StateChange } from './base/state.js'
import { decodeBody, encodeBody } from './body.js'
import { Conversation } from './conversation/conversation.js'
import { type ClientMessage, createMessage, expectRoute } from './conversation/message.js'
import { EarlyEvents } from './early-events.js'
import { callListener, Listeners } from './listeners.js'
import { Requests } from './requests.js'

type Name<Types> = keyof Types & string

/** Arguments with a body: optional if the body's type includes undefined. */
type BodyArgs<Body, Rest extends unknown[]> = undefined extends Body
  ? [body?: Body, ...rest: Rest]
  : [body: Body, ...rest: Rest]

export class Client<Routes = RouteTypes, Events = EventTypes> {
  readonly #options: ResolvedClientOptions
  readonly #conversation: Conversation
  readonly #requests: Requests
  readonly #events = new Listeners<string, [body: unknown]>()
  readonly #anyEvents = new Listeners<'event', [event: string, body: unknown]>()
  readonly #early: EarlyEvents
  readonly #states = new Listeners<'change', [change: StateChange]>()
  /** Changes that the listeners are being told of, in order. */
  readonly #changes: StateChange[] = []

  /** @internal Use `connect`. */
  constructor(url: string, options: ResolvedClientOptions) {
    this.#options = options
    this.#early = new EarlyEvents({
      tell: (name, body) => this.#events.tell(name, body),
      dropped: dropped => this.#anyEvents.isEmpty && callListener(options.onDropped, dropped)
    })
    for (const [event, listener] of options.on) this.#listen(event, listener)
    this.#conversation = new Conversation(url, options, {
      changed: change => this.#changed(change),
      failed: failure => callListener(options.onFailure, failure),
      message: (header, bytes, end) => this.#receive(header, bytes, end),
      sessionLost: () => this.#sessionLost(),
      lastId: () => this.#requests.lastId
    })
    this.#requests = new Requests(this.#conversation.firstId)
    this.#conversation.start()
  }

  /**
   * State of the connection. `connecting`: not connected yet. `open`: connected. `resuming`: the connection
   * was lost, and the client is reconnecting. `closed`: ended for good.
   */
  get state(): ClientState {
    return this.#conversation.state
  }

  /**
   * The `user` value that the game's `onHandshake` hook returned at the last handshake; undefined if it
   * returned none.
   */
  get user(): unknown {
    return this.#conversation.user
  }

  /**
   * Whether the last handshake resumed a session. After `connect`: true if the option `keep` had a place in a
   * session, and that session goes on; false for a new session.
   */
  get resumed(): boolean {
    return this.#conversation.resumed
  }

  /**
   * What the last handshake told about the server, for tools: the names in its dictionary, routes and events
   * alike, and whether it is a Sallyport, which marks its errors as such. Before: no names, and false.
   */
  get server(): { readonly names: readonly string[]; readonly isSallyport: boolean } {
    return { names: this.#conversation.dictionary.list, isSallyport: this.#conversation.rich }
  }

  /** The error that closed the client; undefined until it is closed. */
  get error(): ClientError | undefined {
    const { error } = this.#conversation
    return error && new ClientError(error, { cause: error.cause })
  }

  /**
   * The reason why the last attempt to connect failed, or why the connection was lost, while the client keeps
   * trying; undefined after a successful attempt.
   */
  get failure(): Failure | undefined {
    return this.#conversation.failure
  }

  /**
   * Sends a request and resolves with the handler's reply. While the connection is lost, the request waits in
   * the client and is sent after the reconnect. It never runs twice.
   *
   * @throws ClientError: the error that the handler threw, or `REQUEST_TIMED_OUT`, `SESSION_LOST`,
   * `OUTBOX_FULL`, `CONNECTION_CLOSED`, `BODY_TOO_LARGE`, `BODY_NOT_SERIALIZABLE`, `ROUTE_INVALID`,
   * `OPTION_INVALID`. Rejects with the signal's reason if the signal aborts.
   */
  async request<Route extends Name<Routes>>(
    route: Route,
    ...[body, options = {}]: BodyArgs<BodyOf<Routes, Route>, [options?: RequestOptions]>
  ): Promise<ReplyOf<Routes, Route>> {
    expectRequestOptions(options)
    const { timeout = this.#options.requestTimeout, signal, traceparent } = options
    if (signal?.aborted) throw signal.reason
    const trace = this.#trace(route, traceparent)
    const message = this.#encode(messageKinds.request, this.#requests.nextId(), route, body, trace)
    // What the game has run for the trace and the body may have aborted it.
    if (signal?.aborted) throw signal.reason
    this.#send(message)
    const { outbox } = this.#conversation
    const reply = this.#requests.wait(message, { timeout, signal }, given => outbox.remove(given))
    return reply as Promise<ReplyOf<Routes, Route>>
  }

  /**
   * Sends a notify: a message without a reply. While the connection is lost, it waits in the client and is
   * sent after the reconnect.
   *
   * @throws ClientError: `OUTBOX_FULL`, `CONNECTION_CLOSED`, `BODY_TOO_LARGE`, `BODY_NOT_SERIALIZABLE`,
   * `ROUTE_INVALID`
   */
  notify<Route extends Name<Routes>>(route: Route, ...[body]: BodyArgs<BodyOf<Routes, Route>, []>): void {
    this.#send(this.#encode(messageKinds.notify, 0, route, body, this.#trace(route)))
  }

  /**
   * Calls the listener with the body of each event of this name. Returns a function that removes the
   * listener. The first listener of a name also gets the events that came before it, in a microtask: at most
   * 256 events or 256 KiB are kept for all names together, and of `latest` and `volatile` events only the
   * newest of each name. What is dropped is told to `onDropped`, unless there is a listener of `onEvent`.
   *
   * @throws ClientError `OPTION_INVALID` for a listener that is not a function
   */
  on<Event extends Name<Events>>(event: Event, listener: (body: Events[Event]) => void): () => void {
    return this.#listen(event, expectFunction('listener', listener) as (body: unknown) => void)
  }

  /**
   * Calls the listener with the name and the body of each event, whatever its name: for a log, or a tool. It
   * is called when the event arrives, before the listeners of `on`, and also if there are none. Returns a
   * function that removes the listener.
   *
   * @throws ClientError `OPTION_INVALID` for a listener that is not a function
   */
  onEvent(listener: (event: string, body: unknown) => void): () => void {
    return this.#anyEvents.add('event', expectFunction('listener', listener))
  }

  /**
   * Calls the listener at each change of `state`. Returns a function that removes the listener.
   *
   * @throws ClientError `OPTION_INVALID` for a listener that is not a function
   */
  onState(listener: (change: StateChange) => void): () => void {
    return this.#states.add('change', expectFunction('listener', listener))
  }

  /**
   * Drops the connection and connects again, for a game that notices a dead connection before the heartbeat
   * does. The session is resumed as after any loss. `after`: milliseconds until the first attempt; default:
   * 0.
   *
   * @throws ClientError `OPTION_INVALID`
   */
  reconnect(after = 0): void {
    this.#conversation.reconnect(expectMs('after', after, 0))
  }

  /**
   * Closes the client and leaves its session waiting, as a page with the option `keep` does when it is left.
   * Pending requests reject with `CONNECTION_CLOSED`. Messages that were not sent yet are never sent. The
   * next client with the same storage and URL resumes the session. Without `keep`, no client can.
   */
  leave(): void {
    this.#early.clear()
    this.#conversation.leave('the client has left')
  }

  /**
   * Closes the client and ends its session. Pending requests reject with `CONNECTION_CLOSED`. Calling it
   * again does nothing. Without a connection the gateway can't be told: the session ends there when its wait
   * for the client is over.
   */
  close(): void {
    this.#early.clear()
    this.#conversation.end(wireErrors.connectionClosed('by this client'))
  }

  #listen(event: string, listener: (body: unknown) => void): () => void {
    const remove = this.#events.add(event, listener)
    this.#early.listen(event)
    return remove
  }

  #send(message: ClientMessage): void {
    if (this.error !== undefined) throw this.error
    try {
      this.#conversation.outbox.add(message)
    } catch (error) {
      // A message larger than the whole outbox can never be sent, so a retry is of no use.
      const retryable = message.size <= this.#options.outboxLimit
      throw new ClientError(error as ClientError, { retryable })
    }
    this.#conversation.flush()
  }

  #encode(
    kind: ClientMessage['kind'],
    id: number,
    route: string,
    body: unknown,
    traceparent: string | undefined
  ): ClientMessage {
    const { rich, maxBodyBytes } = this.#conversation
    expectRoute(route)
    return createMessage({ kind, id, route, body: encodeBody(body, rich, maxBodyBytes), traceparent })
  }

  /** Returns the trace that a message belongs to. `given`: that of a request's options. */
  #trace(route: string, given?: string): string | undefined {
    const { tracing } = this.#options
    if (given !== undefined && tracing === false)
      throw refuseOption("Expected the client's option `tracing` to be true or a function, for `traceparent`")
    return readTraceparent(given ?? (typeof tracing === 'function' ? tracing(route) : undefined))
  }

  #receive(header: MessageHeader, bytes: Uint8Array, end: number): void {
    const { kind, id, route, isError, uncounted, bodyStart } = header
    const body = decodeBody(bytes.subarray(bodyStart, end), this.#conversation.rich)
    if (kind === messageKinds.event) {
      const name = this.#conversation.dictionary.read(route)
      if (name === undefined) return
      this.#anyEvents.tell('event', name, body)
      if (this.state !== 'closed') this.#early.receive(name, body, end - bodyStart, !uncounted)
    } else if (isError) {
      const { error: code, message, data } = body as { error: string; message: string; data?: unknown }
      this.#requests.reject(id, { code, message, data })
    } else {
      this.#requests.resolve(id, body)
    }
  }

  #changed(change: StateChange): void {
    if (change.state === 'closed') {
      const error = this.error!
      this.#requests.rejectAll(() => error)
    }
    // A listener may cause the next change. All are told of this one first.
    if (this.#changes.push(change) > 1) return
    for (let next: StateChange | undefined = change; next !== undefined; next = this.#changes[0]) {
      this.#states.tell('change', next)
      this.#changes.shift()
    }
  }

  #sessionLost(): void {
    this.#early.clear()
    const { outbox } = this.#conversation
    this.#requests.rejectAll(message => {
      const hasLeft = outbox.hasLeft(message)
      return new ClientError(wireErrors.sessionLost(message.route, hasLeft), { retryable: !hasLeft })
    })
  }
}

type BodyOf<Routes, Route extends keyof Routes> = Routes[Route] extends { readonly body: infer Body }
  ? Body
  : never

type ReplyOf<Routes, Route extends keyof Routes> = Routes[Route] extends { readonly reply: infer Reply }
  ? Reply
  : never
