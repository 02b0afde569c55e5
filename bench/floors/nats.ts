/** A floor: a request of NATS and its reply, between two processes on one nats-server, with nothing else. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '@nats-io/transport-node'
import { startNatsServer } from '../../tools/cluster/nats-server.js'
import { percentile } from '../figures/percentile.js'
import type { FarResult } from '../servers/far.js'
import { type Server, serve } from '../servers/server.js'

const subject = 'bench'

/** As long as a push's item. */
const bytes = new Uint8Array(32)

/** The other process: replies, until the first one is gone. */
async function reply(url: string): Promise<void> {
  const connection = await connect({ servers: url })
  connection.subscribe(subject, { callback: (_error, message) => void message.respond(message.data) })
  await connection.flush()
  process.on('SIGINT', () => {})
  process.once('disconnect', () => process.exit())
  process.send!('up')
}

async function start(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const nats = await startNatsServer({ folder, port: 0, onLine: () => {} })
  process.on('exit', () => {
    nats.child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const other: ChildProcess = fork(fileURLToPath(import.meta.url), [nats.url], { execArgv: [] })
  await once(other, 'message')
  const connection = await connect({ servers: nats.url })
  return {
    port: 0,
    pids: [other.pid!, nats.child.pid],
    tasks: {
      async far({ seconds }: { readonly seconds: number }): Promise<FarResult> {
        const micros: number[] = []
        const begin = performance.now()
        while (performance.now() < begin + seconds * 1_000) {
          const sent = performance.now()
          await connection.request(subject, bytes)
          micros.push((performance.now() - sent) * 1_000)
        }
        return {
          count: micros.length,
          seconds: (performance.now() - begin) / 1_000,
          p50: percentile(micros, 0.5),
          p99: percentile(micros, 0.99)
        }
      }
    },
    async close() {
      other.disconnect()
      await connection.close()
    }
  }
}

const [, , url] = process.argv
await (url === undefined ? serve(start) : reply(url))
