/** Pomelo's protocol through a real gateway and real sockets, with a client that shares none of its code. */
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { GatewayOptions, HandshakeAnswer, HandshakeInfo } from '../../../gateway/index.js'
import { PomeloMessages } from '../../../gateway/protocols/pomelo-messages.js'
import { Clock } from '../../helpers/clock.js'
import { type RunningGateway, startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import {
  encodeMessage,
  encodePackage,
  messageTypes,
  PomeloPlayer,
  type PomeloPlayerOptions,
  packageTypes
} from '../../helpers/pomelo-player.js'
import { browserProtocol } from '../../helpers/pomelo-protocol.js'
import { until } from '../../helpers/until.js'

const { handshake, ack, heartbeat, data, kick } = packageTypes

interface Wire extends RunningGateway {
  /** Opens a socket that leaves with the test. */
  open(t: Test, subprotocol?: string): Promise<PomeloPlayer>
  /** Opens a socket, shakes hands and acknowledges. */
  join(t: Test, options?: PomeloPlayerOptions): Promise<PomeloPlayer>
}

async function startWire(t: Test, options: Partial<GatewayOptions> = {}): Promise<Wire> {
  const running = await startGateway(t, 'wire', { workers: 1, ...options })
  const { url } = running.gateway
  const staying = (t: Test, player: PomeloPlayer) => {
    t.teardown(() => player.leave())
    return player
  }
  return {
    ...running,
    open: async (t, subprotocol) => staying(t, await PomeloPlayer.open(url, subprotocol)),
    join: async (t, options) => staying(t, await PomeloPlayer.join(url, options))
  }
}

const wire = await startWire(t)
const bystander = await PomeloPlayer.join(wire.gateway.url)
t.teardown(() => bystander.leave())

/** Checks that the bystander's connection is undisturbed. */
async function othersPlayOn(t: Test) {
  const { body } = await bystander.request('echo.box', 'still here')
  t.same(body, { body: 'still here' }, 'another player plays on')
}

t.test('a handshake is answered with the heartbeat in seconds, the routes and their version', async t => {
  const player = await wire.open(t)
  const { code, sys, user } = await player.shakeHands()
  t.equal(code, 200)
  t.equal(user, undefined)
  t.equal(sys?.heartbeat, 30)
  t.equal(sys?.useDict, true)
  t.match(sys?.dictVersion, /^[\w-]{16}$/)
  const routes = wire.gateway.routes.map(({ route }) => route)
  t.ok(routes.includes('echo.box'))
  t.same(Object.keys(sys?.dict ?? {}).sort(), routes)
  for (const code of Object.values(sys?.dict ?? {}))
    t.ok(Number.isInteger(code) && code > 0 && code <= 0xffff)
  t.equal(new Set(Object.values(sys?.dict ?? {})).size, routes.length)
  t.same(player.counts, [1])
})

t.test('a client that has the dictionary is not sent it again, and may use its codes', async t => {
  const first = await wire.open(t)
  const { sys } = await first.shakeHands()
  const { dict, dictVersion } = sys!
  const player = await wire.join(t, { sys: { dictVersion } })
  t.equal(player.answer?.sys?.dict, undefined)
  t.equal(player.answer?.sys?.dictVersion, dictVersion)
  t.equal(player.answer?.sys?.useDict, true)
  t.same((await player.request(dict!['echo.box']!, 7)).body, { body: 7 })

  const other = await wire.join(t, { sys: { dictVersion: 'of another day' } })
  t.same(other.answer?.sys?.dict, dict, 'one with another version gets it')
})

t.test('a request may name its route by text or by code', async t => {
  const player = await wire.join(t)
  const code = player.answer!.sys!.dict!['echo.plain']!
  const replies = await Promise.all([player.request('echo.plain', [1]), player.request(code, [2])])
  t.same(
    replies.map(({ id, body }) => [id, body]),
    [
      [1, [1]],
      [2, [2]]
    ]
  )
})

t.test('a code that is in no dictionary is answered with an error that says what to do', async t => {
  const player = await wire.join(t)
  const codes = Object.values(player.answer!.sys!.dict!)
  const unknown = [0, 0xffff].filter(code => !codes.includes(code))
  for (const code of unknown) {
    const { isError, body } = await player.request(code, {})
    t.notOk(isError, 'it has not asked for the flag')
    t.match(body, { error: 'ROUTE_UNKNOWN', message: new RegExp(`code ${code} .*shake hands anew`) })
  }
  player.notify(0, {})
  t.same((await player.request('echo.box', 1)).body, { body: 1 }, 'and plays on')
})

t.test('the gateway sends one package in each message', async t => {
  const player = await wire.join(t)
  const { id } = (await player.request('echo.enter', { uid: 'many' })).body
  for (let i = 0; i < 5; i++) wire.gateway.sessions.sendMessage(id, 'tick', i)
  await Promise.all(Array.from({ length: 20 }, (_, i) => player.request('echo.plain', i)))
  await player.until(() => (player.events.length === 5 ? true : undefined))
  t.same(
    player.events,
    [0, 1, 2, 3, 4].map(i => ['tick', i])
  )
  t.same(new Set(player.counts), new Set([1]))
})

t.test('several packages in one message are read, in order', async t => {
  const player = await wire.open(t)
  await player.shakeHands()
  const note = (id: number, text: string) =>
    encodePackage(data, encodeMessage(messageTypes.request, id, 'echo.note', { text }))
  player.ws.send(
    Buffer.concat([encodePackage(ack), note(101, 'a'), note(102, 'b'), encodePackage(heartbeat)])
  )
  await player.reply(102)
  t.same((await player.request('echo.notes')).body, ['a', 'b'])
})

t.test('a notify runs and is not answered, and neither is one that fails', async t => {
  const player = await wire.join(t)
  player.notify('echo.note', { text: 'quiet' })
  player.notify('echo.fail')
  player.notify('echo.nowhere', {})
  player.send(data, encodeMessage(messageTypes.notify, 0, 'echo.note', Buffer.from('{')))
  t.same((await player.request('echo.notes')).body, ['quiet'])
  t.equal(player.replies.length, 1)
})

t.test('ids reach up to 2^32-1', async t => {
  const player = await wire.join(t)
  const ids: [number, number[]][] = [
    [1, [0x01]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x08]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]]
  ]
  const route = [10, ...Buffer.from('echo.plain')]
  for (const [id, bytes] of ids) {
    player.send(data, Buffer.from([0, ...bytes, ...route, ...Buffer.from(`"${id}"`)]))
    t.equal((await player.reply(id)).body, `${id}`)
  }
})

