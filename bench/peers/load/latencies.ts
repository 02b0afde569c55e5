/** Latencies, all of which are kept, so that percentiles are exact. */
export class Latencies {
  #times = new Float64Array(1 << 18)
  #count = 0

  record(milliseconds: number): void {
    if (this.#count === this.#times.length) {
      const longer = new Float64Array(this.#count * 2)
      longer.set(this.#times)
      this.#times = longer
    }
    this.#times[this.#count++] = milliseconds
  }

  get count(): number {
    return this.#count
  }

  reset(): void {
    this.#count = 0
  }

  /** Returns the percentile in microseconds. */
  percentiles(percents: readonly number[]): number[] {
    const sorted = this.#times.slice(0, this.#count).sort()
    return percents.map(percent => {
      const index = Math.ceil((percent / 100) * sorted.length) - 1
      return (sorted[Math.max(0, index)] ?? Number.NaN) * 1000
    })
  }
}
