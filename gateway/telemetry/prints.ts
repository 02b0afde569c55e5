/**
 * What handlers print in threads, by `console.log` say. Node would pipe it into the streams of this process,
 * and stop at the first error of those: from then on all that is printed would wait in the worker. Here it
 * always flows; what nobody reads is dropped.
 */
import type { Worker } from 'node:worker_threads'
import type { Metrics } from './metrics.js'
import { Output } from './output.js'

export class Prints {
  readonly #out: Output
  readonly #error: Output

  constructor(metrics: Pick<Metrics, 'count'>) {
    const open = (stream: NodeJS.WriteStream) => {
      const output: Output = new Output({
        stream,
        onLost: lines => metrics.count('logLinesDropped', lines),
        onError: () => metrics.count('logErrors'),
        onRecovered: (lines, cause) => output.write(`${lines} lines of workers dropped: ${cause}\n`)
      })
      return output
    }
    this.#out = open(process.stdout)
    this.#error = open(process.stderr)
  }

  /** Prints what a thread does, from now until its end. */
  follow({ stdout, stderr }: Pick<Worker, 'stdout' | 'stderr'>): void {
    for (const [from, to] of [
      [stdout, this.#out],
      [stderr, this.#error]
    ] as const) {
      // What was unpiped stands still until it is told to go on.
      from.unpipe().on('data', (lines: Uint8Array) => to.write(lines))
      from.resume()
    }
  }
}
