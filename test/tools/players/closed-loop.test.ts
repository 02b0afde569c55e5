/** A closed loop whose requests fail at once. */
import t from 'tap'
import { ClientError } from '../../../client/node.js'
import { refusedWait, runClosedLoop } from '../../../tools/players/closed-loop.js'
import { createFigures } from '../../../tools/players/figures.js'
import type { LoadPlan } from '../../../tools/players/plan.js'
import type { PlayerClient } from '../../../tools/players/player-client.js'
import { HeldTime } from '../../helpers/held-time.js'

/** Runs it until a request has failed so often. Returns how often it has waited. */
async function run(time: HeldTime, code: string, times: number): Promise<number> {
  const before = time.waits.length
  const sending = new AbortController()
  let failures = 0
  const player = {
    isAlive: true,
    requestSince: async () => {
      if (++failures === times) sending.abort()
      throw new ClientError({ code, message: 'no' })
    }
  }
  const plan = { route: 'a.b', body: undefined, inFlight: 1 } as unknown as LoadPlan
  await runClosedLoop(plan, [player as unknown as PlayerClient], createFigures(), sending.signal)
  return time.waits.slice(before).filter(ms => ms === refusedWait).length
}

t.test(
  'what the client refuses itself is tried again after a while, what the server refuses at once',
  async t => {
    const time = new HeldTime(t)
    time.flow()
    for (const code of ['RATE_LIMITED', 'OVERLOADED', 'ROUTE_UNKNOWN', 'TIMEOUT', 'NOT_ENOUGH_GOLD'])
      t.equal(await run(time, code, 100), 0, code)
    for (const code of ['OUTBOX_FULL', 'CONNECTION_CLOSED', 'BODY_TOO_LARGE', 'BODY_NOT_SERIALIZABLE'])
      t.equal(await run(time, code, 100), 99, code)
  }
)
