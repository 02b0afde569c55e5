/**
 * Forwards the output of handlers in threads, such as that of `console.log`, to this process's streams.
 *
 * Node itself would pipe the output, and stop at the first error of a stream: later output would wait in the
 * worker's memory. Here the output always flows, and is dropped if a stream does not accept it.
 */
import type { Worker } from 'node:worker_threads'
import type { Metrics } from './metrics.js'
import { Output } from './output.js'

export class Prints {
  readonly #out: Output
  readonly #error: Output

  /** @param out the stream for what threads write to stdout */
  constructor(metrics: Pick<Metrics, 'count'>, out: NodeJS.WriteStream = process.stdout) {
    const open = (stream: NodeJS.WriteStream) => {
      const output: Output = new Output({
        stream,
        onLost: lines => metrics.count('logLinesDropped', lines),
        onError: () => metrics.count('logErrors'),
        onRecovered: (lines, cause) => output.write(`${lines} lines of workers dropped: ${cause}\n`)
      })
      return output
    }
    this.#out = open(out)
    this.#error = open(process.stderr)
  }

  /** Forwards the output of a thread until the thread ends. */
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
