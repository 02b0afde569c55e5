/** Which requests are served, and which upgrades are allowed, without a server. */
import { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import t from 'tap'
import { UpgradePolicy, type UpgradePolicyLimits } from '../../../gateway/http/upgrade-policy.js'
import { createLogger, type LogFields } from '../../../shared/text/log.js'
import { matchRows } from '../../helpers/match-rows.js'

function begin(limits: Partial<UpgradePolicyLimits> = {}) {
  const lines: LogFields[] = []
  const policy = new UpgradePolicy({
    limits: {
      host: '127.0.0.1',
      hosts: 'auto',
      origins: 'same',
      trustedProxies: 0,
      maxConnectionsPerAddress: 0,
      maxConnectionsPerSecondPerAddress: 0,
      ...limits
    },
    log: createLogger('debug', (_level, _message, fields = {}) => lines.push(fields)),
    monotonic: () => 0
  })
  return { policy, lines }
}

function requestOf(headers: IncomingHttpHeaders, remoteAddress = '192.0.2.1'): IncomingMessage {
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage
}

const openSocket = () => new EventEmitter() as Socket

t.test('an address is that of the socket, and behind proxies the one that they name', async t => {
  const request = requestOf({ 'x-forwarded-for': '203.0.113.7' }, '::ffff:192.0.2.1')
  t.equal(begin().policy.addressOf(request), '192.0.2.1', 'without proxies a client could write the header')
  const { policy } = begin({ trustedProxies: 1 })
  t.equal(policy.addressOf(request), '203.0.113.7')
  t.equal(policy.addressOf(requestOf({})), '192.0.2.1', 'a client that has passed the proxy by')
})

t.test('a request for another host is refused, with the option that would serve it', async t => {
  const { policy, lines } = begin()
  t.equal(policy.judgeHost(requestOf({ host: 'localhost:3010' })), undefined)
  t.match(policy.judgeHost(requestOf({ host: 'evil.example:3010' })), {
    status: 421,
    metric: 'connectionsRefused'
  })
  t.same(lines, [{ host: 'evil.example:3010', how: '--hosts loopback,evil.example' }])
})

t.test('an upgrade of a page of another origin is refused, with the option that would allow it', async t => {
  const { policy, lines } = begin()
  const ask = (origin?: string) =>
    policy.enter(
      requestOf({ host: '127.0.0.1:3010', ...(origin !== undefined && { origin }) }),
      openSocket(),
      '192.0.2.1'
    )
  t.equal(ask('http://127.0.0.1:3010'), undefined)
  t.equal(ask(), undefined, 'a client that is no page')
  t.match(ask('https://evil.example'), { status: 403, metric: 'connectionsRefused' })
  t.same(lines, [{ origin: 'https://evil.example', how: '--origins same,https://evil.example' }])
})

t.test('an origin that can not be read is not that of a request without a host', async t => {
  const { policy } = begin()
  for (const origin of ['what?', 'null', 'http://127.0.0.1'])
    t.match(policy.enter(requestOf({ origin }), openSocket(), '192.0.2.1'), { status: 403 }, origin)
})

t.test('a stranger can not write long lines into the log', async t => {
  const { policy, lines } = begin()
  const long = 'x'.repeat(15_000)
  t.match(policy.judgeHost(requestOf({ host: long })), { status: 421 })
  const page = requestOf({ host: '127.0.0.1:3010', origin: `https://${long}` })
  const refusal = policy.enter(page, openSocket(), '192.0.2.1')
  t.equal(refusal?.status, 403)
  t.ok(refusal!.why.length < 400, refusal!.why)
  matchRows(t, lines, [
    { host: /^x{300}… and 14700 characters more$/, how: '--hosts loopback,NAME' },
    { origin: /^https:.{294}… and 14708 characters more$/, how: '--origins same,*' }
  ])
})

t.test('behind proxies the connections of an address are counted until their sockets close', async t => {
  const { policy, lines } = begin({ trustedProxies: 1, maxConnectionsPerAddress: 2 })
  const sockets = [openSocket(), openSocket()]
  const ask = (socket: Socket, address: string) => policy.enter(requestOf({ host: 'h' }), socket, address)
  for (const socket of sockets) t.equal(ask(socket, '203.0.113.7'), undefined)
  t.match(ask(openSocket(), '203.0.113.7'), { status: 429, metric: 'connectionsLimited' })
  t.same(lines, [{ ip: '203.0.113.7', by: 'maxConnectionsPerAddress' }], 'the log says whose limit it is')
  t.equal(ask(openSocket(), '203.0.113.8'), undefined)
  sockets[0]!.emit('close')
  t.equal(ask(openSocket(), '203.0.113.7'), undefined)
})

t.test('without proxies nothing is counted here: sockets were counted when they came', async t => {
  const { policy } = begin({ maxConnectionsPerAddress: 1 })
  for (let i = 0; i < 3; i++)
    t.equal(policy.enter(requestOf({ host: 'h' }), openSocket(), '192.0.2.1'), undefined)
})

t.test('a gateway that goes away refuses every upgrade, and says when to come back', async t => {
  const { policy } = begin()
  policy.close()
  t.match(policy.enter(requestOf({ host: '127.0.0.1' }), openSocket(), '192.0.2.1'), {
    status: 503,
    retryAfter: 1_000,
    metric: 'connectionsAtDrain'
  })
})
