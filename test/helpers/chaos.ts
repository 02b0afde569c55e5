/**
 * Chaos: players under load while workers are ended in all ways, connections are cut in all ways, and readers stop. Held to what
 * is promised: each request ends once, with a reply or a stated error; what was answered is kept; events are complete, in order
 * and once; nothing is left over.
 */
import { type Client, ClientError, connect } from '../../client/index.js'
import type { Gateway } from '../../gateway/index.js'
import type { Cut, TcpProxy } from '../../testing/tcp-proxy.js'
import { until } from './gateway.js'

export interface ChaosInit {
  readonly gateway: Gateway
  readonly proxy: TcpProxy
  readonly players: number
  readonly ms: number
}

export interface ChaosReport {
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
  readonly faults: readonly string[]
}

const mostFaults = 20

/** What a request may end with beside its reply, while workers die and routes are suspended. */
const stated = new Set([
  'WORKER_LOST',
  'HANDLER_FATAL',
  'TIMEOUT',
  'ROUTE_SUSPENDED',
  'OVERLOADED',
  'NO_WORKER'
])

interface ChaosPlayer {
  readonly client: Client
  readonly uid: string
  sent: number
  events: number
  answered: number
}

export async function runChaos({ gateway, proxy, players: count, ms }: ChaosInit): Promise<ChaosReport> {
  const faults: string[] = []
  const errors: Record<string, number> = {}
  let [requests, replies, marksAnswered, eventsSent, cuts] = [0, 0, 0, 0, 0]
  const fault = (what: string) => {
    if (faults.length < mostFaults) faults.push(what)
  }
  const ask = async (player: ChaosPlayer, route: string, body: unknown): Promise<unknown> => {
    requests++
    try {
      const reply = await player.client.request(route, body)
      replies++
      return reply
    } catch (error) {
      const code = error instanceof ClientError ? error.code : String(error)
      errors[code] = (errors[code] ?? 0) + 1
      if (!stated.has(code)) fault(`${player.uid}: ${route} ended with ${code}`)
      return undefined
    }
  }
  const players = await Promise.all(
    Array.from({ length: count }, async (_, i): Promise<ChaosPlayer> => {
      const client = await connect(proxy.url, {
        backOff: { least: 10, most: 200 },
        heartbeat: 500,
        heartbeatTimeout: 3_000,
        requestTimeout: 0
      })
      const player = { client, uid: `player-${i}`, sent: 0, events: 0, answered: 0 }
      client.on('tick', body => {
        if (body !== player.events) fault(`${player.uid} got event ${body} as number ${player.events}`)
        player.events++
      })
      client.onState(({ state, resumed, reason }) => {
        if (state === 'open' && !resumed) fault(`${player.uid} got a new session`)
        if (state === 'closed' && !isOver) fault(`${player.uid} was closed: ${reason}`)
      })
      while ((await ask(player, 'player.login', { uid: player.uid })) === undefined);
      return player
    })
  )
  let isOver = false
  const pick = () => players[Math.floor(Math.random() * players.length)]!
  const timers = [
    setInterval(() => {
      const how = (['end', 'reset', 'silent', 'midFrame'] as const satisfies readonly Cut[])[
        Math.floor(Math.random() * 4)
      ]!
      cuts += proxy.cut(how, 0.3)
    }, 1_000),
    setInterval(() => {
      const routes = ['player.exit', 'player.throwLater', 'player.loop', 'kill'] as const
      const route = routes[Math.floor(Math.random() * routes.length)]!
      if (route === 'kill') void gateway.killWorker(Math.floor(Math.random() * 2)).catch(() => {})
      else void ask(pick(), route, {})
    }, 1_500),
    setInterval(() => {
      for (const player of players) {
        if (gateway.send(player.uid, 'tick', player.sent) !== 1)
          fault(`an event for ${player.uid} reached nobody`)
        player.sent++
        eventsSent++
      }
    }, 50)
  ]
  const play = async (player: ChaosPlayer): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      if (n % 5 === 4) await ask(player, 'player.dawdle', { n, ms: 20 })
      else if ((await ask(player, 'player.mark', { n })) === n) {
        player.answered++
        marksAnswered++
      }
    }
  }
  const playing = players.map(play)
  await new Promise(resolve => setTimeout(resolve, ms))
  isOver = true
  for (const timer of timers) clearInterval(timer)
  await Promise.all(playing)
  await until('all events came', () => players.every(({ events, sent }) => events >= sent), 20_000).catch(
    error => fault(error.message)
  )
  let marksFound = 0
  for (const player of players) {
    const [session] = gateway.sessions.getByUid(player.uid)
    const marked = Number(session?.get('marked') ?? 0)
    marksFound += Math.min(marked, player.answered)
    if (marked < player.answered)
      fault(`${player.uid}: ${player.answered} marks were answered, ${marked} are there`)
  }
  const { workersLost, sessionsResumed } = gateway.metrics()
  for (const { client } of players) client.close()
  await until('all sessions have ended', () => gateway.metrics().sessions === 0, 10_000).catch(error =>
    fault(error.message)
  )
  await until('nothing runs any more', () => gateway.metrics().requestsRunning === 0, 10_000).catch(error =>
    fault(error.message)
  )
  const { requestsWaiting, channels, users, backlogBytes, detachedSessions, sendBytesWaiting } =
    gateway.metrics()
  const left = { requestsWaiting, channels, users, backlogBytes, detachedSessions, sendBytesWaiting }
  for (const [name, value] of Object.entries(left)) if (value !== 0) fault(`${value} ${name} are left over`)
  const eventsReceived = players.reduce((sum, { events }) => sum + events, 0)
  return {
    requests,
    replies,
    errors,
    marksAnswered,
    marksFound,
    eventsSent,
    eventsReceived,
    workersLost,
    cuts,
    resumed: sessionsResumed,
    faults: [...faults]
  }
}
