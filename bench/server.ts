/**
 * What every process under measurement does for the run that started it: says when it is up, tells its CPU time, does
 * a stretch of pushes if it can, and ends when it is told to, or when the run is gone.
 */
import { isMainThread } from 'node:worker_threads'
import type { Stretch, StretchResult } from './stretch.js'
import { readUsage, type Usage } from './usage.js'

/** Run → server. */
export type ServerQuestion =
  | { readonly kind: 'usage' }
  | { readonly kind: 'stretch'; readonly stretch: Stretch }
  | { readonly kind: 'end' }

/** Server → run. */
export type ServerAnswer =
  | { readonly kind: 'up'; readonly port: number }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | {
      readonly kind: 'stretch'
      readonly result: StretchResult
      readonly before: Usage
      readonly after: Usage
    }
  | { readonly kind: 'failed'; readonly message: string }

export interface Server {
  /** Where it listens; 0: nowhere. */
  readonly port: number
  stretch?(stretch: Stretch): Promise<StretchResult>
  close(): Promise<unknown>
}

/** Serves in this process, from now to its end. */
export async function serve(start: () => Promise<Server>): Promise<void> {
  if (!isMainThread || process.send === undefined)
    throw new Error('A server of the bench is started by the bench')
  // The run is gone: nobody is served any more.
  process.on('disconnect', () => process.exit())
  process.on('SIGINT', () => {})
  try {
    const server = await start()
    process.on('message', (question: ServerQuestion) => {
      answer(server, question).catch(fail)
    })
    say({ kind: 'up', port: server.port })
  } catch (error) {
    fail(error)
  }
}

async function answer(server: Server, question: ServerQuestion): Promise<void> {
  switch (question.kind) {
    case 'usage':
      return say({ kind: 'usage', usage: readUsage() })
    case 'stretch': {
      const before = readUsage()
      const result = await server.stretch!(question.stretch)
      return say({ kind: 'stretch', result, before, after: readUsage() })
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
