/** The console's calls about sessions that another gateway may have. */
import t from 'tap'
import type { FarOutcome } from '../../../gateway/console/other-gateways.js'
import { SessionCalls } from '../../../gateway/console/session-calls.js'
import { Registry } from '../../../gateway/sessions/registry.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'

/** Returns the calls of a gateway whose others answer so, and the sids that they were asked for. */
function start(outcome: FarOutcome) {
  const asked: number[] = []
  const calls = new SessionCalls({
    registry: new Registry({
      frontendId: 'a',
      singleSession: 'off',
      maxResumeWindow: 0,
      metrics: new Metrics(),
      now: () => 0
    }),
    frontendId: 'a',
    limits: { maxSendBytes: 1, maxBacklogBytes: 1 },
    now: () => 0,
    monotonic: () => 0,
    others: () => ({
      describe: () => t.fail('it is not asked for the cluster') as never,
      search: async (_, own) => own,
      ask: async sid => {
        asked.push(sid)
        return outcome
      }
    })
  })
  const call = (value: string) => ({ value, body: {}, about() {} })
  return { calls, call, asked }
}

t.test('while gateways are silent nobody says that a session has ended, or was not changed', async t => {
  const { calls, call } = start({ kind: 'absent', silent: ['b', 'c'] })
  await t.rejects(calls.describe(call('7')), {
    code: 'GATEWAY_SILENT',
    message: 'These gateways did not answer: b, c. The session may be there.'
  })
  for (const change of [calls.kick(call('7')), calls.unbind(call('7'))])
    await t.rejects(change, {
      code: 'GATEWAY_SILENT',
      message: /the change may have been made, or may yet be/
    })
})

t.test('a session that no gateway has is not found', async t => {
  const { calls, call, asked } = start({ kind: 'absent', silent: [] })
  await t.rejects(calls.describe(call('7')), { code: 'NOT_FOUND' })
  await t.rejects(calls.kick(call(`${Number.MAX_SAFE_INTEGER}`)), { code: 'NOT_FOUND' })
  t.same(asked, [7, Number.MAX_SAFE_INTEGER])
})

t.test('no gateway is asked for what can be no number of a session', async t => {
  const { calls, call, asked } = start({ kind: 'absent', silent: ['b'] })
  for (const sid of ['9007199254740992', '9999999999999999', '-1', '1e3', '1.5', '', 'constructor']) {
    await t.rejects(calls.describe(call(sid)), { code: 'NOT_FOUND' }, sid)
    await t.rejects(calls.kick(call(sid)), { code: 'NOT_FOUND' }, sid)
    await t.rejects(calls.unbind(call(sid)), { code: 'NOT_FOUND' }, sid)
  }
  t.same(asked, [])
})
