/** The report of a load, as text. */
import t from 'tap'
import { formatReport } from '../../../tools/load/report.js'
import type { LoadResult } from '../../../tools/load/result.js'

function resultOf(sockets: Partial<LoadResult['sockets']>): LoadResult {
  return {
    url: 'ws://127.0.0.1:3010/',
    mode: 'closed-loop',
    seconds: 1,
    interrupted: false,
    requests: 0,
    requestsPerSecond: 0,
    steps: {},
    unanswered: 0,
    unsent: 0,
    late: null,
    sockets: { asked: 1, open: 1, cuts: 0, resumed: 0, sessionsLost: 0, failures: {}, ends: {}, ...sockets },
    events: 0,
    scenario: null,
    tool: { threads: 1, cpu: 0, busy: 0, isLimit: false }
  }
}

t.test('the report accounts for each cut, also for one whose client was away at the end', async t => {
  const report = (sockets: Partial<LoadResult['sockets']>) =>
    formatReport(resultOf(sockets), (_colour, text) => text)
  t.match(
    report({ cuts: 40, resumed: 39 }),
    '40; 39 sessions resumed, 0 lost, 1 without an answer at the end\n'
  )
  t.match(report({ cuts: 40, resumed: 39, sessionsLost: 1 }), '40; 39 sessions resumed, 1 lost\n')
})
