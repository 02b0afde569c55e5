/**
 * Writes to stdout or stderr; a failure of the stream never harms the process.
 *
 * The reader of the stream may disappear or stop reading, and a disk may be full. Lines that cannot be
 * written are dropped and counted, and the bytes that wait are bounded.
 */
import type { Writable } from 'node:stream'
import { maxWaitingBytes } from '../../shared/text/log.js'

export interface OutputInit {
  readonly stream: Writable
  /** Called when lines were dropped, because the stream failed or too much waited. */
  readonly onLost: (lines: number) => void
  /** Called at each failure of the stream. */
  readonly onError: () => void
  /**
   * Called when the stream accepts lines again, with the number of lines that were dropped meanwhile, and the
   * cause.
   */
  readonly onRecovered: (lines: number, cause: string) => void
}

export class Output {
  readonly #init: OutputInit
  /** Number of lines dropped since the last recovery. `#cause` tells why the last of them was dropped. */
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
 * Adds an empty listener for `'error'` events of a stream, since such an event ends the process if there is
 * no listener. The code that writes still gets the error in its callback.
 */
export function surviveErrors(stream: Writable): void {
  if (survived.has(stream)) return
  survived.add(stream)
  stream.on('error', () => {})
}

/**
 * Writes what a command was asked for to stdout, and waits until the reader has it: a pipe may be slower than
 * the end of the process. A reader that has gone, such as `head -1`, has what it wanted.
 *
 * @throws the system's error, such as `ENOSPC` of a full disk
 */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, error => {
      const isFault = error != null && (error as NodeJS.ErrnoException).code !== 'EPIPE'
      if (isFault) reject(error)
      else resolve()
    })
  })
}

/**
 * Resolves when a stream has passed on what was written to it, and after `ms` milliseconds at the latest: its
 * reader may not read. The end of the process would lose what waits.
 */
export async function hasLeft(stream: Writable, ms: number): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
    stream.write('', () => resolve())
  })
  clearTimeout(timer)
}

function countLines(lines: string | Uint8Array): number {
  const text = typeof lines === 'string' ? lines : Buffer.from(lines).toString('latin1')
  // Printed text need not end with a line break.
  return Math.max(1, text.split('\n').length - 1)
}
