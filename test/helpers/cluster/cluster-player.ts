/**
 * A player of a cluster, who checks what they get: each event once and in the order of its sender, and
 * replies that fit. They come back wherever the balancer sends them.
 *
 * A _life_ is the time of one session. If a session may be lost, as with a killed gateway, the player logs in
 * again, and all counts begin anew.
 */
import { type Client, ClientError, type ClientOptions, connect } from '../../../client/node.js'
import { History } from './history.js'

/** What all players of a crowd have in common. */
export interface Company {
  readonly url: string
  readonly client?: ClientOptions
  /** Codes with which a request may end, beside those that say that it surely did not run. */
  readonly stated: ReadonlySet<string>
  /** The gateways' processes that were killed. */
  readonly killed: ReadonlySet<number>
  fault(what: string): void
  /** Is told how long each answered request took, and where it ran. */
  answered?(player: ClusterPlayer, ms: number): void
}

/** What tells where the session is. */
interface Place {
  readonly pid: number
}

interface Life {
  readonly number: number
  /** Number of events that each sender has sent, and that came from it. */
  readonly sent: Map<string, number>
  readonly came: Map<string, number>
  /** Events of each sender that may have been lost, since their sending failed. */
  readonly doubtful: Map<string, Set<number>>
  /** Events of each sender that have not come, although later ones have. */
  readonly passed: Map<string, Set<number>>
  marks: number
  taken: number
}

/**
 * Milliseconds after a login until all other gateways surely know of it. A login is answered when they do,
 * but waits for none of them longer than 100 ms.
 */
const knownAfter = 1_000

/**
 * Milliseconds for which a gateway may pass on what others sent for a session that it had, and for which a
 * gap may be seen late that its death has left.
 */
const passedOnFor = 3_000
const missedFor = 8_000

export class ClusterPlayer {
  readonly uid: string
  /** The gateway's process that has the session, as it has said. */
  at = 0
  sid = 0
  lives = 0
  eventsSent = 0
  eventsCame = 0
  requests = 0
  replies = 0
  /** Errors with which requests ended, by code. */
  readonly errors: Record<string, number> = {}
  readonly #company: Company
  readonly #history = new History()
  #client: Client | undefined
  #life!: Life
  #isLeaving = false
  #isIn = false
  /** When they logged in, by `performance.now()`. */
  #inSince = 0
  /** Whether the gateway that has the session has said so since the client came to it; how often it came. */
  #isPlaced = false
  #connections = 0
  /** The gateway that had the session before, and until when events of others may still come by it. */
  #before = { at: 0, until: 0 }
  /** Until when events may be missing, since a gateway was killed by which they came. */
  #mayMissUntil = 0
  /** Whether a gateway was killed while nobody but the gateways knew where the session was. */
  #wasUnderWay = false

  constructor(uid: string, company: Company) {
    this.uid = uid
    this.#company = company
    this.#begin()
  }

  get client(): Client {
    return this.#client!
  }

  /** Whether they are logged in, and connected as far as they know. */
  get isIn(): boolean {
    return this.#isIn && this.client.state === 'open'
  }

  get marks(): number {
    return this.#life.marks
  }

