/**
 * A test's player: our client, behind a connection that a test can cut. Made by `TestGateway.connect`.
 */
import type { Client, EventTypes, RouteTypes, StateChange } from '../client/index.js'
import { errors } from '../shared/errors.js'
import type { Cut, TcpProxy } from './tcp-proxy.js'

export class TestPlayer<Routes = RouteTypes, Events = EventTypes> {
  readonly client: Client<Routes, Events>
  readonly #proxy: TcpProxy
  /** Events that were received but not asked for yet, by name. */
  readonly #events = new Map<string, unknown[]>()
  readonly #waiting = new Map<string, ((body: unknown) => void)[]>()

  /** @internal Players come from `TestGateway.connect`. */
  constructor(client: Client<Routes, Events>, proxy: TcpProxy) {
    this.client = client
    this.#proxy = proxy
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
      if (waiting !== undefined) waiting(body)
      else this.#events.get(event)!.push(body)
    })
  }

  /**
   * Resolves with the body of the next event of this name: the oldest one collected since `listen`, else the
   * next to come. Without `listen`, the first call also finds what came before it, such as an event of
   * onConnect. Never rejects, and has no timeout of its own.
   */
  next<Event extends keyof Events & string>(event: Event): Promise<Events[Event]> {
    if (!this.#events.has(event)) this.#collect(event, () => true)
    const come = this.#events.get(event)!
    if (come.length > 0) return Promise.resolve(come.shift() as Events[Event])
    return new Promise(resolve => {
      const waiting = this.#waiting.get(event) ?? []
      this.#waiting.set(event, waiting)
      waiting.push(resolve as (body: unknown) => void)
    })
  }

  /**
   * Cuts the connection and refuses new ones until `comeBack`. Resolves when the client has noticed. Rejects
   * with `CONNECTION_CLOSED` if the client has ended. `how`: default `reset`.
   */
  async cut(how: Cut = 'reset'): Promise<void> {
    const away = this.#change('resuming')
    this.#proxy.isDown = true
    this.#proxy.cut(how)
    await away
  }

  /**
   * Allows connections again. Resolves when the client has reconnected; `resumed` says whether it has its
   * session back. Rejects if the client ends instead, for example because the game has kicked the player
   * meanwhile: with the code `CONNECTION_CLOSED`, and a message that has the close code and its reason.
   */
  async comeBack(): Promise<{ readonly resumed: boolean }> {
    const back = this.#change('open')
    this.#proxy.isDown = false
    return { resumed: (await back).resumed }
  }

  async close(): Promise<void> {
    this.client.close()
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
        const { code, reason } = change
        reject(errors.connectionClosed(`${code ?? 'no code'} ${reason}`.trimEnd()))
      })
    })
  }
}
