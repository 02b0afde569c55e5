/**
 * The part of every measured server that serves the run. It reports when it is up, reports its CPU time, does
 * tasks by name, and ends when it is told to or when the run is gone.
 */
import { isMainThread } from 'node:worker_threads'
import { onThread } from '../readings/threads.js'
import { readUsage, type Usage } from '../readings/usage.js'

/** Run → server. */
export type ServerQuestion =
  | { readonly kind: 'usage' }
  | { readonly kind: 'task'; readonly task: string; readonly asked: unknown }
  | { readonly kind: 'end' }

/** Server → run. */
export type ServerAnswer =
  | { readonly kind: 'up'; readonly port: number }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'done'; readonly result: unknown; readonly before: Usage; readonly after: Usage }
  | { readonly kind: 'failed'; readonly message: string }

// biome-ignore lint/suspicious/noExplicitAny: it comes from another process; only the task knows its type
export type Task = (asked: any) => unknown

export interface Server {
  /** Port that it listens on; 0: none. */
  readonly port: number
  /** Other processes whose CPU time counts as that of this one. */
  readonly pids?: readonly number[]
  /** Tasks by name. A task's argument and result are known to the work that asks for it. */
  readonly tasks?: Readonly<Record<string, Task>>
  close(): Promise<unknown>
}

/** Runs the server in this process, until the process ends. */
export async function serve(start: () => Promise<Server>): Promise<void> {
  if (!isMainThread || process.send === undefined)
    throw new Error('A server of the bench is started by the bench')
  // The run is gone, so this server is not needed any more.
  process.on('disconnect', () => process.exit())
  process.on('SIGTERM', () => process.exit())
  process.on('SIGINT', () => {})
  const threads: string[] = []
  onThread(thread => threads.push(thread))
  try {
    const server = await start()
    process.on('message', (question: ServerQuestion) => {
      answer(server, question, () => readUsage(threads, server.pids)).catch(fail)
    })
    say({ kind: 'up', port: server.port })
  } catch (error) {
    fail(error)
  }
}

async function answer(server: Server, question: ServerQuestion, usage: () => Usage): Promise<void> {
  switch (question.kind) {
    case 'usage':
      return say({ kind: 'usage', usage: usage() })
    case 'task': {
      const task = server.tasks?.[question.task]
      if (task === undefined) throw new Error(`There is no task ${question.task}`)
      const before = usage()
      const result = await task(question.asked)
      return say({ kind: 'done', result, before, after: usage() })
    }
    case 'end':
      await server.close()
      process.disconnect()
  }
}

function say(said: ServerAnswer): void {
  process.send!(said)
}

function fail(error: unknown): void {
  say({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}
