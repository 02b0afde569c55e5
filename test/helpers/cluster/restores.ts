/**
 * What becomes of sessions whose gateway is gone: killed, with records of them in NATS or without, or drained
 * with all others. Each returns its figures; what was promised and did not hold is among the faults.
 */
import { percentile } from '../../../bench/figures/percentile.js'
import { type Client, connect, type StateChange } from '../../../client/node.js'
import { until } from '../until.js'
import type { GatewayProcess } from './gateway-process.js'
import type { Gateways } from './gateways.js'

export interface RestoreInit {
  readonly gateways: Gateways
  readonly players: number
  readonly replicate: 'none' | 'behind' | 'through'
  /** Changes of each player before a kill, at least. */
  readonly changes: number
}

export interface RestoreReport {
  readonly players: number
  /** Players that came back, by what they were told. */
  readonly told: Readonly<Record<string, number>>
  /** Milliseconds from the end of the gateways until the first, the middle and the last were back. */
  readonly backAfterMs: readonly number[]
  /** Changes that were answered, and those of them that the sessions had afterwards. */
  readonly answered: number
  readonly found: number
  readonly faults: readonly string[]
}

interface Player {
  readonly uid: string
  readonly client: Client
  readonly opened: { readonly change: StateChange; readonly at: number }[]
  sid: number
  pid: number
  answered: number
}

export class RestoredPlayers {
  readonly #init: RestoreInit
  readonly #players: readonly Player[]
  #faults: string[] = []

  private constructor(init: RestoreInit, players: readonly Player[]) {
    this.#init = init
    this.#players = players
  }

  /** Logs the players in, each with a channel and some changes of their session. */
  static async join(init: RestoreInit): Promise<RestoredPlayers> {
    const joinOne = async (_: unknown, index: number): Promise<Player> => {
      const client = await connect(init.gateways.url, {
        backOff: { least: 10, most: 200 },
        heartbeat: 500,
        heartbeatTimeout: 3_000,
        requestTimeout: 0
      })
      const player: Player = { uid: `kept ${index}`, client, opened: [], sid: 0, pid: 0, answered: 0 }
      client.on('connected', body => (player.pid = (body as { readonly pid: number }).pid))
      client.onState(change => {
        if (change.state === 'open') player.opened.push({ change, at: performance.now() })
      })
      player.sid = (
        (await client.request('player.login', { uid: player.uid })) as { readonly sid: number }
      ).sid
      return player
    }
    const players = await Promise.all(Array.from({ length: init.players }, joinOne))
    return new RestoredPlayers(init, players)
  }

  /** Each player changes their session so many times, and waits for each answer. */
  async change(times: number): Promise<void> {
    const changeOne = async (player: Player) => {
      for (let n = 0; n < times; n++) {
        await player.client.request('player.mark', { n: player.answered })
        player.answered++
      }
    }
    await Promise.all(this.#players.map(changeOne))
  }

  /** Kills a gateway while its players send requests. Its players come back to the others. */
  async kill(gateway: GatewayProcess): Promise<RestoreReport> {
    const its = this.#players.filter(({ pid }) => pid === gateway.pid)
    const others = this.#players.filter(({ pid }) => pid !== gateway.pid)
    this.#forget()
    let isDead = false
    // What is under way fails: it may be done or not.
    const sending = its.map(async player => {
      while (!isDead) {
        await player.client.request('player.mark', { n: player.answered })
        player.answered++
      }
    })
    const before = its.map(({ answered }) => answered)
    await until('all have changed enough', () =>
      its.every(({ answered }, i) => answered >= before[i]! + this.#init.changes)
    )
    const start = performance.now()
    await gateway.kill()
    isDead = true
    await Promise.allSettled(sending)
    const { replicate } = this.#init
    const expected = replicate === 'none' ? 'new' : 'restored'
    const report = await this.#report(its, start, told => replicate === 'behind' || told === expected)
    for (const { uid, opened } of others) if (opened.length > 0) this.#faults.push(`${uid} had to come back`)
    return { ...report, faults: this.#faults }
  }

  /** Drains all gateways at once, and starts one of them anew. */
  async restartAll(): Promise<RestoreReport> {
    this.#forget()
    const start = performance.now()
    const codes = await Promise.all(this.#init.gateways.up.map(each => each.drain()))
    for (const code of codes) if (code !== 0) this.#faults.push(`a gateway ended with ${code}`)
    await this.#init.gateways.startAnew(0)
    const report = await this.#report(this.#players, start, told => told === 'resumed')
    return { ...report, faults: this.#faults }
  }

  leave(): void {
    for (const { client } of this.#players) client.close()
  }

  #forget(): void {
    this.#faults = []
    for (const { opened } of this.#players) opened.length = 0
  }

  async #report(
    players: readonly Player[],
    start: number,
    isRight: (told: string) => boolean
  ): Promise<Omit<RestoreReport, 'faults'>> {
    await until('they are back', () => players.every(({ opened }) => opened.length > 0), 30_000)
    const told: Record<string, number> = {}
    let [answered, found] = [0, 0]
    for (const player of players) {
      const { resumed, restored } = player.opened[0]!.change
      const word = resumed ? 'resumed' : restored ? 'restored' : 'new'
      told[word] = (told[word] ?? 0) + 1
      if (!isRight(word)) this.#faults.push(`${player.uid} was told ${word}`)
      const had = player.answered
      answered += had
      found += Math.min(had, await this.#look(player, word))
    }
    const times = players.map(({ opened }) => opened[0]!.at - start)
    const backAfterMs = [0, 0.5, 1].map(part => Math.round(percentile(times, part)))
    return { players: players.length, told, backAfterMs, answered, found }
  }

  /** Compares a session with what its player has been answered. Returns how many changes it has. */
  async #look(player: Player, told: string): Promise<number> {
    const { client, uid, sid } = player
    const seen = (await client.request('player.where')) as {
      readonly sid: number
      readonly uid: string | null
    }
    const marked = (await client.request('player.marked')) as number
    player.answered = marked
    if (told === 'new') {
      if (seen.uid !== null || seen.sid === sid || marked > 0) this.#faults.push(`${uid} has something old`)
      const login = (await client.request('player.login', { uid })) as { readonly sid: number }
      player.sid = login.sid
      return marked
    }
    if (seen.sid !== sid || seen.uid !== uid)
      this.#faults.push(`${uid} has session ${seen.sid} of ${seen.uid}, not ${sid}`)
    return marked
  }
}

/**
 * Kills a gateway, then one to which its sessions came, and restarts all at last. `firstKill`, `secondKill`
 * and `restart` are the figures of each.
 */
export async function runRestores(init: RestoreInit): Promise<{
  readonly firstKill: RestoreReport
  readonly secondKill: RestoreReport
  readonly restart: RestoreReport
  readonly faults: readonly string[]
}> {
  const { gateways } = init
  const players = await RestoredPlayers.join(init)
  try {
    const firstKill = await players.kill(gateways.at(0))
    await gateways.startAnew(0)
    const secondKill = await players.kill(gateways.at(1))
    await gateways.startAnew(1)
    const restart = await players.restartAll()
    const faults = [firstKill, secondKill, restart].flatMap(each => each.faults)
    return { firstKill, secondKill, restart, faults }
  } finally {
    players.leave()
  }
}
