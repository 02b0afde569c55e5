/**
 * Runs a case of each kind of load, about sessions, latencies and events, each as briefly as possible. Their
 * figures do not matter here.
 */
import t from 'tap'
import { endOf, isGroupAlive, readRows, startBench } from '../helpers/bench.js'
import { matchRows } from '../helpers/match-rows.js'

// Processes start slowly on a busy machine.
t.setTimeout(300_000)

const shortly = ['--json', '--seconds', '0.2', '--repeats', '1', '--connections', '100']

/** Figures that a case must have, beside `ours`; it must not have the others of this list. */
const told: Record<string, readonly string[]> = {
  'latency-at-load': ['p50', 'p99', 'rate', 'lateP99', 'cpuMicros', 'loadCpu'],
  overload: ['floor', 'ratio', 'p50', 'p99', 'rate', 'lateP99', 'memoryGrowth', 'cpuMicros', 'loadCpu'],
  'events-steady': ['floor', 'ratio', 'cpuMicros', 'loadCpu', 'floorLoadCpu'],
  'channel-churn': ['cpuMicros'],
  resume: ['floor', 'ratio', 'cpuMicros', 'loadCpu', 'floorLoadCpu'],
  'sessions-scaling-1000': ['floor', 'ratio', 'cpuMicros', 'loadCpu', 'floorLoadCpu']
}

/** Rows of those cases that have more than one. */
const rowCounts: Record<string, number> = { 'events-steady': 2 }

const figures = [...new Set(Object.values(told).flat())]

for (const [name, expected] of Object.entries(told)) {
  t.test(`${name} runs, tells its figures, and leaves no process`, async t => {
    const run = async () => {
      const bench = startBench(t, [name, ...shortly])
      const ended = await endOf(bench)
      t.equal(isGroupAlive(bench), false)
      return ended
    }
    let ended = await run()
    // The case judges how calm it is some time after the overload; a busy machine may not be calm by then.
    for (let tries = 1; tries < 4 && /^overload: 2 s after the overload/.test(ended.stderr); tries++)
      ended = await run()
    const { code, stdout, stderr } = ended
    t.same({ code, stderr }, { code: 0, stderr: '' })
    const [row, ...others] = readRows(stdout)
    t.equal(others.length + 1, rowCounts[name] ?? 1)
    t.match(row, { case: name, goal: String })
    matchRows(
      t,
      row.reached,
      String(row.goal)
        .split(', ')
        .map(() => Number),
      'a value for each part of the goal'
    )
    t.ok(row.ours > 0)
    // Only Linux counts the CPU time of a thread.
    const isKnown = (figure: string) => process.platform === 'linux' || figure !== 'gatewayRatio'
    for (const figure of figures.filter(isKnown)) {
      t.equal(row[figure] !== null, expected.includes(figure), `${figure}: ${row[figure]}`)
    }
  })
}
