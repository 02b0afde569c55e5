/** How a client's session is settled, against a fake connection, fake claims and fake far sessions. */
import t from 'tap'
import {
  type AttachedConnection,
  ConnectionSession
} from '../../../gateway/connections/connection-session.js'
import type { Intake } from '../../../gateway/intake/intake.js'
import type { AuthenticationAnswer } from '../../../gateway/options/options.js'
import type { SingleSession } from '../../../gateway/options/plain-options.js'
import { PomeloMessages } from '../../../gateway/protocols/pomelo-messages.js'
import type { FarSessions, Taken } from '../../../gateway/resume/far-sessions.js'
import { Resumption } from '../../../gateway/resume/resumption.js'
import { Authentication, type HandshakeRefusal } from '../../../gateway/sessions/authentication.js'
import { Registry } from '../../../gateway/sessions/registry.js'
import { ClaimedBinds } from '../../../gateway/sessions/user-claims.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { errors } from '../../../shared/errors.js'
import { createLogger } from '../../../shared/text/log.js'
import type { ResumePoint, ResumeReply } from '../../../shared/wire/resume.js'
import { FakeClaims } from '../../helpers/fake-claims.js'
import { FakeReceiver } from '../../helpers/fake-receiver.js'
import { matchRows } from '../../helpers/match-rows.js'

const log = createLogger('silent', () => {})

/** Far sessions that a test brings itself. */
class FakeFar implements FarSessions {
  readonly asked: [ResumePoint, string | null][] = []
  answer: (taken: Taken) => void = () => {}

  mayHave(token: string): boolean {
    return token.startsWith('far')
  }

  take(point: ResumePoint, uid: string | null): Promise<Taken> {
    this.asked.push([point, uid])
    return new Promise(resolve => (this.answer = resolve))
  }
}

/** Keeps the tokens that it has given out. */
class WatchedResumption extends Resumption {
  readonly #tokens: string[] = []

  /** Number of tokens that are good. */
  get goodTokens(): number {
    return this.#tokens.filter(token => this.knows(token)).length
  }

  override admit(...args: Parameters<Resumption['admit']>): ReturnType<Resumption['admit']> {
    const answer = super.admit(...args)
    if ('reply' in answer) this.#tokens.push(answer.reply.token)
    return answer
  }
}

class FakeConnection extends FakeReceiver implements AttachedConnection {
  readonly failures: unknown[] = []
  sendFrame(): void {}
  sendEvent(): boolean {
    return true
  }
  feed(): void {}
  close(): void {}
  fail(error: unknown): void {
    this.failures.push(error)
  }
  override end(code: number, kickReason: string | null): void {
    super.end(code, kickReason)
    this.isConnected = false
  }
}

function createWorld(singleSession: SingleSession = 'reject', isCluster = true) {
  const metrics = new Metrics()
  const registry = new Registry({
    frontendId: 'a',
    singleSession,
    maxResumeWindow: 1_000,
    metrics,
    now: () => 0
  })
  const resumption = new WatchedResumption({
    registry,
    metrics,
    log,
    resumeWindow: 1_000,
    unboundResumeWindow: 1_000,
    maxBacklogBytesInAll: 1_000_000,
    maxBacklogBytes: 1_000_000,
    maxBacklogMessages: 1_000,
    maxSendBytes: 1_000_000,
    maxDetachedSessions: 0,
    maxDetachedSessionsPerAddress: 0,
    maxDetachedBytes: 1_000_000,
    monotonic: () => 0
  })
  const [claims, far] = [new FakeClaims(), new FakeFar()]
  if (isCluster) {
    if (singleSession !== 'off')
      registry.claimed = new ClaimedBinds({ claims, registry, mode: singleSession })
    resumption.far = far
  }
  /** Connects a client that is authenticated as a user, and asks for its session. */
  async function connect(uid: string | null, point?: ResumePoint) {
    const authenticate = (): AuthenticationAnswer => ({ accept: true, uid })
    const authentication = new Authentication({
      authenticate,
      metrics,
      log,
      maxSettingsKeys: 1,
      maxSettingsLength: 1
    })
    const connection = new FakeConnection()
    const intake = {} as Intake
    const own = new ConnectionSession(
      connection,
      { authentication, registry, intake, resumption },
      {
        headers: {},
        url: '/'
      }
    )
    await new Promise<void>(resolve => own.authenticate(undefined, () => resolve()))
    const settled: [HandshakeRefusal | undefined, ResumeReply | undefined][] = []
    const messages = new PomeloMessages({ emptyBody: '', errorFlag: true, rich: false, counts: true })
    own.settle({ session: point }, messages, (refusal, reply) => settled.push([refusal, reply]))
    return {
      connection,
      own,
      settled,
      /** Closes the connection as a client does that is lost. */
      lose: () => {
        connection.isConnected = false
        own.lose(1006, 'lost')
      },
      begin: () => {
        own.open({ protocol: 'pomelo' })
        return own.session!
      }
    }
  }
  return { registry, resumption, claims, far, connect }
}

