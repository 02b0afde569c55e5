/** Trend of a process's memory: a line through the second half of its samples, by least squares. */

export interface Sample {
  /** Milliseconds since the run began. */
  readonly ms: number
  readonly bytes: number
}

export interface Trend {
  readonly samples: number
  /** MiB of the first sample of the second half, and of the last. */
  readonly from: number
  readonly to: number
  /** MiB by which the line rises in an hour. */
  readonly perHour: number
}

const mib = 2 ** 20
const hour = 3_600_000
/** Minimum number of samples in the second half: fewer say nothing. */
const leastSamples = 5

/**
 * Measures the trend. Leaves the first half out, in which code is compiled, and buffers and tables grow to
 * the size that the load needs.
 */
export function measureTrend(samples: readonly Sample[]): Trend {
  const half = samples.slice(Math.floor(samples.length / 2))
  if (half.length < leastSamples)
    throw new RangeError(`A trend needs ${leastSamples * 2} samples at least, got ${samples.length}`)
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length
  const middle = { ms: mean(half.map(({ ms }) => ms)), bytes: mean(half.map(({ bytes }) => bytes)) }
  let [together, alone] = [0, 0]
  for (const { ms, bytes } of half) {
    together += (ms - middle.ms) * (bytes - middle.bytes)
    alone += (ms - middle.ms) ** 2
  }
  const round = (value: number) => Math.round(value * 100) / 100
  return {
    samples: half.length,
    from: round(half[0]!.bytes / mib),
    to: round(half.at(-1)!.bytes / mib),
    perHour: round(((together / alone) * hour) / mib)
  }
}

/**
 * Returns the lowest sample of each sixtieth of the run. Memory that comes and goes with workers is no
 * growth, and is not in it. Memory that stays is in the lowest sample too.
 */
export function troughs(samples: readonly Sample[]): readonly Sample[] {
  const span = Math.max(1, Math.floor(samples.length / 60))
  return Array.from({ length: Math.floor(samples.length / span) }, (_, index) =>
    samples
      .slice(index * span, (index + 1) * span)
      .reduce((lowest, each) => (each.bytes < lowest.bytes ? each : lowest))
  )
}

/**
 * Describes a trend that grows too fast; undefined: it does not. `most`: the limit in MiB per hour. `swing`:
 * MiB by which the memory rises and falls anyway, so that less of it is no growth.
 */
export function judgeTrend(name: string, trend: Trend, most: number, swing = 0): string | undefined {
  const { from, to, perHour } = trend
  if (perHour <= most || to - from <= swing) return undefined
  return `${name} grows by ${perHour} MiB per hour (${from} to ${to} MiB in the second half), and may grow by ${most}`
}

/** Takes samples of several values at an interval, by name. A sample that takes long delays the next one. */
export class Sampler {
  readonly #read: () => Promise<Readonly<Record<string, number>>>
  readonly #interval: number
  readonly #series = new Map<string, Sample[]>()

  constructor(interval: number, read: () => Promise<Readonly<Record<string, number>>>) {
    this.#interval = interval
    this.#read = read
  }

  /** Takes samples for `ms` milliseconds. Rejects as soon as a sample can't be taken. */
  async run(ms: number): Promise<void> {
    const start = performance.now()
    for (let due = 0; due <= ms; due += this.#interval) {
      await new Promise(resolve => setTimeout(resolve, Math.max(0, start + due - performance.now())))
      const bytes = await this.#read()
      const now = performance.now() - start
      for (const [name, each] of Object.entries(bytes)) {
        const series = this.#series.get(name) ?? []
        this.#series.set(name, series)
        series.push({ ms: now, bytes: each })
      }
    }
  }

  trends(): Record<string, Trend> {
    return Object.fromEntries(
      [...this.#series].map(([name, samples]) => [name, measureTrend(troughs(samples))])
    )
  }
}
