/** How busy this gateway is, for the others: read for each hello. */
import { ThreadMeter } from '../../shared/figures/thread-meter.js'
import type { MemberLoad } from './members/membership.js'

export type OwnLoad = Pick<MemberLoad, 'connections' | 'sessions' | 'queueDelay'>

export class LoadMeter {
  readonly #meter = new ThreadMeter()
  readonly #read: () => OwnLoad
  #latest: MemberLoad | undefined

  constructor(read: () => OwnLoad) {
    this.#read = read
  }

  /** Reads the load. The delay of the event loop is that since the last call. */
  read(): MemberLoad {
    const { delayP99, heapUsed } = this.#meter.read()
    this.#latest = { ...this.#read(), eventLoopDelay: Math.round(delayP99 * 1_000), heapUsed }
    return this.#latest
  }

  /** The load when it was read last. */
  get latest(): MemberLoad {
    return this.#latest ?? this.read()
  }

  close(): void {
    this.#meter.close()
  }
}
