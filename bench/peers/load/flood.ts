/**
 * A closed loop on each of many sockets. At the end it reads the counters, to see how many answered
 * increments are missing.
 */
import { firstReply } from '../../load/flood.js'
import { jsonBody } from '../../load/frames.js'
import { sleep } from '../../load/process.js'
import { rateBetween, readUsage } from '../../readings/usage.js'
import { createProtocol } from '../protocols/index.js'
import { Latencies } from './latencies.js'
import { Loop } from './loop.js'
import { type Flood, type FloodResult, say } from './messages.js'
import { joinAll } from './player.js'
import { RequestRing } from './ring.js'

const bodyBytes = 64

/** Seconds to wait before the counters are read: a push that nobody awaits may arrive after the reply. */
const settling = 0.5

export async function flood(asked: Flood): Promise<FloodResult> {
  const protocol = createProtocol(asked.protocol)
  const latencies = new Latencies()
  const onReply = (milliseconds: number) => latencies.record(milliseconds)
  const all = await joinAll({ ...asked, protocol }, () => new Loop({ check: asked.check, onReply }))
  const ring = new RequestRing(protocol, asked.route, JSON.parse(jsonBody(bodyBytes)), asked.inFlight)
  // Each socket first sends one request alone. A server that opens connections on a first request thus opens
  // them before the flood. Pinus' RPC connection sometimes breaks off when opened under a flood, and its
  // requests in flight are then answered after half a minute.
  for (const { player, listener } of all) await listener.ask(player, ring)
  for (const { player, listener } of all) listener.begin(player, ring, asked.inFlight)
  await sleep(asked.warmupSeconds)
  say({ kind: 'begun' })
  latencies.reset()
  const before = readUsage()
  await sleep(asked.seconds)
  await firstReply(() => latencies.count)
  const after = readUsage()
  const replies = latencies.count
  say({ kind: 'counted' })
  if (replies === 0) throw new Error('No reply came in all that time')
  const [p50, p99] = latencies.percentiles([50, 99]) as [number, number]
  let acknowledged = 0
  let counted = 0
  for (const { listener } of all) acknowledged += await listener.drain()
  await sleep(settling)
  for (const { player, listener } of all) {
    // One more increment, alone: its reply is the count of all before it plus itself.
    counted += (await listener.ask(player, ring)) - 1
    player.leave()
  }
  return {
    replies,
    seconds: (after.at - before.at) / 1000,
    p50,
    p99,
    acknowledged,
    lost: asked.check === 'bodies' ? null : acknowledged - counted,
    cpuShare: rateBetween(before, after).process / 1e6
  }
}
