/**
 * The messages of the load to each kind of server, and the reading of replies. It needs no server and no
 * peer's package.
 */
import t from 'tap'
import { createProtocol, type Protocol } from '../../../../bench/peers/protocols/index.js'
import { pomeloProtocol } from '../../../helpers/pomelo-protocol.js'

const body = { points: 3, text: 'xxx' }

interface Heard {
  readonly replies: [id: number, value: number][]
  /** With the seconds after which they are due. */
  readonly answers: [message: string, seconds: number][]
}

/** Reads a message in the middle of other bytes, as it occurs in data from a socket. */
function read(protocol: Protocol, message: Uint8Array | string): Heard {
  const heard: Heard = { replies: [], answers: [] }
  const bytes = Buffer.concat([Buffer.from('['), Buffer.from(message), Buffer.from('9,[')])
  protocol.read(bytes, 1, bytes.length - 3, {
    reply: (id, value) => heard.replies.push([id, value]),
    answer: (answer, seconds = 0) => heard.answers.push([answer.toString('latin1'), seconds])
  })
  return heard
}

t.test('JSON text: a request, a reply, a reply that is no number, an error', async t => {
  const protocol = createProtocol('json')
  t.same(JSON.parse(protocol.request('counter.add', 1000, body).toString()), [1000, 'counter.add', body])
  t.same(await protocol.enter(1), { path: '/', subprotocol: 'sallyport.json' })
  t.equal(protocol.greet().isOver, true)
  t.same(read(protocol, '[1000,17]').replies, [[1000, 17]])
  t.same(read(protocol, '[1000,{"points":3}]').replies, [[1000, Number.NaN]])
  t.throws(() => read(protocol, '[1000,null,{"error":"ROUTE_UNKNOWN"}]'), /ROUTE_UNKNOWN/)
  t.throws(() => read(protocol, '["$kick",{}]'), /no reply/)
})

t.test('Socket.IO: opens, joins the namespace, asks with an id, reads the ack, answers pings', async t => {
  const protocol = createProtocol('socket.io')
  t.same(await protocol.enter(1), { path: '/socket.io/?EIO=4&transport=websocket' })
  const greeting = protocol.greet()
  t.equal(greeting.first, undefined)
  t.equal(greeting.hear(Buffer.from('0{"sid":"a"}'))?.toString(), '40')
  t.equal(greeting.isOver, false)
  t.equal(greeting.hear(Buffer.from('40{"sid":"b"}')), undefined)
  t.equal(greeting.isOver, true)
  t.equal(protocol.request('add', 1000, body).toString(), '421000["add",{"points":3,"text":"xxx"}]')
  t.same(read(protocol, '431000[17]').replies, [[1000, 17]])
  t.same(read(protocol, '2').answers, [['3', 0]])
  t.throws(() => read(protocol, '44{"message":"refused"}'), /refused/)
  t.throws(() => protocol.greet().hear(Buffer.from('44{"message":"refused"}')), /refused/)
})

const { Package, Message, strencode, strdecode } = pomeloProtocol
const handshake = { code: 200, sys: { heartbeat: 3, dict: { 'counter.add': 258 } } }

/** Creates a protocol whose first player has connected. */
function greetedPomelo(): Protocol {
  const protocol = createProtocol('pomelo')
  protocol.greet().hear(Buffer.from(Package.encode(1, strencode(JSON.stringify(handshake)))))
  return protocol
}

function pomeloReply(id: number, text: string): Uint8Array {
  return Package.encode(4, Message.encode(id, 2, false, null, strencode(text), false))
}

t.test('Pomelo: its own library reads what the load says', async t => {
  const greeting = createProtocol('pomelo').greet()
  const said = Package.decode(greeting.first!) as { type: number; body: Uint8Array }
  t.equal(said.type, 1)
  t.match(JSON.parse(strdecode(said.body)), { sys: { type: String } })
  const ack = greeting.hear(Buffer.from(Package.encode(1, strencode(JSON.stringify(handshake)))))!
  t.match(Package.decode(ack), { type: 2 })
  t.equal(greeting.isOver, true)
  for (const id of [1, 127, 128, 1000, 1255]) {
    for (const sent of [body, { text: 'x'.repeat(300) }]) {
      const { type, body: message } = Package.decode(greetedPomelo().request('counter.add', id, sent)) as {
        type: number
        body: Uint8Array
      }
      t.equal(type, 4)
      const request = Message.decode(message)
      t.match(request, { id, type: 0, compressRoute: 1, route: 258 })
      t.same(JSON.parse(strdecode(request.body)), sent)
    }
  }
})

