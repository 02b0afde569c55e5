/**
 * Players of a cluster under load: who sends them events, what they ask for, and what must hold in the end.
 */
import { type Client, ClientError, type ClientOptions, connect } from '../../../client/node.js'
import { cuts } from '../../../testing/tcp-proxy.js'
import { until } from '../until.js'
import { ClusterPlayer, type Company } from './cluster-player.js'
import type { ClusterReport } from './cluster-report.js'
import type { GatewayProcess } from './gateway-process.js'
import type { Gateways } from './gateways.js'

export interface ClusterCrowdInit {
  readonly gateways: Gateways
  readonly players: number
  /** Codes with which a request may end, beside those that say that it surely did not run. */
  readonly stated?: ReadonlySet<string>
  readonly client?: ClientOptions
  answered?(player: ClusterPlayer, ms: number): void
}

const mostFaults = 20

export class ClusterCrowd {
  readonly players: readonly ClusterPlayer[]
  readonly #init: ClusterCrowdInit
  readonly #faults: string[] = []
  readonly #timers: NodeJS.Timeout[] = []
  /** What is to end before all leave, and what it is. */
  readonly #work = new Map<Promise<unknown>, string>()
  /** Metrics of gateways that have ended. */
  readonly #ended = { resumed: 0, moved: 0 }
  readonly #killed = new Set<number>()
  /** A client at each gateway, for which its handlers send events; and what is being sent. */
  readonly #tellers = new Map<GatewayProcess, Promise<Client>>()
  readonly #telling = new Map<GatewayProcess, Promise<void>>()
  /** Gateways from which no more events come. */
  readonly #quiet = new Set<GatewayProcess>()
  #isOver = false
  #cuts = 0

  private constructor(init: ClusterCrowdInit) {
    this.#init = init
    const { gateways, client, stated = new Set(), answered } = init
    const company: Company = {
      url: gateways.url,
      ...(client !== undefined && { client }),
      stated,
      killed: this.#killed,
      fault: what => this.fault(what),
      ...(answered !== undefined && { answered })
    }
    this.players = Array.from({ length: init.players }, (_, i) => new ClusterPlayer(`player-${i}`, company))
  }

  static async join(init: ClusterCrowdInit): Promise<ClusterCrowd> {
    const crowd = new ClusterCrowd(init)
    await Promise.all(crowd.players.map(player => player.join()))
    return crowd
  }

