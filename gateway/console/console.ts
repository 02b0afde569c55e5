/**
 * The console for operators: answers the calls of its API, each after the caller is let in.
 *
 * Each call is a member of one table, beside console-api.ts: there is no other way to make the gateway do
 * something, and no name from a request is ever the name of a method. Nothing runs here while nobody asks.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../../shared/text/log.js'
import type { Diagnosis } from '../internal/diagnosis.js'
import { answerJson, type InternalRoute } from '../internal/internal-server.js'
import type { Pool } from '../pool/pool.js'
import type { Suspensions } from '../pool/suspensions.js'
import type { Registry } from '../sessions/registry.js'
import type { RouteTable } from '../sessions/routes.js'
import type { Metrics } from '../telemetry/metrics.js'
import { Access, type Caller } from './access.js'
import type { ConsoleCall, LoginAnswer, LogPage, LogQuery, Overview } from './api/console-api.js'
import { consoleAddresses } from './api/console-api.js'
import {
  ApiFailure,
  answerFailure,
  consolePath,
  expectInteger,
  expectNames,
  expectText,
  expectWord,
  findCall,
  listConsoleRoutes,
  readBody
} from './api-calls.js'
import { Audit } from './audit.js'
import { Downloads, type Recording } from './downloads.js'
import type { OtherGateways } from './other-gateways.js'
import { readProcess, splitMetrics, summarize } from './overview.js'
import type { PageFiles } from './page-files.js'
import { RouteViews } from './route-views.js'
import { SessionCalls } from './session-calls.js'
import type { ShownLimits } from './session-views.js'
import { WorkerViews } from './worker-views.js'

/** The parts of the gateway that the console shows and acts on. */
export interface ConsoleInit {
  readonly token: string
  readonly readOnly: boolean
  readonly frontendId: string
  readonly version: string
  readonly isolation: 'thread' | 'process'
  readonly limits: ShownLimits
  readonly log: Logger
  readonly now: () => number
  readonly monotonic: () => number
  readonly registry: Registry
  readonly pool: Pool
  readonly routes: RouteTable
  readonly suspensions: Suspensions
  readonly metrics: Metrics
  /** Returns the delays of the event loop in the last interval: the same to each who asks. */
  readonly readDelay: () => Overview['eventLoopDelay']
  readonly page: PageFiles
  readonly diagnose: () => readonly Diagnosis[]
  /** Returns the other gateways of the cluster; undefined while this one is alone. */
  readonly others: () => OtherGateways | undefined
  /** Returns the URL for clients. */
  readonly url: () => string
  /** Returns lines of the log. */
  readonly readLog: (query: LogQuery) => Omit<LogPage, 'start'>
}

/** One call of the API. */
interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The value in the path. */
  readonly value: string
  readonly query: ReadonlyMap<string, string>
  readonly body: Readonly<Record<string, unknown>>
  /** Who calls; undefined at a login. */
  readonly caller: Caller | undefined
  /** Notes more closely what a changing call is about, for the audit. */
  about(what: string): void
}

const done = { ok: true } as const

export class Console {
  readonly workers: WorkerViews
  readonly #init: ConsoleInit
  readonly #access: Access
  readonly #audit: Audit
  readonly #routes: RouteViews
  readonly #sessions: SessionCalls
  readonly #downloads = new Downloads()
  readonly #createdAt: number
  readonly #start = randomUUID()

  constructor(init: ConsoleInit) {
    this.#init = init
    this.#access = new Access(init)
    this.#audit = new Audit(init.log, init.now)
    this.workers = new WorkerViews(init)
    this.#routes = new RouteViews(init)
    this.#sessions = new SessionCalls(init)
    this.#createdAt = init.monotonic()
  }

