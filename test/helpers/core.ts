/**
 * The gateway's core without sockets and without threads: sessions whose replies are kept, and workers that do what a
 * test tells them, claim by claim.
 */

import { Dispatcher } from '../../gateway/dispatch/dispatcher.js'
import { OpenRequests } from '../../gateway/dispatch/open-requests.js'
import { SessionHooks } from '../../gateway/intake/session-hooks.js'
import type { Transport, TransportInit } from '../../gateway/isolation/transport.js'
import { EventOperations } from '../../gateway/operations/event-operations.js'
import { OperationAcks } from '../../gateway/operations/operation-acks.js'
import { Operations } from '../../gateway/operations/operations.js'
import { Pool } from '../../gateway/pool/pool.js'
import { Suspensions } from '../../gateway/pool/suspensions.js'
import { Worker } from '../../gateway/pool/worker.js'
import type { WorkerListener } from '../../gateway/pool/worker-listener.js'
import { Channels } from '../../gateway/sessions/channels.js'
import { Registry } from '../../gateway/sessions/registry.js'
import { RouteTable } from '../../gateway/sessions/routes.js'
import type { Session } from '../../gateway/sessions/session.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'
import type { ErrorData } from '../../shared/errors.js'
import { type Batch, type RequestHead, readBatch, type TurnTask } from '../../shared/link/batch.js'
import { claim, readRunning } from '../../shared/link/claims.js'
import type { RouteHello } from '../../shared/link/hello.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import { Outbox } from '../../shared/link/outbox-writer.js'
import type { RouteOptions } from '../../shared/link/route-options.js'
import { createLogger } from '../../shared/text/log.js'

const limits = { maxSettingsLength: 1_000, maxSettingsKeys: 100 }

/** A worker without a thread. */
export class ScriptedWorker implements Transport {
  readonly index: number
  /** Turns that it was given, oldest first. */
  readonly turns: TurnTask[] = []
  readonly inbox: InboxMessage[] = []
  readonly outbox = new Outbox()
  readonly #init: TransportInit
  readonly #startsAtOnce: boolean
  /** How many requests of a turn it has claimed, by the turn's view. */
  readonly #claimed = new Map<number, number>()
  hasEnded = false

  constructor(init: TransportInit, startsAtOnce: boolean) {
    this.#startsAtOnce = startsAtOnce
    this.index = init.setup.index
    this.#init = init
  }

