/**
 * What handlers print. In a thread it goes through the gateway's process, and is lost if the thread ends before it has
 * left. A process of its own has the gateway's streams: their reader may be gone, or not read. Neither ends the process,
 * nor fills its memory.
 */
import { maxWaitingBytes } from '../../shared/text/log.js'
import { nextTick } from './own-time.js'

type Write = typeof process.stdout.write

/** Bounds what waits in a stream, and takes its errors for lines that are lost. */
export function boundPrints(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean
  let dropped = 0
  stream.on('error', () => {})
  stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    if (stream.writableLength > maxWaitingBytes) {
      dropped++
      const callback = rest.find(each => typeof each === 'function')
      if (callback !== undefined) nextTick(callback)
      return false
    }
    if (dropped > 0 && stream.writableLength < maxWaitingBytes / 2) {
      write(`${dropped} lines of a worker dropped: nobody reads\n`)
      dropped = 0
    }
    return write(chunk, ...rest)
  }) as Write
}

/** Resolves once all that was printed has left this worker. */
export async function printsHaveLeft(): Promise<void> {
  await Promise.all([hasLeft(process.stdout), hasLeft(process.stderr)])
}

async function hasLeft(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0) return
  // A reader that is gone takes nothing any more, and that is told to the callback too.
  await new Promise<void>(resolve => stream.write('', () => resolve()))
}