t.test('Pomelo: the load reads what its own library writes', async t => {
  const protocol = greetedPomelo()
  for (const id of [1, 127, 128, 1000, 2 ** 20]) {
    t.same(read(protocol, pomeloReply(id, '17')).replies, [[id, 17]])
  }
  t.same(read(protocol, pomeloReply(1000, '{"code":500}')).replies, [[1000, Number.NaN]])
  const heartbeat = Package.encode(3)
  t.same(read(protocol, heartbeat).answers, [[Buffer.from(heartbeat).toString('latin1'), 3]])
  t.throws(() => read(protocol, Package.encode(5, strencode('{"reason":"banned"}'))), /banned/)
  t.throws(() => read(protocol, Package.encode(5, pomeloReply(1, '17').subarray(4))), /no reply/)
  const event = Message.encode(0, 3, false, 'chat.said', strencode('17'), false)
  t.throws(() => read(protocol, Package.encode(4, event)), /chat\.said/)
})

t.test('Pomelo: a refused handshake and a route without a code are errors', async t => {
  const refused = Package.encode(1, strencode('{"code":501}'))
  t.throws(() => createProtocol('pomelo').greet().hear(Buffer.from(refused)), /501/)
  t.throws(() => greetedPomelo().request('counter.read', 1, body), /counter\.read/)
})

t.test('requests whose ids have one length have one length', async t => {
  const others = (['json', 'socket.io', 'colyseus'] as const).map(createProtocol)
  for (const protocol of [greetedPomelo(), ...others]) {
    const lengths = [1000, 1127, 1128, 1255].map(id => protocol.request('counter.add', id, body).length)
    t.equal(new Set(lengths).size, 1)
  }
})

/** MessagePack of the texts and numbers below, by its specification. */
const packed = {
  id: [0xa2, 0x69, 0x64],
  count: [0xa5, 0x63, 0x6f, 0x75, 0x6e, 0x74],
  points: [0xa6, 0x70, 0x6f, 0x69, 0x6e, 0x74, 0x73],
  text: [0xa4, 0x74, 0x65, 0x78, 0x74],
  xxx: [0xa3, 0x78, 0x78, 0x78],
  added: [0xa5, 0x61, 0x64, 0x64, 0x65, 0x64],
  add: [0xa3, 0x61, 0x64, 0x64]
}

t.test('Colyseus: a request is its type and the body with the id, in MessagePack', async t => {
  const { add, id, points, text, xxx } = packed
  t.same(
    [...createProtocol('colyseus').request('add', 1000, body)],
    [13, ...add, 0x83, ...id, 0xcd, 0x03, 0xe8, ...points, 3, ...text, ...xxx]
  )
  const long = [...createProtocol('colyseus').request('add', 1000, { text: 'x'.repeat(40) })]
  t.same(long.slice(-42), [0xd9, 40, ...Array(40).fill(0x78)])
})

t.test('Colyseus: a reply is read whatever the size of its numbers and the form of its map', async t => {
  const protocol = createProtocol('colyseus')
  const { added, id, count } = packed
  const counts: [bytes: number[], value: number][] = [
    [[17], 17],
    [[0xcc, 0xff], 255],
    [[0xcd, 0x01, 0x00], 256],
    [[0xce, 0x00, 0x01, 0x00, 0x00], 65_536]
  ]
  for (const map of [[0x82], [0xde, 0x00, 0x02]]) {
    for (const [bytes, value] of counts) {
      const message = [13, ...added, ...map, ...id, 0xcd, 0x03, 0xe8, ...count, ...bytes]
      t.same(read(protocol, Buffer.from(message)).replies, [[1000, value]])
    }
  }
  const unknown = [13, ...added, 0x82, ...id, 1, ...count, 0xc0]
  t.same(read(protocol, Buffer.from(unknown)).replies, [[1, Number.NaN]])
})

t.test('Colyseus: the player joins; states and patches are passed over, errors are not', async t => {
  const protocol = createProtocol('colyseus')
  const greeting = protocol.greet()
  t.same([...greeting.hear(Buffer.from([10, 1, 0x61]))!], [10])
  t.equal(greeting.isOver, true)
  t.same(read(protocol, Buffer.from([14, 1, 2])).replies, [])
  t.same(read(protocol, Buffer.from([15, 1, 2])).replies, [])
  t.throws(() => read(protocol, Buffer.from('\u000bno seat')), /no seat/)
  t.throws(() => protocol.greet().hear(Buffer.from('\u000bno seat')), /no seat/)
})
