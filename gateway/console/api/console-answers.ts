/**
 * The answers of the console's API, as they are in JSON.
 *
 * Times called `at` and `since` are milliseconds since 1970. Counters, and the counts in histograms, only go
 * up: a reader takes the difference of two answers, so the gateway keeps nothing for its readers.
 */

import type { MemberState } from './cluster-answers.js'

export interface LoginAnswer {
  /** For the header `x-sallyport-csrf`. '' if the call was authorized by the header `authorization`. */
  readonly csrf: string
  readonly readOnly: boolean
  readonly frontendId: string
  /** The version of the package. */
  readonly version: string
  /** Whether the gateway is one of a cluster. */
  readonly inCluster: boolean
}

export interface AddressAnswer {
  /** The URL for clients, such as `ws://127.0.0.1:3010`. */
  readonly url: string
}

/** The answer of a changing call. */
export interface Changed {
  readonly ok: true
}

/** Times in seconds, counted by size. `counts` has one member more than `bounds`: those above all bounds. */
export interface Histogram {
  /** Inclusive upper bounds, in seconds, ascending. */
  readonly bounds: readonly number[]
  /** Number of times in each bucket alone: not the sum of all smaller ones. */
  readonly counts: readonly number[]
  /** Seconds. */
  readonly sum: number
  readonly count: number
}

export interface Diagnosis {
  readonly severity: 'error' | 'warn'
  /** A sentence that says what is wrong. */
  readonly what: string
  /** A sentence that says what to do about it. */
  readonly todo: string
}

export interface Overview {
  readonly at: number
  /** Seconds since the gateway was created. */
  readonly uptime: number
  readonly frontendId: string
  readonly version: string
  /** Whether the gateway is ready for clients; see `diagnosis` if not. */
  readonly ready: boolean
  /** The counters of `Gateway.metrics()`, by name. */
  readonly counters: Readonly<Record<string, number>>
  /** The gauges of `Gateway.metrics()`, by name. */
  readonly gauges: Readonly<Record<string, number>>
  /** All requests: the time until they were handed out, and from then to their outcome. */
  readonly histograms: { readonly queue: Histogram; readonly run: Histogram }
  /** Of the gateway's main thread, in seconds, in the last full interval of 5 s; 0 until there is one. */
  readonly eventLoopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Bytes. */
  readonly memory: {
    readonly rss: number
    readonly heapUsed: number
    readonly heapTotal: number
    readonly external: number
  }
  /** Seconds of CPU that the gateway's process has used since its start, its worker threads included. */
  readonly cpu: number
  readonly workers: readonly WorkerSummary[]
  /** null: the gateway is alone. */
  readonly cluster: ClusterSummary | null
  /** Empty if all is well. The gravest comes first. */
  readonly diagnosis: readonly Diagnosis[]
}

export interface ClusterSummary {
  readonly name: string
  /** How the asked gateway is. */
  readonly state: MemberState
  /** The asked gateway comes first, the others follow by name. */
  readonly members: readonly { readonly frontendId: string; readonly state: MemberState }[]
  /** Milliseconds since the oldest batch was sent that another gateway has not acknowledged. */
  readonly lag: number
  /** Gateways for which so much waits that operations for them are refused. */
  readonly full: readonly string[]
}

export interface WorkerSummary {
  readonly index: number
  readonly state: WorkerState
  /**
   * Seconds for which the event loop of the worker was busy in this life, and seconds of this life. The busy
   * share between two answers is the quotient of the differences. null: not known.
   */
  readonly busy: { readonly active: number; readonly total: number } | null
  /** Requests that it has and that are not decided. */
  readonly requests: number
  /** Handlers that run on although their requests have timed out. */
  readonly givenUp: number
  /** Number of times that its place got another worker, reloads included. */
  readonly restarts: number
}

/** `failed`: its place has no worker, since the last start failed; another start follows. */
export type WorkerState = 'starting' | 'up' | 'retiring' | 'failed'

export interface WorkersAnswer {
  readonly at: number
  readonly workers: readonly WorkerDetail[]
}

export interface WorkerDetail extends WorkerSummary {
  readonly isolation: 'thread' | 'process'
  /** Id of the process or the thread. null: not known. */
  readonly id: number | null
  /** When it came up. null: it is not up. */
  readonly since: number | null
  /** The batch that it runs. `since`: when it was sent. null: it waits for work. */
  readonly batch: { readonly turns: number; readonly requests: number; readonly since: number } | null
  /** Bytes of its heap. null: not known, for example while it is stuck. `limit`: where it would end. */
  readonly heap: { readonly used: number; readonly total: number; readonly limit: number } | null
  /** Handlers that run on although their requests have timed out, by route. */
  readonly givenUpRoutes: readonly { readonly route: string; readonly count: number }[]
  /** The last ends of workers of this place, newest first. */
  readonly ends: readonly WorkerEnd[]
}

export interface WorkerEnd {
  readonly at: number
  /** Such as `out of memory`, or `restarted from the console`. */
  readonly cause: string
  /** The route that is to blame. null: none, or not known. */
  readonly route: string | null
  /** Seconds for which it lived. */
  readonly lived: number
}

