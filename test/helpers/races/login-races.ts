/**
 * Races of logins: users log in from several clients at once, at whichever gateways, while their sessions
 * move and gateways restart. In each round it is looked that one of their sessions is left: with `reject`
 * that of one winner, with `kick` that of the newest login.
 */
import { type Client, type ClientOptions, connect } from '../../../client/node.js'
import { findDoubles, readSpans, type Span } from './judge.js'
import { parseRecord } from './record.js'

/** A session with its user, as a gateway has it. */
export interface BoundSession {
  readonly sid: number
  readonly uid: string | null
}

/** The gateways of a race. */
export interface RacedGateways {
  readonly url: string
  /** Returns the sessions of all gateways. A session on its way may be there twice, or not at all. */
  sessions(): Promise<readonly BoundSession[]>
}

export interface LoginRacesInit {
  readonly gateways: RacedGateways
  readonly users: number
  /** Clients of each user. */
  readonly devices: number
  readonly mode: 'reject' | 'kick'
}

export interface LoginReport {
  readonly rounds: number
  readonly logins: number
  /** Errors of logins, by code. */
  readonly errors: Readonly<Record<string, number>>
  /** Milliseconds for which no client of a user got in, at most. */
  readonly longestOut: number
  readonly faults: readonly string[]
}

const quick: ClientOptions = {
  backOff: { least: 5, most: 100 },
  heartbeat: 500,
  heartbeatTimeout: 3_000,
  requestTimeout: 8_000
}

/** Milliseconds for which a session of a user may be on its way before a round is judged. */
const longestMove = 15_000

/** Milliseconds between two rounds of a user, on average. */
const pauseBetween = 40

const mostFaults = 20

/** One client of a user. */
class Device {
  readonly #url: string
  #client: Client | undefined
  /** The session in which the user is logged in, as its client knows. */
  sid = 0

  constructor(url: string) {
    this.#url = url
  }

  /** Whether its session may be that of the user. */
  get isIn(): boolean {
    return this.sid !== 0
  }

  /** Logs in. Resolves to the code of the error; undefined: it is in. */
  async logIn(uid: string): Promise<string | undefined> {
    try {
      const client = await this.#connected()
      const { sid } = (await client.request('player.login', { uid })) as { readonly sid: number }
      if (client === this.#client && client.state !== 'closed') this.sid = sid
      return undefined
    } catch (error) {
      return (error as { code?: string }).code ?? String(error)
    }
  }

  leave(): void {
    this.sid = 0
    this.#client?.close()
    this.#client = undefined
  }

  async #connected(): Promise<Client> {
    if (this.#client !== undefined && this.#client.state !== 'closed') return this.#client
    this.sid = 0
    const client = await connect(this.#url, { ...quick, connectTimeout: 10_000 })
    this.#client = client
    client.onState(({ state, ...change }) => {
      const isNew = state === 'open' && (change as { resumed?: boolean }).resumed !== true
      if (client === this.#client && (state === 'closed' || isNew)) this.sid = 0
    })
    return client
  }
}

export class LoginRaces {
  readonly #init: LoginRacesInit
  readonly #faults: string[] = []
  readonly #errors: Record<string, number> = {}
  /** Rounds that are over. */
  rounds = 0
  #logins = 0
  #longestOut = 0
  #isOver = false
  /** Counts gateways that were killed: a round with one is not judged by its winner. */
  #kills = 0
  #census: Promise<readonly BoundSession[]> | undefined

  constructor(init: LoginRacesInit) {
    this.#init = init
  }

  /** A gateway was killed, and its sessions with it. */
  killed(): void {
    this.#kills++
  }

  fault(what: string): void {
    if (this.#faults.length < mostFaults) this.#faults.push(what)
  }

  /** Races until `ended` resolves. */
  async run(ended: Promise<unknown>): Promise<LoginReport> {
    const end = ended.finally(() => {
      this.#isOver = true
    })
    const users = Array.from({ length: this.#init.users }, (_, n) => this.#runUser(`user-${n}`, n))
    await Promise.all([end, ...users])
    return {
      rounds: this.rounds,
      logins: this.#logins,
      errors: this.#errors,
      longestOut: Math.ceil(this.#longestOut),
      faults: this.#faults
    }
  }

  async #runUser(uid: string, seed: number): Promise<void> {
    const devices = Array.from({ length: this.#init.devices }, () => new Device(this.#init.gateways.url))
    for (let round = seed; !this.#isOver; round++) {
      await this.#runRound(uid, round, devices)
      this.rounds++
      await pause(2 * pauseBetween * Math.random())
    }
    for (const device of devices) device.leave()
  }

  async #runRound(uid: string, round: number, devices: readonly Device[]): Promise<void> {
    const { mode } = this.#init
    const kills = this.#kills
    // In some rounds nobody is in before, in the others the one of the round before.
    if (round % 3 === 0) for (const device of devices) device.leave()
    const begin = performance.now()
    let inAfter: number | undefined
    if (devices.some(({ isIn }) => isIn)) inAfter = 0
    for (;;) {
      await Promise.all(
        devices.map(async device => {
          if ((await this.#logIn(uid, device)) === undefined) inAfter ??= performance.now() - begin
        })
      )
      if (inAfter !== undefined) break
      await pause(20)
    }
    this.#longestOut = Math.max(this.#longestOut, inAfter)
    const newest = mode === 'kick' ? devices[round % devices.length]! : undefined
    if (newest !== undefined) while ((await this.#logIn(uid, newest)) !== undefined) await pause(20)
    const expected = newest?.sid
    const found = await this.#settle(uid, () => newest?.sid ?? 0)
    if (this.#kills !== kills) return
    const isRight = found.length === 1 && (newest === undefined || found[0] === expected)
    if (!isRight)
      this.fault(`${uid}, round ${round}: sessions ${found.join(' ')}, expected ${expected ?? 'one'}`)
  }

  async #logIn(uid: string, device: Device): Promise<string | undefined> {
    this.#logins++
    const code = await device.logIn(uid)
    if (code !== undefined) this.#errors[code] = (this.#errors[code] ?? 0) + 1
    return code
  }

  /** Returns the sessions of a user, once there is one, and that of the newest login if one is expected. */
  async #settle(uid: string, newest: () => number): Promise<readonly number[]> {
    const kills = this.#kills
    const end = performance.now() + longestMove
    for (;;) {
      const all = await this.#look()
      const sids = [...new Set(all.filter(each => each.uid === uid).map(({ sid }) => sid))]
      const isRight = sids.length === 1 && (newest() === 0 || sids[0] === newest())
      if (isRight || this.#kills !== kills || performance.now() > end) return sids
      await pause(20)
    }
  }

  /** Returns the sessions of all gateways. Those who look at once share a look that has begun since. */
  async #look(): Promise<readonly BoundSession[]> {
    await this.#census?.catch(() => {})
    this.#census ??= this.#init.gateways.sessions().finally(() => {
      this.#census = undefined
    })
    return this.#census
  }
}

/** Returns which users had two sessions at one moment. `endedAt`: when each record's process has ended. */
export function findDoubleLogins(
  records: readonly { readonly text: string; readonly endedAt?: number | undefined }[]
): readonly string[] {
  const spans = new Map<string, Span[]>()
  for (const [owner, { text, endedAt = Number.POSITIVE_INFINITY }] of records.entries())
    for (const [uid, span] of readSpans(parseRecord(text), owner)) {
      const to = Math.min(span.to, endedAt)
      spans.set(uid, [...(spans.get(uid) ?? []), { ...span, to }])
    }
  return findDoubles(spans)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
