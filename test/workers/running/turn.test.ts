/** A turn whose own code fails, which must not harm other turns. */
import { MessageChannel } from 'node:worker_threads'
import t from 'tap'
import type { OutboxMessage } from '../../../shared/link/outbox.js'
import { outboxKinds } from '../../../shared/link/outbox.js'
import { Link } from '../../../workers/operations/link.js'
import type { Environment } from '../../../workers/running/environment.js'
import { EventLoopBudget } from '../../../workers/running/event-loop-budget.js'
import { RunningRequests } from '../../../workers/running/running-requests.js'
import { Turn } from '../../../workers/running/turn.js'

t.test('it does not throw: it is logged, and what has not started is given back', async t => {
  const { port1, port2 } = new MessageChannel()
  t.teardown(() => port1.close())
  const link = new Link(port1, () => {})
  const claims = {
    claim() {
      throw new Error('no memory to claim it in')
    },
    setRunning() {},
    beat() {}
  }
  const call = () => t.fail('it was run')
  const env: Environment = {
    frontendId: 'gateway-1',
    worker: { index: 0 },
    link,
    claims,
    handlers: [{ route: 'a.b', file: 'a.js', options: {}, call }],
    budget: new EventLoopBudget(),
    running: new RunningRequests(),
    settlesPushes: true,
    isDevelopment: false,
    heapLimit: 0,
    spans: undefined,
    maxBodyBytes: 1_000,
    maxBodyDepth: 8,
    maxOperationsPerRequest: 0,
    maxSettingsLength: 1_000,
    maxSettingsKeys: 8
  }
  const request = { rid: 1, route: 0, flags: 0, body: '' }
  const session = { sid: 1, uid: null, version: 0, settings: '', isConnected: true }
  const message = new Promise<OutboxMessage>(resolve => port2.once('message', resolve))
  new Turn(env, { viewId: 1, slot: 7, ...session, requests: [request] }).run()
  const [kind, level, text, fields, ...rest] = await message
  t.same([kind, level, text], [outboxKinds.log, 'error', 'A turn failed'])
  t.match(fields, /no memory to claim it in/)
  t.same(rest, [outboxKinds.slotDone, 7])
})
