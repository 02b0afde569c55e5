/**
 * The main file of a gateway in a process of its own, for tests that kill and stop processes. The test asks
 * it by messages; it ends with the test's process.
 *
 * Arguments: the folder of the build to run, the options as JSON, and a file for a record of who is bound.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Gateway, MetricName } from '../../../gateway/index.js'
import { takeStock, waitForNoLeftovers } from '../leftovers.js'
import { Recorder } from '../races/record.js'
import { recordBinds } from '../races/record-binds.js'

export interface Question {
  readonly id: number
  readonly task: keyof Tasks
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly kind: 'up'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string; readonly code: string | undefined }

/** A session, as the test sees it. */
export interface SeenSession {
  readonly sid: number
  readonly uid: string | null
  readonly values: Readonly<Record<string, unknown>>
}

export type Tasks = ReturnType<typeof createTasks>

/** What an older build may lack. */
type ClusterGateway = Gateway & {
  readonly cluster?: { readonly state: string; peers(): readonly unknown[] }
}

const [, , dist = '', options = '{}', record] = process.argv

process.on('disconnect', () => process.exit(1))

function createTasks(gateway: ClusterGateway, stock: ReturnType<typeof takeStock>) {
  return {
    metrics: (): Record<MetricName, number> => gateway.metrics(),
    problems: () => gateway.diagnose().map(({ what }) => what),
    isReady: () => gateway.isReady,
    peers: () => gateway.cluster?.peers() ?? [],
    state: () => gateway.cluster?.state,
    /** The sessions here, with some of their settings. */
    sessions: (keys: readonly string[]) => {
      const seen: SeenSession[] = []
      gateway.sessions.forEachSession(({ id: sid, uid }) => {
        const session = gateway.sessions.get(sid)
        seen.push({ sid, uid, values: Object.fromEntries(keys.map(key => [key, session?.get(key)])) })
      })
      return seen
    },
    killWorker: (index: number) => gateway.killWorker(index).catch(() => {}),
    usage: () => ({ ...process.cpuUsage(), rss: process.memoryUsage.rss() }),
    drain: () => gateway.drain(),
    /** Closes the gateway; resolves with what is left over in the process. */
    close: async () => {
      await gateway.close()
      return waitForNoLeftovers(stock)
    }
  }
}

function say(answer: Answer): void {
  if (process.connected) process.send!(answer)
}

let tasks: Tasks | undefined
let gateway: ClusterGateway | undefined

process.on('message', async ({ id, task, args }: Question) => {
  try {
    const run = tasks![task] as (...given: unknown[]) => unknown
    say({ id, result: await run(...args) })
  } catch (error) {
    const { message, code } = error as { message: string; code?: string }
    say({ id, error: message, code })
  }
})
process.on('SIGTERM', () => void gateway?.drain().then(() => process.exit(0)))

try {
  const { createGateway } = (await import(
    pathToFileURL(join(dist, 'gateway/index.js')).href
  )) as typeof import('../../../gateway/index.js')
  // The streams are opened at their first use.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const stock = takeStock()
  gateway = (await createGateway(JSON.parse(options))) as ClusterGateway
  if (record !== undefined) recordBinds(gateway.sessions, new Recorder(record))
  tasks = createTasks(gateway, stock)
  say({ kind: 'up', url: gateway.url })
} catch (error) {
  const { message, code, stack } = error as { message: string; code?: string; stack: string }
  say({ kind: 'failed', message: code === undefined ? stack : message, code })
  process.exit(1)
}
