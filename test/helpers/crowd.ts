/**
 * Players under load, who check what a gateway promises. Each request ends once, with a reply or an expected
 * error. A change whose request was answered is kept. Events are complete and in order, and each comes once.
 * In the end nothing is left over.
 */
import { type Client, ClientError, type ClientOptions, connect, type Failure } from '../../client/node.js'
import type { Gateway } from '../../gateway/index.js'
import { cuts, type TcpProxy } from '../../testing/tcp-proxy.js'
import { until } from './until.js'

export interface CrowdInit {
  readonly gateway: Gateway
  readonly proxy: TcpProxy
  readonly players: number
  /** Codes of errors with which a request may end instead of a reply. */
  readonly stated: ReadonlySet<string>
  /** More options for each client. */
  readonly client?: ClientOptions
}

export interface CrowdReport {
  readonly requests: number
  readonly replies: number
  /** Error replies and errors of the client, by code. */
  readonly errors: Readonly<Record<string, number>>
  readonly marksAnswered: number
  readonly marksFound: number
  readonly eventsSent: number
  readonly eventsReceived: number
  readonly workersLost: number
  readonly cuts: number
  readonly resumed: number
  /** Descriptions of failed checks; only the first ones. */
  readonly faults: readonly string[]
}

interface CrowdPlayer {
  readonly client: Client
  readonly uid: string
  sent: number
  events: number
  answered: number
  /** What its client has told of its connections: the last lines, each with its time in seconds. */
  readonly history: string[]
}

const mostFaults = 20

/** Milliseconds for what must come true once the load has ended: longer than a session's window. */
const longestWait = 60_000

/** Lines of a player's history that are kept. */
const mostHistory = 40

export class Crowd {
  readonly #init: CrowdInit
  readonly #players: CrowdPlayer[] = []
  readonly #faults: string[] = []
  readonly #errors: Record<string, number> = {}
  readonly #timers: NodeJS.Timeout[] = []
  #playing: Promise<void>[] = []
  readonly #asking = new Set<Promise<unknown>>()
  #isOver = false
  #requests = 0
  #replies = 0
  #marksAnswered = 0
  #eventsSent = 0
  #cuts = 0

  private constructor(init: CrowdInit) {
    this.#init = init
    init.gateway.sessions.on('closed', ({ uid }, reason) => {
      const player = this.#players.find(each => each.uid === uid)
      if (player === undefined || this.#isOver) return
      this.fault(`the session of ${uid} ended: ${reason}\n${player.history.join('\n')}`)
    })
  }

  static async join(init: CrowdInit): Promise<Crowd> {
    const crowd = new Crowd(init)
    const numbers = Array.from({ length: init.players }, (_, i) => i)
    crowd.#players.push(...(await Promise.all(numbers.map(i => crowd.#join(`player-${i}`)))))
    return crowd
  }

  /** Connects a client like those of the players. */
  connect(more: ClientOptions = {}): Promise<Client> {
    return connect(this.#init.proxy.url, {
      ...more,
      // Attempts that come faster than one process accepts them would time out, be repeated, and so go on.
      backOff: { least: 10, most: 1_000 },
      heartbeat: 500,
      heartbeatTimeout: 3_000,
      requestTimeout: 0,
      ...this.#init.client
    })
  }

