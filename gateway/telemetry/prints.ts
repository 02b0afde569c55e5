/**
 * Forwards what handlers in threads print, by `console.log` for instance, to this process's streams.
 *
 * Node itself would pipe it there, and stop at their first error: everything printed later would wait in the
 * worker's memory. Here it always flows, and is dropped if nobody reads it.
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

  /** Forwards the prints of a thread, until it ends. */
  follow({ stdout, stderr }: Pick<Worker, 'stdout' | 'stderr'>): void {
    for (const [from, to] of [
      [stdout, this.#out],
      [stderr, this.#error]
    ] as const) {
      // An unpiped stream is paused until `resume`.
      from.unpipe().on('data', (lines: Uint8Array) => to.write(lines))
      from.resume()
    }
  }
}
