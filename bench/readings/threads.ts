/**
 * The ids of the threads that run a server's handlers. Each thread announces its id in the operating system
 * when it begins (`tellThread`), and the server's main thread collects the ids. V8 has helper threads in the
 * same process, for garbage collection and compilation; their CPU time is not the handlers'.
 */
import { readlinkSync } from 'node:fs'
import { BroadcastChannel } from 'node:worker_threads'

const channelName = 'threads of the bench'

/** Announces this thread's id. Does nothing where the system is not Linux. */
export function tellThread(): void {
  const thread = readThreadNumber()
  if (thread === undefined) return
  const channel = new BroadcastChannel(channelName)
  channel.postMessage(thread)
  channel.close()
}

/** Calls back with each thread id that is announced from now on; for the main thread. */
export function onThread(listener: (thread: string) => void): void {
  const channel = new BroadcastChannel(channelName)
  channel.onmessage = message => listener((message as { data: string }).data)
  channel.unref()
}

/** Reads the id from `/proc/thread-self`, a link to `1234/task/1240`. */
function readThreadNumber(): string | undefined {
  try {
    return /\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0]
  } catch {
    return undefined
  }
}
