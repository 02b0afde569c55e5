/** One life of a player: runs a scenario once, from its `connect` to its end. */
import type { Client, ClientOptions } from '../../client/index.js'
import { errors } from '../../shared/errors.js'
import type { Player, WaitOptions } from '../scenario/scenario.js'
import { sleep } from './crowd.js'
import type { Figures } from './figures.js'
import type { LoadPlan } from './plan.js'
import { PlayerClient, RunEnded, timed } from './player-client.js'

/** Events of a life that are kept for later waits. */
const mostKept = 256

export interface LifeInit {
  readonly plan: Pick<LoadPlan, 'url' | 'user' | 'timeout'>
  readonly figures: Figures
  readonly signal: AbortSignal
  readonly index: number
  readonly life: number
}

interface Waiting {
  readonly event: string
  readonly fits: (body: unknown) => boolean
  readonly resolve: (body: unknown) => void
}

export class Life implements Player {
  readonly #init: LifeInit
  readonly index: number
  readonly life: number
  readonly url: string
  readonly signal: AbortSignal
  #player: PlayerClient | undefined
  #events: { readonly event: string; readonly body: unknown }[] = []
  readonly #waiting = new Set<Waiting>()

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
    if (this.signal.aborted) throw new RunEnded()
    this.end()
    const { plan, figures } = this.#init
    const { url, user, timeout } = plan
    const player = await PlayerClient.connect({ url, figures, timeout }, { user, ...options })
    // The run may have ended meanwhile.
    if (this.signal.aborted) {
      player.close()
      throw new RunEnded()
    }
    this.#player = player
    player.client.onEvent((event, body) => this.#receive(event, body))
  }

  request: Client['request'] = (route, ...args) => {
    return this.#untilEnd(this.#connected.request(route, ...args))
  }

  notify: Client['notify'] = (route, ...args) => this.client.notify(route, ...args)

  on: Client['on'] = (event, listener) => this.client.on(event, listener)

  async waitFor(event: string, { timeout, where = () => true }: WaitOptions = {}): Promise<unknown> {
    const { figures, plan } = this.#init
    return timed(figures, `wait ${event}`, () => this.#wait(event, where, timeout ?? plan.timeout))
  }

  async sleep(ms: number): Promise<void> {
    await this.#untilEnd(sleep(ms, this.signal))
  }

  measure<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    return timed(this.#init.figures, name, run)
  }

  cut(): void {
    this.#connected.cut()
  }

  /** Closes the connection. */
  end(): void {
    this.#player?.close()
    this.#player = undefined
    this.#events = []
  }

  get #connected(): PlayerClient {
    if (this.#player !== undefined) return this.#player
    throw errors.connectionClosed('the scenario has not called `await player.connect()` yet')
  }

  #receive(event: string, body: unknown): void {
    for (const waiting of this.#waiting) {
      if (waiting.event === event && waiting.fits(body)) return waiting.resolve(body)
    }
    this.#events.push({ event, body })
    if (this.#events.length > mostKept) this.#events.shift()
  }

  #wait(event: string, fits: (body: unknown) => boolean, timeout: number): Promise<unknown> {
    const at = this.#events.findIndex(each => each.event === event && fits(each.body))
    if (at !== -1) {
      const { body } = this.#events[at]!
      this.#events = this.#events.filter((each, i) => i > at || each.event !== event)
      return Promise.resolve(body)
    }
    this.#events = this.#events.filter(each => each.event !== event)
    let timer: NodeJS.Timeout | undefined
    let waiting: Waiting | undefined
    const arrival = new Promise<unknown>((resolve, reject) => {
      waiting = { event, fits, resolve }
      this.#waiting.add(waiting)
      timer = setTimeout(() => reject(errors.waitTimedOut(event, timeout)), timeout)
    })
    return this.#untilEnd(arrival).finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(waiting!)
    })
  }

  /** Rejects when the run ends, if the promise has not settled before. */
  #untilEnd<Value>(promise: Promise<Value>): Promise<Value> {
    const { signal } = this
    return new Promise((resolve, reject) => {
      const onEnd = () => reject(new RunEnded())
      if (signal.aborted) onEnd()
      signal.addEventListener('abort', onEnd)
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onEnd))
    })
  }
}
