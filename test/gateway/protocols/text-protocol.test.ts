/** The text protocol against a fake connection. */
import t from 'tap'
import { createEvent } from '../../../gateway/events/event.js'
import { TextProtocol } from '../../../gateway/protocols/text-protocol.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { FakeProtocolHost, payloadOf } from '../../helpers/fake-protocol-host.js'
import { matchRows } from '../../helpers/match-rows.js'

function begin() {
  const host = new FakeProtocolHost()
  const protocol = new TextProtocol(host)
  host.start(protocol)
  return { host, protocol, say: (text: string) => host.receive(Buffer.from(text)) }
}

t.test(
  'messages wait for the authentication, and are read in their order when the session is open',
  async t => {
    const { host, protocol, say } = begin()
    say('[1,"score.add",{"points":3}]')
    say('[0,"score.read"]')
    t.same([host.calls, host.requests, protocol.isReady], [['pause', 'pause'], [], false])
    host.authenticated()
    t.same(host.calls, ['pause', 'pause', 'open', 'resume'])
    t.equal(protocol.isReady, true)
    t.match(host.requests[0], {
      id: 1,
      route: 'score.add',
      body: '{"points":3}',
      gzipped: false,
      rich: false
    })
    t.match(host.requests[1], { id: 0, route: 'score.read', body: '', size: 16 })
    t.equal(host.requests.length, 2)
  }
)

t.test(
  'a client that is not let in is told why before its connection closes, and is not read any more',
  async t => {
    for (const isFull of [false, true]) {
      const { host, say } = begin()
      const refusal = { reason: 'no', user: undefined, code: closeCodes.handshakeRefused }
      say('[1,"score.add"]')
      if (isFull) host.refusal = refusal
      host.authenticated(isFull ? undefined : refusal)
      say('[2,"score.add"]')
      t.same(host.calls.slice(1), ['send ["$kick",{"reason":"no"}]', 'close 4504 no'])
      t.same(host.requests, [])
    }
  }
)

t.test('messages wait until the session is settled, too', async t => {
  const { host, protocol, say } = begin()
  host.isSettling = true
  host.authenticated()
  say('[1,"score.add"]')
  t.same([host.calls, host.requests, protocol.isReady], [['pause'], [], false])
  host.settled()
  t.same(host.calls, ['pause', 'open', 'resume'])
  matchRows(t, host.requests, [{ id: 1 }])
})

t.test('a session that is refused after a while is told why, and what waited is dropped', async t => {
  const { host, say } = begin()
  host.isSettling = true
  host.authenticated()
  say('[1,"score.add"]')
  host.settled({ reason: 'come back in 9 ms', user: undefined, code: closeCodes.tryAgainLater })
  t.same(host.calls.slice(1), [
    'send ["$kick",{"reason":"come back in 9 ms"}]',
    'close 1013 come back in 9 ms'
  ])
  say('[2,"score.add"]')
  t.same(host.requests, [])
})

t.test('a frame that cannot be read is answered, and the connection stays open', async t => {
  const { host, say } = begin()
  host.authenticated()
  host.allowedFrames = 1
  say('hello')
  t.match(host.calls[1], /^send \[null,null,\{"error":"FRAME_MALFORMED","message":"/)
  say('[1,"score.add"]')
  t.equal(host.requests.length, 1)
  say('hello again')
  t.equal(host.calls.length, 2, 'one frame too many is not answered')
})

t.test(
  'a request whose text is malformed behind its id gets its answer, so that nobody waits for it',
  async t => {
    const { host, say } = begin()
    host.authenticated()
    const trace = '"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"'
    const texts: [text: string, id: number | null][] = [
      ['[7,"a.echo",]', 7],
      [' [ 7 , "a.echo" 1]', 7],
      [`[${trace},7,"a.echo",]`, 7],
      ['[4294967295,5]', 4294967295],
      [`[9,"${'r'.repeat(256)}"]`, 9],
      ['[4294967296,"a.echo"]', null],
      ['[0,"a.echo",]', null],
      ['[07,"a.echo"]', null],
      ['[7.5,"a.echo"]', null],
      ['[7', null],
      ['["a.echo",7,]', 7],
      ['["a\\"",7,]', null],
      [`[${' '.repeat(200)}7,"a.echo",]`, null],
      ['', null],
      ['é[7,]', null]
    ]
    for (const [text, id] of texts) {
      say(text)
      const answer: unknown[] = JSON.parse(host.calls.at(-1)!.slice('send '.length))
      matchRows(t, answer, [id, null, { error: 'FRAME_MALFORMED' }], text)
    }
    t.same(host.requests, [])
  }
)

t.test('replies, errors, events and kicks are arrays of JSON', async t => {
  const { protocol } = begin()
  t.equal(payloadOf(protocol.encodeReply(7, '{"a":1}')), '[7,{"a":1}]')
  t.equal(payloadOf(protocol.encodeReply(7, '')), '[7,null]')
  const error = { code: 'POOR', message: 'é🎮', data: { gold: 1 } }
  t.equal(
    Buffer.from(payloadOf(protocol.encodeError(7, error)), 'latin1').toString(),
    '[7,null,{"error":"POOR","message":"é\\ud83c\\udfae","data":{"gold":1}}]'
  )
  t.equal(payloadOf(protocol.encodeEvent(createEvent('a "b"', [1]))), '["a \\"b\\"",[1]]')
  t.equal(payloadOf(protocol.encodeEvent(createEvent('empty'))), '["empty",null]')
  t.equal(payloadOf(protocol.encodeKick('out')), '["$kick",{"reason":"out"}]')
})

t.test('a sign of life is asked for by a ping', async t => {
  const { host, protocol } = begin()
  protocol.beat()
  t.same(host.calls, ['ping'])
})
