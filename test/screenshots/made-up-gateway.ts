/**
 * A made-up gateway for pictures of the console: the page's files, and answers as of a busy evening.
 *
 * Each reading of the overview is two seconds later than the one before, however fast they come.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type {
  AuditAnswer,
  ClusterAnswer,
  ClusterDetail,
  Histogram,
  LoginAnswer,
  LogPage,
  LogRow,
  Overview,
  RouteRow,
  RoutesAnswer,
  SessionDetail,
  SessionRow,
  SessionsPage,
  WorkerDetail,
  WorkersAnswer
} from '../../gateway/console/api/console-api.js'
import { createPageFiles } from '../../gateway/console/page-files.js'

/** When the pictures are taken: 27 November 2026, 20:15 UTC. */
const start = Date.UTC(2026, 10, 27, 20, 0)
const upBefore = 3 * 86_400 + 4 * 3_600

const bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** A pseudo-random number from 0 to 1, the same in each run. */
function noise(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453
  return x - Math.floor(x)
}

/** What the gateway has counted by the end of step `step`. */
class Counts {
  step = 0
  requests = 182_000_000
  errors = 12_000
  events = 901_000_000
  cpu = 81_000
  readonly queue: number[] = bounds.map(() => 0).concat(0)
  readonly run: number[] = bounds.map(() => 0).concat(0)

  advance(): void {
    const step = ++this.step
    const busy = this.busy()
    const requests = Math.round(2 * 8_400 * busy)
    this.requests += requests
    this.events += Math.round(requests * 2.6 * (0.95 + 0.1 * noise(step + 7)))
    this.errors += Math.round(requests * 0.002 * noise(step + 3) + (this.isBurst() ? 400 : 0))
    this.cpu += 2 * (1.1 * busy)
    spread(this.queue, requests, this.isBurst() ? 0.006 : 0.00035 * busy, step)
    spread(this.run, requests, 0.0012 * (0.9 + 0.2 * noise(step + 11)), step + 50)
  }

  busy(): number {
    const { step } = this
    return 0.82 + 0.12 * Math.sin(step / 34) + 0.06 * noise(step) + (this.isBurst() ? 0.3 : 0)
  }

  /** Whether many players come at once. */
  isBurst(): boolean {
    return this.step % 190 > 150 && this.step % 190 < 162
  }
}

/** Spreads times around a median over the buckets of a histogram. */
function spread(counts: number[], all: number, median: number, seed: number): void {
  let left = all
  for (const [index, bound] of bounds.entries()) {
    const share = 1 / (1 + (median / bound) ** (1.9 + 0.2 * noise(seed)))
    const below = Math.round(all * share)
    const inBucket = Math.max(0, Math.min(left, below - (all - left)))
    counts[index] = counts[index]! + inBucket
    left -= inBucket
  }
  counts[bounds.length] = counts[bounds.length]! + left
}

function histogram(counts: readonly number[]): Histogram {
  const count = counts.reduce((sum, each) => sum + each, 0)
  return { bounds, counts: [...counts], sum: count * 0.001, count }
}

export interface MadeUpGateway {
  readonly url: string
  /** Whether something is wrong. */
  isIll: boolean
  readOnly: boolean
  close(): void
}

