/** A join of a cluster that is under way: its bus, and what ends it early. */
import { errors, type GatewayError } from '../../shared/errors.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Bus } from './bus/bus.js'

export class Joining {
  readonly #closing: AbortSignal | undefined
  readonly #controller = new AbortController()
  #isOver = false

  /** @param closing ends the join with `CLOSING` */
  constructor(closing: AbortSignal | undefined) {
    this.#closing = closing
    if (closing?.aborted === true) this.#close()
    else closing?.addEventListener('abort', this.#close)
  }

  /** Is aborted with an error that says why the gateway can't join. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /**
   * Connects to NATS. What NATS does not let this gateway do ends the join; later it is logged. Loads
   * NATS' client only now, so that tests on a bus of their own need none.
   */
  async connect(options: ResolvedOptions): Promise<Bus> {
    const onRefused = (error: GatewayError) => {
      if (this.#isOver) options.log.error(error.message)
      else this.#controller.abort(error)
    }
    const { NatsBus } = await import('./bus/nats-bus.js')
    return NatsBus.connect({ ...options, onRefused }, this.signal)
  }

  /** The gateway has joined, or has given up. */
  end(): void {
    this.#isOver = true
    this.#closing?.removeEventListener('abort', this.#close)
  }

  readonly #close = () => this.#controller.abort(errors.closing())
}