  fault(what: string): void {
    if (this.#faults.length < mostFaults) this.#faults.push(what)
  }

  /** Any player's client. */
  get any(): Client {
    return this.#players[Math.floor(Math.random() * this.#players.length)]!.client
  }

  /** Calls `work` at an interval until the end. */
  every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms))
  }

  /** Sends a request and counts how it ended. Resolves with the reply; undefined: it ended with an error. */
  ask(client: Client, route: string, body: unknown): Promise<unknown> {
    const asked = this.#ask(client, route, body).finally(() => this.#asking.delete(asked))
    this.#asking.add(asked)
    return asked
  }

  async #ask(client: Client, route: string, body: unknown): Promise<unknown> {
    this.#requests++
    try {
      const reply = await client.request(route, body)
      this.#replies++
      return reply
    } catch (error) {
      const code = error instanceof ClientError ? error.code : String(error)
      this.#errors[code] = (this.#errors[code] ?? 0) + 1
      if (!this.#init.stated.has(code)) this.fault(`${route} ended with ${code}`)
      return undefined
    }
  }

  /** Descriptions of checks that have failed so far; only the first ones. */
  get faults(): readonly string[] {
    return [...this.#faults]
  }

  /** Sends each player their next event. */
  tick(): void {
    for (const player of this.#players) {
      if (this.#init.gateway.send(player.uid, 'tick', player.sent) !== 1)
        this.fault(`an event for ${player.uid} reached no session`)
      player.sent++
      this.#eventsSent++
    }
  }

  /** Cuts a share of the connections, in a way that is chosen at random. */
  cut(share: number): void {
    this.#cuts += this.#init.proxy.cut(cuts[Math.floor(Math.random() * cuts.length)]!, share)
  }

  /**
   * Lets each player send one request after the other until the end, with `pause` milliseconds between them.
   */
  play(pause = 0): void {
    this.#playing = this.#players.map(async player => {
      for (let n = 0; !this.#isOver; n++) {
        if (n % 5 === 4) await this.ask(player.client, 'player.dawdle', { n, ms: 20 })
        else if ((await this.ask(player.client, 'player.mark', { n })) === n) {
          player.answered++
          this.#marksAnswered++
        }
        if (pause > 0) await new Promise(resolve => setTimeout(resolve, pause))
      }
    })
  }

  /** Stops everything that `every` has started; the load goes on. */
  stopFaults(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  /** Ends the load, checks the gateway's promises, and disconnects all players. */
  async end(): Promise<CrowdReport> {
    const { gateway } = this.#init
    this.#isOver = true
    this.stopFaults()
    await Promise.all(this.#playing)
    // Also requests that no player waits for: running out of memory takes a worker some time.
    await Promise.all(this.#asking)
    await this.expect('all events came', () => this.#players.every(({ events, sent }) => events >= sent))
    const marksFound = this.#findMarks()
    const { workersLost, sessionsResumed } = gateway.metrics()
    for (const { client } of this.#players) client.close()
    await this.expect('all sessions have ended', () => gateway.metrics().sessions === 0)
    // The onClose hooks of the sessions have to be done too.
    await this.expect('nothing waits and nothing runs any more', () => {
      const { requestsWaiting, requestsRunning } = gateway.metrics()
      return requestsWaiting === 0 && requestsRunning === 0
    })
    const { requestsWaiting, channels, users, backlogBytes, detachedSessions, sendBytesWaiting } =
      gateway.metrics()
    const left = { requestsWaiting, channels, users, backlogBytes, detachedSessions, sendBytesWaiting }
    for (const [name, value] of Object.entries(left))
      if (value !== 0) this.fault(`${value} ${name} are left over`)
    return {
      requests: this.#requests,
      replies: this.#replies,
      errors: this.#errors,
      marksAnswered: this.#marksAnswered,
      marksFound,
      eventsSent: this.#eventsSent,
      eventsReceived: this.#players.reduce((sum, { events }) => sum + events, 0),
      workersLost,
      cuts: this.#cuts,
      resumed: sessionsResumed,
      faults: this.faults
    }
  }

  async #join(uid: string): Promise<CrowdPlayer> {
    const history: string[] = []
    const note = (what: string) => {
      history.push(`${(performance.now() / 1_000).toFixed(3)} ${what}`)
      if (history.length > mostHistory) history.shift()
    }
    const onFailure = ({ kind, reason }: Failure) => note(`${kind}: ${reason}`)
    const client = await this.connect({ onFailure })
    const player: CrowdPlayer = { client, uid, sent: 0, events: 0, answered: 0, history }
    client.on('tick', body => {
      if (body !== player.events) this.fault(`${uid} got event ${body} as number ${player.events}`)
      player.events++
    })
    client.onState(({ state, resumed, reason }) => {
      note(`${state} ${reason}`)
      if (state === 'open' && !resumed) this.fault(`${uid} got a new session`)
      if (state === 'closed' && !this.#isOver) this.fault(`${uid} was closed: ${reason}`)
    })
    while ((await this.ask(client, 'player.login', { uid })) === undefined);
    return player
  }

  #findMarks(): number {
    let found = 0
    for (const { uid, answered } of this.#players) {
      const [session] = this.#init.gateway.sessions.getByUid(uid)
      const marked = Number(session?.get('marked') ?? 0)
      found += Math.min(marked, answered)
      if (marked < answered) this.fault(`${uid}: ${answered} marks were answered, ${marked} are there`)
    }
    return found
  }

  /** Waits until `holds` returns true, and records a fault if it does not in time. */
  async expect(what: string, holds: () => boolean): Promise<void> {
    await until(what, holds, longestWait).catch(error => this.fault(error.message))
  }
}
