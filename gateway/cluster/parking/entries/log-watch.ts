/** Notices when the store of sessions was made anew, so that all that it had is lost. */
import type { Timing } from '../../link/link-host.js'
import type { ParkedLog } from './parked-log.js'

/** Milliseconds between two looks while nothing seems to have happened. */
const lookInterval = 10_000

export class LogWatch {
  readonly #log: Pick<ParkedLog, 'madeAt'>
  readonly #timing: Pick<Timing, 'monotonic'>
  #madeAt: number | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  #isLooking = false

  constructor(log: Pick<ParkedLog, 'madeAt'>, timing: Pick<Timing, 'monotonic'>) {
    this.#log = log
    this.#timing = timing
  }

  /** Whether it is time for a look, and none is under way. */
  get isDue(): boolean {
    return !this.#isLooking && this.#timing.monotonic() - this.#lookedAt > lookInterval
  }

  /** Resolves to whether the log is another than at the last look. `undefined`: no answer. */
  async isAnother(): Promise<boolean | undefined> {
    this.#isLooking = true
    this.#lookedAt = this.#timing.monotonic()
    const madeAt = await this.#log.madeAt()
    this.#isLooking = false
    if (madeAt === undefined) {
      // Such as right after NATS is back, and has lost the log: the next look is to come soon.
      this.#lookedAt = Number.NEGATIVE_INFINITY
      return undefined
    }
    const before = this.#madeAt
    this.#madeAt = madeAt
    return before !== undefined && before !== madeAt
  }
}
