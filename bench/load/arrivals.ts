/**
 * The arrivals of an open loop: when a request is due, and on which socket. They are drawn from a seed before
 * the clock starts.
 */

export interface Arrival {
  /** Due time in milliseconds from the start. */
  readonly at: number
  /** Index of the socket, from 0. */
  readonly socket: number
  /** Whether it is a slow request. */
  readonly isHeavy: boolean
}

export interface ArrivalsInit {
  /** The same seed results in the same arrivals. */
  readonly seed: number
  /** Arrivals in a second, on average. */
  readonly rate: number
  readonly seconds: number
  readonly sockets: number
  /** Share of slow requests. */
  readonly heavyShare: number
}

/** Draws a Poisson process: arrivals are independent, and each is on a random socket. */
export function drawArrivals({ seed, rate, seconds, sockets, heavyShare }: ArrivalsInit): Arrival[] {
  const random = createRandom(seed)
  const arrivals: Arrival[] = []
  const mean = 1000 / rate
  // 1 - random() is never 0, whose logarithm would be infinite.
  const nextGap = () => -Math.log(1 - random()) * mean
  for (let at = nextGap(); at < seconds * 1000; at += nextGap()) {
    arrivals.push({ at, socket: Math.floor(random() * sockets), isHeavy: random() < heavyShare })
  }
  return arrivals
}

/**
 * Creates a Mulberry32 generator: numbers from 0 up to 1, uniform enough for this use, and the same for the
 * same seed.
 */
function createRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
