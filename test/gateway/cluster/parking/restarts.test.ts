/** The sessions of a gateway that was cut off, after its new start. */
import t from 'tap'
import { LocalNetwork } from '../../../../gateway/cluster/bus/local-network.js'
import { processTiming } from '../../../../gateway/cluster/link/link-host.js'
import { LogWatch } from '../../../../gateway/cluster/parking/entries/log-watch.js'
import { formatClaim, formatState } from '../../../../gateway/cluster/parking/entries/parked-entry.js'
import { ParkedLog } from '../../../../gateway/cluster/parking/entries/parked-log.js'
import type { Holding } from '../../../../gateway/cluster/parking/holding.js'
import { Restarts } from '../../../../gateway/cluster/parking/restarts.js'
import type { Session } from '../../../../gateway/sessions/session.js'
import { movableSession } from '../../../helpers/cluster/movable-session.js'
import { until } from '../../../helpers/until.js'

/** As that of the process, but it keeps a test alive. */
const timing = {
  ...processTiming,
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  }
}

/** Two sessions of a gateway: another one has restored 7, and nobody 8. */
async function cutOff() {
  const network = new LocalNetwork()
  const [log, other] = [new ParkedLog(network.join('a'), 'c'), new ParkedLog(network.join('b'), 'c')]
  await log.open()
  await other.open()
  const watch = new LogWatch(log, processTiming)
  await watch.isAnother()
  const held = new Map<Session, Holding>()
  for (const sid of [7, 8]) {
    const record = (await log.append(
      sid,
      formatState({ kind: 'record', start: 1, generation: 0, endsAt: 0, state: movableSession(sid) })
    ))!
    const written = { at: processTiming.monotonic() } as NonNullable<Holding['written']>
    held.set({ sid, isOpen: true } as Session, { generation: 0, leftovers: 0, record, written, start: 1 })
  }
  await other.append(7, formatClaim(2))
  const [lost, kept]: number[][] = [[], []]
  const kicked: unknown[] = []
  let start = 1
  const restarts = new Restarts({
    log,
    watch,
    held,
    timing,
    isDead: async () => false,
    start: () => start,
    registry: { findRecipient: sid => [...held.keys()].find(each => each.sid === sid) },
    lost: ({ sid }) => lost!.push(sid),
    kept: ({ sid }) => kept!.push(sid),
    kicked: ({ sid }, reason) => kicked.push([sid, reason]),
    logLost: () => t.fail('the log is the same')
  })
  return { network, restarts, held, other, lost, kept, kicked, begin: (number: number) => (start = number) }
}

t.test('one that another gateway has restored is let go, once', async t => {
  const { restarts, lost, kept, begin } = await cutOff()
  t.same(
    [7, 8].map(sid => restarts.isUndecided(sid)),
    [false, false]
  )
  begin(3)
  t.same(
    [7, 8].map(sid => restarts.isUndecided(sid)),
    [true, true]
  )
  t.same(await Promise.all([7, 7, 8].map(sid => restarts.isHere(sid))), [false, false, true])
  await restarts.begin(3)
  t.same(
    [7, 8].map(sid => restarts.isUndecided(sid)),
    [false, false]
  )
  t.same([lost, kept], [[7], [8]])
})

t.test('while the store gives no answer nothing is decided, and it is asked again', async t => {
  const { network, restarts, lost, kept, begin } = await cutOff()
  let drops = 3
  network.fault = ({ kind }) => (kind === 'append' && drops-- > 0 ? 'drop' : undefined)
  begin(3)
  await restarts.begin(3)
  t.ok([7, 8].some(sid => restarts.isUndecided(sid)))
  t.equal(await restarts.isHere(7), false)
  await until('both are decided', () => [7, 8].every(sid => !restarts.isUndecided(sid)))
  t.same([lost, kept], [[7], [8]])
})

t.test('one whose first record was written without an answer is let go, too', async t => {
  const { restarts, held, lost, kept, begin } = await cutOff()
  for (const holding of held.values()) {
    delete holding.record
    holding.leftovers = 1
  }
  begin(3)
  await restarts.begin(3)
  t.same([lost, kept], [[7], [8]])
})

t.test('one whose user was kicked meanwhile is kicked, unless it was bound since its record', async t => {
  for (const isBoundAnew of [false, true]) {
    const { restarts, held, other, lost, kept, kicked, begin } = await cutOff()
    for (const holding of held.values()) holding.written = { ...holding.written!, uid: 'red' }
    await other.appendKick('blue', 'not meant')
    await other.appendKick('red', 'banned')
    const eighth = [...held.values()][1]!
    if (isBoundAnew) eighth.written = { ...eighth.written!, uid: undefined }
    begin(3)
    await restarts.begin(3)
    t.same(kicked, isBoundAnew ? [] : [[8, 'banned']])
    t.same([lost, kept], [[7], isBoundAnew ? [8] : []])
  }
})
