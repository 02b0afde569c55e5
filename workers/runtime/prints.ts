/**
 * Handles the game's output to stdout and stderr.
 * In a thread, output goes through the gateway's process, and is lost if the thread ends too early. A worker
 * process inherits the gateway's streams. The reader of these streams may be gone, or may not read. Neither
 * may end the process or fill its memory.
 */
import { maxWaitingBytes } from '../../shared/text/log.js'
import { nextTick } from './own-time.js'

type Write = typeof process.stdout.write

/** The limits of streams that have one. */
const bounds = new WeakMap<NodeJS.WriteStream, { flush(done: () => void): void }>()

/**
 * Limits the output that waits in a stream. Further output is dropped and counted, and errors of the stream
 * are ignored.
 */
export function boundPrints(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean
  let dropped = 0
  stream.on('error', () => {})
  const tellDropped = () => {
    if (dropped > 0) write(`${dropped} lines of a worker dropped: nobody reads\n`)
    dropped = 0
  }
  bounds.set(stream, {
    flush(done) {
      tellDropped()
      write('', done)
    }
  })
  stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    if (stream.writableLength > maxWaitingBytes) {
      dropped++
      const callback = rest.find(each => typeof each === 'function')
      if (callback !== undefined) nextTick(callback)
      return false
    }
    if (stream.writableLength < maxWaitingBytes / 2) tellDropped()
    return write(chunk, ...rest)
  }) as Write
}

/** Resolves once everything that was printed has left this worker. */
export async function printsHaveLeft(): Promise<void> {
  await Promise.all([hasLeft(process.stdout), hasLeft(process.stderr)])
}

async function hasLeft(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0) return
  // The callback is called even if the reader is gone. The limit must not drop what is only a question.
  await new Promise<void>(resolve => {
    const bound = bounds.get(stream)
    if (bound === undefined) stream.write('', () => resolve())
    else bound.flush(resolve)
  })
}
