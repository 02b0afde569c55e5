/** A turn whose own code fails, which must not harm other turns. */
import { MessageChannel } from 'node:worker_threads'
import t, { type Test } from 'tap'
import type { OutboxMessage } from '../../../shared/link/outbox.js'
import { outboxKinds } from '../../../shared/link/outbox.js'
import type { Handler } from '../../../workers/loading/handlers.js'
import { Link } from '../../../workers/operations/link.js'
import type { Claims } from '../../../workers/running/claims.js'
import type { Environment } from '../../../workers/running/environment.js'
import { EventLoopBudget } from '../../../workers/running/event-loop-budget.js'
import { RunningRequests } from '../../../workers/running/running-requests.js'
import { Turn } from '../../../workers/running/turn.js'
import { until } from '../../helpers/until.js'

/** Returns the environment of a worker with one handler, and what it sends to the gateway. */
function createEnvironment(t: Test, claims: Partial<Claims>, call: Handler['call']) {
  const { port1, port2 } = new MessageChannel()
  t.teardown(() => port1.close())
  const env: Environment = {
    frontendId: 'gateway-1',
    worker: { index: 0 },
    link: new Link(port1, () => {}),
    claims: { claim: () => true, setRunning() {}, beat() {}, ...claims },
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
  const items: OutboxMessage = []
  port2.on('message', (message: OutboxMessage) => items.push(...message))
  /** Returns the items that the gateway gets, once there are so many. */
  const sent = async (count: number) => {
    await until(`it has sent ${count} items`, () => items.length >= count)
    return items
  }
  return { env, sent }
}

/** Returns a turn in slot 7 of requests with the numbers 1, 2 and so on. */
function createTurn(env: Environment, count: number): Turn {
  const session = { sid: 1, uid: null, version: 0, settings: '', isConnected: true }
  const requests = Array.from({ length: count }, (_, at) => ({ rid: at + 1, route: 0, flags: 0, body: '' }))
  return new Turn(env, { viewId: 1, slot: 7, ...session, requests })
}

t.test('it does not throw: it is logged, and what has not started is given back', async t => {
  const claim = () => {
    throw new Error('no memory to claim it in')
  }
  const { env, sent } = createEnvironment(t, { claim }, () => t.fail('it was run'))
  createTurn(env, 1).run()
  const [kind, level, text, fields, ...rest] = await sent(6)
  t.same([kind, level, text], [outboxKinds.log, 'error', 'A turn failed'])
  t.match(fields, /no memory to claim it in/)
  t.same(rest, [outboxKinds.slotDone, 7])
})

t.test('a request that was claimed gets an outcome, and what is behind it is given back', async t => {
  const setRunning = (rid: number) => {
    if (rid !== 0) throw new Error('no memory to name it in')
  }
  const { env, sent } = createEnvironment(t, { setRunning }, () => t.fail('it was run'))
  createTurn(env, 2).run()
  const [kind, level, text, fields, ...rest] = await sent(11)
  t.same([kind, level, text], [outboxKinds.log, 'error', 'A turn failed'])
  const { id } = JSON.parse(fields as string)
  const told = `The request failed; the log has the cause under ${id}`
  t.same(rest, [outboxKinds.failed, 1, 'INTERNAL', told, null, outboxKinds.slotDone, 7])
})

t.test('one whose outcome is out gets no other one', async t => {
  const setRunning = (rid: number) => {
    if (rid === 0) throw new Error('no memory to name nobody in')
  }
  const { env, sent } = createEnvironment(t, { setRunning }, () => 5)
  createTurn(env, 2).run()
  const [kind, rid, , ...rest] = await sent(9)
  t.same([kind, rid, rest[0]], [outboxKinds.reply, 1, outboxKinds.log])
  t.same(rest.slice(-2), [outboxKinds.slotDone, 7])
  t.notOk(rest.includes('INTERNAL'))
})

t.test('one whose handler still runs gets its outcome when that ends, and then the turn goes on', async t => {
  let isBroken = true
  const setRunning = (rid: number) => {
    if (rid !== 0 || !isBroken) return
    isBroken = false
    throw new Error('no memory to name nobody in')
  }
  const { env, sent } = createEnvironment(t, { setRunning }, async () => 5)
  createTurn(env, 2).run()
  const items = await sent(10)
  t.same(items.slice(0, 3), [outboxKinds.log, 'error', 'A turn failed'])
  const [kind, rid, , nextKind, nextRid] = items.slice(4)
  t.same([kind, rid, nextKind, nextRid], [outboxKinds.reply, 1, outboxKinds.reply, 2])
})
