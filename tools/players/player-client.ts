/**
 * A player's client whose requests, losses and events are counted. Owned by a socket of a load, or by a life
 * of a scenario.
 */
import type { Failure, StateChange } from '../../client/base/state.js'
import { type Client, type ClientOptions, connect } from '../../client/node.js'
import { errors } from '../../shared/errors.js'
import { CuttableSocket } from '../connection/cuttable-socket.js'
import { codeOf, kindOf, pomeloCodeOf } from '../connection/outcomes.js'
import { countTrouble, type Figures, record, stepOf } from './figures.js'

/** Names of the steps that are no requests. */
export const connectStep = '(connect)'
export const resumeStep = '(resume)'

export interface PlayerClientInit {
  readonly url: string
  readonly figures: Figures
  /** Milliseconds that an attempt to connect and a request may take, unless the options say otherwise. */
  readonly timeout: number
}

/** Codes of requests that had no answer in time. They count with the time that was waited. */
const unanswered: readonly string[] = [errors.requestTimedOut.code, errors.waitTimedOut.code]

export class PlayerClient {
  readonly client: Client
  readonly #figures: Figures
  readonly #socket: CuttableSocket
  #isOver = false
  /** Whether it was closed by `close`: what was under way then is no error. */
  #isGivenUp = false
  /** Whether the connection was cut on purpose, and its loss was not reported yet. */
  #isCut = false
  /** When the connection was lost; undefined: it is there. */
  #lostAt: number | undefined

  private constructor(client: Client, figures: Figures, socket: CuttableSocket) {
    this.client = client
    this.#figures = figures
    this.#socket = socket
    figures.open++
    client.onState(change => this.#changed(change))
    client.onEvent(() => {
      figures.events++
    })
  }

  /** Connects. Counts the time of success, and each attempt that failed. */
  static async connect<Events>(
    { url, figures, timeout }: PlayerClientInit,
    options: ClientOptions<Events>
  ): Promise<PlayerClient> {
    const socket = await CuttableSocket.create()
    let player: PlayerClient | undefined
    const onFailure = (failure: Failure) => {
      if (player === undefined || !player.#takeCut())
        countTrouble(figures.failures, kindOf(failure), failure.reason)
      options.onFailure?.(failure)
    }
    const defaults = { connectTimeout: timeout, requestTimeout: timeout, onDropped: () => {} }
    const all = { ...defaults, WebSocket: socket.WebSocket, ...options, onFailure }
    const client = await timed(figures, connectStep, () => connect(url, all))
    player = new PlayerClient(client as unknown as Client, figures, socket)
    return player
  }

  /** Whether the client is not closed for good. */
  get isAlive(): boolean {
    return !this.#isOver
  }

  /** Sends a request, and counts it under its route. */
  async request(...args: Parameters<Client['request']>): Promise<unknown> {
    const since = performance.now()
    return this.requestSince(since, ...args)
  }

  /** Sends a request that was due at a moment, from which its time counts. */
  async requestSince(since: number, ...args: Parameters<Client['request']>): Promise<unknown> {
    const [route] = args
    try {
      const reply = await this.client.request(...args)
      const code = this.client.server.isSallyport ? undefined : pomeloCodeOf(reply)
      if (code !== undefined) throw new ReplyRefused(code)
      succeed(this.#figures, route, since)
      return reply
    } catch (error) {
      if (this.#isGivenUp) throw new RunEnded()
      fail(this.#figures, route, since, error)
      throw error
    } finally {
      // What is answered later is no part of the rate.
      if (this.#figures.period === 0 && !this.#isGivenUp) this.#figures.done++
    }
  }

  /** Cuts the connection, if it is there. */
  cut(): void {
    if (this.#isOver || this.client.state !== 'open') return
    this.#lostAt = performance.now()
    this.#isCut = this.#socket.cut()
    if (this.#isCut) this.#figures.cuts++
  }

  /** Closes the client. Nothing is counted any more. */
  close(): void {
    if (!this.#end()) return
    this.#isGivenUp = true
    this.client.close()
    // The server may take its time to answer the closing handshake.
    setImmediate(() => this.#socket.cut())
  }

  #changed({ state, resumed, code, reason }: StateChange): void {
    if (this.#isOver) return
    if (state === 'resuming') this.#lostAt ??= performance.now()
    if (state === 'open') {
      if (resumed) this.#figures.resumed++
      else this.#figures.sessionsLost++
      succeed(this.#figures, resumeStep, this.#lostAt ?? performance.now())
      this.#lostAt = undefined
    }
    if (state === 'closed') {
      const why = reason === '' ? (this.client.error?.message ?? '') : reason
      countTrouble(this.#figures.ends, `close code ${code}`, why)
      this.#end()
    }
  }

  /** Returns whether the loss that is reported is a cut, once for each cut. */
  #takeCut(): boolean {
    const isCut = this.#isCut
    this.#isCut = false
    return isCut
  }

  #end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#figures.open--
    return true
  }
}

/** A reply of a Pomelo game that is an error by its `code`. */
class ReplyRefused extends Error {
  readonly code: string

  constructor(code: string) {
    super(`the reply's body has the ${code}`)
    this.code = code
  }
}

/** Runs a step, and counts its time or its error. */
export async function timed<Result>(
  figures: Figures,
  name: string,
  run: () => Promise<Result>
): Promise<Result> {
  const since = performance.now()
  try {
    const result = await run()
    succeed(figures, name, since)
    return result
  } catch (error) {
    fail(figures, name, since, error)
    throw error
  }
}

function succeed(figures: Figures, name: string, since: number): void {
  const step = stepOf(figures, name)
  step.ok++
  record(step.times, performance.now() - since)
}

function fail(figures: Figures, name: string, since: number, error: unknown): void {
  // What is under way when the run ends is no error.
  if (error instanceof RunEnded) return
  const step = stepOf(figures, name)
  const code = codeOf(error)
  countTrouble(step.errors, code, String(Object(error).message))
  if (unanswered.includes(code)) record(step.times, performance.now() - since)
}

/** Rejects the steps that wait when the run ends. */
export class RunEnded extends Error {
  constructor() {
    super('The run has ended')
    this.name = 'RunEnded'
  }
}
