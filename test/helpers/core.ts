/**
 * The gateway's core with scripted workers instead of threads. It is assembled by the code that production
 * uses. Sessions keep their replies, and workers do what a test tells them, claim by claim.
 */

import { Core as GatewayCore } from '../../gateway/core.js'
import type { RequestWatcher } from '../../gateway/dispatch/open-requests.js'
import { showCoreGauges } from '../../gateway/gauges.js'
import type { Transport, TransportInit } from '../../gateway/isolation/transport.js'
import { Registry } from '../../gateway/sessions/registry.js'
import type { Session } from '../../gateway/sessions/session.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'
import type { ErrorData } from '../../shared/errors.js'
import type { WorkerQuestion } from '../../shared/examination/question.js'
import { type Batch, type RequestHead, readBatch, type TurnTask } from '../../shared/link/batch.js'
import { claim, readRunning } from '../../shared/link/claims.js'
import type { RouteHello } from '../../shared/link/hello.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import { Outbox } from '../../shared/link/outbox-writer.js'
import type { RouteOptions } from '../../shared/link/route-options.js'
import { createLogger, type FullLogger } from '../../shared/text/log.js'

const limits = { maxSettingsLength: 1_000, maxSettingsKeys: 100 }

/** A worker without a thread. */
export class ScriptedWorker implements Transport {
  readonly index: number
  /** Turns that it has received, oldest first. */
  readonly turns: TurnTask[] = []
  readonly inbox: InboxMessage[] = []
  readonly outbox = new Outbox()
  readonly #init: TransportInit
  readonly #startsAtOnce: boolean
  /** Number of requests of a turn that it has claimed, by `viewId`. */
  readonly #claimed = new Map<number, number>()
  hasEnded = false
  /** Whether it has told what it offers. */
  isUp = false
  /** Tells what the workers of this core offer. */
  comeUp = (): void => {}

  constructor(init: TransportInit, startsAtOnce: boolean) {
    this.#startsAtOnce = startsAtOnce
    this.index = init.setup.index
    this.#init = init
  }

  get running(): number {
    return readRunning(this.#init.setup.claims)
  }

  hello(routes: readonly RouteHello[], hooks: readonly RouteHello[] = [], stops = false): void {
    this.isUp = true
    this.#init.onMessage({ kind: 'hello', routes, hooks, stops, notes: [] })
  }

  run(batch: Batch): void {
    this.turns.push(...readBatch(batch))
  }

  post(message: InboxMessage): void {
    this.inbox.push(message)
  }

  /** Answers a question about the worker. A test may put its own in place. */
  ask: (question: WorkerQuestion) => Promise<unknown> = async () => null

  async stop(): Promise<void> {}

  async terminate(): Promise<void> {
    this.die(new Error('terminated'))
  }

  die(cause: Error): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.flush()
    this.#init.onEnd(cause)
  }

  /**
   * Claims a turn's next request. undefined: none is left, or the rest was taken back, which the worker then
   * reports.
   */
  claimNext(turn: TurnTask): RequestHead | undefined {
    const next = this.#claimed.get(turn.viewId) ?? 0
    if (next >= turn.requests.length) return undefined
    if (!this.#startsAtOnce && !claim(this.#init.setup.claims, turn.slot, next)) {
      this.#claimed.set(turn.viewId, turn.requests.length)
      this.outbox.slotDone(turn.slot)
      this.flush()
      return undefined
    }
    this.#claimed.set(turn.viewId, next + 1)
    return turn.requests[next]
  }

  /** Sends a message, also one that no worker would send. */
  send(message: unknown): void {
    this.#init.onMessage(message)
  }

  /** Sends the content of the outbox. */
  flush(): void {
    if (!this.outbox.isEmpty) this.#init.onMessage(this.outbox.take())
  }

  /** Reports that the worker accepts another batch. */
  ready(started = 0, micros = 0): void {
    this.outbox.ready(started, micros)
    this.flush()
  }

  /** Begins all requests that it has received, and ends none. Returns their number. */
  begin(): number {
    let begun = 0
    for (const turn of this.turns.splice(0)) while (this.claimNext(turn) !== undefined) begun++
    this.ready(begun, begun)
    return begun
  }

  /** Runs all requests that it has received. Each is answered with its own body. */
  runAll(): RequestHead[] {
    const ran: RequestHead[] = []
    for (const turn of this.turns.splice(0)) {
      for (let request = this.claimNext(turn); request !== undefined; request = this.claimNext(turn)) {
        ran.push(request)
        this.outbox.reply(request.rid, request.body)
      }
    }
    this.flush()
    this.ready(ran.length, ran.length)
    return ran
  }
}

export interface Reply {
  readonly id: number
  readonly body?: string
  readonly error?: ErrorData
}

/** A session, with the messages that its client received. */
export interface CoreSession {
  readonly session: Session
  readonly replies: Reply[]
  /** Calls of `pause` and `resume`, in order. */
  readonly reading: string[]
  /** The ends that the client was told. */
  readonly endings: { readonly code: number; readonly reason: string | null }[]
}

