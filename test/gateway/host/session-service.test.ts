/** The sessions as the gateway's host sees them: `gateway.sessions`. */
import t, { type Test } from 'tap'
import { HostOperations } from '../../../gateway/host/host-operations.js'
import { SessionService } from '../../../gateway/host/session-service.js'
import { Registry } from '../../../gateway/sessions/registry.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { createLogger } from '../../../shared/text/log.js'
import { FakeReceiver } from '../../helpers/fake-receiver.js'
import { createLinkPair } from '../../helpers/link-pair.js'
import { until } from '../../helpers/until.js'

/** Creates a service, and records what its listeners are told. */
function begin(_t: Test) {
  const metrics = new Metrics()
  const registry = new Registry({
    maxResumeWindow: 600_000,
    frontendId: 'gateway-1',
    singleSession: 'off',
    metrics,
    now: () => 1_000
  })
  const lines: string[] = []
  const log = createLogger('debug', (level, message) => lines.push(`${level} ${message}`))
  const service = new SessionService({
    registry,
    limits: { maxSettingsLength: 100, maxSettingsKeys: 10 },
    metrics,
    log,
    operations: new HostOperations(createLinkPair(_t).targets),
    frontendId: 'gateway-1'
  })
  const told: unknown[] = []
  service.on('bind', (session, uid) => told.push(['bind', session.id, uid]))
  service.on('unbind', (session, uid) => told.push(['unbind', session.id, uid]))
  service.on('closed', (session, reason) => told.push(['closed', session.id, reason]))
  const open = () => {
    const receiver = new FakeReceiver()
    return { sid: registry.open(receiver).sid, receiver }
  }
  return { registry, service, told, open, lines, metrics }
}

// row 18
t.test(
  'In the gateway, `SessionService` finds, kicks, visits, counts and sends to sessions as that of Pinus does, and tells of each `bind`, `unbind` and, exactly once and with the reason, `closed`.',
  async t => {
    const { service, told, open } = begin(t)
    const [a, b, c] = [open(), open(), open()]
    service.bind(a.sid, 'red')
    service.bind(b.sid, 'red')
    service.bind(c.sid, 'blue')
    service.unbind(c.sid, 'blue')

    t.equal(service.get(a.sid)?.id, a.sid)
    t.equal(service.get(a.sid), service.get(a.sid), 'the same session each time')
    t.equal(service.get(1), undefined)
    t.same(
      service.getByUid('red').map(({ id }) => id),
      [a.sid, b.sid]
    )
    t.same(service.getByUid('blue'), [])
    t.equal(service.getSessionsCount(), 3)
    const visited: number[] = []
    service.forEachSession(({ id }) => visited.push(id))
    t.same(visited, [a.sid, b.sid, c.sid], 'the unbound one too')
    const bound: unknown[] = []
    service.forEachBoundSession(({ id, uid }) => bound.push([id, uid]))
    t.same(bound, [
      [a.sid, 'red'],
      [b.sid, 'red']
    ])
    t.same(service.getClientAddressBySessionId(a.sid), { ip: '192.0.2.7', port: 4321 })
    t.equal(service.getClientAddressBySessionId(1), undefined)

    t.equal(service.sendMessage(c.sid, 'news', { text: 'é' }), true)
    t.equal(service.sendMessage(1, 'news'), false)
    t.equal(service.sendMessageByUid('red', 'hello'), true)
    t.equal(service.sendMessageByUid('nobody', 'hello'), false)
    t.same(c.receiver.events, [['news', '{"text":"\xc3\xa9"}']], 'the body is its bytes')
    t.same([a.receiver.events, b.receiver.events], [[['hello', '']], [['hello', '']]])

    service.kickBySessionId(c.sid)
    service.kickBySessionId(c.sid)
    service.kick('red', 'because')
    service.kick('red', 'because')
    service.kick('nobody')
    service.kickBySessionId(1, 'because')
    t.same(c.receiver.endings, [[closeCodes.kicked, null]])
    t.same(
      [a.receiver.endings, b.receiver.endings],
      [[[closeCodes.kicked, 'because']], [[closeCodes.kicked, 'because']]]
    )
    t.same([service.getSessionsCount(), service.getByUid('red')], [0, []])
    t.same(told, [
      ['bind', a.sid, 'red'],
      ['bind', b.sid, 'red'],
      ['bind', c.sid, 'blue'],
      ['unbind', c.sid, 'blue'],
      ['closed', c.sid, 'kicked'],
      ['closed', a.sid, 'because'],
      ['closed', b.sid, 'because']
    ])
  }
)

