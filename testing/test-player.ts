/** A player for a test: our client, behind a connection that can be cut. */
import type { Client, EventTypes, RouteTypes, StateChange } from '../client/index.js'
import type { Cut, TcpProxy } from './tcp-proxy.js'

export class TestPlayer<Routes = RouteTypes, Events = EventTypes> {
  readonly client: Client<Routes, Events>
  readonly #proxy: TcpProxy
  /** By name: events that came and were not waited for. */
  readonly #events = new Map<string, unknown[]>()
  readonly #waiting = new Map<string, ((body: unknown) => void)[]>()

  /** @internal Players come from `TestGateway.connect`. */
  constructor(client: Client<Routes, Events>, proxy: TcpProxy) {
    this.client = client
    this.#proxy = proxy
  }

  /** As `client.request`. */
  get request(): Client<Routes, Events>['request'] {
    return this.client.request.bind(this.client) as Client<Routes, Events>['request']
  }

  /** As `client.notify`. */
  get notify(): Client<Routes, Events>['notify'] {
    return this.client.notify.bind(this.client) as Client<Routes, Events>['notify']
  }

  /** Listens to an event from now on, so that `next` gets those that come before it is called. */
  listen(event: keyof Events & string): void {
    if (this.#events.has(event)) return
    this.#events.set(event, [])
    this.client.on(event, body => {
      const waiting = this.#waiting.get(event)?.shift()
      if (waiting !== undefined) waiting(body)
      else this.#events.get(event)!.push(body)
    })
  }

  /** The body of the next such event: of one that has come since `listen`, or of one that is to come. */
  next<Event extends keyof Events & string>(event: Event): Promise<Events[Event]> {
    this.listen(event)
    const come = this.#events.get(event)!
    if (come.length > 0) return Promise.resolve(come.shift() as Events[Event])
    return new Promise(resolve => {
      const waiting = this.#waiting.get(event) ?? []
      this.#waiting.set(event, waiting)
      waiting.push(resolve as (body: unknown) => void)
    })
  }

  /** Cuts the connection, and refuses new ones until `comeBack`. Resolves when the client has noticed. */
  async cut(how: Cut = 'reset'): Promise<void> {
    const away = this.#change('resuming')
    this.#proxy.isDown = true
    this.#proxy.cut(how)
    await away
  }

  /** Lets the client connect again. Resolves when it has, with whether it has its session back. */
  async comeBack(): Promise<{ readonly resumed: boolean }> {
    const back = this.#change('open')
    this.#proxy.isDown = false
    return { resumed: (await back).resumed }
  }

  async close(): Promise<void> {
    this.client.close()
    await this.#proxy.close()
  }

  #change(state: StateChange['state']): Promise<StateChange> {
    return new Promise(resolve => {
      const end = this.client.onState(change => {
        if (change.state !== state) return
        end()
        resolve(change)
      })
    })
  }
}
