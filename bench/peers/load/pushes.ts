/**
 * One player who asks a handler, again and again, to push a key many times without waiting for any but the last. A
 * push counts when the reply is there, for then the player's session holds the value; at the end that is looked at.
 */
import { createProtocol } from '../protocols/index.js'
import { Loop } from './loop.js'
import { type Pushes, type PushesResult, say } from './messages.js'
import { joinAll } from './player.js'
import { RequestRing } from './ring.js'

export async function pushOn(asked: Pushes): Promise<PushesResult> {
  const protocol = createProtocol(asked.protocol)
  const [joined] = await joinAll({ ...asked, protocol, sockets: 1 }, () => new Loop({ check: 'numbers' }))
  const { player, listener } = joined!
  const { pushesPerRequest } = asked
  const push = new RequestRing(protocol, asked.route, { count: pushesPerRequest }, 1)
  const read = new RequestRing(protocol, asked.readRoute, {}, 1)
  let pushed = 0
  const pushFor = async (seconds: number): Promise<PushesResult> => {
    const before = pushed
    const startedAt = performance.now()
    const end = startedAt + seconds * 1000
    while (performance.now() < end) pushed = await listener.ask(player, push)
    return { pushes: pushed - before, seconds: (performance.now() - startedAt) / 1000 }
  }
  await pushFor(asked.warmupSeconds)
  say({ kind: 'begun' })
  const result = await pushFor(asked.seconds)
  say({ kind: 'counted' })
  const held = await listener.ask(player, read)
  if (held !== pushed) throw new Error(`The session holds ${held}, but ${pushed} was pushed last`)
  player.leave()
  return result
}
