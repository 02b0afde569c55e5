import t from 'tap'
import type { SingleSession } from '../../../gateway/options/plain-options.js'
import { Registry } from '../../../gateway/sessions/registry.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { FakeReceiver } from '../../helpers/fake-receiver.js'

function createRegistry(singleSession: SingleSession = 'off', now = 1_000, metrics = new Metrics()) {
  return new Registry({
    frontendId: 'gateway-1',
    singleSession,
    maxResumeWindow: 600_000,
    metrics,
    now: () => now
  })
}

const ending = { code: closeCodes.normal, reason: 'left', kickReason: null }

t.test('numbers begin with the clock, and go on above those of an earlier start', async t => {
  const earlier = createRegistry('off', 1_000)
  const later = createRegistry('off', 1_001)
  const first = earlier.open(new FakeReceiver())
  t.equal(first.sid, 1_000 * 1024 + 1)
  earlier.end(first, ending)
  t.equal(earlier.open(new FakeReceiver()).sid, first.sid + 1, 'an ended one leaves its number to nobody')
  let last = first.sid
  for (let i = 0; i < 1_000; i++) last = earlier.open(new FakeReceiver()).sid
  t.ok(later.open(new FakeReceiver()).sid > last)
  t.ok(Number.isSafeInteger(createRegistry('off', Date.UTC(2200, 1)).open(new FakeReceiver()).sid))
})

t.test('a session that was bound is found by its user until it is unbound or ends', async t => {
  const registry = createRegistry()
  const [a, b] = [registry.open(new FakeReceiver()), registry.open(new FakeReceiver())]
  t.equal(registry.bind(a, 'red'), undefined)
  t.equal(registry.bind(b, 'red'), undefined)
  t.same(registry.findByUid('red'), [a, b])
  t.equal(registry.users.size, 1)
  t.equal(registry.unbind(a, 'red'), undefined)
  t.same(registry.findByUid('red'), [b])
  registry.end(b, ending)
  t.same(registry.findByUid('red'), [])
  t.equal(registry.find(b.sid), undefined)
  t.same([registry.size, registry.users.size], [1, 0])
})

t.test('a list of sessions is a copy that no ending changes', async t => {
  const registry = createRegistry()
  const sessions = [registry.open(new FakeReceiver()), registry.open(new FakeReceiver())]
  for (const session of sessions) registry.bind(session, 'red')
  const [found, all] = [registry.findByUid('red'), registry.all()]
  for (const session of found) registry.end(session, ending)
  t.same([found.length, all.length], [2, 2])
})

t.test('with off, each of a user may stay', async t => {
  const registry = createRegistry('off')
  const [a, b] = [registry.open(new FakeReceiver()), registry.open(new FakeReceiver())]
  t.same([registry.bind(a, 'red'), registry.bind(b, 'red')], [undefined, undefined])
  t.same([a.isOpen, b.isOpen], [true, true])
})

t.test(
  'with reject, the second fails while the first has a client, and replaces one that has none',
  async t => {
    const registry = createRegistry('reject')
    const [a, b] = [registry.open(new FakeReceiver()), registry.open(new FakeReceiver())]
    const closed: unknown[] = []
    registry.on('closed', (session, reason) => closed.push([session.sid, reason]))
    registry.bind(a, 'red')
    t.equal(registry.bind(b, 'red')?.code, 'SINGLE_SESSION')
    t.equal(b.uid, null)
    a.receiver = undefined
    t.equal(registry.bind(b, 'red'), undefined)
    t.same([a.isOpen, closed], [false, [[a.sid, 'replaced']]])
    t.same(registry.findByUid('red'), [b])
  }
)

t.test('with kick, the first ends with a reason for its client, before the second is bound', async t => {
  const registry = createRegistry('kick')
  const receiver = new FakeReceiver()
  const [a, b] = [registry.open(receiver), registry.open(new FakeReceiver())]
  const told: unknown[] = []
  registry.bind(a, 'red')
  registry.on('closed', session => told.push(['closed', session.sid, session.uid]))
  registry.on('bind', (session, uid) => told.push(['bind', session.sid, uid]))
  t.equal(registry.bind(b, 'red'), undefined)
  t.same(receiver.endings, [[closeCodes.replaced, 'The same user came from elsewhere']])
  t.same(told, [
    ['closed', a.sid, 'red'],
    ['bind', b.sid, 'red']
  ])
  t.same(registry.findByUid('red'), [b])
})

t.test('a newcomer that ends while the first is kicked is not found by its user afterwards', async t => {
  const registry = createRegistry('kick')
  const [a, b] = [registry.open(new FakeReceiver()), registry.open(new FakeReceiver())]
  registry.bind(a, 'red')
  registry.on('closed', () => registry.end(b, ending))
  t.equal(registry.bind(b, 'red')?.code, 'SESSION_NOT_FOUND')
  t.same([registry.findByUid('red'), registry.users.size], [[], 0])
})

t.test('a session ends once', async t => {
  const registry = createRegistry()
  const receiver = new FakeReceiver()
  const session = registry.open(receiver)
  let closed = 0
  registry.on('closed', () => {
    closed++
    registry.end(session, ending)
  })
  registry.end(session, ending)
  registry.kick(session, 'again')
  t.equal(closed, 1)
  t.same(receiver.endings, [[closeCodes.normal, null]])
})

t.test('a session counts as kicked where a kick ends it, and once', async t => {
  const metrics = new Metrics()
  const registry = createRegistry('off', 1_000, metrics)
  const [first, second] = [registry.open(new FakeReceiver()), registry.open(new FakeReceiver())]
  const all = [first, second, registry.open(new FakeReceiver())]
  registry.on('closed', () => {
    for (const each of [first, second]) registry.kick(each, 'all devices')
  })
  registry.leave(all[2]!)
  for (const each of all) registry.kick(each, 'bye')
  t.match(metrics.read(), { sessionsClosed: 2, sessionsKicked: 2 })
  registry.stay(all[2]!)
  t.match(metrics.read(), { sessionsClosed: 3, sessionsKicked: 3 })
})

t.test('an end whose listener throws ends the connection all the same', t => {
  const registry = createRegistry()
  const receiver = new FakeReceiver()
  const session = registry.open(receiver)
  registry.on('closed', () => {
    throw new Error('a listener')
  })
  t.throws(() => registry.end(session, { ...ending, kickReason: 'enough' }), { message: 'a listener' })
  t.same(receiver.endings, [[closeCodes.normal, 'enough']])
  t.equal(registry.find(session.sid), undefined)
  t.end()
})
