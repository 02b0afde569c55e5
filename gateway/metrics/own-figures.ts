/** The figures of the gateway's own thread, read every few seconds while there is an internal port. */
import { figuresInterval, type ThreadFigures } from '../../shared/figures/thread-figures.js'
import { ThreadMeter } from '../../shared/figures/thread-meter.js'

export class OwnFigures {
  readonly #meter = new ThreadMeter()
  #latest = this.#meter.read()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => {
      this.#latest = this.#meter.read()
    }, figuresInterval).unref()
  }

  /** The figures of the last reading. */
  get latest(): ThreadFigures {
    return this.#latest
  }

  close(): void {
    clearInterval(this.#timer)
    this.#meter.close()
  }
}
