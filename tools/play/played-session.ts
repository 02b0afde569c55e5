/** A session that is played by hand: runs the lines that are typed, and shows what comes. */
import { type Client, type ClientError, connect } from '../../client/node.js'
import { GatewayError } from '../../shared/errors.js'
import { printable } from '../../shared/text/printable.js'
import { CuttableSocket } from '../connection/cuttable-socket.js'
import { EventInbox } from '../connection/event-inbox.js'
import { codeOf, pomeloCodeOf } from '../connection/outcomes.js'
import { formatLineHelp, type Line } from './line.js'
import type { Shown } from './printer.js'

export interface PlayedSessionInit {
  readonly url: string
  readonly user: unknown
  /** Milliseconds that a connection, a reply or an event may take. */
  readonly timeout: number
  readonly show: (shown: Shown) => void
}

export class PlayedSession {
  readonly #init: PlayedSessionInit
  readonly #client: Client
  readonly #socket: CuttableSocket
  readonly #inbox = new EventInbox()
  /** Routes that had a reply, for servers without a dictionary. */
  readonly #used = new Set<string>()
  #showsEvents = true
  /** Whether any request, wait or line has failed. */
  hasFailed = false
  /** Whether it was left by `close`: what was under way then is no failure, and nothing more is shown. */
  #isLeft = false

  private constructor(init: PlayedSessionInit, client: Client, socket: CuttableSocket) {
    this.#init = init
    this.#client = client
    this.#socket = socket
    client.onEvent((event, body) => {
      this.#inbox.receive(event, body)
      if (this.#showsEvents) this.#show({ type: 'event', event, body })
    })
    client.onState(({ state, resumed, reason, code }) => {
      if (state === 'resuming') this.#note(`the connection is lost${reason === '' ? '' : `: ${reason}`}`)
      if (state === 'open')
        this.#note(resumed ? 'the session is resumed' : 'a new session: the old one is gone')
      if (state === 'closed') {
        const message = reason === '' ? `code ${code}` : reason
        this.#failed({ type: 'error', code: 'CONNECTION_CLOSED', message })
      }
    })
  }

  /** @throws ClientError as `connect` of the client */
  static async open(init: PlayedSessionInit): Promise<PlayedSession> {
    const socket = await CuttableSocket.create()
    const { url, user, timeout } = init
    const options = { user, connectTimeout: timeout, requestTimeout: timeout, onDropped: () => {} }
    const client = await connect(url, { ...options, WebSocket: socket.WebSocket }).catch(refuse)
    return new PlayedSession(init, client as unknown as Client, socket)
  }

  get isClosed(): boolean {
    return this.#client.state === 'closed'
  }

  /** Resolves when the client is closed for good. */
  get closed(): Promise<void> {
    return new Promise(resolve => {
      if (this.#client.state === 'closed') resolve()
      this.#client.onState(({ state }) => {
        if (state === 'closed') resolve()
      })
    })
  }

  /** Names of routes that can be completed. */
  get routes(): readonly string[] {
    return [...new Set([...this.#client.server.names, ...this.#used])].sort()
  }

  close(): void {
    this.#isLeft = true
    this.#client.close()
    this.#socket.cut()
  }

  /** Shows an error of a line. */
  fail(error: unknown, about: { readonly route?: string; readonly ms?: number } = {}): void {
    this.#failed({ type: 'error', ...about, code: codeOf(error), message: (error as Error).message })
  }

  /** Runs a line. Resolves when it is done. */
  async run(line: Exclude<Line, { kind: 'exit' }>): Promise<void> {
    switch (line.kind) {
      case 'request':
        return this.#request(line.route, line.body)
      case 'notify':
        return this.#client.notify(line.route, line.body)
      case 'wait':
        return this.#wait(line.event, line.ms ?? this.#init.timeout)
      case 'sleep':
        return new Promise(resolve => void setTimeout(resolve, line.ms))
      case 'cut':
        return this.#cut(line.ms)
      case 'resume':
        return this.#resume()
      case 'events':
        this.#showsEvents = line.isOn
        return
      case 'help':
        return this.#note(...formatLineHelp())
      case 'routes':
        if (this.routes.length > 0) return this.#note(...this.routes)
        return this.#note('the server names no routes; those that you use are completed')
      case 'state':
        return this.#note(this.#socket.isHeldOff ? 'cut, until .resume' : this.#client.state)
    }
  }

  async #request(route: string, body: unknown): Promise<void> {
    const since = performance.now()
    try {
      const reply = await this.#client.request(route, body)
      this.#used.add(route)
      const ms = performance.now() - since
      this.#show({ type: 'reply', route, ms, body: reply })
      // The reply is shown as it is, but a script shall notice an error of a Pomelo game.
      if (!this.#client.server.isSallyport && pomeloCodeOf(reply) !== undefined) this.hasFailed = true
    } catch (error) {
      this.fail(error, { route, ms: performance.now() - since })
    }
  }

  async #wait(event: string, timeout: number): Promise<void> {
    const { body } = await this.#inbox.wait([event], { timeout, fits: () => true })
    if (!this.#showsEvents) this.#show({ type: 'event', event, body })
  }

  async #cut(ms: number | undefined): Promise<void> {
    const isOpen = this.#client.state === 'open'
    const isCut = this.#socket.holdOff()
    // The next line shall find the connection lost.
    if (isCut && isOpen) await this.#changed(state => state !== 'open')
    if (ms === undefined) return
    await new Promise(resolve => setTimeout(resolve, ms))
    await this.#resume()
  }

  /** Reconnects. Resolves when the client is connected, or closed for good. */
  #resume(): Promise<void> {
    this.#socket.letIn()
    if (this.#client.state === 'open') {
      this.#note('the connection is there')
      return Promise.resolve()
    }
    const isDecided = this.#changed(state => state === 'open' || state === 'closed')
    this.#client.reconnect()
    return isDecided
  }

  /** Resolves at the next change to a state that fits. */
  #changed(fits: (state: Client['state']) => boolean): Promise<void> {
    return new Promise(resolve => {
      const end = this.#client.onState(({ state }) => {
        if (!fits(state)) return
        end()
        resolve()
      })
    })
  }

  #note(...lines: readonly string[]): void {
    this.#show({ type: 'note', lines })
  }

  #failed(shown: Shown): void {
    if (!this.#isLeft) this.hasFailed = true
    this.#show(shown)
  }

  #show(shown: Shown): void {
    if (!this.#isLeft) this.#init.show(shown)
  }
}

/** @throws the error as one that the program reports in a sentence */
function refuse({ code, message }: ClientError): never {
  // It may have the reason of a server.
  throw new GatewayError({ code, message: printable(message) })
}