  /** The addresses for the internal server. */
  get addresses(): readonly InternalRoute[] {
    return listConsoleRoutes((...asked) => this.#answer(...asked), this.#init.page)
  }

  readonly #calls: Record<ConsoleCall, (call: Call) => unknown> = {
    login: ({ request, response, body }) => {
      const token = expectText('token', body['token'], 1_000)
      const { caller, cookie } = this.#access.login(request, token)
      response.setHeader('set-cookie', cookie)
      this.#audit.add({ by: caller.by, action: 'login', to: 'the console', result: 'done' })
      return this.#describeLogin(caller)
    },
    me: ({ caller }) => this.#describeLogin(caller!),
    logout: ({ request, response }) => {
      response.setHeader('set-cookie', this.#access.logout(request))
      return done
    },
    overview: () => this.#describeOverview(),
    address: () => ({ url: this.#init.url() }),
    sessions: ({ query }) => this.#sessions.search(query),
    session: call => this.#sessions.describe(call),
    kick: async call => {
      await this.#sessions.kick(call)
      return done
    },
    unbind: async call => {
      await this.#sessions.unbind(call)
      return done
    },
    cluster: () => ({ at: this.#init.now(), cluster: this.#init.others()?.describe() ?? null }),
    // `at` comes last: the workers take a while to answer, and what they tell must not be of the future.
    workers: async () => ({ workers: await this.workers.list(), at: this.#init.now() }),
    restart: call => {
      this.workers.restart(this.#workerOf(call))
      return done
    },
    profile: call => this.#record(call, this.#workerOf(call), readProfile(call.body)),
    heapSnapshot: call => this.#record(call, this.#workerOf(call), { kind: 'heapSnapshot' }),
    gatewayProfile: call => this.#record(call, 'gateway', readProfile(call.body)),
    gatewayHeapSnapshot: call => this.#record(call, 'gateway', { kind: 'heapSnapshot' }),
    routes: async () => ({ routes: await this.#routes.list(), at: this.#init.now() }),
    resumeRoute: ({ value }) => {
      const route = this.#routes.find(value)
      if (route === undefined) throw new ApiFailure('NOT_FOUND', 'There is no such route.')
      if (!this.#init.suspensions.end(route)) throw new ApiFailure('CONFLICT', 'It is not suspended.')
      return done
    },
    log: ({ query }): LogPage => ({ start: this.#start, ...this.#init.readLog(readLogQuery(query)) }),
    audit: () => ({ entries: this.#audit.entries })
  }

  /** Lets the caller in, makes the call, and answers. This is the wall: whatever comes in, it survives. */
  async #answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    let entry: { by: string; action: string; to: string } | undefined
    try {
      this.#access.expectOwnOrigin(request)
      const { name, values } = findCall(request.method ?? '', url.pathname.slice(consolePath.length))
      const { kind } = consoleAddresses[name]
      const caller = kind === 'open' ? undefined : this.#access.admit(request)
      const changes = kind === 'change'
      const value = values[0] ?? ''
      if (changes)
        entry = { by: caller!.by, action: name, to: nameTarget(consoleAddresses[name].path, value) }
      if (changes && this.#init.readOnly)
        throw new ApiFailure('READ_ONLY', 'The console is in read-only mode (option consoleReadOnly).')
      const body = request.method === 'POST' ? await readBody(request) : {}
      const query = new Map(url.searchParams)
      expectNames(Object.keys(body), names[name]?.body ?? [])
      expectNames(query.keys(), names[name]?.query ?? [])
      const about = (what: string) => {
        if (entry !== undefined) entry.to = what
      }
      const call: Call = { request, response, value, query, body, caller, about }
      const answered = await this.#calls[name](call)
      if (entry !== undefined) this.#audit.add({ ...entry, result: 'done' })
      if (!response.headersSent) answerJson(response, 200, answered)
    } catch (error) {
      const failure = error instanceof ApiFailure ? error : this.#explain(error, url.pathname)
      if (entry !== undefined) this.#audit.add({ ...entry, result: failure.code })
      if (response.headersSent) response.destroy()
      else answerFailure(response, failure)
    }
  }

  #explain(error: unknown, path: string): ApiFailure {
    this.#init.log.error('A call of the console failed', { path, error })
    return new ApiFailure('FAILED', 'The gateway has failed to answer; its log says why.')
  }

  #describeLogin({ csrf }: Caller): LoginAnswer {
    const { readOnly, frontendId, version } = this.#init
    return { csrf, readOnly, frontendId, version, inCluster: this.#init.others() !== undefined }
  }

  async #describeOverview(): Promise<Overview> {
    const { now, monotonic, frontendId, version, metrics, diagnose } = this.#init
    const workers = await this.workers.list()
    const diagnosis = diagnose()
    return {
      at: now(),
      uptime: (monotonic() - this.#createdAt) / 1_000,
      frontendId,
      version,
      ready: diagnosis.every(({ severity }) => severity !== 'error'),
      ...splitMetrics(metrics),
      histograms: this.#routes.sum(),
      eventLoopDelay: this.#init.readDelay(),
      ...readProcess(),
      workers: workers.map(({ index, state, busy, requests, givenUp, restarts }) => ({
        index,
        state,
        busy,
        requests,
        givenUp,
        restarts
      })),
      cluster: summarize(this.#init.others()?.describe()),
      diagnosis: diagnosis.map(({ severity, what, todo }) => ({ severity, what, todo }))
    }
  }

  #workerOf({ value }: Call) {
    const worker = /^\d{1,4}$/.test(value) ? this.workers.find(Number(value)) : undefined
    if (worker === undefined) throw new ApiFailure('NOT_FOUND', 'There is no such worker that is up.')
    return worker
  }

  async #record({ response, value }: Call, from: Parameters<Downloads['send']>[1], what: Recording) {
    const whose = from === 'gateway' ? 'gateway' : `worker-${Number(value)}`
    await this.#downloads.send(response, from, what, `${whose}-${Math.floor(this.#init.now() / 1_000)}`)
  }
}

/** Returns what a call changes, for the audit, by its path: `session 7`, `worker 0`, `gateway`. */
function nameTarget(path: string, value: string): string {
  const [, part = ''] = path.split('/')
  return value === '' ? part : `${part.replace(/s$/, '')} ${value.slice(0, 255)}`
}

/** The names that the body and the query of a call may have. Those of all other calls have none. */
const names: Partial<Record<ConsoleCall, { readonly body?: string[]; readonly query?: string[] }>> = {
  login: { body: ['token'] },
  sessions: { query: ['query', 'by', 'after', 'limit', 'gateways'] },
  kick: { body: ['reason'] },
  profile: { body: ['seconds'] },
  gatewayProfile: { body: ['seconds'] },
  log: { query: ['after', 'level', 'text', 'limit'] }
}

function readProfile({ seconds = 5 }: Readonly<Record<string, unknown>>): Recording {
  return { kind: 'profile', ms: 1_000 * expectInteger('seconds', seconds, { least: 1, most: 30 }) }
}

function readLogQuery(query: ReadonlyMap<string, string>): LogQuery {
  const after = query.get('after')
  return {
    ...(after !== undefined && {
      after: expectInteger('after', after, { least: 0, most: Number.MAX_SAFE_INTEGER })
    }),
    level: expectWord('level', query.get('level') ?? 'info', ['trace', 'debug', 'info', 'warn', 'error']),
    text: expectText('text', query.get('text') ?? '', 200),
    limit: expectInteger('limit', query.get('limit') ?? 200, { least: 1, most: 500 })
  }
}
