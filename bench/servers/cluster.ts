/**
 * Several gateways as one: this process runs the first, and each of the others has a process of its own, as
 * has the nats-server. `node cluster.js '{"gateways":2}'` starts them; with `"isAlone":true` one gateway
 * without NATS. The CPU time is that of all processes.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { connect as connectClient } from '../../client/node.js'
import { createGateway, type GatewayOptions } from '../../gateway/index.js'
import { startNatsServer } from '../../tools/cluster/nats-server.js'
import type { AskedFar, FarResult } from './far.js'
import { type Server, serve } from './server.js'

export interface ClusterInit {
  readonly gateways: number
  readonly isAlone?: boolean
  /**
   * Whether NATS keeps the session that is pushed to: then it is one that can be resumed, with 2,000
   * characters of settings.
   */
  readonly replicate?: 'none' | 'through'
}

interface Asker {
  ask(route: string, body: object): Promise<unknown>
  close(): void
}

const clusterOptions = {
  handlers: fileURLToPath(new URL('../handlers', import.meta.url)),
  host: '127.0.0.1',
  port: 0,
  logLevel: 'warn',
  workers: 1,
  requestTimeout: 0,
  maxRequestsPerSecond: 0,
  maxBytesPerSecond: 0,
  maxFramesPerSecond: 0,
  maxQueueDelay: 0,
  maxOperationsPerRequest: 0
} as const

const peerFile = fileURLToPath(new URL('./cluster-peer.js', import.meta.url))

await serve(async (): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const endAll = () => {
    for (const end of ends.splice(0).reverse()) end()
  }
  process.on('exit', endAll)
  try {
    return await start(JSON.parse(process.argv[2] ?? '{"gateways":1}'), folder, ends)
  } catch (error) {
    endAll()
    throw error
  }
})

/** `ends`: gets what ends each process that it starts. */
async function start(
  { gateways, isAlone = false, replicate }: ClusterInit,
  folder: string,
  ends: (() => unknown)[]
): Promise<Server> {
  const nats = isAlone ? undefined : await startNatsServer({ folder, port: 0, onLine: () => {} })
  ends.push(() => nats?.child.kill('SIGKILL'))
  const options = (name: string) => ({
    ...clusterOptions,
    frontendId: name,
    ...(nats !== undefined && { nats: nats.url }),
    ...(replicate !== undefined && { replicate })
  })
  const gateway = await createGateway(options('bench-1'))
  const peers = await Promise.all(
    Array.from({ length: gateways - 1 }, (_, i) => startPeer(options(`bench-${i + 2}`), ends))
  )
  const asking = await connect(gateway.url)
  // The session that is pushed to: of another gateway, or of this one if there is no other.
  const others = await Promise.all(
    Array.from({ length: Math.max(gateways, 2) - 1 }, (_, i) =>
      (replicate === undefined ? connect : connectResumable)(peers[i]?.url ?? gateway.url)
    )
  )
  if (replicate !== undefined) await others[0]!.ask('far.fill', { length: 2_000 })
  const to = await others[0]!.ask('far.address', {})
  return {
    port: gateway.address.port,
    pids: [...peers.map(({ child }) => child.pid!), ...(nats === undefined ? [] : [nats.child.pid])],
    tasks: {
      async join(members: number) {
        const from = [asking, ...others]
        // Without other gateways there are as many sessions in the one.
        while (from.length < members) from.push(await connect(gateway.url))
        for (const player of from) await player.ask('far.join', {})
      },
      async far({ route, ...asked }: AskedFar): Promise<FarResult> {
        const result = (await asking.ask(route, { ...asked, to })) as FarResult
        if (result.last === undefined) return result
        const held = await others[0]!.ask('far.read', {})
        if (held !== result.last)
          throw new Error(`The session holds ${held}, but ${result.last} was pushed last`)
        return result
      }
    },
    async close() {
      for (const player of [asking, ...others]) player.close()
      for (const { child } of peers) child.disconnect()
      await Promise.all(peers.map(({ ended }) => ended))
      await gateway.close()
    }
  }
}

async function startPeer(options: Partial<GatewayOptions>, ends: (() => unknown)[]) {
  const child: ChildProcess = fork(peerFile, [JSON.stringify(options)], { execArgv: [] })
  ends.push(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const [url] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
  if (typeof url !== 'string') throw new Error(`A gateway of the cluster did not start (${url})`)
  return { child, ended, url }
}

async function connect(url: string): Promise<Asker> {
  const player = new WebSocket(url, 'sallyport.json')
  await once(player, 'open')
  return { ask: (route, body) => ask(player, route, body), close: () => player.terminate() }
}

/** Connects with our client, whose session can be resumed. */
async function connectResumable(url: string): Promise<Asker> {
  const client = await connectClient(url, { requestTimeout: 0 })
  return { ask: (route, body) => client.request(route, body), close: () => client.close() }
}

/** Sends a request, and returns its reply; events between them are left out. */
function ask(player: WebSocket, route: string, body: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    player.on('message', function receive(frame) {
      const [id, result, error] = JSON.parse(String(frame)) as [unknown, unknown, unknown]
      if (id !== 1) return
      player.off('message', receive)
      if (error === undefined) resolve(result)
      else reject(new Error(`${route} failed: ${JSON.stringify(error)}`))
    })
    player.send(JSON.stringify([1, route, body]))
  })
}
