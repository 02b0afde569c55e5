/**
 * The log's lines about connections, sessions, requests, workers and reloads, at the level `debug`.
 *
 * There is an object of this class if `logLevel` is `debug`, and none otherwise: then nothing is measured or
 * built for these lines. No line contains a body, a setting or a token.
 */
import type { GatewayError } from '../../shared/errors.js'
import { type Logger, nameSession } from '../../shared/text/log.js'
import type { ConnectionWatcher } from '../connections/connection-parts.js'
import type { RequestWatcher } from '../dispatch/open-requests.js'
import type { WorkerWatcher } from '../dispatch/worker-reports.js'
import type { RefusalWatcher } from '../intake/intake.js'
import type { ClientAddress } from '../options/options.js'
import type { Worker } from '../pool/worker.js'
import type { Registry } from '../sessions/registry.js'
import { describeOutcome, type Outcome, type Request } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'

export class DebugLines implements ConnectionWatcher, RefusalWatcher, RequestWatcher, WorkerWatcher {
  readonly #log: Logger
  readonly #monotonic: () => number
  /** When each worker began to start. */
  readonly #since = new WeakMap<Worker, number>()

  constructor(log: Logger, monotonic: () => number) {
    this.#log = log
    this.#monotonic = monotonic
  }

  connectionOpened({ ip, port }: ClientAddress): void {
    this.#log.debug('A connection was opened', { ip, port })
  }

  connectionClosed({ ip, port }: ClientAddress, code: number, reason: string): void {
    this.#log.debug('A connection was closed', { ip, port, code, reason })
  }

  /** Writes lines about the sessions of a registry. */
  follow(registry: Registry): void {
    registry.on('opened', (session, { protocol }) =>
      this.#tell('A session was opened', session, { ...session.receiver?.address, protocol })
    )
    registry.on('bind', session => this.#tell('A session was bound', session))
    registry.on('unbind', (session, uid) => this.#tell('A session was unbound', session, { from: uid }))
    registry.on('dropped', (session, reason, endsAt) =>
      this.#tell('A session waits for its client', session, { reason, until: new Date(endsAt).toISOString() })
    )
    registry.on('resumed', (session, { protocol }) =>
      this.#tell('A session was resumed', session, { ...session.receiver?.address, protocol })
    )
    registry.on('moved', (session, to) =>
      this.#tell('A session has gone to another gateway', session, { to })
    )
    registry.on('movedIn', (session, from) =>
      this.#tell('A session has come from another gateway', session, { from })
    )
    registry.on('closed', (session, reason) => this.#tell('A session was closed', session, { reason }))
  }

  requestDecided(request: Request, outcome: Outcome | undefined, now: number): void {
    const told = { ...request.timesAt(now), outcome: describeOutcome(outcome) }
    this.#log.debug('A request is done', { ...request.names, ...told })
  }

  requestRefused(session: Session, route: string | number, { code, message }: GatewayError): void {
    this.#tell('A request was refused', session, { route, code, error: message })
  }

  workerStarts(worker: Worker): void {
    this.#since.set(worker, this.#monotonic())
    this.#log.debug('A worker starts', { worker: worker.index })
  }

  workerUp(worker: Worker): void {
    const { index, routes } = worker
    this.#log.debug('A worker is up', { worker: index, ms: this.#elapsed(worker), routes: routes.length })
  }

  workerEnded(worker: Worker, cause: Error): void {
    // The cause of an end that the gateway asked for says nothing.
    const why =
      worker.ending.by === 'gateway' ? 'the gateway has ended it' : worker.ending.describe(cause).cause
    this.#log.debug('A worker has ended', { worker: worker.index, ms: this.#elapsed(worker), cause: why })
  }

  /** Runs a reload, between two lines. */
  async reload(run: () => Promise<void>): Promise<void> {
    const startedAt = this.#monotonic()
    this.#log.debug('A reload begins')
    let outcome = 'failed'
    try {
      await run()
      outcome = 'done'
    } finally {
      this.#log.debug('A reload is over', { ms: this.#msSince(startedAt), outcome })
    }
  }

  #tell(message: string, session: Session, more: object = {}): void {
    this.#log.debug(message, { ...nameSession(session), ...more })
  }

  #elapsed(of: Worker): number {
    return this.#msSince(this.#since.get(of) ?? this.#monotonic())
  }

  #msSince(time: number): number {
    return Math.round((this.#monotonic() - time) * 10) / 10
  }
}
