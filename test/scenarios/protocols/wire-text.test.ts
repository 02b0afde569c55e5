/** The JSON text form through a real gateway and real sockets. */
import { once } from 'node:events'
import { get } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { Clock } from '../../helpers/clock.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { Player } from '../../helpers/player.js'
import { frame, opcodes, RawClient } from '../../helpers/raw-client.js'
import { until } from '../../helpers/until.js'

const { gateway, connect } = await startGateway(t, 'wire', { workers: 1, startPage: 'off' })
const bystander = await connect()

async function othersPlayOn(t: Test) {
  t.same(await bystander.request('echo.box', 'still here'), { body: 'still here' }, 'another player plays on')
}

/** Opens a socket and collects the texts that it receives. */
async function open(t: Test, subprotocol?: string | string[]) {
  const ws = subprotocol === undefined ? new WebSocket(gateway.url) : new WebSocket(gateway.url, subprotocol)
  t.teardown(() => ws.terminate())
  const texts: string[] = []
  ws.on('message', (data, isBinary) => {
    t.equal(isBinary, false, 'text comes as text')
    texts.push(String(data))
  })
  await once(ws, 'open')
  /** Sends a text. Returns the next text that comes. */
  const ask = async (text: string | Uint8Array) => {
    const { length } = texts
    ws.send(text)
    await until(`an answer to ${text}`, () => texts.length > length)
    return texts[length]!
  }
  return { ws, texts, ask }
}

t.test('a client that asks for sallyport.json has a session at once', async t => {
  const { sessionsOpened } = gateway.metrics()
  const { ws, ask } = await open(t, 'sallyport.json')
  t.equal(ws.protocol, 'sallyport.json')
  t.equal(gateway.metrics().sessionsOpened, sessionsOpened + 1)
  t.equal(await ask('[1,"echo.plain",{"points":3}]'), '[1,{"points":3}]')
})

t.test('a client that asks for nothing has a session with its first text', async t => {
  const { sessionsOpened } = gateway.metrics()
  const { ws, ask } = await open(t)
  t.equal(ws.protocol, '')
  t.equal(gateway.metrics().sessionsOpened, sessionsOpened)
  t.equal(await ask('[1,"echo.plain",3]'), '[1,3]')
  t.equal(gateway.metrics().sessionsOpened, sessionsOpened + 1)
})

t.test('of the subprotocols that a client offers the known one is taken', async t => {
  t.equal((await open(t, ['chat', 'sallyport.json'])).ws.protocol, 'sallyport.json')
  t.equal((await open(t, ['pomelo', 'chat'])).ws.protocol, 'pomelo')
})

t.test('bodies of any JSON arrive and come back as they are', async t => {
  const { ask } = await open(t, 'sallyport.json')
  const bodies = ['null', '0', '-1.5e+300', '""', '"]"', '[]', '[1,[2,"]"]]', '{}', '{"a":{"b":[null]}}']
  for (const body of bodies) t.equal(await ask(`[1,"echo.plain",${body}]`), `[1,${body}]`)
  const hostile = '{"__proto__":{"admin":true},"constructor":1,"toString":2,"then":3}'
  t.equal(await ask(`[1,"echo.plain",${hostile}]`), `[1,${hostile}]`)
  t.equal(await ask('[1,"echo.box"]'), '[1,{"missing":true}]')
  t.equal(await ask('[1,"echo.box",null]'), '[1,{"body":null}]')
  t.equal(await ask(' [ 1 , "echo.plain" , { "a" : 1 } ] \n'), '[1,{"a":1}]', 'white space may stand')
  t.equal(await ask('[1,"\\u0065cho.plain",7]'), '[1,7]', 'escapes in a route')
})

t.test('emoji arrive and come back', async t => {
  const { ask } = await open(t, 'sallyport.json')
  const points = [0x61, 0x1f3ae, 0x597d]
  t.same(JSON.parse(await ask('[1,"echo.points",{"text":"a🎮好"}]')), [1, { points }])
  t.same(JSON.parse(await ask('[1,"echo.plain","a🎮好"]')), [1, 'a🎮好'])
  t.same(
    JSON.parse(await ask('[1,"echo.plain","\\ud83c"]')),
    [1, '\ud83c'],
    'half a pair as an escape is JSON'
  )
})

