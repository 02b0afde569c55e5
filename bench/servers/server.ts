/**
 * What every process under measurement does for the run that started it: says when it is up, tells its CPU time, does
 * the tasks that it can do by itself, and ends when it is told to, or when the run is gone.
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

// biome-ignore lint/suspicious/noExplicitAny: it came from another process, which has it from the task's own work
export type Task = (asked: any) => unknown

export interface Server {
  /** Where it listens; 0: nowhere. */
  readonly port: number
  /** What it can be asked to do by itself, by name. What each is given and answers, its work knows. */
  readonly tasks?: Readonly<Record<string, Task>>
  close(): Promise<unknown>
}

/** Serves in this process, from now to its end. */
export async function serve(start: () => Promise<Server>): Promise<void> {
  if (!isMainThread || process.send === undefined)
    throw new Error('A server of the bench is started by the bench')
  // The run is gone: nobody is served any more.
  process.on('disconnect', () => process.exit())
  process.on('SIGINT', () => {})
  const threads: string[] = []
  onThread(thread => threads.push(thread))
  try {
    const server = await start()
    process.on('message', (question: ServerQuestion) => {
      answer(server, question, () => readUsage(threads)).catch(fail)
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
