/**
 * A soak test: a steady crowd of players over a long time. Some lose their connection and come back, while
 * visitors come and go. Samples the heaps of the gateway's process and of its workers, after a garbage
 * collection.
 */
import { ClientError } from '../../client/index.js'
import type { Gateway } from '../../gateway/index.js'
import type { TcpProxy } from '../../testing/tcp-proxy.js'
import { Crowd, type CrowdReport } from './crowd.js'
import { sweptHeap } from './swept-heap.js'
import { Sampler, type Trend } from './trend.js'

export interface SoakInit {
  readonly gateway: Gateway
  readonly proxy: TcpProxy
  readonly workers: number
  readonly players: number
  readonly ms: number
  /** Milliseconds between two samples. */
  readonly sampleEvery: number
}

export interface SoakReport extends CrowdReport {
  /** Number of players who came, played and left. */
  readonly visits: number
  /** Number of visits whose connection was cut while it was being established. */
  readonly visitsCutOff: number
  /** Trends of the swept heaps: `gateway` (its process, with all clients), and `worker 0` … */
  readonly heaps: Readonly<Record<string, Trend>>
}

/** Milliseconds that a player waits between two requests. */
const pause = 100
const visitEvery = 50
/** Codes of errors with which a request may end: requests wait too long when the machine stands still. */
const stated = new Set(['OVERLOADED'])

export async function runSoak(init: SoakInit): Promise<SoakReport> {
  const { gateway, proxy, workers, players, ms, sampleEvery } = init
  const client = { attemptTimeout: 3_000 }
  const crowd = await Crowd.join({ gateway, proxy, players, stated, client })
  const visiting = new Set<Promise<void>>()
  let [visits, visitsCutOff] = [0, 0]
  crowd.every(50, () => crowd.tick())
  crowd.every(500, () => void gateway.channel('all').broadcast('news', visits))
  crowd.every(2_000, () => crowd.cut(0.1))
  crowd.every(visitEvery, () => {
    const visit = visitOnce(crowd, visits++)
      .catch(error => {
        if (error instanceof ClientError && error.code === 'CONNECT_FAILED') visitsCutOff++
        else crowd.fault(`a visit failed: ${error.message}`)
      })
      .finally(() => visiting.delete(visit))
    visiting.add(visit)
  })
  crowd.play(pause)
  const sampler = new Sampler(sampleEvery, async () => {
    const heaps: Record<string, number> = await readWorkers(crowd, workers)
    return { ...heaps, gateway: sweptHeap() }
  })
  await sampler.run(ms)
  const report = await crowd.end()
  await Promise.all(visiting)
  return { ...report, visits, visitsCutOff, heaps: sampler.trends() }
}

/** Lets a visitor come, log in, play a little, enter a channel of their own, and leave. */
async function visitOnce(crowd: Crowd, number: number): Promise<void> {
  const client = await crowd.connect()
  try {
    await crowd.ask(client, 'player.login', { uid: `visitor-${number}` })
    for (let n = 0; n < 5; n++) await crowd.ask(client, 'player.mark', { n })
    await crowd.ask(client, 'room.enter', { name: `room-${number}` })
  } finally {
    client.close()
  }
}

/**
 * Returns the swept heap of each worker. It is chance which worker answers, so requests are sent until all
 * have.
 */
async function readWorkers(crowd: Crowd, workers: number): Promise<Record<string, number>> {
  const heaps: Record<string, number> = {}
  for (let tries = 0; Object.keys(heaps).length < workers; tries++) {
    if (tries > 1_000) throw new Error(`Only ${Object.keys(heaps)} of ${workers} workers have answered`)
    const reply = await crowd.ask(crowd.any, 'heap.read', {})
    if (reply === undefined) continue
    const { worker, bytes } = reply as { worker: number; bytes: number }
    heaps[`worker ${worker}`] = bytes
  }
  return heaps
}