export interface CoreOptions {
  readonly workers?: number
  readonly laneLimit?: number
  /** Maximum wait in the queue, in milliseconds; 0 by default. */
  readonly maxQueueDelay?: number
  /** Whether workers share no memory with the gateway; false by default. */
  readonly isProcess?: boolean
  /** Number of handlers that may hang in a worker; 1,000 by default. */
  readonly maxGivenUpHandlers?: number
  /** Routes of the session hooks that workers offer. */
  readonly hooks?: readonly string[]
  /** Options of the hooks of a folder, by the folder's name. */
  readonly hookOptions?: Readonly<Record<string, RouteOptions>>
  /** Watchers of requests. */
  readonly requestWatchers?: readonly RequestWatcher[]
  /** The log; nothing is logged by default. */
  readonly log?: FullLogger
  /** Routes that workers offer, with their options. */
  readonly routes?: Readonly<Record<string, RouteOptions>>
}

export interface Core
  extends Pick<
    GatewayCore,
    | 'registry'
    | 'hooks'
    | 'dispatcher'
    | 'queue'
    | 'deadlines'
    | 'pool'
    | 'requests'
    | 'suspensions'
    | 'watchers'
  > {
  readonly metrics: Metrics
  /** All workers that were ever started, in order. */
  readonly workers: ScriptedWorker[]
  /** The present time of its clock. */
  clock: number
  /** Whether workers that are started from now on end at once. */
  failStarts: boolean
  /** Whether the start of a worker throws from now on. */
  throwStarts: boolean
  /** Whether workers that are started from now on come up only by `comeUp`. */
  holdStarts: boolean
  connect(): CoreSession
  /** Sends a request. A scripted worker replies with its body. */
  request(to: CoreSession, id: number, route?: string, traceparent?: string): void
  close(): Promise<void>
}

/** Resolves in the next iteration of the event loop, after all callbacks that were deferred to it. */
export function tick(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** Lets pass what is deferred in a row: promises, and then an end in the next tick. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await tick()
}

export async function startCore({
  workers = 2,
  laneLimit = 64,
  maxQueueDelay = 0,
  isProcess = false,
  maxGivenUpHandlers = 1_000,
  hooks = [],
  hookOptions = {},
  requestWatchers = [],
  log = createLogger('silent', () => {}),
  routes = { a: {}, short: { timeout: 50 } }
}: CoreOptions = {}): Promise<Core> {
  const metrics = new Metrics()
  const hello = Object.entries(routes).map(([route, options]) => ({ route, file: 'scripted', options }))
  const helloOfHooks = hooks.map(route => ({
    route,
    file: '_hooks',
    options: hookOptions[route.split('.')[0]!] ?? {}
  }))
  const started: ScriptedWorker[] = []
  const registry = new Registry({
    frontendId: 'g',
    singleSession: 'off',
    maxResumeWindow: 0,
    metrics,
    now: () => 1_000
  })
  const parts = new GatewayCore({
    options: {
      ...limits,
      frontendId: 'g',
      events: 'none',
      handlers: '',
      isolation: isProcess ? 'process' : 'thread',
      workers,
      startTimeout: 1_000,
      closeTimeout: 1_000,
      requestTimeout: 10_000,
      maxBodyBytes: 1_000,
      maxBodyDepth: 64,
      maxOperationsPerRequest: 0,
      maxGivenUpHandlers,
      maxChannels: 10,
      maxMembers: 10,
      stuckAfter: 0,
      workerHeap: 0,
      laneLimit,
      maxQueueDelay,
      dev: false,
      workerArgv: undefined,
      log,
      monotonic: () => core.clock
    },
    metrics,
    registry,
    requestWatchers,
    startTransport: init => {
      if (core.throwStarts) throw new Error('EAGAIN')
      const worker = new ScriptedWorker(init, isProcess)
      started.push(worker)
      worker.comeUp = () => {
        if (core.failStarts) worker.die(new Error('it does not start'))
        else worker.hello(hello, helloOfHooks)
      }
      if (!core.holdStarts) queueMicrotask(worker.comeUp)
      return worker
    }
  })
  const {
    hooks: sessionHooks,
    dispatcher,
    queue,
    deadlines,
    pool,
    requests,
    suspensions,
    watchers,
    routes: table
  } = parts
  showCoreGauges(metrics, parts, () => core.clock)
  const core: Core = {
    registry,
    hooks: sessionHooks,
    dispatcher,
    queue,
    deadlines,
    pool,
    requests,
    suspensions,
    watchers,
    metrics,
    workers: started,
    clock: 1_000,
    failStarts: false,
    throwStarts: false,
    holdStarts: false,
    connect() {
      const replies: Reply[] = []
      const reading: string[] = []
      const endings: CoreSession['endings'] = []
      const session = registry.open({
        readsRich: false,
        address: { ip: '127.0.0.1', port: 1 },
        reply: (id, body) => replies.push({ id, body }),
        error: (id, error) => replies.push({ id, error }),
        isConnected: true,
        inspect: () => ({ sendBytes: 0, backlog: null, roundTrip: null }),
        event: () => true,
        end: (code, reason) => endings.push({ code, reason }),
        pause: () => reading.push('pause'),
        resume: () => reading.push('resume')
      })
      return { session, replies, reading, endings }
    },
    request({ session }, id, route = 'a', traceparent = undefined) {
      const found = table.find(route)!
      dispatcher.add({
        session,
        route: found,
        id,
        flags: 0,
        body: `${session.sid}:${id}`,
        timeout: found.options.timeout ?? 10_000,
        now: core.clock,
        traceparent
      })
    },
    async close() {
      dispatcher.close()
      await pool.close()
    }
  }
  await pool.start()
  await tick()
  return core
}