  async join(): Promise<void> {
    const { url, client } = this.#company
    this.#client = await connect(url, {
      // A connection may be silenced before its handshake is answered. A drained gateway waits for longer,
      // and a gap that a killed one has left is looked for later.
      attemptTimeout: 3_000,
      backOff: { least: 10, most: 200 },
      heartbeat: 500,
      heartbeatTimeout: 3_000,
      requestTimeout: 0,
      onFailure: ({ kind, reason }) => this.#history.add(`${kind}: ${reason}`),
      ...client
    })
    this.#client.on('tick', body => this.#receive(body as [string, number, number]))
    this.#client.onState(({ state, resumed, code, reason }) => {
      if (this.#isLeaving) return
      this.#history.add([state, resumed && 'resumed', code, reason].filter(Boolean).join(' '))
      if (state === 'open') void this.#findPlace()
      if (state === 'open' && !resumed) void this.#beNew()
      if (state === 'closed') this.#fault(`${this.uid} was closed: ${reason}`)
    })
    await Promise.all([this.#findPlace(), this.#logIn()])
  }

  /**
   * Finds out which gateway has the session since the client came back. Only an answer over the same
   * connection counts: one that comes over a later one may be of the gateway that had the session before.
   */
  async #findPlace(): Promise<void> {
    const connection = ++this.#connections
    this.#isPlaced = false
    for (;;) {
      const place = (await this.client.request('player.where').catch(() => undefined)) as Place | undefined
      if (connection !== this.#connections || this.client.state !== 'open') return
      if (place !== undefined) return this.#notePlace(place)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  #notePlace({ pid }: Place): void {
    if (pid !== this.at) this.#before = { at: this.at, until: performance.now() + passedOnFor }
    this.at = pid
    this.#history.add(`is at process ${pid}`)
    this.#isPlaced = true
    if (!this.#company.killed.has(pid)) this.#wasUnderWay = false
  }

  /** A gateway is about to be killed. */
  fear(pid: number): void {
    const now = performance.now()
    const { at, until } = this.#before
    const isUnderWay = this.client.state !== 'open' || !this.#isPlaced
    if (isUnderWay) this.#wasUnderWay = true
    if (isUnderWay || (at === pid && now < until)) this.#mayMissUntil = now + missedFor
  }

  /** Whether the session may have ended with its gateway. */
  get mayBeLost(): boolean {
    return this.#wasUnderWay || this.#company.killed.has(this.at)
  }

  leave(): void {
    this.#isLeaving = true
    this.client.close()
  }

  /**
   * Numbers the next event of a sender. Returns its body, or undefined until all gateways know that they are
   * in.
   */
  nextEvent(sender: string): [sender: string, life: number, n: number] | undefined {
    if (!this.#isIn || performance.now() - this.#inSince < knownAfter) return undefined
    const { sent, number } = this.#life
    const n = sent.get(sender) ?? 0
    sent.set(sender, n + 1)
    this.eventsSent++
    return [sender, number, n]
  }

  /** An event may have been lost, since its sender says so, or has ended. */
  doubt([sender, life, n]: readonly [string, number, number]): void {
    const { doubtful, number } = this.#life
    if (life !== number) return
    if (!doubtful.has(sender)) doubtful.set(sender, new Set())
    doubtful.get(sender)!.add(n)
  }

  /** The sender of events has ended: those that have not come by now may be lost. */
  doubtAll(sender: string): void {
    const { sent, came, passed, number } = this.#life
    for (const n of passed.get(sender) ?? []) this.doubt([sender, number, n])
    for (let n = came.get(sender) ?? 0; n < (sent.get(sender) ?? 0); n++) this.doubt([sender, number, n])
  }

  /** What is still to come of this life, and how they came to miss it. */
  get missing(): string[] {
    const { sent, came, doubtful, passed } = this.#life
    return [...sent].flatMap(([sender, count]) => {
      const behind = [...(passed.get(sender) ?? [])].filter(n => !doubtful.get(sender)?.has(n))
      let next = came.get(sender) ?? 0
      while (next < count && doubtful.get(sender)?.has(next)) next++
      if (next === count && behind.length === 0) return []
      return [
        `${this.uid} has ${next} of ${count} events of ${sender}, without ${behind.join(', ') || 'the last'}\n${this.#history}`
      ]
    })
  }

  /**
   * Sends a request. Resolves with the reply; undefined: it ended with an error that it may end with, or its
   * session was lost. `excused`: one more code with which it may end.
   */
  async ask(route: string, body: unknown = {}, excused?: string): Promise<unknown> {
    const start = performance.now()
    this.requests++
    try {
      const reply = await this.client.request(route, body)
      this.replies++
      this.#company.answered?.(this, performance.now() - start)
      return reply
    } catch (error) {
      const { code, retryable, message } =
        error instanceof ClientError ? error : { code: String(error), retryable: false, message: '' }
      this.errors[code] = (this.errors[code] ?? 0) + 1
      const isExcused = retryable || code === excused || this.#company.stated.has(code)
      const isLost = code === 'SESSION_LOST' && this.mayBeLost
      if (!isExcused && !isLost) this.#fault(`${this.uid}: ${route} ended with ${code}: ${message}`)
      return undefined
    }
  }

  /** Counts one up in their session, and counts the answer. */
  async mark(n: number): Promise<void> {
    const life = this.#life
    if ((await this.ask('player.mark', { n })) === n) life.marks++
  }

  /** Sends the next number, whether the last one was answered or not; all have to be answered, in order. */
  async take(): Promise<void> {
    const life = this.#life
    const n = life.taken++
    const answer = await this.ask('player.take', { n })
    if (answer !== n && life === this.#life) this.#fault(`${this.uid} asked for ${n}, got ${answer}`)
  }

  #fault(what: string): void {
    this.#company.fault(`${what}\n${this.#history}`)
  }

  #begin(): void {
    this.#life = {
      number: this.lives++,
      sent: new Map(),
      came: new Map(),
      doubtful: new Map(),
      passed: new Map(),
      marks: 0,
      taken: 0
    }
  }

  async #beNew(): Promise<void> {
    if (!this.mayBeLost) this.#fault(`${this.uid} got a new session`)
    this.#isIn = false
    this.#begin()
    await this.#logIn()
  }

  /**
   * Asks until they are in. A gateway that ended may hold their name until its lease is over, and one that
   * had no time to renew its own lease claims no names for a moment.
   */
  async #logIn(): Promise<void> {
    const life = this.#life
    while (life === this.#life && !this.#isLeaving) {
      const reply = (await this.ask('player.login', { uid: this.uid }, 'CLUSTER_UNAVAILABLE')) as
        | { readonly sid: number }
        | undefined
      if (life !== this.#life) return
      if (reply === undefined) {
        await new Promise(resolve => setTimeout(resolve, 20))
        continue
      }
      this.sid = reply.sid
      this.#isIn = true
      this.#inSince = performance.now()
      return
    }
  }

  #receive([sender, number, n]: readonly [string, number, number]): void {
    const { came, passed, number: now } = this.#life
    // One for the session before may find the user in their next one.
    if (number !== now) return
    const next = came.get(sender) ?? 0
    if (!passed.has(sender)) passed.set(sender, new Set())
    const behind = passed.get(sender)!
    for (let m = next; m < n; m++) {
      behind.add(m)
      this.#history.add(`event ${n} of ${sender} came before ${m}`)
      if (performance.now() < this.#mayMissUntil) this.doubt([sender, number, m])
    }
    if (n >= next) came.set(sender, n + 1)
    else if (behind.delete(n)) this.#fault(`${this.uid} got event ${n} of ${sender} out of order`)
    else this.#fault(`${this.uid} got event ${n} of ${sender} twice`)
    this.eventsCame++
  }
}