export interface SessionsPage {
  /** Number of all sessions of the searched gateways, found or not. */
  readonly total: number
  /** Oldest first. */
  readonly sessions: readonly SessionRow[]
  /** The value of `after` for the next page; null: this is the last one. */
  readonly next: number | null
  /** Gateways that were asked and did not answer; their sessions are missing. */
  readonly silent: readonly string[]
}

export interface SessionRow {
  readonly sid: number
  /** The gateway that has it. */
  readonly frontendId: string
  readonly uid: string | null
  /** The client's address; of a client that is away, its last one. */
  readonly address: { readonly ip: string; readonly port: number }
  readonly since: number
  /** Whether its client is connected; if not, the session waits for it. */
  readonly connected: boolean
  /** Requests that wait or run. */
  readonly requests: number
  /** Bytes of its send buffer. */
  readonly sendBytes: number
  /** Bytes of its backlog; 0 without resume. */
  readonly backlogBytes: number
}

export interface SessionDetail extends SessionRow {
  readonly at: number
  readonly protocol: string
  /** Number of changes of the settings and the user so far. */
  readonly version: number
  /** In the order in which the keys were added; the first ones only, if there are very many. */
  readonly settings: readonly SettingRow[]
  readonly settingsTotal: number
  /** Sorted; the first ones only, if there are very many. */
  readonly channels: readonly string[]
  readonly channelsTotal: number
  /** Requests that wait or run, in order; the first ones only, if there are very many. */
  readonly inFlight: readonly RequestRow[]
  /** Send buffer: bytes that wait for the client, and the limit. null: the client is away. */
  readonly sendBuffer: { readonly bytes: number; readonly limit: number } | null
  /** Backlog: bytes and messages that the client has not acknowledged, and the limit. null: no resume. */
  readonly backlog: { readonly bytes: number; readonly messages: number; readonly limit: number } | null
  /**
   * Milliseconds of a ping to the client and back. The gateway pings it only while this address is asked, so
   * that the first answer has null.
   */
  readonly roundTrip: number | null
}

export interface SettingRow {
  readonly key: string
  /** The value as text for people, shortened if it is long. It is JSON where the value is JSON. */
  readonly value: string
  /** Number of characters of the whole value, as it is kept. */
  readonly length: number
  /** The session's version when the key was last changed. */
  readonly version: number
  /** Who pushed it last: a route, or null for the gateway's host and `authenticate`. */
  readonly by: string | null
  /** When it was pushed last. null: not known. */
  readonly at: number | null
}

export interface RequestRow {
  readonly rid: number
  /** The client's id of it; 0: a notify or a hook. */
  readonly id: number
  readonly route: string
  readonly state: 'waiting' | 'handedOut' | 'running'
  /** Milliseconds since it arrived. null: not known. */
  readonly age: number | null
  /** Milliseconds until its deadline. null: it has none. */
  readonly timeLeft: number | null
  /** Index of its worker. null: it waits. */
  readonly worker: number | null
}

export interface RoutesAnswer {
  readonly at: number
  readonly routes: readonly RouteRow[]
}

export interface RouteRow {
  readonly route: string
  readonly file: string
  /** The route's options, as its handler and its folder declare them. */
  readonly options: Readonly<Record<string, string | number | boolean>>
  /** Requests and notifies with an outcome so far. */
  readonly requests: number
  /** Those of them that failed, by the code of the error. */
  readonly errors: Readonly<Record<string, number>>
  readonly queue: Histogram
  readonly run: Histogram
  /** Schemas of the handler. null: it declares none. */
  readonly schema: { readonly body: RouteSchema | null; readonly reply: RouteSchema | null } | null
  /** Milliseconds until a suspended route is tried again; 0: it is not suspended. */
  readonly suspendedFor: number
}

export interface RouteSchema {
  /** JSON Schema; null if the schema's library can't export one. */
  readonly json: unknown
}

export interface LogPage {
  /** Another text after each start of the gateway, which numbers its lines anew. */
  readonly start: string
  /** Oldest first. */
  readonly lines: readonly LogRow[]
  /** What to ask for next as `after`: the number of the last line that was looked at; 0: there is none. */
  readonly last: number
  /** Number of lines that were written after `after` and are forgotten by now. */
  readonly missed: number
}

export interface LogRow {
  /** Number of the line, ascending. */
  readonly n: number
  readonly at: number
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  /** The fields of the line, as text for people. */
  readonly fields: Readonly<Record<string, string>>
}

export interface AuditAnswer {
  /** Changes made by the console, newest first. */
  readonly entries: readonly AuditEntry[]
}

export interface AuditEntry {
  readonly at: number
  /** Who did it: the IP address, and the login or the header `authorization`. */
  readonly by: string
  /** Such as `kick`, `unbind`, `restart`, `profile`, `heapSnapshot`, `resumeRoute`, `login`. */
  readonly action: string
  /** What it was done to, such as `session 12 of ann` or `worker 0`. */
  readonly to: string
  /** `done`, or the code of the error. */
  readonly result: string
}
