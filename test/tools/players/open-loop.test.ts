/** An open loop that has ended before it begins. */
import t from 'tap'
import { createFigures } from '../../../tools/players/figures.js'
import { runOpenLoop } from '../../../tools/players/open-loop.js'
import type { LoadPlan } from '../../../tools/players/plan.js'
import type { PlayerClient } from '../../../tools/players/player-client.js'

t.test('a load that was ended while it connected sends nothing', async t => {
  const figures = createFigures()
  let sent = 0
  const player = { isAlive: true, requestSince: async () => sent++ }
  const plan = {
    route: 'a.b',
    body: undefined,
    inFlight: 1,
    rate: 1_000_000,
    threads: 1
  } as unknown as LoadPlan
  await runOpenLoop({ plan, thread: 0 }, [player as unknown as PlayerClient], figures, AbortSignal.abort())
  t.equal(sent, 0)
  t.same([figures.unanswered, figures.unsent, figures.late.count], [0, 0, 0])
})
