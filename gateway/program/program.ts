/**
 * The life of the program: its reactions to signals and to uncaught exceptions.
 *
 * SIGTERM, SIGQUIT and an uncaught exception drain the gateway before the process ends; SIGINT closes it,
 * with a shorter wait. A second signal, or a second exception, ends the process at once.
 *
 *   starting ──▶ running ──▶ ending ──▶ its exit code
 *       └───────────────────────▲
 */

import { constants } from 'node:os'
import { longestTimer } from '../../shared/with-timeout.js'
import { followKeys } from '../development/keys.js'
import type { Gateway } from '../gateway.js'
import { reloadHandlers } from '../reloads.js'
import { hasLeft } from '../telemetry/output.js'
import { leaveFirstSignals } from './first-signals.js'

/** Exit code after an uncaught exception: EX_SOFTWARE of sysexits.h. */
export const faultCode = 70

/** Milliseconds that a drain after an uncaught exception may take beyond all its own limits. */
const faultGrace = 5_000

/**
 * Milliseconds within which the same signal counts once. `timeout` of GNU sends SIGTERM to its program and
 * then to the whole group; so do other programs that end one.
 */
const doubledWithin = 200

/** Milliseconds that the end of the process waits for readers of its output. */
const outputGrace = 2_000

type ProgramState = 'starting' | 'running' | 'ending'

export class Program {
  readonly #gateway: Gateway
  #state: ProgramState = 'starting'
  #code = 0
  /** The signal that has asked the program to end, and when it came. A fault ends the program, too. */
  #asked: { readonly signal: NodeJS.Signals; readonly at: number } | undefined

  constructor(gateway: Gateway) {
    this.#gateway = gateway
  }

  /**
   * Starts the gateway. Resolves when it runs, or when a signal has ended the start. Rejects if it cannot
   * start.
   */
  async start(): Promise<ProgramState> {
    this.#listen()
    leaveFirstSignals()
    try {
      await this.#gateway.start()
      if (this.#state === 'starting') this.#state = 'running'
    } catch (error) {
      // If a signal has ended the start, this error is expected.
      if (this.#state !== 'ending') throw error
    }
    return this.#state
  }

  #listen(): void {
    process.on('SIGINT', signal => this.#askToEnd(signal, () => this.#gateway.close()))
    process.on('SIGTERM', signal => this.#askToEnd(signal, () => this.#drain()))
    process.on('SIGQUIT', signal => this.#askToEnd(signal, () => this.#drain()))
    process.on('SIGHUP', () => this.#reload('SIGHUP'))
    if (this.#gateway.options.dev) followKeys(() => this.#reload('r'))
    process.on('SIGUSR2', () => this.#gateway.options.log.info('SIGUSR2 means nothing here, and is ignored'))
    // Node ignores SIGPIPE and SIGXFSZ: the writes that caused them fail instead. Node also reports the
    // unhandled rejection of a promise as an uncaught exception.
    process.on('uncaughtException', error => this.#fail(error))
  }

  /** Ends the program gracefully at the first signal, and immediately at the second. */
  #askToEnd(signal: NodeJS.Signals, end: () => Promise<void>): void {
    const { log, monotonic } = this.#gateway.options
    if (this.#asked !== undefined) {
      if (signal === this.#asked.signal && monotonic() - this.#asked.at < doubledWithin) return
      const { requestsRunning, connections } = this.#gateway.metrics()
      const cut = { requestsRunning, connections }
      log.warn('The gateway was asked to end once more, and ends at once', { signal, ...cut })
      process.exit(this.#code === 0 ? 128 + constants.signals[signal] : this.#code)
    }
    this.#asked = { signal, at: monotonic() }
    log.info('The gateway was asked to end', { signal })
    if (this.#state === 'ending') return
    if (process.stderr.isTTY) process.stderr.write('Closing; once more to end at once.\n')
    this.#end(end)
  }

  #end(end: () => Promise<void>): void {
    // The end depends on the state before it.
    const ended = end()
    this.#state = 'ending'
    ended.then(
      () => this.#exit(),
      error => this.#endFailed(error)
    )
  }

  /** Ends the process when its output has left: the last lines of handlers and of the log. */
  async #exit(): Promise<void> {
    await Promise.all([process.stdout, process.stderr].map(stream => hasLeft(stream, outputGrace)))
    process.exit(this.#code)
  }

  /** Ends the process, since nothing is left to wait for. */
  #endFailed(error: unknown): Promise<void> {
    this.#gateway.options.log.error('The gateway has not ended as it should: exit code 70', { error })
    this.#code = faultCode
    return this.#exit()
  }

  #drain(): Promise<void> {
    return this.#state === 'starting' ? this.#gateway.close() : this.#gateway.drain()
  }

  /**
   * Drains the gateway after an uncaught exception, as far as that works. A second exception ends the process
   * immediately.
   */
  #fail(error: unknown): void {
    const { log } = this.#gateway.options
    const isFirst = this.#code === 0
    log.error(
      isFirst
        ? 'A fault that nothing has caught: the gateway drains, and ends with exit code 70'
        : 'One fault more: the gateway ends at once',
      { error }
    )
    if (!isFirst) process.exit(faultCode)
    this.#code = faultCode
    setTimeout(() => process.exit(faultCode), longestDrain(this.#gateway.options))
    if (this.#state !== 'ending') this.#end(() => this.#drain())
  }

  /**
   * Reloads the certificate, if there is one, and the handlers. Keeps the old ones if the new ones are
   * invalid.
   */
  #reload(cause: string): void {
    const { log, tlsCert } = this.#gateway.options
    if (this.#state !== 'running') {
      if (this.#gateway.tryStartAgain()) return
      return log.info(`${cause} is ignored: the gateway is ${this.#state}`)
    }
    if (tlsCert !== '') this.#reloadCertificate()
    void reloadHandlers(this.#gateway)
  }

  #reloadCertificate(): void {
    try {
      this.#gateway.reloadCertificate()
    } catch (error) {
      this.#gateway.options.log.error('The new certificate is not taken; the old one goes on', {
        error: (error as Error).message
      })
    }
  }
}

/**
 * Returns the milliseconds after which a drain is certainly over: the sum of its limits. A gateway of a
 * cluster also hands over sessions.
 */
function longestDrain(options: Gateway['options']): number {
  const { drainTimeout, drainSpread, closeTimeout, handoverTimeout } = options
  const handover = options.nats !== 'none' ? drainSpread + handoverTimeout : 0
  return Math.min(drainTimeout + drainSpread + 4 * closeTimeout + handover + faultGrace, longestTimer)
}
