import t from 'tap'
import { Registry } from '../../../gateway/sessions/registry.js'
import { replaced } from '../../../gateway/sessions/registry-events.js'
import { ClaimedBinds } from '../../../gateway/sessions/user-claims.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { errors } from '../../../shared/errors.js'
import { FakeClaims } from '../../helpers/fake-claims.js'
import { FakeReceiver } from '../../helpers/fake-receiver.js'

function createWorld(mode: 'reject' | 'kick' = 'reject') {
  const registry = new Registry({
    frontendId: 'a',
    singleSession: mode,
    maxResumeWindow: 1_000,
    metrics: new Metrics(),
    now: () => 0
  })
  registry.numberFrom(0)
  const claims = new FakeClaims()
  const binds = new ClaimedBinds({ claims, registry, mode })
  registry.claimed = binds
  const open = () => registry.open(new FakeReceiver())
  return { registry, claims, binds, open }
}

const ending = { code: closeCodes.normal, reason: 'left', kickReason: null }

/** Lets promises settle that need no more than each other. */
const turn = () => new Promise(resolve => setImmediate(resolve))

t.test('a session has its user once they are claimed, and gives the claim up when it is unbound', async t => {
  const { registry, claims, binds, open } = createWorld()
  const session = open()
  const heard: string[] = []
  registry.on('bind', (_, uid) => heard.push(`bind ${uid}`))
  const bound = binds.bind(session, 'red')
  t.same([session.uid, registry.findByUid('red'), heard], [null, [], []], 'not yet')
  claims.answers[0]!()
  t.equal(await bound, undefined)
  t.same([session.uid, registry.findByUid('red'), heard], ['red', [session], ['bind red']])
  t.equal(await binds.bind(session, 'red'), undefined, 'again is no error')
  t.equal((await binds.bind(session, 'blue'))?.code, 'UID_TAKEN')
  t.equal(await binds.unbind(session, 'red'), undefined)
  t.same(claims.calls, ['claim red 1', 'release red 1'])
})

t.test('a session whose user can not be had stays as it was', async t => {
  const { claims, binds, open } = createWorld()
  const session = open()
  const bound = binds.bind(session, 'red')
  const error = errors.clusterUnavailable('a claim', 'the bus is down')
  claims.answers[0]!(error)
  t.equal(await bound, error)
  t.same([session.uid, claims.calls], [null, ['claim red 1']])
})

t.test('a claim that comes for a session that has ended is released, and its bind fails', async t => {
  for (const refused of [undefined, errors.singleSession('red')]) {
    const { registry, claims, binds, open } = createWorld()
    const session = open()
    const bound = binds.bind(session, 'red')
    registry.end(session, ending)
    claims.answers[0]!(refused)
    t.equal((await bound)?.code, 'SESSION_NOT_FOUND')
    t.same(claims.calls.slice(1), refused === undefined ? ['release red 1'] : [])
    t.equal((await binds.bind(session, 'red'))?.code, 'SESSION_NOT_FOUND', 'nothing is claimed for it')
    t.equal((await binds.unbind(session, 'red'))?.code, 'SESSION_NOT_FOUND')
    t.equal(claims.answers.length, 1)
  }
})

t.test('a session that ends gives its claim up', async t => {
  const { registry, claims, binds, open } = createWorld()
  const session = open()
  const bound = binds.bind(session, 'red')
  claims.answers[0]!()
  await bound
  registry.end(session, ending)
  registry.end(session, ending)
  t.same(claims.calls, ['claim red 1', 'release red 1'], 'once')
})

t.test('binds and unbinds of a session are done in the order of their calls', async t => {
  const { claims, binds, open } = createWorld()
  const [session, other] = [open(), open()]
  const results = [
    binds.bind(session, 'red'),
    binds.bind(session, 'blue'),
    binds.unbind(session, 'red'),
    binds.bind(session, 'blue')
  ]
  const beside = binds.bind(other, 'green')
  t.same(claims.calls, ['claim red 1', 'claim green 2'], 'another session does not wait')
  claims.answers[0]!()
  t.equal(await results[0], undefined)
  t.equal((await results[1])?.code, 'UID_TAKEN')
  t.equal(await results[2], undefined)
  await turn()
  t.same(claims.calls.slice(2), ['release red 1', 'claim blue 1'])
  claims.answers[2]!()
  claims.answers[1]!()
  t.same([await results[3], await beside], [undefined, undefined])
  t.same([session.uid, other.uid], ['blue', 'green'])
})

t.test('a bind that throws holds up no later one', async t => {
  const { claims, binds, open } = createWorld()
  const session = open()
  const { claim } = claims
  claims.claim = () => Promise.reject(new Error('odd'))
  const failed = binds.bind(session, 'red')
  const next = binds.bind(session, 'blue')
  await t.rejects(failed, { message: 'odd' })
  await t.rejects(next, { message: 'odd' })
  claims.claim = claim
  const third = binds.bind(session, 'green')
  claims.answers[0]!()
  t.equal(await third, undefined)
})

t.test('another gateway gets the user of a session whose client is away, or who is to be kicked', async t => {
  const rows = [
    ['reject', true, false],
    ['reject', false, true],
    ['kick', true, true],
    ['kick', false, true]
  ] as const
  for (const [mode, isConnected, isGiven] of rows) {
    const { registry, claims, binds } = createWorld(mode)
    const receiver = new FakeReceiver()
    const session = registry.open(receiver)
    const reasons: string[] = []
    registry.on('closed', (_, reason) => reasons.push(reason))
    const bound = binds.bind(session, 'red')
    claims.answers[0]!()
    await bound
    receiver.isConnected = isConnected
    const row = `${mode}, ${isConnected ? 'connected' : 'away'}`
    t.equal(binds.giveUp('red', session.sid, mode), isGiven, row)
    t.equal(session.isOpen, !isGiven, row)
    t.same(receiver.endings, isGiven ? [[replaced.code, replaced.kickReason]] : [], row)
    t.same(reasons, isGiven ? ['replaced'] : [], row)
  }
})

t.test(
  'where newcomers are to kick, who asks by reject had the user before, and does not get them',
  async t => {
    const { registry, claims, binds } = createWorld('kick')
    const receiver = new FakeReceiver()
    const session = registry.open(receiver)
    const bound = binds.bind(session, 'red')
    claims.answers[0]!()
    await bound
    for (const isConnected of [true, false]) {
      receiver.isConnected = isConnected
      t.equal(binds.giveUp('red', session.sid, 'reject'), false)
      t.equal(session.isOpen, true)
    }
  }
)

t.test('what a session does not have, it gives up at once, and does not end', async t => {
  const { binds, open } = createWorld('kick')
  const session = open()
  t.equal(binds.giveUp('red', session.sid, 'kick'), true)
  t.equal(binds.giveUp('red', 99, 'kick'), true)
  t.equal(session.isOpen, true)
})

t.test('a claim that was granted and lost before the bind binds nobody', async t => {
  const { registry, claims, binds, open } = createWorld('reject')
  const session = open()
  const bound = binds.bind(session, 'red')
  claims.areHeld = false
  claims.answers[0]!()
  t.match(await bound, { code: 'SINGLE_SESSION' })
  t.same(registry.findByUid('red'), [])
  t.equal(claims.calls.at(-1), `release red ${session.sid}`)
})
