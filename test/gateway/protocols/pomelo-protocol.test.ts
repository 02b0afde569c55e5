/** Pomelo's protocol against a fake connection; its packages are read and written by Pomelo's own library. */
import { PassThrough } from 'node:stream'
import t from 'tap'
import type { HandshakeAnswer } from '../../../gateway/options/options.js'
import { PomeloProtocol } from '../../../gateway/protocols/pomelo-protocol.js'
import { RouteTable } from '../../../gateway/sessions/routes.js'
import { LogDoor } from '../../../gateway/telemetry/log-door.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { createLogger } from '../../../shared/text/log.js'
import { FakeProtocolHost } from '../../helpers/fake-protocol-host.js'
import { matchRows } from '../../helpers/match-rows.js'
import { pomeloProtocol } from '../../helpers/pomelo-protocol.js'

const { Package, Message, strencode, strdecode } = pomeloProtocol
const [handshakeKind, ack, heartbeat, data, kick] = [1, 2, 3, 4, 5]
const handshake = Package.encode(
  handshakeKind,
  strencode('{"sys":{"type":"js","version":"1"},"user":{"token":7}}')
)

interface BeginInit {
  readonly onHandshake?: () => HandshakeAnswer | Promise<HandshakeAnswer>
  readonly heartbeat?: number
}

function begin({ onHandshake = () => ({ accept: true }), heartbeat = 30_000 }: BeginInit = {}) {
  const host = new FakeProtocolHost()
  const routes = new RouteTable()
  routes.offer([{ route: 'score.add', file: 'score.js', options: {} }])
  const lines: string[] = []
  const log = new LogDoor({
    log: createLogger('debug', (level, message) => lines.push(`${level} ${message}`)),
    logLevel: 'debug',
    maxLogLinesPerSecond: 0,
    stream: new PassThrough(),
    metrics: new Metrics(),
    now: () => 0
  })
  const options = { heartbeat, maxBodyBytes: 1_000, maxBodyDepth: 8, log, onHandshake }
  const protocol = new PomeloProtocol(host, { options, routes })
  host.start(protocol)
  const say = (...packages: Uint8Array[]) => host.receive(Buffer.concat(packages))
  /** Returns what was called on the host. A package is shown as its type and its text. */
  const calls = () =>
    host.calls.map(call => {
      if (!call.startsWith('send ')) return call
      const { type, body } = Package.decode(Buffer.from(call.slice(5), 'latin1')) as {
        type: number
        body: Uint8Array | null
      }
      return body === null || body.length === 0 ? `package ${type}` : `package ${type} ${strdecode(body)}`
    })
  return { host, protocol, routes, say, calls, lines }
}

t.test('nothing but the handshake is sent until the client has acknowledged it', async t => {
  const { host, protocol, say, calls, routes } = begin()
  t.same(calls(), ['cork'])
  say(handshake)
  t.same(calls(), ['cork'], 'it is authenticated first')
  host.authenticated()
  const dict = { 'score.add': routes.find('score.add')!.code }
  const sys = { heartbeat: 30, dict, dictVersion: routes.version, useDict: true, maxBodyBytes: 1_000 }
  t.equal(calls()[1]!.slice(0, 10), 'package 1 ')
  t.same(JSON.parse(calls()[1]!.slice(10)), { code: 200, sys })
  t.same(calls().slice(2), ['open {"token":7}'])
  t.equal(protocol.isReady, false)
  say(Package.encode(ack))
  t.same(calls().slice(3), ['package 3', 'uncork'], "the gateway's first heartbeat starts the client's")
  t.equal(protocol.isReady, true)
  say(Package.encode(heartbeat))
  t.same(calls().slice(5), ['package 3'])
})

