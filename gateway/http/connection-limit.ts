/**
 * The limit of all TCP connections to a port: what its option says, or what the open files of the process
 * allow, whichever is lower. Owned by TcpConnections, which asks before it takes a connection.
 */
import type { Logger } from '../../shared/text/log.js'
import { countFreeSockets } from '../limits/open-files.js'
import { SeldomLine } from '../telemetry/seldom-line.js'

export interface ConnectionLimitInit {
  /** 0 allows any number. */
  readonly maxConnections: number
  /** What sets `maxConnections`, for the log. Default: the option of that name. */
  readonly limitName?: string
  /** Number of workers, which need files too. Default: 0. */
  readonly workers?: number
  readonly isProduction: boolean
  readonly log: Logger
  readonly monotonic: () => number
}

const byFiles = 'the open files that the process may have (ulimit -n)'

export class ConnectionLimit {
  readonly #log: Logger
  readonly #workers: number
  readonly #isProduction: boolean
  readonly #full: SeldomLine
  #most: number
  #by: string

  constructor(init: ConnectionLimitInit) {
    this.#log = init.log
    this.#workers = init.workers ?? 0
    this.#isProduction = init.isProduction
    this.#full = new SeldomLine('The limit of connections is reached', init)
    this.#most = init.maxConnections || Number.POSITIVE_INFINITY
    this.#by = init.limitName ?? 'maxConnections'
  }

  /** Number of connections that are taken at most; Infinity if nothing limits it. */
  get most(): number {
    return this.#most
  }

  /** What sets the limit, in words. */
  get by(): string {
    return this.#by
  }

  /** Counts the free files. Called after the port and all other files are open. */
  start(): void {
    const files = countFreeSockets(this.#workers) ?? Number.POSITIVE_INFINITY
    if (files >= this.#most) return
    // Without a limit of its own, the port takes what the system allows: nothing is lowered.
    // On the machine of a developer nobody has to raise it.
    if (Number.isFinite(this.#most) && this.#isProduction) {
      const fields = { connections: files, [this.#by]: this.#most, by: byFiles }
      this.#log.info('The limit of connections is lower than its option', fields)
    }
    this.#most = files
    this.#by = byFiles
  }

  /** Tells the log, now and then, that the limit is reached. `by`: why, if not because of the limit. */
  tell(connections: number, by = this.#by): void {
    this.#full.tell({ connections, by })
  }
}