  fault(what: string): void {
    if (this.#faults.length < mostFaults) this.#faults.push(what)
  }

  get faults(): readonly string[] {
    return [...this.#faults]
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Any of the players. */
  get any(): ClusterPlayer {
    return this.players[Math.floor(Math.random() * this.players.length)]!
  }

  /** Calls `work` at an interval until the end. A call that still runs is not repeated. */
  every(ms: number, what: string, work: () => unknown): void {
    let isRunning = false
    this.#timers.push(
      setInterval(() => {
        if (isRunning) return
        isRunning = true
        const done = Promise.resolve(work()).finally(() => {
          isRunning = false
        })
        this.follow(what, done)
      }, ms)
    )
  }

  /** Waits for it at the end; what it rejects with is a fault. */
  follow(what: string, work: Promise<unknown>): void {
    const followed: Promise<unknown> = work
      .catch(error => this.fault(`${(error as Error).stack ?? error}`))
      .finally(() => this.#work.delete(followed))
    this.#work.set(followed, what)
  }

  /** Each player sends requests one after the other, `inFlight` at a time, with a pause between them. */
  play({ inFlight = 1, pause = 0 } = {}): void {
    for (const player of this.players)
      for (let lane = 0; lane < inFlight; lane++)
        this.follow(`play of ${player.uid}`, this.#playOn(player, lane, pause))
  }

  async #playOn(player: ClusterPlayer, lane: number, pause: number): Promise<void> {
    for (let n = lane * 1_000_000; !this.#isOver; n++) {
      if (player.isIn || player.client.state === 'resuming') await player.mark(n)
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  /**
   * A gateway that does not drain, and has sent its last events, sends one to a share of the players, by a
   * handler that awaits nothing: what can't be sent at the moment waits in its queues.
   */
  tick(share = 1): void {
    const free = this.#init.gateways.up.filter(each => !this.#quiet.has(each) && !this.#telling.has(each))
    const gateway = free[Math.floor(Math.random() * free.length)]
    if (gateway === undefined) return
    const sender = `process ${gateway.pid}`
    const told = this.players.flatMap(player => {
      const body = Math.random() < share ? player.nextEvent(sender) : undefined
      return body === undefined ? [] : [{ player, body }]
    })
    const events = told.map(({ player, body }) => [player.uid, body] as const)
    const telling = this.#tell(gateway, events)
      .catch(error => {
        // With its worker, or its gateway, a part of them may be lost.
        const isStated = this.#init.stated?.has((error as { code: string }).code)
        if (!isStated && !this.#killed.has(gateway.pid)) throw error
        for (const { player, body } of told) player.doubt(body)
      })
      .finally(() => this.#telling.delete(gateway))
    this.#telling.set(gateway, telling)
    this.follow(`events of ${sender}`, telling)
  }

  /**
   * Has a handler of this gateway send events, for a client of its own that is connected to it alone. What
   * surely did not run is asked for again.
   */
  async #tell(gateway: GatewayProcess, events: readonly (readonly [string, unknown])[]): Promise<void> {
    let teller = this.#tellers.get(gateway)
    if (teller === undefined) {
      teller = connect(gateway.url, { requestTimeout: 0 })
      this.#tellers.set(gateway, teller)
    }
    for (;;) {
      try {
        await (await teller).request('player.tell', { events })
        return
      } catch (error) {
        if (!(error instanceof ClientError && error.retryable) || this.#killed.has(gateway.pid)) throw error
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }

  /**
   * No more events come from a gateway, which is about to end. Resolves when those that it was asked for are
   * sent.
   */
  async silence(gateway: GatewayProcess): Promise<void> {
    this.#quiet.add(gateway)
    await this.#telling.get(gateway)?.catch(() => {})
    const teller = await this.#tellers.get(gateway)?.catch(() => undefined)
    teller?.close()
  }

  /** Cuts a share of the connections, in a way that is chosen at random. */
  cut(share: number): void {
    this.#cuts += this.#init.gateways.proxy.cut(cuts[Math.floor(Math.random() * cuts.length)]!, share)
  }

  /** Kills a gateway: its sessions may be lost, and the events that it has sent. */
  async kill(gateway: GatewayProcess): Promise<void> {
    this.suspect(gateway)
    await gateway.kill()
    const teller = await this.#tellers.get(gateway)?.catch(() => undefined)
    teller?.close()
    await this.doubtAll(gateway)
  }

  /** Keeps the figures of a gateway that is about to be drained, and has it send no more events. */
  async keepFigures(gateway: GatewayProcess): Promise<void> {
    await this.silence(gateway)
    const metrics = await gateway.ask('metrics').catch(() => undefined)
    this.#ended.resumed += metrics?.sessionsResumed ?? 0
    this.#ended.moved += (metrics as Record<string, number> | undefined)?.['sessionsMovedIn'] ?? 0
  }

  /** A gateway is about to be taken for dead: what it has may be lost, though it does not end. */
  suspect(gateway: GatewayProcess): void {
    for (const player of this.players) player.fear(gateway.pid)
    this.#killed.add(gateway.pid)
    this.#quiet.add(gateway)
  }

  /** A gateway that was taken for dead has sent its last event. */
  async doubtAll(gateway: GatewayProcess): Promise<void> {
    await this.#telling.get(gateway)?.catch(() => {})
    for (const player of this.players) player.doubtAll(`process ${gateway.pid}`)
  }

  stopFaults(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
  }

  /** Ends the load, and checks that all has come and all that was answered is kept; then all leave. */
  async end({ isExact }: { readonly isExact: boolean }): Promise<ClusterReport> {
    this.stopFaults()
    this.#isOver = true
    await this.expect('all work is done', () => this.#work.size === 0, 30_000)
    for (const what of this.#work.values()) this.fault(`Not done: ${what}`)
    await this.expect('all players are in', () => this.players.every(({ isIn }) => isIn))
    await until('all events came', () => this.players.every(({ missing }) => missing.length === 0)).catch(
      () => {
        for (const what of this.players.flatMap(({ missing }) => missing)) this.fault(what)
      }
    )
    const marksFound = await this.#findMarks(isExact)
    const { up } = this.#init.gateways
    for (const gateway of up) await this.keepFigures(gateway)
    for (const player of this.players) player.leave()
    await this.#expectNothingLeft()
    const sum = (of: (player: ClusterPlayer) => number) =>
      this.players.reduce((all, each) => all + of(each), 0)
    const errors: Record<string, number> = {}
    for (const player of this.players)
      for (const [code, count] of Object.entries(player.errors)) errors[code] = (errors[code] ?? 0) + count
    return {
      players: this.players.length,
      requests: sum(each => each.requests),
      replies: sum(each => each.replies),
      errors,
      marksAnswered: sum(each => each.marks),
      marksFound,
      eventsSent: sum(each => each.eventsSent),
      eventsCame: sum(each => each.eventsCame),
      cuts: this.#cuts,
      resumed: this.#ended.resumed,
      moved: this.#ended.moved,
      lost: sum(each => each.lives - 1),
      faults: this.faults
    }
  }

  /** Compares the counts in the sessions with the answers; and each user has one session in all gateways. */
  async #findMarks(isExact: boolean): Promise<number> {
    const { up } = this.#init.gateways
    const all = (await Promise.all(up.map(each => each.ask('sessions', ['marked'])))).flat()
    let found = 0
    for (const player of this.players) {
      const own = all.filter(({ uid }) => uid === player.uid)
      if (own.length !== 1) this.fault(`${player.uid} has ${own.length} sessions`)
      const marked = Number(own[0]?.values['marked'] ?? 0)
      found += Math.min(marked, player.marks)
      if (marked < player.marks || (isExact && marked !== player.marks))
        this.fault(`${player.uid}: ${player.marks} marks were answered, ${marked} are there`)
    }
    return found
  }

  /** Waits until no gateway has anything of a player who has left. */
  async #expectNothingLeft(): Promise<void> {
    const names = [
      'sessions',
      'requestsWaiting',
      'requestsRunning',
      'channels',
      'users',
      'backlogBytes'
    ] as const
    for (const gateway of this.#init.gateways.up) {
      let left = ''
      const end = performance.now() + 20_000
      do {
        const metrics = await gateway.ask('metrics')
        left = names.flatMap(name => (metrics[name] === 0 ? [] : [`${metrics[name]} ${name}`])).join(', ')
      } while (left !== '' && performance.now() < end)
      if (left === '') continue
      const whose = (await gateway.ask('sessions', [])).map(({ sid, uid }) => `${sid} of ${uid}`)
      this.fault(`${gateway.options['frontendId']} still has ${left}: ${whose.join(', ')}`)
    }
  }

  /** Waits until `holds` returns true, and records a fault if it does not in time. */
  async expect(what: string, holds: () => boolean, ms = 20_000): Promise<void> {
    await until(what, holds, ms).catch(error => this.fault(error.message))
  }
}