t.test('requests by name and by code, and notifies, are read from the packages of one message', async t => {
  const { host, say, routes } = begin()
  say(handshake)
  host.authenticated()
  const { code } = routes.find('score.add')!
  say(
    Package.encode(ack),
    Package.encode(data, Message.encode(1, 0, false, 'score.add', strencode('{"points":3}'), false)),
    Package.encode(data, Message.encode(2, 0, true, code, strencode('{}'), false)),
    Package.encode(data, Message.encode(0, 1, false, 'score.add', strencode(''), false))
  )
  t.equal(host.requests.length, 3)
  t.match(host.requests[0], { id: 1, route: 'score.add', body: '{"points":3}', knownRoutes: 1, rich: false })
  t.match(host.requests[1], { id: 2, route: code, body: '{}' })
  t.match(host.requests[2], { id: 0, route: 'score.add', body: '' })
})

t.test('what has no place at this point of the conversation is a violation', async t => {
  const request = Package.encode(data, Message.encode(1, 0, false, 'score.add', strencode(''), false))
  const before: [what: string, said: Uint8Array][] = [
    ['data', request],
    ['a heartbeat', Package.encode(heartbeat)],
    ['an ack', Package.encode(ack)],
    ['a kick', Package.encode(kick)]
  ]
  for (const [what, said] of before)
    t.throws(() => begin().say(said), { code: 'PROTOCOL_VIOLATED' }, `${what} before the handshake`)
  const { host, say } = begin()
  say(handshake)
  t.throws(() => say(handshake), { code: 'PROTOCOL_VIOLATED' }, 'a second handshake')
  t.throws(() => say(Package.encode(ack)), { code: 'PROTOCOL_VIOLATED' }, 'an ack of no answer')
  host.authenticated()
  t.throws(() => say(request), { code: 'PROTOCOL_VIOLATED' }, 'data before the ack')
  say(Package.encode(ack))
  const event = Message.encode(0, 3, false, 'a', strencode(''), false)
  t.throws(() => say(Package.encode(data, event)), { code: 'PROTOCOL_VIOLATED' }, 'an event of a client')
  t.same(host.requests, [])
})

t.test('a handshake that makes no sense is refused with the reason', async t => {
  const { say, calls } = begin()
  const broken = Package.encode(handshakeKind, strencode('{"sys":5}'))
  t.throws(() => say(broken), { code: 'FRAME_MALFORMED' })
  t.match(calls().at(-1), /^close 4504 .*a handshake has an object "sys"/)
})

t.test(
  "a refusal of the host's hook is the answer to the handshake, and nothing is read after it",
  async t => {
    for (const [answer, told] of [
      [{ accept: false }, '{"code":500}'],
      [{ accept: false, outdated: true, user: { least: 2 } }, '{"code":501,"user":{"least":2}}']
    ] as const) {
      const { say, calls } = begin({ onHandshake: () => answer })
      say(handshake, Package.encode(ack))
      say(handshake)
      t.same(calls(), ['cork', `package 1 ${told}`, 'close 4504 handshake refused'])
    }
  }
)

t.test(
  'a client that must only wait is kicked: an answer other than 200 would send it away for good',
  async t => {
    const { host, say, calls } = begin()
    say(handshake)
    host.authenticated({ reason: 'come back in 5 ms', user: undefined, code: closeCodes.tryAgainLater })
    t.same(calls().slice(1), ['package 5 {"reason":"come back in 5 ms"}', 'close 1013 come back in 5 ms'])
  }
)

/** Returns an object whose member of that name throws when it is read. */
function throwing(name: string): object {
  return Object.defineProperty({ accept: false }, name, {
    enumerable: true,
    get: () => {
      throw new Error('no database')
    }
  })
}

t.test("a hook that throws, rejects or answers with nothing is the host's fault, and is logged", async t => {
  const failures = [
    () => {
      throw new Error('no database')
    },
    () => Promise.reject(new Error('no database')),
    () => undefined as unknown as HandshakeAnswer,
    () => ({ accept: true, user: 5n }) as HandshakeAnswer,
    () => ({ accept: true, user: 'x'.repeat(8_388_607) }) as HandshakeAnswer,
    // Each letter is sent as an escape of six bytes.
    () => ({ accept: true, user: 'я'.repeat(1_500_000) }) as HandshakeAnswer,
    () => ({ accept: false, user: 'я'.repeat(3_000_000) }) as HandshakeAnswer,
    () => throwing('outdated') as HandshakeAnswer,
    () => throwing('accept') as unknown as HandshakeAnswer,
    () => throwing('then') as unknown as HandshakeAnswer
  ]
  for (const onHandshake of failures) {
    const { host, say, lines } = begin({ onHandshake })
    const closed = new Promise<string>(resolve => {
      host.close = (code, reason) => resolve(`${code} ${reason}`)
    })
    say(handshake)
    t.match(await closed, /^1013 the gateway could not judge the handshake, come back in \d+ ms$/)
    t.same(lines, ['error The handshake hook failed'])
  }
})