  get running(): number {
    return readRunning(this.#init.setup.claims)
  }

  hello(routes: readonly RouteHello[], hooks: readonly RouteHello[] = [], stops = false): void {
    this.#init.onMessage({ kind: 'hello', routes, hooks, stops })
  }

  run(batch: Batch): void {
    this.turns.push(...readBatch(batch))
  }

  post(message: InboxMessage): void {
    this.inbox.push(message)
  }

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

  /** Claims a turn's next request; undefined: none is left, or it was taken back, which it then says. */
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

  /** Sends what is in the outbox. */
  flush(): void {
    if (!this.outbox.isEmpty) this.#init.onMessage(this.outbox.take())
  }

  /** Says that it takes another batch. */
  ready(started = 0, micros = 0): void {
    this.outbox.ready(started, micros)
    this.flush()
  }

  /** Runs all that it was given, each to a reply with the request's body. */
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

/** A session, and what its client got. */
export interface CoreSession {
  readonly session: Session
  readonly replies: Reply[]
  /** `pause` and `resume`, in order. */
  readonly reading: string[]
  /** How it was ended. */
  readonly endings: { readonly code: number; readonly reason: string | null }[]
}

export interface CoreOptions {
  readonly workers?: number
  readonly laneLimit?: number
  /** Milliseconds; 0 by default. */
  readonly maxQueueDelay?: number
  /** Whether workers share no memory with the gateway; false by default. */
  readonly isProcess?: boolean
  /** Handlers that may hang in a worker; 1,000 by default. */
  readonly maxGivenUpHandlers?: number
  /** Hooks of sessions, by their routes. */
  readonly hooks?: readonly string[]
  /** Routes with their options. */
  readonly routes?: Readonly<Record<string, RouteOptions>>
}

export interface Core {
  readonly registry: Registry
  readonly dispatcher: Dispatcher
  readonly pool: Pool
  readonly requests: OpenRequests
  readonly metrics: Metrics
  /** Every worker that was ever started, in order. */
  readonly workers: ScriptedWorker[]
  /** The present time of its clock. */
  clock: number
  /** Whether workers that start from now on end at once. */
  failStarts: boolean
  /** Whether those can't be started at all. */
  throwStarts: boolean
  connect(): CoreSession
  /** Sends a request; its body is what a scripted worker replies with. */
  request(to: CoreSession, id: number, route?: string): void
  close(): Promise<void>
}

/** Lets everything that was put off to the next tick happen. */
export function tick(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

export async function startCore({
  workers = 2,
  laneLimit = 64,
  maxQueueDelay = 0,
  isProcess = false,
  maxGivenUpHandlers = 1_000,
  hooks = [],
  routes = { a: {}, short: { timeout: 50 } }
}: CoreOptions = {}): Promise<Core> {
  const metrics = new Metrics()
  const log = createLogger('silent', () => {})
  const table = new RouteTable()
  const hello = Object.entries(routes).map(([route, options]) => ({ route, file: 'scripted', options }))
  const started: ScriptedWorker[] = []
  const helloOfHooks = hooks.map(route => ({ route, file: '_hooks', options: {} }))
  const monotonic = () => core.clock
  const registry = new Registry({ frontendId: 'g', singleSession: 'off', metrics, now: () => 1_000 })
  const channels = new Channels({ maxChannels: 10, maxMembers: 10 })
  let serial = 0
  const start = (index: number): Worker =>
    new Worker({
      serial: ++serial,
      setup: {
        index,
        frontendId: 'g',
        handlers: '',
        typescriptLoaders: [],
        ...limits,
        maxBodyBytes: 1_000,
        maxBodyDepth: 64,
        maxOperationsPerRequest: 0,
        pulseInterval: 0,
        isDevelopment: false
      },
      isProcess,
      stopTimeout: 1_000,
      maxGivenUpHandlers,
      start: init => {
        if (core?.throwStarts === true) throw new Error('EAGAIN')
        const worker = new ScriptedWorker(init, isProcess)
        started.push(worker)
        queueMicrotask(() => {
          if (core?.failStarts === true) worker.die(new Error('it does not start'))
          else worker.hello(hello, helloOfHooks)
        })
        return worker
      },
      listener,
      operations: (source, inbox) => {
        const answers = new OperationAcks({ frontendId: 'g', source, inbox, metrics, log })
        return {
          answers,
          sessions: new Operations({ answers, registry, metrics, limits }),
          events: new EventOperations({ answers, registry, channels, metrics })
        }
      }
    })
  const pool: Pool = new Pool({
    size: workers,
    metrics,
    startTimeout: 1_000,
    log,
    start,
    onOffer: offered => {
      table.offer(offered.routes)
      sessionHooks.offer(offered.hooks)
      dispatcher.pumpSoon()
    },
    onFailure: place => dispatcher.placeFailed(place)
  })
  const requests = new OpenRequests({ metrics, log, laneLimit })
  const suspensions = new Suspensions({ metrics, log, monotonic })
  const dispatcher = new Dispatcher({
    pool,
    requests,
    metrics,
    suspensions,
    log,
    monotonic,
    maxQueueDelay
  })
  const listener: WorkerListener = {
    workerUp: worker => pool.workerUp(worker),
    workerReady: (...ready) => dispatcher.workerReady(...ready),
    workerOutcome: (...outcome) => dispatcher.workerOutcome(...outcome),
    workerSlotDone: (...released) => dispatcher.workerSlotDone(...released),
    workerWornOut: worker => pool.renew(worker, 'handlers hang in it'),
    workerLog: () => {},
    workerEnded: (worker, cause) => {
      pool.workerEnded(worker, cause)
      dispatcher.workerEnded(worker, cause)
    }
  }
  const sessionHooks = new SessionHooks({
    registry,
    dispatcher,
    suspensions,
    requestTimeout: 10_000,
    log,
    monotonic
  })
  const core: Core = {
    registry,
    dispatcher,
    pool,
    requests,
    metrics,
    workers: started,
    clock: 1_000,
    failStarts: false,
    throwStarts: false,
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
        event: () => true,
        end: (code, reason) => endings.push({ code, reason }),
        pause: () => reading.push('pause'),
        resume: () => reading.push('resume')
      })
      return { session, replies, reading, endings }
    },
    request({ session }, id, route = 'a') {
      const found = table.find(route)!
      dispatcher.add({
        session,
        route: found,
        id,
        flags: 0,
        body: `${session.sid}:${id}`,
        timeout: found.options.timeout ?? 10_000,
        now: core.clock
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
