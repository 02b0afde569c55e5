import t from 'tap'
import {
  idOf,
  jsonBody,
  pongFrame,
  RequestRing,
  readReplies,
  requestFrame
} from '../../../bench/load/frames.js'
import { decodeMasked } from './masked-frames.js'

/** Encodes a server's frame by RFC 6455 §5.2, without a mask. */
function frame(payload: string | Buffer, first = 0x81): Buffer {
  const bytes = Buffer.from(payload)
  const head = bytes.length <= 125 ? Buffer.from([first, bytes.length]) : Buffer.alloc(4)
  if (bytes.length > 125) {
    head.writeUInt16BE((first << 8) | 126)
    head.writeUInt16BE(bytes.length, 2)
  }
  return Buffer.concat([head, bytes])
}

function veryLongFrame(payload: string): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt16BE((0x81 << 8) | 127)
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, Buffer.from(payload)])
}

function read(bytes: Buffer) {
  const replies: [number, number][] = []
  const pings: string[] = []
  const rest = readReplies(bytes, {
    reply: (id, value) => replies.push([id, value]),
    ping: payload => pings.push(String(payload))
  })
  return { replies, pings, rest }
}

t.test('replies that came together are read in their order', async t => {
  const bytes = Buffer.concat([frame('[1000,1]'), frame('[1001,2]'), frame('[1002,12345]')])
  t.same(read(bytes).replies, [
    [1000, 1],
    [1001, 2],
    [1002, 12345]
  ])
  t.equal(read(bytes).rest, bytes.length)
})

t.test('wherever the bytes are cut, each reply is read once', async t => {
  const first = frame('[1000,1]')
  const second = frame(`[1001,"${'x'.repeat(200)}"]`)
  const third = veryLongFrame(`[1002,"${'y'.repeat(70_000)}"]`)
  const bytes = Buffer.concat([first, second, frame('', 0x89), third, frame('[1003,4]')])
  const cuts = [...Array(first.length + second.length + 20).keys(), bytes.length - 10, bytes.length - 3]
  for (const cut of cuts) {
    const before = read(bytes.subarray(0, cut))
    const after = read(bytes.subarray(before.rest))
    const ids = [...before.replies, ...after.replies].map(([id]) => id)
    t.same([ids, before.pings.length + after.pings.length], [[1000, 1001, 1002, 1003], 1], `cut at ${cut}`)
  }
})

t.test('a frame that is cut off waits for its rest', async t => {
  t.same(read(frame('[1000,1]').subarray(0, 1)), { replies: [], pings: [], rest: 0 })
  t.same(read(Buffer.concat([frame('[1000,1]'), frame('[1001,2]').subarray(0, 5)])).rest, 10)
})

t.test('the value of a body that is no number is NaN', async t => {
  for (const body of ['"a"', '{"points":3}', '[1]', 'true', '1.5', '-1']) {
    t.same(read(frame(`[1000,${body}]`)).replies, [[1000, Number.NaN]], body)
  }
})

t.test('a ping is handed on with what it carries', async t => {
  t.same(read(Buffer.concat([frame('here?', 0x89), frame('[1000,1]')])), {
    replies: [[1000, 1]],
    pings: ['here?'],
    rest: 17
  })
})

t.test('an error reply, an event, a close and junk end the reading', async t => {
  t.throws(() => read(frame('[1000,null,{"error":"INTERNAL"}]')), {
    message: 'The server answered with an error: [1000,null,{"error":"INTERNAL"}]'
  })
  t.throws(() => read(frame('["news",1]')), { message: 'The load met no reply: ["news",1]' })
  const close = Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from('silent for too long')])
  t.throws(() => read(frame(close, 0x88)), {
    message: 'The server closed a connection of the load: 4001 silent for too long'
  })
  t.throws(() => read(Buffer.from('HTTP/1.1 400 Bad Request')), { message: /a frame that is no reply: HTTP/ })
  t.throws(() => read(Buffer.from([0x81, 0xff, 0, 0])), { message: /a frame that is no reply/ }, 'masked')
  t.throws(() => read(frame('[1000,1]', 0x01)), { message: /a frame that is no reply/ }, 'a fragment')
})

t.test('requests carry their ids in turn, whatever their number', async t => {
  const ring = new RequestRing('counter.add', '{"points":3}', 16)
  for (const [sent, count] of [
    [0, 1],
    [3, 16],
    [250, 16],
    [255, 2],
    [256, 1],
    [100_000, 7]
  ] as const) {
    t.same(
      decodeMasked(ring.slice(sent, count)).map(({ payload }) => JSON.parse(payload)),
      Array.from({ length: count }, (_, i) => [idOf(sent + i), 'counter.add', { points: 3 }]),
      `${count} from ${sent}`
    )
  }
})

t.test('a request is a frame of the length that its body needs', async t => {
  for (const bytes of [64, 100, 126, 1_000, 65_000, 65_536, 70_000]) {
    const body = jsonBody(bytes)
    t.equal(body.length, bytes)
    t.same(decodeMasked(requestFrame(1, 'a.b', body)), [{ first: 0x81, payload: `[1001,"a.b",${body}]` }])
  }
})

t.test('a pong carries what the ping did', async t => {
  t.same(decodeMasked(pongFrame(Buffer.from('here?'))), [{ first: 0x8a, payload: 'here?' }])
  t.same(decodeMasked(pongFrame(Buffer.alloc(0))), [{ first: 0x8a, payload: '' }])
})

t.test('an error reply is given to who takes errors, by its code, and ends the reading of all others', t => {
  const bytes = Buffer.concat([frame('[1000,null,{"error":"OVERLOADED","message":"no"}]'), frame('[1001,2]')])
  const seen: unknown[] = []
  readReplies(bytes, {
    reply: (id, value) => seen.push([id, value]),
    refused: (id, code) => seen.push([id, code]),
    ping: () => t.fail('there was none')
  })
  t.same(seen, [
    [1000, 'OVERLOADED'],
    [1001, 2]
  ])
  t.throws(() => read(bytes), { message: /^The server answered with an error: / })
  t.end()
})

t.test('an event is given to who takes events, with its number', async t => {
  const seen: unknown[] = []
  readReplies(Buffer.concat([frame('["counted",12]'), frame('[1000,12]'), frame('["news",{"a":1}]')]), {
    reply: (id, value) => seen.push([id, value]),
    event: value => seen.push(value),
    ping: () => t.fail('there was none')
  })
  t.same(seen, [12, [1000, 12], Number.NaN])
})