t.test(
  'a session tells its own listeners, and keeps uid and settings while it tells that it closed',
  async t => {
    const { service, open } = begin(t)
    const { sid } = open()
    const session = service.get(sid)!
    const told: unknown[] = []
    session.on('bind', uid => told.push(['bind', uid]))
    session.on('unbind', uid => told.push(['unbind', uid]))
    session.on('closed', reason =>
      told.push(['closed', reason, session.uid, session.get('hp'), session.isOpen])
    )
    service.bind(sid, 'red')
    service.bind(sid, 'red')
    service.unbind(sid, 'red')
    service.bind(sid, 'blue')
    session.set('hp', 5)
    service.kickBySessionId(sid, 'because')
    service.kickBySessionId(sid, 'because')
    t.same(told, [
      ['bind', 'red'],
      ['unbind', 'red'],
      ['bind', 'blue'],
      ['closed', 'because', 'blue', 5, false]
    ])
  }
)

t.test('binding obeys the same rules as in a worker', async t => {
  const { service, open } = begin(t)
  const { sid } = open()
  t.throws(() => service.bind(1, 'red'), {
    code: 'SESSION_NOT_FOUND',
    message: 'session does not exist, sid: 1'
  })
  t.throws(() => service.unbind(1, 'red'), {
    code: 'SESSION_NOT_FOUND',
    message: 'session does not exist, sid: 1'
  })
  t.throws(() => service.bind(sid, ''), { code: 'UID_INVALID' })
  t.throws(() => service.unbind(sid, 'red'), { code: 'UID_NOT_BOUND' })
  service.bind(sid, 'red')
  t.throws(() => service.bind(sid, 'blue'), {
    code: 'UID_TAKEN',
    message: 'session has already bound with red'
  })
})

t.test('the host reads, sets and removes values, within the limits that hold for handlers', async t => {
  const { service, open, registry } = begin(t)
  const { sid } = open()
  const session = service.get(sid)!
  session.set('when', new Date(5))
  session.set('__proto__', 1)
  t.same(session.get('when'), new Date(5))
  t.same(Object.keys(session.settings), ['when', '__proto__'])
  t.equal(Object.getPrototypeOf(session.settings), null)
  session.remove('when')
  t.equal(session.get('when'), undefined)
  t.throws(() => session.set('f', () => {}), { code: 'VALUE_NOT_SERIALIZABLE' })
  t.throws(() => session.set('a', 'x'.repeat(100)), { code: 'SETTINGS_TOO_LARGE' })
  t.throws(() => session.set(5 as unknown as string, 1), { code: 'KEY_INVALID' })
  t.same(Object.keys(registry.find(sid)!.settings), ['__proto__'])
  service.kickBySessionId(sid)
  t.throws(() => session.set('a', 1), { code: 'SESSION_NOT_FOUND' })
  t.throws(() => session.remove('a'), { code: 'SESSION_NOT_FOUND' })
})

t.test('sessions that end or open during a walk do not disturb it', async t => {
  const { service, open } = begin(t)
  const sids = [open().sid, open().sid, open().sid]
  const visited: number[] = []
  service.forEachSession(({ id }) => {
    visited.push(id)
    for (const sid of sids) service.kickBySessionId(sid)
    open()
  })
  t.same(visited, sids)
})

t.test(
  "a host's listener that throws or rejects is logged, and disturbs neither the session nor other listeners",
  async t => {
    const { service, registry, told, open, lines } = begin(t)
    const { sid } = open()
    const session = service.get(sid)!
    session.on('bind', () => {
      throw new Error('a fault of the host')
    })
    session.on('bind', async () => {
      throw new Error('another one, later')
    })
    session.once('bind', uid => told.push(['once', uid]))
    service.bind(sid, 'red')
    t.equal(registry.find(sid)?.uid, 'red')
    await until('both faults are told', () => lines.length === 2)
    t.same(lines, Array(2).fill('error A listener of the host failed'))
    service.kickBySessionId(sid)
    t.same(told, [
      ['once', 'red'],
      ['bind', sid, 'red'],
      ['closed', sid, 'kicked']
    ])
    t.equal(session.listenerCount('bind'), 2, 'that of once is gone')
  }
)

t.test('a reason of a kick that is no text is refused before anything happens', async t => {
  const { service, open } = begin(t)
  const { sid } = open()
  service.bind(sid, 'red')
  t.throws(() => service.kick('red', 5 as never), {
    message: /reason of a kick to be a string of at most 1024 bytes, got 5/
  })
  t.throws(() => service.kickBySessionId(sid, {} as never), TypeError)
  t.equal(service.get(sid)?.isOpen, true)
})

t.test('events that the host sends by a number or a uid count, once for each receiver', async t => {
  const { service, open, metrics } = begin(t)
  const [a, b] = [open(), open()]
  service.bind(a.sid, 'red')
  service.bind(b.sid, 'red')
  service.sendMessage(a.sid, 'news')
  t.equal(metrics.read().eventsSent, 1)
  service.sendMessageByUid('red', 'news')
  t.equal(metrics.read().eventsSent, 3)
  service.sendMessage(1, 'news')
  service.sendMessageByUid('nobody', 'news')
  t.equal(metrics.read().eventsSent, 3)
})