/** Lets the answers of a cluster come through. */
const turn = () => new Promise(resolve => setImmediate(resolve))
const unavailable = errors.clusterUnavailable('a claim', 'the bus is down')

t.test('a gateway alone settles in the same tick', async t => {
  for (const singleSession of ['off', 'kick', 'reject'] as const) {
    const { connect } = createWorld(singleSession, false)
    const { settled, begin } = await connect('red', { token: 'far1', epoch: 'e', received: 0 })
    matchRows(t, settled.flat(), [undefined, { resumed: false, reason: 'gone' }])
    t.equal(begin().uid, 'red')
  }
})

t.test('in a cluster, nothing is waited for that need not be asked', async t => {
  const off = createWorld('off')
  t.equal((await off.connect('red')).settled.length, 1, 'the user may have several sessions')
  const { connect, claims, far } = createWorld('reject')
  t.equal((await connect(null)).settled.length, 1, 'there is no user')
  t.equal((await connect(null, { token: 'near', epoch: 'e', received: 0 })).settled.length, 1)
  t.same([claims.calls, far.asked], [[], []])
})

t.test(
  'a new session begins with the number for which its user was claimed, and gives the claim up',
  async t => {
    const { connect, claims, registry } = createWorld('reject')
    const { settled, begin, own } = await connect('red')
    t.same(settled, [], 'the client waits')
    claims.answers[0]!()
    await turn()
    matchRows(t, settled.flat(), [undefined, { resumed: false }])
    const { sid } = begin()
    t.same(claims.calls, [`claim red ${sid}`])
    t.equal(registry.find(sid)?.uid, 'red')
    own.lose(1000, 'left')
    t.same(claims.calls.slice(1), [`release red ${sid}`])
  }
)

t.test('a client whose user is not to be had is refused, and its claim needs no release', async t => {
  const rows = [
    ['reject', errors.singleSession('red'), closeCodes.handshakeRefused, /already bound/],
    ['kick', errors.singleSession('red'), closeCodes.replaced, /came from elsewhere/],
    [
      'kick',
      unavailable,
      closeCodes.tryAgainLater,
      /^the cluster could not be asked about your user, come back in \d+ ms$/
    ],
    [
      'reject',
      unavailable,
      closeCodes.tryAgainLater,
      /^the cluster could not be asked about your user, come back in \d+ ms$/
    ]
  ] as const
  for (const [singleSession, error, code, reason] of rows) {
    const { connect, claims, registry, resumption } = createWorld(singleSession)
    const { settled, own } = await connect('red')
    claims.answers[0]!(error)
    await turn()
    matchRows(t, settled.flat(), [{ code, reason }, undefined])
    own.leave(code, '')
    t.equal(claims.calls.length, 1)
    t.equal(registry.size, 0)
    t.equal(resumption.goodTokens, 0, 'nothing is kept of what was prepared')
  }
})

t.test('a claim that comes for a connection that has gone is released at once', async t => {
  const { connect, claims, resumption } = createWorld('reject')
  const { settled, lose, connection } = await connect('red')
  lose()
  t.equal(resumption.goodTokens, 0, 'what was prepared for it is forgotten')
  t.equal(claims.calls.length, 1)
  claims.answers[0]!()
  await turn()
  matchRows(t, claims.calls.slice(1), [/^release red \d+$/])
  t.same([settled, connection.failures], [[], []])
})

