/** CPU profiles and heap snapshots of the present thread, written to files. */
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { writeHeapSnapshot as writeSnapshot } from 'node:v8'

/** Node's module; undefined in a Node that is built without an inspector. */
const inspector = process.features.inspector
  ? (createRequire(import.meta.url)('node:inspector') as typeof import('node:inspector'))
  : undefined

/**
 * Records a CPU profile until `wait` resolves, and writes it to a file. Uses a session of the inspector
 * inside this thread: nothing listens on a port, and time limits stay on.
 */
export async function writeCpuProfile(file: string, wait: () => Promise<void>): Promise<void> {
  if (inspector === undefined) throw new Error('this Node is built without an inspector')
  const session = new inspector.Session()
  session.connect()
  const post = (method: string) =>
    new Promise<{ profile?: unknown }>((resolve, reject) =>
      session.post(method, (error, result) => (error === null ? resolve(result ?? {}) : reject(error)))
    )
  try {
    await post('Profiler.enable')
    await post('Profiler.start')
    await wait()
    const { profile } = await post('Profiler.stop')
    await writeFile(file, JSON.stringify(profile), { mode: 0o600 })
  } finally {
    session.disconnect()
  }
}

/** Writes a heap snapshot to a file. The event loop stands still meanwhile. */
export function writeHeapSnapshot(file: string): void {
  writeSnapshot(file)
}