/** Starts the made-up gateway on a free port. */
export async function startMadeUpGateway(): Promise<MadeUpGateway> {
  const counts = new Counts()
  const servePage = createPageFiles()
  const login: LoginAnswer = {
    csrf: 'c',
    readOnly: false,
    frontendId: 'gateway-1',
    version: '0.1.0',
    inCluster: true
  }
  const made = { url: '', isIll: false, readOnly: false, close: () => server.close() }

  const answers: Record<string, (url: URL) => unknown> = {
    me: () => ({ ...login, readOnly: made.readOnly }) satisfies LoginAnswer,
    login: () => ({ ...login, readOnly: made.readOnly }) satisfies LoginAnswer,
    logout: () => ({ ok: true }),
    overview: () => {
      counts.advance()
      return overview(counts, made.isIll)
    },
    address: () => ({ url: 'ws://127.0.0.1:3010' }),
    sessions: () => sessions(at(counts)),
    cluster: () => ({ at: at(counts), cluster: cluster(counts) }) satisfies ClusterAnswer,
    workers: () => ({ at: at(counts), workers: workers(at(counts), counts) }) satisfies WorkersAnswer,
    routes: () => {
      counts.advance()
      return { at: at(counts), routes: routes(counts, made.isIll) } satisfies RoutesAnswer
    },
    log: url => log(at(counts), url.searchParams.has('after')),
    audit: () => audit(at(counts))
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url!, 'http://127.0.0.1')
    const path = url.pathname.slice('/console/'.length)
    const [, name = ''] = /^api\/(\w+)$/.exec(path) ?? []
    const answer = /^api\/sessions\/\d+$/.test(path) ? () => session(at(counts)) : answers[name]
    if (answer !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(url)))
      return
    }
    if (!servePage(request, response, path)) response.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/console/`
  return made
}

function at(counts: Counts): number {
  return start + counts.step * 2_000
}

function overview(counts: Counts, isIll: boolean): Overview {
  const { step } = counts
  const burst = counts.isBurst()
  const connections = Math.round(9_600 + 500 * Math.sin(step / 60) + step * 1.4 + (burst ? 260 : 0))
  const garbage = (step % 17) / 17
  return {
    at: at(counts),
    uptime: upBefore + step * 2,
    frontendId: 'gateway-1',
    version: '0.1.0',
    ready: !isIll,
    counters: {
      requests: counts.requests,
      notifies: 0,
      errors: counts.errors,
      eventsSent: counts.events,
      claimsWon: 61_204,
      claimsLost: 312,
      claimsAsked: 840,
      leasesLost: 0,
      sessionsMovedOut: 10_204,
      sessionsMovedIn: 9_870,
      sessionsParked: 0,
      sessionsRestored: 0,
      sessionsNotKept: 0,
      handoversFailed: 3
    },
    gauges: {
      connections,
      sessions: connections + 143,
      detachedSessions: 143 + Math.round(20 * noise(step)) + (burst ? 90 : 0),
      requestsWaiting: burst ? 310 : Math.round(6 * noise(step)),
      claimsHeld: 10_031,
      leaseLeft: 4_100,
      sessionsInTransit: 0
    },
    histograms: { queue: histogram(counts.queue), run: histogram(counts.run) },
    eventLoopDelay: {
      p50: 0.0101 + 0.0004 * noise(step),
      p99: 0.0128 + 0.004 * noise(step + 1) + (burst ? 0.012 : 0),
      max: 0.016 + 0.012 * noise(step + 2) ** 3 + (burst ? 0.03 : 0)
    },
    memory: {
      rss: 612e6 + 40e6 * garbage + step * 2e4,
      heapUsed: 210e6 + 70e6 * garbage,
      heapTotal: 330e6,
      external: 64e6 + 6e6 * noise(step)
    },
    cpu: counts.cpu,
    workers: workers(at(counts), counts),
    cluster: {
      name: 'game',
      state: 'up',
      members: cluster(counts).members.map(({ frontendId, state }) => ({ frontendId, state })),
      lag: 2,
      full: []
    },
    diagnosis: isIll
      ? [
          {
            severity: 'error',
            what: 'Worker 2 has taken no requests for 12 s, although 310 wait for it.',
            todo: 'Take a CPU profile of it in Workers. If a handler hangs, restart the worker: the requests of other sessions move to the others.'
          },
          {
            severity: 'warn',
            what: 'The route shop.buy is suspended: it ended 3 workers within a minute.',
            todo: 'Read the ends in Workers and mend the handler. Resume it in Routes.'
          }
        ]
      : []
  }
}

function workers(now: number, counts: Counts): WorkerDetail[] {
  return [0, 1, 2, 3].map(index => {
    const total = 86_400 + counts.step * 2
    const ends = [
      { at: now - 3.1 * 3_600_000, cause: 'out of memory', route: 'match.replay', lived: 52_310 },
      { at: now - 22 * 3_600_000, cause: 'restarted from the console', route: null, lived: 189_000 }
    ]
    return {
      index,
      state: 'up',
      busy: { active: total * (0.52 + index * 0.11), total },
      requests: 4 + index * 3,
      givenUp: index === 2 ? 1 : 0,
      restarts: index === 1 ? 2 : 0,
      isolation: 'thread',
      id: 3 + index,
      since: now - (index === 1 ? 3.1 : 76) * 3_600_000,
      batch: index === 3 ? null : { turns: 5, requests: 9, since: now - 2 },
      heap: { used: (96 + 22 * index) * 1024 ** 2, total: 220 * 1024 ** 2, limit: 512 * 1024 ** 2 },
      givenUpRoutes: index === 2 ? [{ route: 'match.replay', count: 1 }] : [],
      ends: index === 1 ? ends : []
    }
  })
}

const names = [
  'ann',
  'björn',
  'chidi',
  'dana',
  'emeka',
  'fatima',
  'goro',
  'hana',
  'ines',
  'jun',
  'kai',
  'lea'
]

function cluster(counts: Counts): ClusterDetail {
  const members = ['gateway-1', 'gateway-2', 'gateway-3'].map((frontendId, index) => ({
    frontendId,
    start: 126_400 + index,
    version: '0.1.0',
    state: index === 2 ? ('draining' as const) : ('up' as const),
    own: index === 0,
    silentFor: index * 130,
    connections: Math.round(9_600 - index * 1_900 + 40 * noise(counts.step + index)),
    sessions: Math.round(10_431 - index * 2_000),
    queueDelay: index,
    eventLoopDelay: 11 + index,
    heapUsed: (210 + 30 * noise(counts.step + index)) * 1024 ** 2
  }))
  const links = members.slice(1).map(({ frontendId, start }, index) => ({
    frontendId,
    start,
    protocol: 1,
    open: true,
    room: true,
    lag: 2 + index,
    queueBytes: 0,
    unackedBytes: 4_096 + 1_000 * index,
    batches: 1_204_000 + counts.step * 900,
    bytes: (3_100 + counts.step) * 1024 ** 2,
    resent: index * 3,
    gaps: index
  }))
  return { name: 'game', state: 'up', members, links }
}

function row(index: number, now: number): SessionRow {
  const isAway = index % 7 === 3
  return {
    sid: 104_217 + index * 3,
    frontendId: `gateway-${1 + (index % 3)}`,
    uid: index % 5 === 4 ? null : `${names[index % names.length]}-${(index * 37) % 1_000}`,
    address: { ip: `203.0.113.${(index * 53) % 250}`, port: 40_000 + index },
    since: now - (7_200_000 - index * 41_000),
    connected: !isAway,
    requests: index % 4,
    sendBytes: isAway ? 0 : Math.round(noise(index) ** 4 * 60_000),
    backlogBytes: Math.round(noise(index + 9) * (isAway ? 48_000 : 900))
  }
}

function sessions(now: number): SessionsPage {
  return {
    total: 10_431,
    sessions: Array.from({ length: 24 }, (_, index) => row(index, now)),
    next: 104_290,
    silent: []
  }
}

function session(now: number): SessionDetail {
  return {
    ...row(0, now),
    at: now,
    protocol: 'sallyport.pomelo',
    version: 118,
    settings: [
      { key: 'name', value: '"Ann"', length: 5, version: 1, by: 'profile.login', at: now - 7_100_000 },
      { key: 'score', value: '4180', length: 4, version: 118, by: 'score.add', at: now - 4_000 },
      {
        key: 'room',
        value: '{"id":"harbour-7","seat":2,"ready":true}',
        length: 39,
        version: 96,
        by: 'room.enter',
        at: now - 412_000
      },
      { key: 'locale', value: '"de-AT"', length: 7, version: 1, by: null, at: now - 7_200_000 }
    ],
    settingsTotal: 4,
    channels: ['room:harbour-7', 'team:red', 'news'],
    channelsTotal: 3,
    inFlight: [
      { rid: 911, id: 4_711, route: 'match.move', state: 'running', age: 3, timeLeft: 9_997, worker: 1 },
      { rid: 912, id: 4_712, route: 'score.add', state: 'waiting', age: 1, timeLeft: 9_999, worker: null }
    ],
    sendBuffer: { bytes: 1_840, limit: 1_048_576 },
    backlog: { bytes: 620, messages: 4, limit: 262_144 },
    roundTrip: 38
  }
}

const routeNames = ['match.move', 'match.replay', 'profile.login', 'room.enter', 'score.add', 'shop.buy']

function routes(counts: Counts, isIll: boolean): RouteRow[] {
  return routeNames.map((route, index) => {
    const share = [0.61, 0.002, 0.01, 0.04, 0.32, 0.008][index]!
    const scale = (times: readonly number[]) => histogram(times.map(each => Math.round(each * share)))
    return {
      route,
      file: `${route.split('.')[0]}.js`,
      options: index === 0 ? { timeout: 2_000, rateLimit: 30 } : {},
      requests: Math.round(counts.requests * share),
      errors: index === 5 ? { GOLD_SHORT: 2_120, TIMEOUT: 12 } : index === 0 ? { RATE_LIMITED: 340 } : {},
      queue: scale(counts.queue),
      run: scale(counts.run),
      schema: {
        body: {
          json: {
            type: 'object',
            properties: {
              to: { type: 'string', enum: ['north', 'east', 'south', 'west'] },
              steps: { type: 'integer', minimum: 1, maximum: 8, description: 'Fields to go' },
              item: {
                type: 'object',
                properties: { id: { type: 'string' }, sharp: { type: 'boolean' } },
                required: ['id']
              },
              tags: { type: 'array', items: { type: 'string' } }
            },
            required: ['to', 'steps']
          }
        },
        reply: null
      },
      suspendedFor: isIll && route === 'shop.buy' ? 47_000 : 0
    }
  })
}

function log(now: number, isLater: boolean): LogPage {
  const line = (n: number, level: LogRow['level'], message: string, fields: LogRow['fields']) => ({
    n,
    at: now - (9 - n) * 61_000,
    level,
    message,
    fields
  })
  const lines = [
    line(1, 'info', 'The gateway listens', { url: 'ws://0.0.0.0:3010', workers: '4' }),
    line(2, 'warn', 'A worker has ended', { worker: '1', cause: 'out of memory', route: 'match.replay' }),
    line(3, 'info', 'A worker is up', { worker: '1', after: '412 ms' }),
    line(4, 'warn', 'A slow request', {
      route: 'shop.buy',
      sid: '104217',
      uid: 'ann-0',
      queue: '1.2 ms',
      run: '812 ms'
    }),
    line(5, 'error', 'A handler has failed', {
      route: 'shop.buy',
      sid: '104217',
      id: 'e-7f3a91',
      error: "TypeError: Cannot read properties of undefined (reading 'price') at buy (shop.js:41:18)"
    }),
    line(6, 'warn', 'A client reads too slowly, and is disconnected', { sid: '104221', waiting: '1.0 MiB' }),
    line(7, 'info', 'A session was kicked', { sid: '104230', by: '10.0.0.7', reason: 'Come back tomorrow.' })
  ]
  return { start: 'made-up', lines: isLater ? [] : lines, last: 7, missed: 0 }
}

function audit(now: number): AuditAnswer {
  return {
    entries: [
      {
        at: now - 121_000,
        by: '10.0.0.7, login',
        action: 'kick',
        to: 'session 104230 (jun-9)',
        result: 'done'
      },
      { at: now - 3_600_000, by: '10.0.0.7, login', action: 'restart', to: 'worker 1', result: 'done' },
      { at: now - 3_700_000, by: '10.0.0.7', action: 'login', to: 'gateway-1', result: 'done' }
    ]
  }
}
