/**
 * Which threads of a server run its handlers. Each tells its number in the system when it begins (`tellThread`), and
 * the server's first thread collects the numbers: V8 has threads of its own in the same process, for collecting
 * garbage and compiling, and their CPU time is not the handlers'.
 */
import { readlinkSync } from 'node:fs'
import { BroadcastChannel } from 'node:worker_threads'

const channelName = 'threads of the bench'

/** Linux numbers them; elsewhere nothing is told. */
export function tellThread(): void {
  const thread = readThreadNumber()
  if (thread === undefined) return
  const channel = new BroadcastChannel(channelName)
  channel.postMessage(thread)
  channel.close()
}

/** For the first thread: calls back with each thread that tells itself from now on. */
export function onThread(listener: (thread: string) => void): void {
  const channel = new BroadcastChannel(channelName)
  channel.onmessage = message => listener((message as { data: string }).data)
  channel.unref()
}

/** `/proc/thread-self` leads to `1234/task/1240`. */
function readThreadNumber(): string | undefined {
  try {
    return /\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0]
  } catch {
    return undefined
  }
}
