/** Lanes that are held while their session is about to move. */
import t from 'tap'
import { HeldLanes, type HeldLanesInit } from '../../../../gateway/cluster/moves/held-lanes.js'
import { Lane } from '../../../../gateway/sessions/lane.js'
import type { Session } from '../../../../gateway/sessions/session.js'
import type { Turn } from '../../../../gateway/sessions/turn.js'

/** Creates a session whose lane has a turn that runs, until `end` is called. */
function create() {
  const lane = new Lane()
  const session = { lane, isOpen: true }
  lane.turn = { takeBack() {} } as unknown as Turn
  const lanes = new HeldLanes({ queue: { addLane() {} }, pumpSoon() {} } as unknown as HeldLanesInit)
  const end = () => {
    lane.turn = undefined
    lane.held?.()
  }
  return { lane, lanes, session, end, hold: (ms: number) => lanes.hold(session as unknown as Session, ms) }
}

t.test('a lane is held by one who asks for it, until what runs is decided', async t => {
  const { lane, hold, end } = create()
  const first = hold(60_000)
  t.equal(await hold(60_000), false, 'another one is told at once')
  end()
  t.equal(await first, true)
  t.not(lane.held, undefined, 'until it is released')
})

t.test('a session that ends is held no more, and is not held after it', async t => {
  const { lane, session, hold } = create()
  const held = hold(60_000)
  session.isOpen = false
  lane.held?.()
  t.equal(await held, true)
  lane.held = undefined
  t.equal(await hold(60_000), true)
  t.equal(lane.held, undefined)
})

t.test('what runs for too long goes on', async t => {
  const { lane, hold } = create()
  t.equal(await hold(1), false)
  t.equal(lane.held, undefined)
})
