import t from 'tap'
import { type Condition, diagnose, diagnosisCodes, isReady } from '../../../gateway/internal/diagnosis.js'
import { matchRows } from '../../helpers/match-rows.js'

const well: Condition = {
  phase: 'running',
  workers: { places: 4, up: 4, working: 4 },
  overload: undefined,
  queueDelay: 0,
  sockets: { open: 10, most: 100, by: 'maxConnections' },
  reloadFailed: false,
  suspendedRoutes: [],
  hangingHandlers: 0,
  isInspected: false,
  clusterTrouble: undefined,
  needsCluster: false
}

t.test('a gateway that is well has no diagnosis, and is ready', t => {
  t.same(diagnose(well), [])
  t.equal(isReady(diagnose(well)), true)
  t.same(
    diagnose({ ...well, sockets: { ...well.sockets, most: Number.POSITIVE_INFINITY } }),
    [],
    'without a limit none is reached'
  )
  t.end()
})

const rows: [code: string, keepsAway: boolean, change: Partial<Condition>, what: RegExp][] = [
  ['starting', true, { phase: 'starting', workers: { places: 4, up: 0, working: 0 } }, /is starting/],
  ['closing', true, { phase: 'closing' }, /is shutting down/],
  ['noWorker', true, { workers: { places: 4, up: 0, working: 0 } }, /No worker is up/],
  ['workersStuck', true, { workers: { places: 4, up: 4, working: 0 } }, /No worker makes progress \(of 4\)/],
  ['workersMissing', false, { workers: { places: 4, up: 3, working: 3 } }, /3 of 4 workers are up/],
  ['workersSlow', false, { workers: { places: 4, up: 4, working: 3 } }, /1 of 4 workers make no progress/],
  ['overloaded', true, { overload: 'maxQueueDelay', queueDelay: 3_001 }, /`maxQueueDelay`; .* 3001 ms/],
  ['overloaded', true, { overload: 'maxOpenBytes' }, /`maxOpenBytes`/],
  [
    'connectionsFull',
    true,
    { sockets: { ...well.sockets, open: 100 } },
    /100 are open; it is set by maxConnections/
  ],
  ['reloadFailed', false, { reloadFailed: true }, /last reload has failed/],
  ['handlersHanging', false, { hangingHandlers: 7 }, /7 handlers/],
  [
    'routesSuspended',
    false,
    { suspendedRoutes: ['a.b', 'c.d', 'e.f'] },
    /route a\.b and 2 more is suspended/
  ],
  [
    'clusterDegraded',
    false,
    { clusterTrouble: 'there is no bus' },
    /cut off from its cluster: there is no bus/
  ],
  ['clusterDegraded', true, { clusterTrouble: 'there is no bus', needsCluster: true }, /no bus/],
  ['timeLimitsOff', false, { isInspected: true }, /inspector is open/]
]
for (const [code, keepsAway, change, what] of rows) {
  t.test(`${code} is told with what to do, and ${keepsAway ? 'keeps' : 'does not keep'} players away`, t => {
    const found = diagnose({ ...well, ...change })
    matchRows(t, found, [{ code, severity: keepsAway ? 'error' : 'warn', what, todo: /\.$/ }])
    t.equal(found.length, 1)
    t.equal(isReady(found), !keepsAway)
    t.end()
  })
}

t.test('each fault has a test above', t => {
  t.same([...new Set(rows.map(([code]) => code))].sort(), [...diagnosisCodes].sort())
  t.end()
})

t.test('several faults are told at once', t => {
  const condition = { ...well, overload: 'maxOpenRequests', hangingHandlers: 1, isInspected: true } as const
  t.same(
    diagnose(condition).map(({ code }) => code),
    ['overloaded', 'handlersHanging', 'timeLimitsOff']
  )
  t.end()
})