t.test('a body that is not JSON, or more than one, is answered with BODY_MALFORMED', async t => {
  const { ask } = await open(t, 'sallyport.json')
  for (const body of ['{', '1,2', '{"a":1}}', 'undefined', "'a'", 'NaN', '{"a":1},', ',']) {
    const answer = JSON.parse(await ask(`[5,"echo.plain",${body}]`))
    matchRows(t, answer, [5, null, { error: 'BODY_MALFORMED', message: /^The body can't be read: / }])
    t.same(Object.keys(answer[2]), ['error', 'message'])
  }
  t.equal(await ask('[1,"echo.plain",1]'), '[1,1]')
})

t.test(
  'malformed text is answered so that a person sees what is wrong, and the connection stays',
  async t => {
    const { ask } = await open(t, 'sallyport.json')
    const frames = [
      '',
      'hello',
      '{"id":1,"route":"echo.plain"}',
      '[',
      '[]',
      '[1]',
      '[1,]',
      '[1,2]',
      '[1,null]',
      '[1,"echo.plain"',
      '[1,"echo.plain',
      '[1,"echo.plain",]',
      '[1,"echo.plain";1]',
      '[-1,"echo.plain"]',
      '[1.5,"echo.plain"]',
      '[1e3,"echo.plain"]',
      '[01,"echo.plain"]',
      '["1","echo.plain"]',
      '[4294967296,"echo.plain"]',
      '[1,"\\ud83c"]',
      '[1,"\\x"]',
      `[1,"${'x'.repeat(256)}"]`,
      '[1,"echo.plain"]]x'
    ]
    for (const frame of frames) {
      const answer = JSON.parse(await ask(frame))
      matchRows(
        t,
        answer,
        [
          /^\[1,/.test(frame) ? 1 : null,
          null,
          { error: 'FRAME_MALFORMED', message: /^The frame can't be read: / }
        ],
        frame
      )
    }
    t.equal(await ask('[4294967295,"echo.plain",1]'), '[4294967295,1]', 'the largest id')
    await othersPlayOn(t)
  }
)

t.test('malformed text may come first', async t => {
  const { ask } = await open(t)
  matchRows(t, JSON.parse(await ask('hi')), [null, null, { error: 'FRAME_MALFORMED' }])
  t.equal(await ask('[1,"echo.plain",1]'), '[1,1]')
})

t.test('text in a binary message is read where text was asked for', async t => {
  const { ask } = await open(t, 'sallyport.json')
  t.equal(await ask(Buffer.from('[1,"echo.plain",1]')), '[1,1]')
  const broken = Buffer.from('[1,"echo.plain","?"]')
  broken[broken.indexOf('?')] = 0xff
  matchRows(t, JSON.parse(await ask(broken)), [1, null, { error: 'BODY_MALFORMED' }])
})

t.test('a notify is not answered, not even if it fails', async t => {
  const { ws, ask, texts } = await open(t, 'sallyport.json')
  ws.send('[0,"echo.note",{"text":"quiet"}]')
  ws.send('[0,"echo.fail"]')
  ws.send('[0,"echo.nowhere"]')
  ws.send('[0,"echo.note",{]')
  t.equal(await ask('[1,"echo.notes"]'), '[1,["quiet"]]')
  t.equal(texts.length, 1)
})

t.test('an unknown route is answered with ROUTE_UNKNOWN, whatever its name', async t => {
  const player = await connect()
  const long = 'é'.repeat(127)
  const names = ['__proto__', 'constructor', 'toString', 'then', 'hasOwnProperty', 'echo', 'echo.', '', ' ']
  for (const name of [...names, '1', 'echo.toString', 'echo.constructor', long, 'x'.repeat(255), '🎮']) {
    await t.rejects(player.request(name, {}), {
      code: 'ROUTE_UNKNOWN',
      message: `No handler is registered for "${name}"`
    })
  }
  t.same(await player.request('echo.box', 1), { body: 1 })
})

t.test('a handler that returns nothing is answered with null', async t => {
  const { ask } = await open(t, 'sallyport.json')
  t.equal(await ask('[1,"echo.nothing"]'), '[1,null]')
})

t.test('what a handler throws for its client reaches it; of all else only a number', async t => {
  const { ask } = await open(t, 'sallyport.json')
  const refusal = '{"code":"TOO_POOR","message":"Not enough gold","data":{"missing":3}}'
  t.equal(
    await ask(`[1,"echo.refuse",${refusal}]`),
    '[1,null,{"error":"TOO_POOR","message":"Not enough gold","data":{"missing":3}}]'
  )
  const failed = await ask('[2,"echo.fail"]')
  matchRows(t, JSON.parse(failed), [2, null, { error: 'INTERNAL' }])
  t.notMatch(failed, /secret|echo\.js/)
})

t.test('an event comes as its name and its body', async t => {
  const { ask, texts } = await open(t, 'sallyport.json')
  const [, { id }] = JSON.parse(await ask('[1,"echo.enter",{"uid":"listener"}]'))
  gateway.sessions.sendMessage(id, 'chat.said', { from: 'player-7', text: '🎮' })
  gateway.sessions.sendMessage(id, 'bell')
  gateway.sessions.sendMessage(id, 'odd "name"', [1])
  await until('the events came', () => texts.length === 4)
  t.same(
    texts.slice(1).map(text => JSON.parse(text)),
    [
      ['chat.said', { from: 'player-7', text: '🎮' }],
      ['bell', null],
      ['odd "name"', [1]]
    ]
  )
})

t.test('a kick is announced, and closes with 4500', async t => {
  const player = await connect()
  const { id } = await player.request('echo.enter', { uid: 'rude' })
  gateway.sessions.kickBySessionId(id, 'rude words')
  t.same(await player.closed, { code: 4500, reason: 'rude words' })
  t.same(player.events, [['$kick', { reason: 'rude words' }]])
})

t.test('a message that is too large closes with 1009, and no other', async t => {
  const player = await connect()
  const { maxBodyBytes } = gateway.options
  const body = 'x'.repeat(maxBodyBytes - 2)
  t.equal(await player.request('echo.plain', body), body, 'one that is just not too large is served')
  player.ws.send('x'.repeat(4 * maxBodyBytes + 2_000))
  t.equal((await player.closed).code, 1009)
  await othersPlayOn(t)
})

t.test('text that is not UTF-8 closes with 1007, and no other', async t => {
  const player = await connect()
  player.ws.send(Buffer.from([0x5b, 0xff]), { binary: false })
  t.equal((await player.closed).code, 1007)
  await othersPlayOn(t)
})

t.test('a plain HTTP request is told to upgrade', async t => {
  const { port } = gateway.address
  const response = await new Promise<import('node:http').IncomingMessage>(resolve =>
    get({ host: '127.0.0.1', port, path: '/any' }, resolve)
  )
  t.equal(response.statusCode, 426)
  t.equal(response.headers.upgrade, 'websocket')
  t.match(String(await response.toArray()), /connect by WebSocket/)
})

t.test('the heartbeat is a ping of WebSocket, and its pong a sign of life', async t => {
  const clock = new Clock()
  const { gateway } = await startGateway(t, 'wire', { workers: 1, heartbeat: 40, monotonic: clock.monotonic })
  const player = await Player.connect(gateway.url)
  t.teardown(() => player.leave())
  let pings = 0
  player.ws.on('ping', () => pings++)
  for (let round = 1; round <= 4; round++) {
    await clock.advance(40)
    await until('a ping came', () => pings === round)
    // The library has answered it, and both ends live in this process: between two looks it is read.
    await clock.looked()
    await clock.looked()
  }
  t.equal(gateway.metrics().connections, 1, 'one that answers stays')

  const mute = new WebSocket(gateway.url, 'sallyport.json', { autoPong: false })
  t.teardown(() => mute.terminate())
  await once(mute, 'open')
  const closed = once(mute, 'close')
  await clock.advance(80)
  t.equal((await closed)[0], 4001)
  t.same(await player.request('echo.box', 1), { body: 1 }, 'the one that answers is not')
})

t.test('parts of a message are signs of life: a slow line may take longer than two heartbeats', async t => {
  const clock = new Clock()
  const { gateway } = await startGateway(t, 'wire', { workers: 1, heartbeat: 40, monotonic: clock.monotonic })
  const client = await RawClient.open(t, gateway)
  for (const byte of frame(opcodes.text, '[1,"echo.plain",7]')) {
    client.socket.write(Buffer.from([byte]))
    // Both ends live in this process: between two looks it is read.
    await clock.looked()
    await clock.advance(20)
  }
  t.same(await client.reply(), [1, 7])
  await clock.advance(80)
  t.equal(await client.closeCode(), 4001, 'and then it is silent')
})

t.test('parts of a message give nobody more time to shake hands', async t => {
  const clock = new Clock()
  const options = { workers: 1, heartbeat: 40, handshakeTimeout: 200, monotonic: clock.monotonic }
  const { gateway } = await startGateway(t, 'wire', options)
  const client = await RawClient.open(t, gateway, 'pomelo')
  for (const byte of frame(opcodes.binary, 'a handshake that is never whole').subarray(0, 20)) {
    client.socket.write(Buffer.from([byte]))
    await clock.looked()
    await clock.advance(10)
  }
  t.equal(await client.closeCode(), 4002)
})

t.test('a client that asks for nothing and says nothing is closed with 4002', async t => {
  const clock = new Clock()
  const options = { workers: 1, heartbeat: 0, handshakeTimeout: 40, monotonic: clock.monotonic }
  const { gateway, connect } = await startGateway(t, 'wire', options)
  const player = await connect()
  const [silent, plain] = [new WebSocket(gateway.url), new WebSocket(gateway.url)]
  t.teardown(() => silent.terminate())
  t.teardown(() => plain.terminate())
  await Promise.all([once(silent, 'open'), once(plain, 'open')])
  plain.send('[1,"echo.plain",1]')
  await once(plain, 'message')
  const closed = once(silent, 'close')
  await clock.advance(40)
  t.equal((await closed)[0], 4002)
  t.same(await player.request('echo.box', 1), { body: 1 }, 'one that asked for the text form stays')
  plain.send('[2,"echo.plain",2]')
  t.equal(String((await once(plain, 'message'))[0]), '[2,2]', 'and so does one that spoke')
})

t.test('the bystander was never disturbed', async t => {
  await othersPlayOn(t)
  t.same(bystander.strays, [])
  t.same(bystander.events, [])
})
