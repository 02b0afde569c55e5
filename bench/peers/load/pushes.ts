/**
 * One player who calls, again and again, a handler that pushes a key many times and waits only for the last
 * push. A push counts when the reply arrives, because the player's session then holds the value; at the end
 * this is checked.
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