t.test('an error of the claims that comes for a connection that has gone is told to nobody', async t => {
  const { connect, claims } = createWorld('kick')
  const { settled, lose } = await connect('red')
  lose()
  claims.answers[0]!(unavailable)
  await turn()
  t.same(settled, [])
})

t.test('a connection that closes between its claim and its session releases the claim', async t => {
  const { connect, claims } = createWorld('reject')
  const { settled, own } = await connect('red')
  claims.answers[0]!()
  await turn()
  t.equal(settled.length, 1)
  own.leave(closeCodes.restart, 'the gateway is closing')
  own.lose(1006, 'lost')
  matchRows(t, claims.calls.slice(1), [/^release red \d+$/], 'once')
})

t.test('a session of the user that came meanwhile keeps the newcomer out', async t => {
  const { connect, claims, registry } = createWorld('reject')
  const { settled, own } = await connect('red')
  registry.open(new FakeReceiver(), { protocol: 'json' }, { uid: 'red', settings: [] })
  claims.answers[0]!()
  await turn()
  t.match(settled[0]![0], { code: closeCodes.handshakeRefused })
  own.leave(closeCodes.handshakeRefused, '')
  matchRows(t, claims.calls.slice(1), [/^release red \d+$/])
})

t.test('claims that throw fail the connection', async t => {
  const { connect, claims } = createWorld('reject')
  claims.claim = async () => Promise.reject(new Error('odd'))
  const { settled, connection } = await connect('red')
  await turn()
  matchRows(t, connection.failures, [{ message: 'odd' }])
  t.same([settled, claims.calls], [[], []])
})

const point = { token: 'far1', epoch: 'e', received: 3 }

t.test('a session of another gateway is asked for with what the client has, and resumed here', async t => {
  const { connect, far, resumption, claims } = createWorld('reject')
  const first = await connect('red')
  claims.answers[0]!()
  await turn()
  const session = first.begin()
  const { token, epoch } = first.settled[0]![1]!
  first.lose()
  // As if it was elsewhere until the answer.
  resumption.knows = () => false
  far.mayHave = () => true
  const second = await connect('red', { token, epoch, received: 0 })
  t.same(far.asked, [[{ token, epoch, received: 0 }, 'red']])
  t.same(second.settled, [])
  far.answer({ kind: 'here' })
  await turn()
  matchRows(t, second.settled.flat(), [undefined, { resumed: true }])
  t.equal(second.begin(), session)
  t.equal(claims.calls.length, 1, 'it has its claim')
})

t.test('a client is told when to come back for a session that is on its way', async t => {
  const { connect, far, resumption } = createWorld('reject')
  const { settled } = await connect('red', point)
  far.answer({ kind: 'again', ms: 250 })
  await turn()
  t.same(settled, [
    [
      {
        code: closeCodes.tryAgainLater,
        reason: 'your session is on its way to another gateway, come back in 250 ms',
        user: undefined
      },
      undefined
    ]
  ])
  t.equal(resumption.goodTokens, 0, 'nothing was offered')
})

t.test('a client whose session is gone everywhere gets a new one, for which its user is claimed', async t => {
  const { connect, far, claims } = createWorld('reject')
  const { settled, begin } = await connect('red', point)
  t.same(claims.calls, [])
  far.answer({ kind: 'gone' })
  await turn()
  claims.answers[0]!()
  await turn()
  matchRows(t, settled.flat(), [undefined, { resumed: false, reason: 'gone' }])
  t.equal(begin().uid, 'red')
})

t.test('nothing is offered on a connection that has closed while its session was asked for', async t => {
  for (const taken of [{ kind: 'gone' }, { kind: 'again', ms: 9 }] as const) {
    const { connect, far, resumption, claims } = createWorld('reject')
    const { settled, lose } = await connect('red', point)
    lose()
    far.answer(taken)
    await turn()
    t.same([settled, resumption.goodTokens, claims.calls], [[], 0, []])
  }
})