t.test('a request with the id 0 is a notify', async t => {
  const player = await wire.join(t)
  player.send(data, Buffer.from([0, 0, 9, ...Buffer.from('echo.note'), ...Buffer.from('{"text":"zero"}')]))
  t.same((await player.request('echo.notes')).body, ['zero'])
  t.equal(player.replies.length, 1)
})

t.test('an id that is used again is answered again', async t => {
  const player = await wire.join(t)
  for (const body of ['a', 'b']) player.send(data, encodeMessage(messageTypes.request, 9, 'echo.plain', body))
  await player.until(() => (player.replies.length === 2 ? true : undefined))
  t.same(
    player.replies.map(({ id, body }) => [id, body]),
    [
      [9, 'a'],
      [9, 'b']
    ]
  )
})

t.test('a malformed handshake is answered with 500, and closes with 4504', async t => {
  const texts = [
    '',
    '{',
    'null',
    '[]',
    '7',
    '{}',
    '{"sys":null}',
    '{"sys":[]}',
    '{"sys":"js"}',
    '{"sys":{"type":{}}}',
    '{"sys":{"version":true}}',
    '{"sys":{"dictVersion":[]}}',
    `{"sys":{},"user":${'['.repeat(64)}${']'.repeat(64)}}`,
    `{"sys":{},"user":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
  ]
  for (const text of texts) {
    const player = await wire.open(t)
    t.same(await player.shakeHandsWith(text), { code: 500 }, text)
    t.equal((await player.closed).code, 4504, text)
    t.equal(player.packages.length, 1)
  }
  await othersPlayOn(t)
})

t.test('a handshake in bytes that are no text is answered with 500', async t => {
  const player = await wire.open(t)
  player.send(handshake, Buffer.from([0x7b, 0xff, 0xfe]))
  t.same(await player.until(() => player.answer), { code: 500 })
  t.equal((await player.closed).code, 4504)
})

/** Bytes that close a connection: the state of the client before them, the bytes, the close code. */
const faults: Record<string, ['open' | 'shaken' | 'joined', () => Uint8Array, number]> = {
  'data before the handshake': ['open', () => encodePackage(data, request('echo.plain')), 4502],
  'data before the ack': ['shaken', () => encodePackage(data, request('echo.plain')), 4502],
  'a heartbeat before the ack': ['shaken', () => encodePackage(heartbeat), 4502],
  'an ack without a handshake': ['open', () => encodePackage(ack), 4502],
  'a second ack': ['joined', () => encodePackage(ack), 4502],
  'a second handshake before the ack': ['shaken', () => encodePackage(handshake, '{"sys":{}}'), 4502],
  'a second handshake': ['joined', () => encodePackage(handshake, '{"sys":{}}'), 4502],
  'a kick from a client': ['joined', () => encodePackage(kick, '{}'), 4502],
  'a reply from a client': ['joined', () => encodePackage(data, Buffer.from([0x04, 1, 0x7b, 0x7d])), 4502],
  'an event from a client': ['joined', () => encodePackage(data, Buffer.from([0x06, 1, 0x61])), 4502],
  'an empty message': ['joined', () => new Uint8Array(0), 4501],
  'a package of type 0': ['joined', () => encodePackage(0), 4501],
  'a count from a client that has not asked for resume': ['joined', () => encodePackage(6), 4502],
  'a package of type 7': ['joined', () => encodePackage(7), 4501],
  'a package of type 255': ['open', () => encodePackage(255), 4501],
  'three bytes of a package': ['joined', () => Buffer.from([4, 0, 0]), 4501],
  'a package that says it is longer': ['joined', () => Buffer.from([4, 0, 0, 9, 0, 1]), 4501],
  'a package that says it has 16 MB': ['joined', () => Buffer.from([4, 255, 255, 255, 0]), 4501],
  'a byte behind a package': ['joined', () => Buffer.from([3, 0, 0, 0, 4]), 4501],
  'data without a message': ['joined', () => encodePackage(data), 4501],
  'a message of kind 4': ['joined', () => encodePackage(data, Buffer.from([0x08, 1])), 4501],
  'a flag with bit 6': ['joined', () => encodePackage(data, Buffer.from([0x40, 1, 1, 0x61])), 4501],
  'an id of six bytes': [
    'joined',
    () => encodePackage(data, Buffer.from([0, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 1, 0x61])),
    4501
  ],
  'an id of 2^32': [
    'joined',
    () => encodePackage(data, Buffer.from([0, 0x80, 0x80, 0x80, 0x80, 0x10, 1, 0x61])),
    4501
  ],
  'an id that is cut off': ['joined', () => encodePackage(data, Buffer.from([0, 0x80])), 4501],
  'a route that is cut off': ['joined', () => encodePackage(data, Buffer.from([0, 1, 5, 0x61])), 4501],
  'a route that is not UTF-8': ['joined', () => encodePackage(data, Buffer.from([0, 1, 1, 0xff])), 4501]
}

function request(route: string) {
  return encodeMessage(messageTypes.request, 1, route, {})
}

for (const [name, [until, bytes, code]] of Object.entries(faults)) {
  t.test(`${name} closes the connection with ${code}, and no other`, async t => {
    const player = until === 'joined' ? await wire.join(t) : await wire.open(t)
    if (until === 'shaken') await player.shakeHands()
    // Waits for the heartbeat that follows an ack. Whatever comes later is caused by the fault.
    if (until === 'joined') await player.until(() => player.heartbeats || undefined)
    const before = player.packages.length
    const { framesMalformed } = wire.gateway.metrics()
    player.ws.send(bytes())
    const closed = await player.closed
    t.equal(closed.code, code)
    t.not(closed.reason, '', 'it says why')
    t.equal(player.packages.length, before, 'nothing else is sent')
    t.equal(wire.gateway.metrics().framesMalformed, framesMalformed + 1)
    t.ok(
      wire.lines.some(({ message, fields }) => /refused/.test(message) && fields['error'] === closed.reason),
      'the log has the reason'
    )
    await othersPlayOn(t)
  })
}

t.test('of a message with a fault in it nothing is run', async t => {
  const player = await wire.join(t)
  const { id } = (await player.request('echo.enter', { uid: 'faulty' })).body
  const note = encodeMessage(messageTypes.notify, 0, 'echo.note', { text: 'never' })
  const { notifies } = wire.gateway.metrics()
  player.ws.send(Buffer.concat([encodePackage(data, note), Buffer.from([9, 0, 0, 0])]))
  t.equal((await player.closed).code, 4501)
  t.equal(wire.gateway.metrics().notifies, notifies)
  t.equal(wire.gateway.sessions.get(id), undefined, 'its session has ended')
})

t.test('a frame that is too large closes with 1009, and no other', async t => {
  const player = await wire.join(t)
  const { maxBodyBytes } = wire.gateway.options
  const body = 'x'.repeat(maxBodyBytes - 2)
  t.equal((await player.request('echo.plain', body)).body, body, 'one that is just not too large is served')
  player.ws.send(new Uint8Array(4 * maxBodyBytes + 2_000))
  t.equal((await player.closed).code, 1009)
  await othersPlayOn(t)
})

t.test('an empty body is undefined to the handler', async t => {
  const player = await wire.join(t)
  t.same((await player.request('echo.box')).body, { missing: true })
  t.same((await player.request('echo.box', null)).body, { body: null })
})

t.test('bodies of any JSON arrive as they are', async t => {
  const player = await wire.join(t)
  const bodies = ['', 'text', 0, -1.5e300, true, null, [], [1, [2]], {}, { a: { b: [null] } }]
  for (const body of bodies) t.same((await player.request('echo.box', body)).body, { body })
  const text = '{"__proto__":{"admin":true},"constructor":1,"toString":2,"then":3}'
  const { bytes } = await player.request('echo.plain', Buffer.from(text))
  t.equal(String(bytes), text)
  t.same((await player.request('echo.plain', Buffer.from(' {"a" : 1}\n'))).body, { a: 1 })
})

t.test('a body that is not JSON is answered with BODY_MALFORMED, and the connection stays', async t => {
  const player = await wire.join(t)
  const bodies = ['{', 'undefined', '1 2', '{"a":1}x', "{'a':1}", '\ufeff{}', 'NaN']
  const wrong = [...bodies.map(text => Buffer.from(text)), Buffer.from([0x22, 0xff, 0x22]), cesu('"\ud83c"')]
  for (const bytes of wrong) {
    const { body } = await player.request('echo.plain', bytes)
    t.match(body, { code: 500, error: 'BODY_MALFORMED', message: /^The body can't be read: / })
  }
  t.same((await player.request('echo.box', 1)).body, { body: 1 })
})

/** Returns text as a Pomelo client in a browser encodes it: one sequence for each UTF-16 unit. */
function cesu(text: string): Uint8Array {
  return Uint8Array.from(browserProtocol.strencode(text))
}

t.test('emoji arrive the same whichever way they are written', async t => {
  const player = await wire.join(t)
  const body = { text: 'a🎮é好🏆' }
  const points = { points: [0x61, 0x1f3ae, 0xe9, 0x597d, 0x1f3c6] }
  const utf8 = Buffer.from(JSON.stringify(body))
  const browser = cesu(JSON.stringify(body))
  t.notSame([...utf8], [...browser])
  t.same((await player.request('echo.points', utf8)).body, points)
  t.same((await player.request('echo.points', browser)).body, points)
})

t.test('what a client gets has escapes for what its decoder misreads', async t => {
  const player = await wire.join(t)
  const { id } = (await player.request('echo.enter', { uid: 'emoji' })).body
  const body = { text: 'é好🎮' }
  const text = '{"text":"é好\\ud83c\\udfae"}'
  const reply = await player.request('echo.plain', body)
  t.equal(String(reply.bytes), text)
  t.same(JSON.parse(browserProtocol.strdecode(reply.bytes)), body)

  wire.gateway.sessions.sendMessage(id, 'said', body)
  const refusal = await player.request('echo.refuse', { code: 'NO', message: '🎮', data: body })
  t.equal(JSON.parse(browserProtocol.strdecode(refusal.bytes)).message, '🎮')
  const unknown = await player.request('🎮')
  t.match(JSON.parse(browserProtocol.strdecode(unknown.bytes)).message, /"🎮"/)

  wire.gateway.sessions.kickBySessionId(id, 'game over 🎮')
  await player.closed
  for (const { body: bytes } of player.packages) t.notOk(bytes.includes(0xf0), 'no 4-byte sequence')
  t.same(player.events, [['said', body]])
  t.same(player.kicks, [{ reason: 'game over 🎮' }])
})

t.test('a gzipped body is unzipped', async t => {
  const player = await wire.join(t)
  const zipped = async (id: number, bytes: Uint8Array) => {
    player.send(data, encodeMessage(messageTypes.request, id, 'echo.box', bytes, true))
    return (await player.reply(id)).body
  }
  t.same(await zipped(101, gzipSync('{"a":"🎮"}')), { body: { a: '🎮' } })
  t.same(await zipped(102, gzipSync('')), { missing: true })
  const notes: [number, Uint8Array, RegExp][] = [
    [103, Buffer.from('{"a":1}'), /not gzip/],
    [104, gzipSync('{"a":1}').subarray(0, 20), /not gzip/],
    [105, gzipSync('{'), /not JSON/]
  ]
  for (const [id, bytes, message] of notes)
    t.match(await zipped(id, bytes), { code: 500, error: 'BODY_MALFORMED', message })
  // These 40 KB unzip to 40 MB.
  t.match(await zipped(106, gzipSync(Buffer.alloc(40_000_000, 0x20))), { code: 500, error: 'BODY_TOO_LARGE' })
  await othersPlayOn(t)
})

t.test('an unknown route is answered with ROUTE_UNKNOWN', async t => {
  const player = await wire.join(t)
  const long = 'é'.repeat(127)
  const routes = ['echo.nowhere', '__proto__', 'constructor', 'toString', 'then', 'echo', 'echo.', '', long]
  for (const route of [...routes, 'x'.repeat(255)]) {
    const { body, isError } = await player.request(route, {})
    t.same(body, {
      code: 500,
      error: 'ROUTE_UNKNOWN',
      message: `No handler is registered for "${route}"`
    })
    t.equal(isError, false)
  }
  t.same((await player.request('echo.box', 1)).body, { body: 1 })
})

t.test('an error is flagged as one to clients that said they read the flag', async t => {
  const flagged = await wire.join(t, { sys: { errorFlag: true } })
  const plain = await wire.join(t, { sys: { errorFlag: 'yes' } })
  for (const [player, isError] of [
    [flagged, true],
    [plain, false]
  ] as const) {
    for (const [route, body] of [
      ['echo.nowhere', {}],
      ['echo.fail', {}],
      ['echo.plain', Buffer.from('{')]
    ] as const) {
      const reply = await player.request(route, body)
      t.equal(reply.body.code, 500)
      t.equal(reply.isError, isError, route)
    }
    t.equal((await player.request('echo.plain', 1)).isError, false, 'a reply that is none is not flagged')
  }
})

t.test('what a handler throws for its client reaches it; of all else only a number', async t => {
  const player = await wire.join(t)
  const refusal = { code: 'TOO_POOR', message: 'Not enough gold', data: { missing: 3 } }
  t.same((await player.request('echo.refuse', refusal)).body, {
    code: 500,
    error: 'TOO_POOR',
    message: 'Not enough gold',
    data: { missing: 3 }
  })
  t.equal((await player.request('echo.refuse', { code: '1004', message: '' })).body.code, 1004)
  const { body } = await player.request('echo.fail')
  t.equal(body.error, 'INTERNAL')
  t.notMatch(JSON.stringify(body), /secret|echo\.js|at /)
  const id = /under (\S+)$/.exec(body.message)![1]
  await until('the cause is logged', () => wire.lines.some(({ fields }) => fields['id'] === id))
})

t.test('a handler that returns nothing answers an empty object to clients that parse every body', async t => {
  const player = await wire.join(t)
  t.equal(String((await player.request('echo.nothing')).bytes), '{}')
  t.equal(String((await player.request('echo.plain', null)).bytes), 'null')
  const { id } = (await player.request('echo.enter', { uid: 'empty' })).body
  wire.gateway.sessions.sendMessage(id, 'nothing')
  t.same(await player.until(() => player.events[0]), ['nothing', {}])
})

t.test('a handler that returns nothing answers an empty body to a client of our own', async t => {
  const player = await wire.join(t, { sys: { type: 'sallyport' } })
  t.equal(String((await player.request('echo.nothing')).bytes), '')
})

t.test('a kick is a package with its reason, and a close with 4500', async t => {
  const player = await wire.join(t)
  const { id } = (await player.request('echo.enter', { uid: 'rude' })).body
  wire.gateway.sessions.kickBySessionId(id, 'rude words')
  t.same(await player.closed, { code: 4500, reason: 'rude words' })
  t.same(player.kicks, [{ reason: 'rude words' }])
  t.equal(player.packages.at(-1)!.type, kick)

  const quiet = await wire.join(t)
  const entered = await quiet.request('echo.enter', { uid: 'quiet' })
  wire.gateway.sessions.kickBySessionId(entered.body.id)
  t.equal((await quiet.closed).code, 4500)
  t.same(quiet.kicks, [], 'without a reason there is only the code')
})

t.test('a kick reason of any length is told in full, and cut in the close frame', async t => {
  const player = await wire.join(t)
  const { id } = (await player.request('echo.enter', { uid: 'long' })).body
  const reason = '好'.repeat(100)
  wire.gateway.sessions.kickBySessionId(id, reason)
  t.same(await player.closed, { code: 4500, reason: '好'.repeat(41) })
  t.same(player.kicks, [{ reason }])
})

t.test('a kick behind more than a client can take is still a kick', async t => {
  const { gateway, join } = await startWire(t, { maxSendBytes: 1024 })
  const player = await join(t)
  const { id } = (await player.request('echo.enter', { uid: 'behind' })).body
  gateway.sessions.sendMessage(id, 'flood', 'x'.repeat(8_000_000))
  gateway.sessions.kickBySessionId(id, 'enough')
  t.equal((await player.closed).code, 4500)
})

t.test('a kick that cannot be written closes the connection all the same', async t => {
  const { gateway, join } = await startWire(t)
  const { kick } = PomeloMessages.prototype
  t.teardown(() => {
    PomeloMessages.prototype.kick = kick
  })
  PomeloMessages.prototype.kick = () => {
    throw new RangeError('a frame that cannot be made')
  }
  for (const sys of [{}, { resume: true }]) {
    const player = await join(t, { sys })
    const { id } = (await player.request('echo.enter', { uid: 'zombie' })).body
    t.throws(() => gateway.sessions.kickBySessionId(id, 'enough'), { message: 'a frame that cannot be made' })
    t.equal((await player.closed).code, 4500)
    await until('nothing is left', () => gateway.metrics().connections === 0)
    t.equal(gateway.metrics().sessions, 0)
  }
})

t.test('what the gateway has for a client before its ack waits for it', async t => {
  const player = await wire.open(t)
  const sids = new Set<number>()
  wire.gateway.sessions.forEachSession(session => sids.add(session.id))
  await player.shakeHands()
  let id = 0
  wire.gateway.sessions.forEachSession(session => {
    if (!sids.has(session.id)) id = session.id
  })
  wire.gateway.sessions.sendMessage(id, 'early', 1)
  wire.gateway.sessions.sendMessage(id, 'early', 2)
  // After a round trip of the socket, all that had been sent would be here.
  player.ws.ping()
  await new Promise(resolve => player.ws.once('pong', resolve))
  t.same(player.events, [])
  player.send(ack)
  await player.until(() => (player.events.length === 2 ? true : undefined))
  t.same(player.events, [
    ['early', 1],
    ['early', 2]
  ])
  t.same(
    player.packages.map(({ type }) => type),
    [handshake, heartbeat, data, data]
  )
})

t.test('the subprotocol pomelo may be asked for', async t => {
  const player = await wire.join(t, { subprotocol: 'pomelo' })
  t.equal(player.ws.protocol, 'pomelo')
  t.same((await player.request('echo.box', 1)).body, { body: 1 })
})

t.test('packages in text messages are read too', async t => {
  const player = await wire.open(t, 'pomelo')
  player.ws.send(encodePackage(handshake, '{"sys":{}}'), { binary: false })
  t.match(await player.until(() => player.answer), { code: 200 })
  player.send(ack)
  const bytes = encodePackage(data, encodeMessage(messageTypes.request, 5, 'echo.plain', 'in text'))
  player.ws.send(bytes, { binary: false })
  t.equal((await player.reply(5)).body, 'in text')
})

/** Starts a gateway with that hook and opens a socket to it. */
async function withHook(
  t: Test,
  onHandshake: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
) {
  const running = await startWire(t, { onHandshake })
  const player = await running.open(t)
  return { ...running, player }
}

t.test('the hook sees what its client said, and what it says reaches the client', async t => {
  let seen: HandshakeInfo | undefined
  const { player } = await withHook(t, info => {
    seen = info
    return { accept: true, user: { motd: 'Wi🎮' } }
  })
  const sys = { type: 'cocos', version: '2.1' }
  t.same((await player.shakeHands({ sys, user: { token: 'abc' } })).user, { motd: 'Wi🎮' })
  t.match(seen, { type: 'cocos', version: '2.1', user: { token: 'abc' }, address: { ip: '127.0.0.1' } })
  t.type(seen?.address.port, 'number')
  t.notOk(player.packages[0]!.body.some(byte => byte > 0x7f))
})

t.test('a hook that refuses is answered with 500 and what it says', async t => {
  const { player, gateway } = await withHook(t, () => ({ accept: false, user: { why: 'banned' } }))
  t.same(await player.shakeHands(), { code: 500, user: { why: 'banned' } })
  t.equal((await player.closed).code, 4504)
  t.equal(gateway.metrics().sessionsOpened, 0)
})

t.test('a client that is too old is answered with 501', async t => {
  const { player } = await withHook(t, ({ version }) => ({ accept: false, outdated: version < '1' }))
  t.same(await player.shakeHands(), { code: 501 })
  t.equal((await player.closed).code, 4504)
})

t.test('a hook that answers later is waited for', async t => {
  let answer: (answer: HandshakeAnswer) => void = () => {}
  const { player, open, gateway } = await withHook(t, () => new Promise(resolve => (answer = resolve)))
  const answered = player.shakeHands()
  await until('the hook was asked', () => answer.length === 1)
  player.ws.ping()
  await new Promise(resolve => player.ws.once('pong', resolve))
  t.equal(player.answer, undefined)
  answer({ accept: true, user: 1 })
  t.equal((await answered).code, 200)
  player.send(ack)
  t.same((await player.request('echo.box', 1)).body, { body: 1 })

  const refused = await open(t)
  const refusal = refused.shakeHands()
  answer = () => {}
  await until('the hook was asked', () => answer.length === 1)
  answer({ accept: false, outdated: true })
  t.same(await refusal, { code: 501 })
  t.equal((await refused.closed).code, 4504)

  const gone = await open(t)
  gone.shakeHands().catch(() => {})
  answer = () => {}
  await until('the hook was asked', () => answer.length === 1)
  const { sessionsOpened } = gateway.metrics()
  gone.leave()
  await until('it is gone', () => gateway.metrics().connections === 1)
  answer({ accept: true })
  t.equal(gateway.metrics().sessionsOpened, sessionsOpened, 'no session for a client that left meanwhile')
})

t.test('data while the hook is asked is too early', async t => {
  const { player } = await withHook(t, () => new Promise(() => {}))
  player.shakeHands().catch(() => {})
  player.send(data, request('echo.plain'))
  t.equal((await player.closed).code, 4502)
})

const circle: Record<string, unknown> = {}
circle['self'] = circle

/** Hooks that fail in different ways. Each failure is logged, and the client is told to come back later. */
const failures: Record<string, () => unknown> = {
  throws: () => {
    throw new Error('the hook failed')
  },
  rejects: () => Promise.reject(new Error('the hook failed')),
  'returns nothing': () => undefined,
  'resolves with nothing': () => Promise.resolve(),
  'accepts with what is no JSON': () => ({ accept: true, user: circle }),
  'accepts later with what is no JSON': () => Promise.resolve({ accept: true, user: 1n }),
  'refuses later with what is no JSON': () => Promise.resolve({ accept: false, user: circle })
}

for (const [name, hook] of Object.entries(failures)) {
  t.test(`a hook that ${name} sends its client away for a while, and its failure is logged`, async t => {
    const { player, lines, open } = await withHook(t, hook as () => HandshakeAnswer)
    for (const each of [player, await open(t)]) {
      each.shakeHands().catch(() => {})
      t.match(await each.closed, {
        code: 1013,
        reason: /^the gateway could not judge the handshake, come back in \d+ ms$/
      })
      matchRows(t, each.kicks, [
        { reason: /^the gateway could not judge the handshake, come back in \d+ ms$/ }
      ])
      t.equal(each.answer, undefined, 'no answer, which would tell it to stay away')
    }
    t.ok(lines.some(({ level, message }) => level === 'error' && /handshake/.test(message)))
  })
}

t.test('a hook may answer by any thenable', async t => {
  const accepted = { accept: true, user: 'then' } as const
  // biome-ignore lint/suspicious/noThenProperty: what the test is about
  const thenable = { then: (resolve: (answer: HandshakeAnswer) => void) => resolve(accepted) }
  const { player } = await withHook(t, () => thenable as Promise<HandshakeAnswer>)
  t.match(await player.shakeHands(), { code: 200, user: 'then' })
})

t.test('the first heartbeat follows the ack, and each of the client is answered at once', async t => {
  const player = await wire.open(t)
  await player.shakeHands()
  t.equal(player.heartbeats, 0)
  player.send(ack)
  await player.until(() => player.heartbeats === 1 || undefined)
  player.send(heartbeat)
  await player.until(() => player.heartbeats === 2 || undefined)
  player.send(heartbeat)
  await player.until(() => player.heartbeats === 3 || undefined)
  t.ok(player.packages.filter(({ type }) => type === heartbeat).every(({ body }) => body.length === 0))
})

t.test('without an interval there are no heartbeats, and silence is no fault', async t => {
  const clock = new Clock()
  const { join } = await startWire(t, { heartbeat: 0, handshakeTimeout: 40, monotonic: clock.monotonic })
  const player = await join(t)
  t.equal(player.answer?.sys?.heartbeat, undefined)
  await player.request('echo.box')
  // The clock goes on in steps: the gateway forgives a jump, so a jump would prove nothing about silence.
  await clock.advance(200)
  t.same((await player.request('echo.box')).body, { missing: true })
  t.equal(player.heartbeats, 0)
})

t.test('a client that is silent for twice the interval is closed with 4001', async t => {
  const clock = new Clock()
  const { gateway, open, join } = await startWire(t, { heartbeat: 40, monotonic: clock.monotonic })
  const silent = await join(t)
  const unfinished = await open(t)
  const { sys } = await unfinished.shakeHands()
  t.equal(sys?.heartbeat, 0.04)
  await silent.request('echo.box')
  await clock.advance(79)
  t.equal(gateway.metrics().connections, 2, 'not before')
  await clock.advance(1)
  t.equal((await silent.closed).code, 4001, 'one that never sent a heartbeat')
  t.equal((await unfinished.closed).code, 4001, 'one that never sent its ack')
  t.equal(gateway.metrics().connectionsClosedSilent, 2)
  t.equal(gateway.metrics().sessions, 0)
})

t.test('time in which the gateway did not look is not the silence of a client', async t => {
  const clock = new Clock()
  const { gateway, join } = await startWire(t, { heartbeat: 40, monotonic: clock.monotonic })
  const player = await join(t)
  await player.request('echo.box')
  // The process stands still, by both clocks.
  clock.pass(300)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
  await clock.looked()
  await player.request('echo.box')
  t.equal(gateway.metrics().connections, 1)
  await clock.advance(80)
  t.equal((await player.closed).code, 4001, 'what comes after it is')
})

t.test('every frame is a sign of life', async t => {
  const clock = new Clock()
  const { gateway, join } = await startWire(t, { heartbeat: 40, monotonic: clock.monotonic })
  const player = await join(t)
  const heard = async (what: string, speak: () => Promise<unknown>) => {
    await speak()
    await clock.advance(79)
    t.equal(gateway.metrics().connections, 1, what)
  }
  await heard('a request', () => player.request('echo.box'))
  await heard('a heartbeat', () => {
    const { heartbeats } = player
    player.send(heartbeat)
    return player.until(() => player.heartbeats > heartbeats || undefined)
  })
  await heard('a ping of WebSocket', () => {
    player.ws.ping()
    return new Promise(resolve => player.ws.once('pong', resolve))
  })
  await heard('a notify', async () => {
    const { notifies } = gateway.metrics()
    player.notify('echo.nowhere')
    await until('it came', () => gateway.metrics().notifies > notifies)
  })
  await clock.advance(1)
  t.equal((await player.closed).code, 4001)
})

t.test('a handshake that is not finished in time is closed with 4002', async t => {
  const clock = new Clock()
  let asked = 0
  const { gateway, open, join } = await startWire(t, {
    heartbeat: 0,
    handshakeTimeout: 40,
    monotonic: clock.monotonic,
    onHandshake: ({ user }) => {
      asked++
      return user === 'wait' ? new Promise(() => {}) : { accept: true }
    }
  })
  const mute = await open(t)
  const waiting = await open(t)
  waiting.shakeHands({ user: 'wait' }).catch(() => {})
  const unfinished = await open(t)
  await unfinished.shakeHands()
  const finished = await join(t)
  await finished.request('echo.box')
  t.equal(asked, 3)
  await clock.advance(39)
  t.equal(gateway.metrics().connections, 4, 'not before')
  await clock.advance(1)
  t.equal((await mute.closed).code, 4002, 'one that said nothing')
  t.equal((await waiting.closed).code, 4002, 'one whose hook does not answer')
  t.equal((await unfinished.closed).code, 4002, 'one that never sent its ack')
  t.same((await finished.request('echo.box')).body, { missing: true }, 'one that finished stays')
  t.same(mute.packages, [])
})

t.test('the bystander was never disturbed', async t => {
  await othersPlayOn(t)
  t.same(new Set(bystander.counts), new Set([1]))
})
