/** Idle sockets. They connect, request the counter once, and then do nothing until they are told to leave. */
import { createProtocol } from '../protocols/index.js'
import { Loop } from './loop.js'
import type { Crowd } from './messages.js'
import { joinAll } from './player.js'
import { RequestRing } from './ring.js'

/** Connects all sockets. Resolves with a function that disconnects them. */
export async function gather(asked: Crowd): Promise<() => void> {
  const protocol = createProtocol(asked.protocol)
  const all = await joinAll({ ...asked, protocol }, () => new Loop({ check: 'bodies' }))
  const ring = new RequestRing(protocol, asked.route, {}, 1)
  for (const { player, listener } of all) await listener.ask(player, ring)
  return () => {
    for (const { player } of all) player.leave()
  }
}
