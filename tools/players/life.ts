/** One life of a player: runs a scenario once, from its `connect` to its end. */
import type { Client, ClientOptions, EventTypes } from '../../client/index.js'
import { errors } from '../../shared/errors.js'
import { EventInbox } from '../connection/event-inbox.js'
import type { NamedEvent, Player, WaitOptions } from '../scenario/scenario.js'
import { sleep } from './crowd.js'
import { countTrouble, type Figures } from './figures.js'
import type { LoadPlan } from './plan.js'
import { PlayerClient, RunEnded, timed } from './player-client.js'

export interface LifeInit {
  readonly plan: Pick<LoadPlan, 'url' | 'user' | 'timeout'>
  readonly figures: Figures
  readonly signal: AbortSignal
  readonly index: number
  readonly life: number
}

export class Life implements Player {
  readonly #init: LifeInit
  readonly index: number
  readonly life: number
  readonly url: string
  readonly signal: AbortSignal
  #player: PlayerClient | undefined
  /** Number of calls of `connect`. The connection of an earlier one is closed as soon as it is there. */
  #connects = 0
  /** Whether the scenario has come to its end: what still waits then waits for nobody. */
  #isOver = false
  readonly #inbox = new EventInbox()

  constructor(init: LifeInit) {
    this.#init = init
    this.index = init.index
    this.life = init.life
    this.url = init.plan.url
    this.signal = init.signal
  }

  get client(): Client {
    return this.#connected.client
  }

  async connect(options: ClientOptions = {}): Promise<void> {
    if (this.#hasEnded) throw new RunEnded()
    this.#disconnect()
    const number = ++this.#connects
    const { plan, figures } = this.#init
    const { url, user, timeout } = plan
    const player = await PlayerClient.connect({ url, figures, timeout }, { user, ...options })
    // The run or the scenario may have ended meanwhile: nobody has to wait for this.
    if (this.#hasEnded || number !== this.#connects) {
      player.close()
      throw this.#hasEnded ? new RunEnded() : errors.connectionClosed('the scenario has connected again')
    }
    this.#player = player
    player.client.onEvent((event, body) => this.#inbox.receive(event, body))
  }

  request: Client['request'] = (route, ...args) => {
    return this.#untilEnd(() => this.#connected.request(route, ...args), route)
  }

  notify: Client['notify'] = (route, ...args) => this.#running.client.notify(route, ...args)

  on: Client['on'] = (event, listener) => this.client.on(event, listener)

  async waitFor(event: string, options?: WaitOptions): Promise<unknown> {
    return (await this.waitForAny([event], options)).body
  }

  async waitForAny<Event extends string>(
    events: readonly Event[],
    { timeout, where = () => true }: WaitOptions = {}
  ): Promise<NamedEvent<EventTypes, Event>> {
    const { figures, plan } = this.#init
    if (events.length === 0) throw new TypeError('Expected the names of events to wait for, got none')
    const { signal } = this
    const wait = { timeout: timeout ?? plan.timeout, fits: where, signal }
    const step = `wait ${events.join(' | ')}`
    const come = await timed(figures, step, () => this.#untilEnd(() => this.#inbox.wait(events, wait), step))
    return come as NamedEvent<EventTypes, Event>
  }

  async sleep(ms: number): Promise<void> {
    await this.#untilEnd(() => sleep(ms, this.signal))
  }

  measure<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    return timed(this.#init.figures, name, () => this.#untilEnd(async () => run()))
  }

  cut(): void {
    this.#running.cut()
  }

  /** Closes the connection, now or once it is there. There is no other one afterwards. */
  end(): void {
    this.#isOver = true
    this.#disconnect()
  }

  get #hasEnded(): boolean {
    return this.#isOver || this.signal.aborted
  }

  #disconnect(): void {
    this.#player?.close()
    this.#player = undefined
    this.#inbox.clear()
  }

  get #connected(): PlayerClient {
    if (this.#player !== undefined) return this.#player
    throw errors.connectionClosed('the scenario has not called `await player.connect()` yet')
  }

  /** The player, for what is no step: after the end of the run there is none. */
  get #running(): PlayerClient {
    if (this.signal.aborted) throw new RunEnded()
    return this.#connected
  }

  /**
   * Starts a step, unless the run has ended. Rejects when the run ends, if the step has not settled before.
   * Then it counts as one in which a life was at the end.
   */
  #untilEnd<Value>(start: () => Promise<Value>, step?: string): Promise<Value> {
    const { signal } = this
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new RunEnded())
      const started = start()
      const onEnd = () => {
        if (step !== undefined && !this.#isOver) countTrouble(this.#init.figures.waiting, step, '')
        reject(new RunEnded())
      }
      signal.addEventListener('abort', onEnd)
      started.then(resolve, reject).finally(() => signal.removeEventListener('abort', onEnd))
    })
  }
}
