/**
 * A test's player: our client, behind a connection that a test can cut. Made by `TestGateway.connect`.
 */
import type { Client, EventTypes, RouteTypes, StateChange } from '../client/index.js'
import { errors } from '../shared/errors.js'
import { clearTimeout, setTimeout } from '../workers/runtime/own-time.js'
import type { SessionEnds } from './session-ends.js'
import { type Cut, cuts, type TcpProxy } from './tcp-proxy.js'

/** Milliseconds that the gateway may take to read the goodbye of a player, and to answer it. */
const longestGoodbye = 1_000

/** A call of `next` that waits for its event. */
interface Waiting {
  readonly resolve: (body: unknown) => void
  readonly reject: (error: Error) => void
}

export class TestPlayer<Routes = RouteTypes, Events = EventTypes> {
  readonly client: Client<Routes, Events>
  readonly #proxy: TcpProxy
  readonly #sessionEnds: SessionEnds
  /** Events that were received but not asked for yet, by name. */
  readonly #events = new Map<string, unknown[]>()
  readonly #waiting = new Map<string, Waiting[]>()

  /** @internal Players come from `TestGateway.connect`. */
  constructor(client: Client<Routes, Events>, proxy: TcpProxy, sessionEnds: SessionEnds) {
    this.client = client
    this.#proxy = proxy
    this.#sessionEnds = sessionEnds
    client.onState(change => {
      if (change.state !== 'closed') return
      for (const waiting of this.#waiting.values())
        for (const { reject } of waiting.splice(0)) reject(describeEnd(change))
    })
  }

  /** Sends a request, as `client.request` does. */
  get request(): Client<Routes, Events>['request'] {
    return this.client.request.bind(this.client) as Client<Routes, Events>['request']
  }

  /** Sends a notify, as `client.notify` does. */
  get notify(): Client<Routes, Events>['notify'] {
    return this.client.notify.bind(this.client) as Client<Routes, Events>['notify']
  }

  /**
   * Collects events of this name from now on, so that `next` also returns those that come before it is
   * called. Events that came before this call are left out. A second call for the same name does nothing.
   */
  listen(event: keyof Events & string): void {
    expectEvent(event)
    if (this.#events.has(event)) return
    let isNew = false
    this.#collect(event, () => isNew)
    // Behind the microtask in which the client passes on what it has kept for the first listener.
    queueMicrotask(() => {
      isNew = true
    })
  }

  #collect(event: keyof Events & string, isMeant: () => boolean): void {
    this.#events.set(event, [])
    this.client.on(event, body => {
      if (!isMeant()) return
      const waiting = this.#waiting.get(event)?.shift()
      if (waiting !== undefined) waiting.resolve(body)
      else this.#events.get(event)!.push(body)
    })
  }

  /**
   * Resolves with the body of the next event of this name: the oldest one collected since `listen`, else the
   * next to come. Without `listen`, the first call also finds what came before it, such as an event of
   * onConnect. Rejects with `CONNECTION_CLOSED` if the client has ended, or ends instead. Has no timeout of
   * its own.
   */
  async next<Event extends keyof Events & string>(event: Event): Promise<Events[Event]> {
    expectEvent(event)
    if (!this.#events.has(event)) this.#collect(event, () => true)
    const come = this.#events.get(event)!
    // Behind the microtask in which the client passes on what it has kept for the first listener.
    await undefined
    if (come.length > 0) return come.shift() as Events[Event]
    if (this.client.state === 'closed') throw errors.connectionClosed('the client has ended')
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(event) ?? []
      this.#waiting.set(event, waiting)
      waiting.push({ resolve: resolve as (body: unknown) => void, reject })
    })
  }

  /**
   * Cuts the connection and refuses new ones until `comeBack`. Resolves when the client has noticed. Rejects
   * with `CONNECTION_CLOSED` if the client has ended, and with an Error if it is cut off already. `how`:
   * default `reset`.
   */
  async cut(how: Cut = 'reset'): Promise<void> {
    if (!cuts.includes(how))
      throw new Error(
        `Expected a way to cut a connection, one of ${cuts.join(', ')}; got ${JSON.stringify(how)}`
      )
    const { state } = this.client
    if (state !== 'closed' && this.#proxy.isDown)
      throw new Error('Expected the player to be connected; they are cut off until comeBack')
    const away = state === 'resuming' ? undefined : this.#change('resuming')
    this.#proxy.isDown = true
    this.#proxy.cut(how)
    await away
  }

  /**
   * Allows connections again. Resolves when the client has reconnected; `resumed` says whether it has its
   * session back. Rejects if the client ends instead, for example because the game has kicked the player
   * meanwhile: with the code `CONNECTION_CLOSED`, and a message that has the close code and its reason.
   * Rejects with an Error if the player is not away.
   */
  async comeBack(): Promise<{ readonly resumed: boolean }> {
    if (this.client.state === 'open' && !this.#proxy.isDown)
      throw new Error('Expected the player to be away; they are connected: call cut before comeBack')
    const back = this.#change('open')
    this.#proxy.isDown = false
    return { resumed: (await back).resumed }
  }

  /**
   * Leaves, as `client.close` does: the gateway gets the goodbye, ends the session and runs onClose. Resolves
   * when the session has ended, but does not wait for onClose. A player who is cut off can say nothing: their
   * session waits for them. A gateway that does not read the goodbye for a second loses the connection.
   */
  async close(): Promise<void> {
    const sessionEnd = this.#sessionEnds.of(this.#proxy.ports)
    this.client.close()
    let timer: NodeJS.Timeout | undefined
    // A gateway reads nothing of a client that waits for too many replies.
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, longestGoodbye)
    })
    await Promise.race([Promise.all([sessionEnd, this.#proxy.ended()]), late])
    clearTimeout(timer)
    await this.#proxy.close()
  }

  /** Resolves when the client gets into that state. Rejects if it has ended, or ends instead. */
  #change(state: StateChange['state']): Promise<StateChange> {
    return new Promise((resolve, reject) => {
      if (this.client.state === 'closed') return reject(errors.connectionClosed('the client has ended'))
      const end = this.client.onState(change => {
        if (change.state !== state && change.state !== 'closed') return
        end()
        if (change.state === state) return resolve(change)
        reject(describeEnd(change))
      })
    })
  }
}

function expectEvent(name: unknown): void {
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`Expected the name of an event, got ${JSON.stringify(name)}`)
}

function describeEnd({ code, reason }: StateChange): Error {
  return errors.connectionClosed(`${code ?? 'no code'} ${reason}`.trimEnd())
}
