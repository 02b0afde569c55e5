/**
 * A standard stream of the process as something is written to it that must not harm the process: its reader
 * may go away, its disk may be full, nobody may read. What fails is lost and counted; what waits is bounded.
 */
import type { Writable } from 'node:stream'
import { maxWaitingBytes } from '../../shared/text/log.js'

export interface OutputInit {
  readonly stream: Writable
  /** So many lines were dropped: the stream failed, or too much waited. */
  readonly onLost: (lines: number) => void
  /** The stream has failed once more. */
  readonly onError: () => void
  /** It takes lines again. `lines`: how many were dropped since it last did, and of what. */
  readonly onRecovered: (lines: number, cause: string) => void
}

export class Output {
  readonly #init: OutputInit
  /** Lines that were dropped since the stream last took all, and what the last of them was dropped for. */
  #lost = 0
  #cause = ''

  constructor(init: OutputInit) {
    this.#init = init
    surviveErrors(init.stream)
  }

  /** Writes whole lines, or drops them. */
  write(lines: string | Uint8Array): void {
    const { stream } = this.#init
    if (stream.writableLength > maxWaitingBytes) return this.#lose(lines, 'nobody reads')
    stream.write(lines, error => {
      if (error) {
        this.#init.onError()
        this.#lose(lines, (error as NodeJS.ErrnoException).code ?? error.message)
      } else if (this.#lost > 0 && stream.writableLength < maxWaitingBytes / 2) this.#recover()
    })
  }

  #lose(lines: string | Uint8Array, cause: string): void {
    const count = countLines(lines)
    this.#lost += count
    this.#cause = cause
    this.#init.onLost(count)
  }

  #recover(): void {
    const lost = this.#lost
    this.#lost = 0
    this.#init.onRecovered(lost, this.#cause)
  }
}

const survived = new WeakSet<Writable>()

/**
 * An `'error'` of a stream ends the process where nobody listens to it. Who writes learns of it all the same.
 */
export function surviveErrors(stream: Writable): void {
  if (survived.has(stream)) return
  survived.add(stream)
  stream.on('error', () => {})
}

function countLines(lines: string | Uint8Array): number {
  const text = typeof lines === 'string' ? lines : Buffer.from(lines).toString('latin1')
  // What is printed need not end with a line break.
  return Math.max(1, text.split('\n').length - 1)
}
