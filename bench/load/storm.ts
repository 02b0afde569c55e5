/**
 * A storm: the connections of all clients break at once, events are sent to the clients while they are away,
 * and then all reconnect. Each client must receive every event, in order; otherwise the run fails.
 */
import { WebSocket } from 'ws'
import { type Client, connect } from '../../client/node.js'
import { rateBetween, readUsage } from '../readings/usage.js'
import { say } from './process.js'

export interface Storm {
  readonly kind: 'storm'
  readonly port: number
  readonly clients: number
  /** Route that each client requests when it connects. */
  readonly first: string
  /**
   * Events sent to each client while it is away; 0: there is no session to resume, and the clients connect
   * anew.
   */
  readonly missed: number
  /** Milliseconds after which the clients begin to reconnect. */
  readonly awayMs: number
}

export interface StormResult {
  /** Seconds from the first attempt to the last event. */
  readonly seconds: number
  /** CPU of this process, as a share of one core. */
  readonly cpuShare: number
}

/** Connections that are opened at a time before the storm. */
const joinsAtOnce = 100

export async function weather(asked: Storm): Promise<StormResult> {
  return asked.missed === 0 ? weatherAnew(asked) : weatherResumes(asked)
}

async function weatherResumes({ port, clients, first, missed, awayMs }: Storm): Promise<StormResult> {
  const all: Client[] = []
  let away = 0
  let lost = 0
  let events = 0
  let done: () => void
  const isDone = new Promise<void>(resolve => (done = resolve))
  let onAway: () => void
  const isAway = new Promise<void>(resolve => (onAway = resolve))
  await each(clients, async () => {
    const client = await connect(`ws://127.0.0.1:${port}`, {
      heartbeat: 600_000,
      WebSocket: WebSocket as never
    })
    let next = 0
    client.on('tick', body => {
      if (body !== next++) throw new Error(`Event ${next - 1} was due, and ${body} came`)
      if (++events === clients * missed) done()
    })
    client.onState(({ state, resumed }) => {
      if (state === 'open' && !resumed) lost++
      if (state === 'resuming' && ++away === clients) onAway()
    })
    await client.request(first)
    all.push(client)
  })
  // Spread over the longest first wait of a client, as in a real storm.
  for (const client of all) client.reconnect(awayMs + Math.floor(Math.random() * 250))
  await isAway
  say({ kind: 'away' })
  await new Promise(resolve => setTimeout(resolve, awayMs))
  const before = readUsage()
  await isDone
  const after = readUsage()
  if (lost > 0) throw new Error(`${lost} clients have lost their session`)
  for (const client of all) client.close()
  return {
    seconds: (after.at - before.at) / 1000,
    cpuShare: rateBetween(before, after).process / 1e6
  }
}

/** Runs the floor: opens the same number of connections, with one message in each direction. */
async function weatherAnew({ port, clients, awayMs }: Storm): Promise<StormResult> {
  say({ kind: 'away' })
  await new Promise(resolve => setTimeout(resolve, awayMs))
  const before = readUsage()
  const sockets: WebSocket[] = []
  await Promise.all(
    Array.from({ length: clients }, async () => {
      await new Promise(resolve => setTimeout(resolve, Math.floor(Math.random() * 250)))
      const socket = new WebSocket(`ws://127.0.0.1:${port}`)
      sockets.push(socket)
      await new Promise<void>((resolve, reject) => {
        socket.on('open', () => socket.send('[1,"session.login",{}]'))
        socket.on('message', () => resolve())
        socket.on('error', reject)
      })
    })
  )
  const after = readUsage()
  for (const socket of sockets) socket.terminate()
  return {
    seconds: (after.at - before.at) / 1000,
    cpuShare: rateBetween(before, after).process / 1e6
  }
}

async function each(count: number, make: () => Promise<void>): Promise<void> {
  let made = 0
  const makeOn = async () => {
    while (made < count) {
      made++
      await make()
    }
  }
  await Promise.all(Array.from({ length: Math.min(joinsAtOnce, count) }, makeOn))
}
