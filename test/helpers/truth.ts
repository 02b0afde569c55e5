/**
 * The test of truth: players whose connections are cut again and again, while events and requests flow.
 * Connections are cut in every way in which networks fail. In the end each player has received all events
 * once and in order, and each request has run once and was answered.
 */
import { type Client, connect } from '../../client/node.js'
import type { Gateway } from '../../gateway/index.js'
import { type Cut, cuts, type TcpProxy } from '../../testing/tcp-proxy.js'
import { until } from './until.js'

export interface TruthInit {
  readonly gateway: Gateway
  readonly proxy: TcpProxy
  readonly players: number
  /** Number of events in all. */
  readonly events: number
  /** Milliseconds over which the events are spread. */
  readonly ms: number
  /** Milliseconds between two rounds of cuts. */
  readonly cutEvery: number
}

export interface TruthReport {
  readonly cuts: Record<Cut, number>
  readonly resumed: number
  readonly eventsSent: number
  readonly eventsReceived: number
  readonly requestsSent: number
  readonly repliesReceived: number
  /** Descriptions of failed checks; only the first ones. */
  readonly faults: readonly string[]
}

const mostFaults = 20

class TruthPlayer {
  readonly client: Client
  readonly uid: string
  events = 0
  sent = 0
  replies = 0
  readonly #fault: (what: string) => void

  private constructor(client: Client, uid: string, fault: (what: string) => void) {
    this.client = client
    this.uid = uid
    this.#fault = fault
    client.on('tick', body => {
      if (body !== this.events) fault(`${uid} got event ${body} as number ${this.events}`)
      this.events++
    })
    client.onState(({ state, resumed, reason }) => {
      if (state === 'open' && !resumed) fault(`${uid} got a new session`)
      if (state === 'closed') fault(`${uid} was closed: ${reason}`)
    })
  }

  static async join(url: string, uid: string, fault: (what: string) => void): Promise<TruthPlayer> {
    const client = await connect(url, {
      backOff: { least: 10, most: 200 },
      heartbeat: 500,
      heartbeatTimeout: 1_500,
      requestTimeout: 0
    })
    const player = new TruthPlayer(client, uid, fault)
    await client.request('player.login', { uid })
    return player
  }

  /** Sends the next number, whether the last one was answered or not. */
  ask(): void {
    const n = this.sent++
    this.client.request('player.take', { n }).then(
      answer => {
        if (answer !== n) this.#fault(`${this.uid} asked for ${n} and was answered ${answer}`)
        if (n !== this.replies) this.#fault(`${this.uid} got reply ${n} as number ${this.replies}`)
        this.replies++
      },
      error => this.#fault(`${this.uid} asked for ${n} and failed: ${error.message}`)
    )
  }
}

export async function runTruth(init: TruthInit): Promise<TruthReport> {
  const { gateway, proxy, events, ms, cutEvery } = init
  const faults: string[] = []
  const fault = (what: string) => {
    if (faults.length < mostFaults) faults.push(what)
  }
  const players = await Promise.all(
    Array.from({ length: init.players }, (_, i) => TruthPlayer.join(proxy.url, `player-${i}`, fault))
  )
  const counts = Object.fromEntries(cuts.map(how => [how, 0])) as Record<Cut, number>
  const cutter = setInterval(() => {
    const how = cuts[Math.floor(Math.random() * cuts.length)]!
    counts[how] += proxy.cut(how, 0.5)
  }, cutEvery / 2)
  const numbers = players.map(() => 0)
  const start = Date.now()
  let eventsSent = 0
  while (eventsSent < events) {
    const due = Math.min(events, Math.ceil(((Date.now() - start) / ms) * events))
    for (; eventsSent < due; eventsSent++) {
      const at = eventsSent % players.length
      if (gateway.send(players[at]!.uid, 'tick', numbers[at]!++) !== 1)
        fault(`event ${eventsSent} reached no session`)
      if (eventsSent % 4 === 0) players[at]!.ask()
    }
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  clearInterval(cutter)
  const sum = (of: (player: TruthPlayer) => number) => players.reduce((total, each) => total + of(each), 0)
  const isDone = () =>
    sum(each => each.events) >= events && sum(each => each.replies) >= sum(each => each.sent)
  // A timeout is recorded as a fault and does not reject: the report shows what is missing.
  await until('all has come', isDone, 20_000).catch(error => fault(error.message))
  const { sessionsResumed } = gateway.metrics()
  const report: TruthReport = {
    cuts: counts,
    resumed: sessionsResumed,
    eventsSent,
    eventsReceived: sum(each => each.events),
    requestsSent: sum(each => each.sent),
    repliesReceived: sum(each => each.replies),
    faults: [...faults]
  }
  for (const { client } of players) client.close()
  return report
}
