/**
 * The life of the program: what each signal does, and what becomes of a fault that nothing else has caught.
 * It never ends without a drain, unless somebody asks twice.
 *
 *   starting ──▶ running ──▶ ending ──▶ its exit code
 *       └───────────────────────▲
 */

import type { Gateway } from '../gateway.js'
import { reloadHandlers } from '../reloads.js'
import { leaveFirstSignals } from './first-signals.js'

/** Exit code after a fault of the program's own: EX_SOFTWARE of sysexits.h. */
export const faultCode = 70

/** Milliseconds that a drain may take beyond all its own limits, once there was a fault. */
const faultGrace = 5_000

type ProgramState = 'starting' | 'running' | 'ending'

export class Program {
  readonly #gateway: Gateway
  #state: ProgramState = 'starting'
  #code = 0

  constructor(gateway: Gateway) {
    this.#gateway = gateway
  }

  /** Starts the gateway. Resolves once it runs, or is asked to end instead; rejects if it can't start. */
  async start(): Promise<ProgramState> {
    this.#listen()
    leaveFirstSignals()
    try {
      await this.#gateway.start()
      if (this.#state === 'starting') this.#state = 'running'
    } catch (error) {
      // What has yet to start does not come up once it was told to end.
      if (this.#state !== 'ending') throw error
    }
    return this.#state
  }

  #listen(): void {
    process.on('SIGINT', () => this.#askToEnd(2, () => this.#gateway.close()))
    process.on('SIGTERM', () => this.#askToEnd(15, () => this.#drain()))
    process.on('SIGQUIT', () => this.#askToEnd(3, () => this.#drain()))
    process.on('SIGHUP', () => this.#reload())
    process.on('SIGUSR2', () => this.#gateway.options.log.info('SIGUSR2 means nothing here, and is ignored'))
    // SIGPIPE and SIGXFSZ are ignored by Node: the writes that caused them fail.
    // A promise that nobody has waited for comes here too: Node makes an exception of its rejection.
    process.on('uncaughtException', error => this.#fail(error))
  }

  /** The first signal ends the program in peace, the second at once. */
  #askToEnd(signal: number, end: () => Promise<void>): void {
    if (this.#state === 'ending') process.exit(this.#code === 0 ? 128 + signal : this.#code)
    process.stderr.write('Closing; once more to end at once.\n')
    this.#end(end)
  }

  #end(end: () => Promise<void>): void {
    this.#state = 'ending'
    end().then(
      () => process.exit(this.#code),
      error => this.#fail(error)
    )
  }

  #drain(): Promise<void> {
    return this.#state === 'starting' ? this.#gateway.close() : this.#gateway.drain()
  }

  /** What is in flight is still answered, as far as that goes; a second fault ends all at once. */
  #fail(error: unknown): void {
    const { log, drainTimeout, drainSpread, closeTimeout } = this.#gateway.options
    const isFirst = this.#code === 0
    log.error(
      isFirst
        ? 'A fault that nothing has caught: the gateway drains, and ends with exit code 70'
        : 'One fault more: the gateway ends at once',
      { error }
    )
    if (!isFirst) process.exit(faultCode)
    this.#code = faultCode
    const longest = drainTimeout + drainSpread + 2 * closeTimeout + faultGrace
    setTimeout(() => process.exit(faultCode), longest)
    if (this.#state !== 'ending') this.#end(() => this.#drain())
  }

  /**
   * Reads anew what was renewed: the certificate, if there is one, and the handlers. What is no good is not
   * taken.
   */
  #reload(): void {
    const { log, tlsCert } = this.#gateway.options
    if (this.#state !== 'running') {
      return log.info(`SIGHUP is ignored: the gateway is ${this.#state}`)
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
