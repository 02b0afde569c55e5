/**
 * Our gateway, with the handlers of the bench. `node gateway.js '{"workers":1}'` starts it with those
 * options.
 */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/index.js'
import { readMemory, watchMemory } from '../readings/memory.js'
import { expectHeld } from './held.js'
import { type Server, serve } from './server.js'
import type { Pushed, Stretch, StretchResult } from './stretch.js'

/** Options without limits: the bench sends as many requests as it can, some of which take very long. */
const unbounded: Partial<GatewayOptions> = {
  requestTimeout: 0,
  maxRequestsPerSecond: 0,
  maxBytesPerSecond: 0,
  maxFramesPerSecond: 0,
  maxQueueDelay: 0,
  maxOperationsPerRequest: 0,
  maxDetachedSessionsPerAddress: 0,
  // Lets the same commands measure both kinds of workers.
  isolation: (process.env['SALLYPORT_ISOLATION'] ?? 'thread') as 'thread' | 'process'
}

await serve(async (): Promise<Server> => {
  const options: Partial<GatewayOptions> = JSON.parse(process.argv[2] ?? '{}')
  const gateway = await start(unbounded, options)
  return {
    port: gateway.address.port,
    tasks: {
      stretch: (stretch: Stretch) => runStretch(gateway, stretch),
      churn: (asked: { seconds: number }) => runChurn(gateway, asked),
      tell: (asked: { missed: number; clients: number }) => tell(gateway, asked),
      console: () => gateway.console?.url,
      memory: readMemory,
      watchMemory: (ms: number) => watchMemory(ms)
    },
    close: () => gateway.close()
  }
})

/**
 * Starts the gateway. In a comparison it may be the gateway of an older commit; defaults that it does not
 * know are left out.
 */
async function start(defaults: Partial<GatewayOptions>, options: Partial<GatewayOptions>): Promise<Gateway> {
  const handlers = fileURLToPath(new URL('../handlers', import.meta.url))
  const standard = { handlers, host: '127.0.0.1', port: 0, logLevel: 'warn' } as const
  try {
    return await createGateway({ ...standard, ...defaults, ...options })
  } catch (error) {
    const [, unknown] = /^There is no option `(\w+)`/.exec((error as Error).message) ?? []
    const known = Object.entries(defaults).filter(([name]) => name !== unknown)
    if (known.length === Object.keys(defaults).length) throw error
    return start(Object.fromEntries(known), options)
  }
}

/** Has players request the stretch. Their one frame each way is negligible beside the pushes. */
async function runStretch(gateway: Gateway, asked: Stretch): Promise<StretchResult> {
  const players = await (asked.players === undefined
    ? Promise.all([join(gateway.url)])
    : spread(gateway, asked.players))
  if (asked.ballast !== undefined) for (const player of players) await ask(player, 'push.fill', asked)
  const results = await Promise.all(players.map(player => playOn(gateway, player, asked)))
  const workers = new Set(results.map(({ worker }) => worker))
  if (workers.size < players.length)
    throw new Error(`${players.length} players met in ${workers.size} workers`)
  for (const player of players) {
    player.close()
    await once(player, 'close')
  }
  return {
    count: results.reduce((sum, { count }) => sum + count, 0),
    seconds: Math.max(...results.map(({ seconds }) => seconds))
  }
}

/** Has one session join and leave channels. */
async function runChurn(gateway: Gateway, asked: { seconds: number }): Promise<StretchResult> {
  const player = await join(gateway.url)
  const result = await ask(player, 'events.churn', asked)
  player.close()
  await once(player, 'close')
  return result as StretchResult
}

/** Waits until all clients are disconnected, then broadcasts `missed` events to them. */
async function tell(
  gateway: Gateway,
  { missed, clients }: { missed: number; clients: number }
): Promise<void> {
  const end = performance.now() + 20_000
  while (gateway.metrics().detachedSessions < clients) {
    if (performance.now() > end)
      throw new Error(`${clients} clients should be away, ${gateway.metrics().detachedSessions} are`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  for (let n = 0; n < missed; n++) gateway.broadcast('tick', n)
}

/**
 * Connects players until `count` of them have a worker of their own. Each newcomer takes the next place, and
 * leaves if another player has its worker.
 */
async function spread(gateway: Gateway, count: number): Promise<WebSocket[]> {
  const players = new Map<unknown, WebSocket>()
  for (let place = 0; players.size < count; place++) {
    const player = await join(gateway.url)
    await ask(player, 'push.settle', { place })
    const worker = await ask(player, 'push.where', {})
    if (players.has(worker)) player.close()
    else players.set(worker, player)
  }
  return [...players.values()]
}

/** Repeats the request until the time is up; once is enough if the handler itself runs that long. */
async function playOn(gateway: Gateway, player: WebSocket, asked: Stretch): Promise<Pushed> {
  let count = 0
  let seconds = 0
  for (;;) {
    const pushed = (await ask(player, asked.route!, asked)) as Pushed
    expectHeld(gateway.sessions.get(pushed.sid), asked.route!, pushed.last)
    count += pushed.count
    seconds += pushed.seconds
    if (seconds >= asked.seconds) return { ...pushed, count, seconds }
  }
}

async function join(url: string): Promise<WebSocket> {
  const player = new WebSocket(url, 'sallyport.json')
  await once(player, 'open')
  return player
}

async function ask(player: WebSocket, route: string, body: object): Promise<unknown> {
  player.send(JSON.stringify([1, route, body]))
  const [frame] = await once(player, 'message')
  const [, result, error] = JSON.parse(String(frame)) as [number, unknown, unknown]
  if (error !== undefined) throw new Error(`${route} failed: ${JSON.stringify(error)}`)
  return result
}