t.test('what the client is told is what the hook answered, whatever the host changes meanwhile', async t => {
  const user = { motd: 'Привет' }
  const { host, say, calls } = begin({ onHandshake: () => ({ accept: true, user }) })
  say(handshake)
  user.motd = 'я'.repeat(3_000_000)
  host.authenticated()
  t.match(JSON.parse(calls()[1]!.slice(10)), { user: { motd: 'Привет' } })
})

t.test('a fault behind the hook is not blamed on it', async t => {
  for (const isLate of [false, true]) {
    const answer: HandshakeAnswer = { accept: true }
    const { host, say, calls, lines } = begin({
      onHandshake: () => (isLate ? Promise.resolve(answer) : answer)
    })
    host.connectionSession.authenticate = () => {
      throw new Error('out of sessions')
    }
    if (isLate) {
      say(handshake)
      await new Promise(resolve => setImmediate(resolve))
      t.same(calls(), ['cork', 'fail out of sessions'])
    } else t.throws(() => say(handshake), { message: 'out of sessions' })
    t.same(lines, [])
  }
})

t.test('an answer that comes when the client has left opens nothing', async t => {
  let answer = (_: HandshakeAnswer) => {}
  const answered = new Promise<HandshakeAnswer>(resolve => {
    answer = resolve
  })
  const { host, say, calls } = begin({ onHandshake: () => answered })
  say(handshake)
  host.isConnected = false
  let isAuthenticated = false
  host.connectionSession.authenticate = () => {
    isAuthenticated = true
  }
  answer({ accept: true })
  // The protocol's own reactions were added before these.
  await answered.then(() => {}).then(() => {})
  t.equal(isAuthenticated, false)
  t.same(calls(), ['cork'])
})

t.test('nothing is sent and nothing may come while the session is settled', async t => {
  const { host, protocol, routes, say, calls } = begin()
  host.isSettling = true
  say(handshake)
  host.authenticated()
  t.same([calls(), protocol.isReady], [['cork'], false])
  t.throws(() => say(handshake), { code: 'PROTOCOL_VIOLATED' }, 'a second handshake')
  t.throws(() => say(Package.encode(ack)), { code: 'PROTOCOL_VIOLATED' }, 'an ack of no handshake')
  t.throws(() => say(Package.encode(heartbeat)), { code: 'PROTOCOL_VIOLATED' })
  t.throws(() => say(Package.encode(data, strencode('x'))), { code: 'PROTOCOL_VIOLATED' })
  // The dictionary is that of the moment at which it is sent.
  routes.offer([
    { route: 'score.add', file: 'score.js', options: {} },
    { route: 'score.new', file: 'score.js', options: {} }
  ])
  host.settled()
  t.match(calls()[1], /"score\.new"/)
  t.same(calls().slice(2), ['open {"token":7}'])
  const code = routes.find('score.new')!.code
  say(Package.encode(ack), Package.encode(data, Message.encode(1, 0, true, code, strencode('{}'), false)))
  matchRows(t, host.requests, [{ route: code, knownRoutes: 2 }])
})

t.test('a session that is refused after a while is refused as at once', async t => {
  const { host, say, calls } = begin()
  host.isSettling = true
  say(handshake)
  host.authenticated()
  host.settled({ reason: 'came from elsewhere', user: undefined, code: closeCodes.replaced })
  t.same(calls().slice(1), ['package 5 {"reason":"came from elsewhere"}', 'close 4503 came from elsewhere'])
  say(handshake)
  t.equal(calls().length, 3)
})
