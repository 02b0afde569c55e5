/** When the requests of an open loop are due, and on which socket: drawn before the clock starts, from a seed. */

export interface Arrival {
  /** Milliseconds from the beginning. */
  readonly at: number
  /** Which of the sockets, from 0. */
  readonly socket: number
  /** Whether it is one of those that take long. */
  readonly isHeavy: boolean
}

export interface ArrivalsInit {
  /** The same seed gives the same arrivals. */
  readonly seed: number
  /** How many a second, on average. */
  readonly rate: number
  readonly seconds: number
  readonly sockets: number
  /** The share of requests that take long. */
  readonly heavyShare: number
}

/** A Poisson process: whoever comes knows nothing of the others, and comes to any socket. */
export function drawArrivals({ seed, rate, seconds, sockets, heavyShare }: ArrivalsInit): Arrival[] {
  const random = createRandom(seed)
  const arrivals: Arrival[] = []
  const mean = 1000 / rate
  // 1 - random() is never 0, whose logarithm would be no time at all.
  const nextGap = () => -Math.log(1 - random()) * mean
  for (let at = nextGap(); at < seconds * 1000; at += nextGap()) {
    arrivals.push({ at, socket: Math.floor(random() * sockets), isHeavy: random() < heavyShare })
  }
  return arrivals
}

/** Mulberry32: numbers from 0 to below 1 that are even enough for this, and the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
