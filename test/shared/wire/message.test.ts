import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../../shared/errors.js'
import {
  decodeMessage,
  type MessageHead,
  type MessageHeader,
  type MessageKind,
  maxMessageId,
  maxRouteBytes,
  maxRouteCode,
  messageHeaderSize,
  messageKinds,
  writeMessageHeader
} from '../../../shared/wire/message.js'
import { browserProtocol, pomeloProtocol } from '../../helpers/pomelo-protocol.js'

const { request, notify, reply, event } = messageKinds
const text = new TextEncoder()
const noBytes = new Uint8Array(0)

/** Returns a whole message: the head as this project writes it, and the body. */
function encode(head: MessageHead, body: Uint8Array = noBytes): Uint8Array {
  const size = messageHeaderSize(head)
  const bytes = new Uint8Array(size + body.length)
  const bodyStart = writeMessageHeader(bytes, 0, head)
  if (bodyStart !== size) throw new Error(`The header was said to take ${size} bytes and took ${bodyStart}`)
  bytes.set(body, bodyStart)
  return bytes
}

function decode(bytes: Uint8Array): MessageHeader {
  return decodeMessage(bytes, 0, bytes.length)
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b)
}

const hasId = (kind: MessageKind) => kind === request || kind === reply

// The size of an id changes at powers of 2^7, and its sign as a 32-bit integer at 2^31.
const idEdges = [1, 127, 128, 16383, 16384, 2097151, 2097152, 268435455, 268435456, 2 ** 30, 2 ** 31 - 1]
const highIds = [2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, maxMessageId]
const anyId = fc.oneof(fc.constantFrom(...idEdges, ...highIds), fc.integer({ min: 1, max: maxMessageId }))
/**
 * Ids that pomelo-protocol handles. It uses signed shifts: from 2^31 on it writes too few bytes and reads
 * negative ids.
 */
const idOfReference = fc.oneof(fc.constantFrom(...idEdges), fc.integer({ min: 1, max: 2 ** 31 - 1 }))

const anyRouteText = fc.oneof(
  fc.constantFrom(
    '',
    'score.add',
    'chat.room.enter',
    '聊天.说话',
    'chat.🎮',
    'a'.repeat(maxRouteBytes),
    '你'.repeat(85)
  ),
  fc.string({ unit: 'binary', maxLength: 60 })
)
const anyRoute = fc.oneof(anyRouteText, fc.constantFrom(0, 1, 255, 256, maxRouteCode), fc.nat(maxRouteCode))
const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.constantFrom('', '{"said":"你好，世界"}', '{"said":"🎮👩‍👩‍👧"}').map(value => text.encode(value))
)

/** `flag`: those that the reference does not know. */
function anyHead(id: fc.Arbitrary<number>, flag: fc.Arbitrary<boolean> = fc.boolean()) {
  return fc
    .record({
      kind: fc.constantFrom(...Object.values(messageKinds)),
      id,
      route: anyRoute,
      gzipped: fc.boolean(),
      isError: flag,
      uncounted: flag
    })
    .map(head => ({
      ...head,
      id: hasId(head.kind) ? head.id : 0,
      route: head.kind === reply ? '' : head.route,
      isError: head.kind === reply && head.isError,
      uncounted: head.kind === event && head.uncounted,
      traceparent: undefined
    }))
}

t.test('each kind of message has these bytes and no others', t => {
  const plain = { gzipped: false, isError: false, uncounted: false, traceparent: undefined }
  const rows: [string, Omit<MessageHeader, 'bodyStart'>, number[]][] = [
    ['a request', { ...plain, kind: request, id: 1, route: 'a.b' }, [0x00, 1, 3, 0x61, 0x2e, 0x62]],
    ['a request by code', { ...plain, kind: request, id: 1, route: 0x0102 }, [0x01, 1, 1, 2]],
    ['a notify', { ...plain, kind: notify, id: 0, route: 'a.b' }, [0x02, 3, 0x61, 0x2e, 0x62]],
    ['a notify by code', { ...plain, kind: notify, id: 0, route: 7 }, [0x03, 0, 7]],
    ['a reply', { ...plain, kind: reply, id: 5, route: '' }, [0x04, 5]],
    ['an event', { ...plain, kind: event, id: 0, route: 'a' }, [0x06, 1, 0x61]],
    [
      'an event that is not counted',
      { ...plain, kind: event, id: 0, route: 'a', uncounted: true },
      [0x46, 1, 0x61]
    ],
    ['an event by code', { ...plain, kind: event, id: 0, route: 65535 }, [0x07, 255, 255]],
    ['a gzipped request', { ...plain, kind: request, id: 1, route: '', gzipped: true }, [0x10, 1, 0]],
    ['a reply that is an error', { ...plain, kind: reply, id: 5, route: '', isError: true }, [0x24, 5]],
    ['a gzipped error', { ...plain, kind: reply, id: 5, route: '', gzipped: true, isError: true }, [0x34, 5]],
    ['a route of two bytes a character', { ...plain, kind: event, id: 0, route: 'é' }, [0x06, 2, 0xc3, 0xa9]],
    [
      'a route beyond the BMP',
      { ...plain, kind: event, id: 0, route: '🎮' },
      [0x06, 4, 0xf0, 0x9f, 0x8e, 0xae]
    ]
  ]
  for (const [name, header, bytes] of rows) {
    t.same([...encode(header)], bytes, name)
    t.same(decode(Uint8Array.from([...bytes, 0xff])), { ...header, bodyStart: bytes.length }, name)
  }
  t.end()
})

t.test('an id has these bytes up to 4294967295', t => {
  const rows: [number, number[]][] = [
    [1, [0x01]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [300, [0xac, 0x02]],
    [16383, [0xff, 0x7f]],
    [16384, [0x80, 0x80, 0x01]],
    [2 ** 28, [0x80, 0x80, 0x80, 0x80, 0x01]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x08]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]]
  ]
  for (const [id, bytes] of rows) {
    t.same([...encode({ kind: reply, id })], [4, ...bytes])
    t.equal(decode(Uint8Array.of(4, ...bytes)).id, id)
  }
  t.equal(decode(Uint8Array.of(4, 0x81, 0x80, 0x00)).id, 1, 'a client may pad its id with empty groups')
  t.end()
})

t.test('a message is read where it lies, and the body begins behind its head', t => {
  const memory = Uint8Array.of(9, 9, 0x00, 1, 1, 0x61, 0x7b, 0x7d, 9)
  t.same(decodeMessage(memory, 2, 8), {
    kind: request,
    id: 1,
    route: 'a',
    gzipped: false,
    isError: false,
    uncounted: false,
    bodyStart: 6
  })
  t.throws(
    () => decodeMessage(memory, 2, 5),
    { code: 'FRAME_MALFORMED' },
    'what lies behind the end is not read'
  )
  const target = new Uint8Array(6)
  t.equal(writeMessageHeader(target, 2, { kind: reply, id: 128 }), 5)
  t.same([...target], [0, 0, 4, 0x80, 1, 0])
  t.end()
})

t.test('a request with the id 0 is a notify, as it is for the servers of Pomelo', t => {
  const theirs = pomeloProtocol.Message.encode(0, request, false, 'a', Buffer.from('{}'), false)
  t.same(decode(theirs), {
    kind: notify,
    id: 0,
    route: 'a',
    gzipped: false,
    isError: false,
    uncounted: false,
    bodyStart: 4
  })
  t.end()
})

t.test('bits that mean nothing for a kind are ignored', t => {
  t.match(
    decode(Uint8Array.of(0x05, 7)),
    { kind: reply, id: 7, route: '', bodyStart: 2 },
    'a reply has no route'
  )
  t.match(decode(Uint8Array.of(0x22, 0)), { kind: notify, isError: false }, 'a notify is no error')
  t.same([...encode({ kind: notify, route: '', isError: true, uncounted: true })], [0x02, 0])
  t.same([...encode({ kind: reply, id: 1, route: 5 })], [0x04, 1])
  t.end()
})

t.test('what is not a message is refused with the reason', t => {
  const rows: [string, number[], string][] = [
    ['nothing', [], 'the message is empty'],
    ['kind 4', [0x08, 1], 'there is no message of type 4'],
    ['kind 7', [0x0e, 1], 'there is no message of type 7'],
    ['bit 6 without a traceparent', [0x42, 0], 'its traceparent is cut off'],
    ['bit 6 of a reply', [0x44, 1], 'its flag byte is 0x44'],
    ['bit 7', [0x82, 0], 'its flag byte is 0x82'],
    ['no id', [0x00], 'its id is cut off'],
    ['half an id', [0x00, 0x80], 'its id is cut off'],
    ['an id of 2^32', [0x00, 0x80, 0x80, 0x80, 0x80, 0x10, 0], 'its id is above 4294967295'],
    ['a sixth byte', [0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0], 'its id is above 4294967295'],
    ['a padded sixth byte', [0x00, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0], 'its id is above 4294967295'],
    ['a reply to nothing', [0x04, 0], 'a reply needs the id of its request'],
    ['no route', [0x02], 'its route is cut off'],
    ['half a route', [0x02, 3, 0x61, 0x62], 'its route is cut off'],
    ['no code', [0x03], 'its route is cut off'],
    ['half a code', [0x03, 1], 'its route is cut off'],
    ['a route in Latin-1', [0x02, 1, 0xe9], 'its route is not UTF-8'],
    ['a route in CESU-8', [0x02, 6, 0xed, 0xa0, 0xbc, 0xed, 0xbe, 0xae], 'its route is not UTF-8'],
    ['a long route with a stray byte', [0x02, 40, ...Array(39).fill(0x61), 0x80], 'its route is not UTF-8']
  ]
  for (const [name, bytes, why] of rows) {
    t.throws(
      () => decode(Uint8Array.from(bytes)),
      { code: 'FRAME_MALFORMED', message: `The frame can't be read: ${why}` },
      name
    )
  }
  t.end()
})

t.test('a head that can not be written is a RangeError', t => {
  const target = new Uint8Array(400)
  const heads: [string, MessageHead][] = [
    ['a request without an id', { kind: request, route: 'a' }],
    ['a reply to the id 0', { kind: reply, id: 0 }],
    ['a negative id', { kind: reply, id: -1 }],
    ['an id of 2^32', { kind: reply, id: 2 ** 32 }],
    ['an id that is no integer', { kind: reply, id: 1.5 }],
    ['an id that is no number', { kind: reply, id: Number.NaN }],
    ['a route of 256 bytes', { kind: event, route: 'a'.repeat(256) }],
    ['a route of 258 bytes in 86 characters', { kind: event, route: '你'.repeat(86) }],
    ['half a surrogate pair', { kind: event, route: 'a\ud83c' }],
    ['the other half', { kind: event, route: '\udfaea' }],
    ['a code of 65536', { kind: event, route: 65536 }],
    ['a negative code', { kind: event, route: -1 }],
    ['a code that is no integer', { kind: event, route: 0.5 }]
  ]
  for (const [name, head] of heads) {
    t.throws(() => messageHeaderSize(head), RangeError, `${name} has no size`)
    t.throws(() => writeMessageHeader(target, 0, head), RangeError, `${name} is not written`)
  }
  t.throws(
    () => writeMessageHeader(new Uint8Array(4), 0, { kind: event, route: 'abc' }),
    RangeError,
    'no room'
  )
  t.throws(
    () => writeMessageHeader(new Uint8Array(9), 5, { kind: event, route: 'abc' }),
    RangeError,
    'no room behind'
  )
  t.ok(
    target.every(byte => byte === 0),
    'nothing was written'
  )
  t.end()
})

t.test('any message is read back as it was written', t => {
  fc.assert(
    fc.property(anyHead(anyId), anyBody, (head, body) => {
      const bytes = encode(head, body)
      const { bodyStart, ...read } = decode(bytes)
      return isDeepStrictEqual(read, head) && sameBytes(bytes.subarray(bodyStart), body)
    }),
    { numRuns: 1000 }
  )
  t.pass('1000 messages')
  t.end()
})

t.test('what we write is what pomelo-protocol writes, and it reads the same in it', t => {
  fc.assert(
    fc.property(anyHead(idOfReference, fc.constant(false)), anyBody, (head, body) => {
      const { kind, id, route, gzipped } = head
      const byCode = typeof route === 'number'
      const ours = encode(head, body)
      const theirs = pomeloProtocol.Message.encode(
        id,
        kind,
        byCode,
        kind === reply ? null : route,
        body,
        gzipped
      )
      if (!sameBytes(ours, theirs)) return false

      const read = pomeloProtocol.Message.decode(ours)
      return (
        read.type === kind &&
        read.id === id &&
        (read.route ?? '') === route &&
        read.compressRoute === Number(byCode) &&
        read.compressGzip === Number(gzipped) &&
        sameBytes(read.body, body)
      )
    }),
    { numRuns: 1000 }
  )
  t.pass('1000 messages')
  t.end()
})

t.test('what pomelo-protocol writes in a browser is read', t => {
  // A browser's route beyond the BMP is not UTF-8; see the refusal of CESU-8 above.
  const browserRoute = fc.oneof(fc.nat(maxRouteCode), fc.constantFrom('', 'score.add', '聊天.说话', 'é.ÿ'))
  fc.assert(
    fc.property(anyHead(idOfReference, fc.constant(false)), browserRoute, anyBody, (head, anyRoute, body) => {
      const { kind, id, gzipped } = head
      const route = kind === reply ? '' : anyRoute
      const theirs = browserProtocol.Message.encode(id, kind, typeof route === 'number', route, body, gzipped)
      const read = decode(theirs)
      return (
        read.kind === kind &&
        read.id === id &&
        read.route === route &&
        read.gzipped === gzipped &&
        sameBytes(theirs.subarray(read.bodyStart), body)
      )
    }),
    { numRuns: 500 }
  )
  t.pass('500 messages')
  t.end()
})

t.test('ids from 2^31 on, which pomelo-protocol gets wrong, are written and read by us', t => {
  for (const id of highIds) {
    for (const kind of [request, reply]) t.equal(decode(encode({ kind, id, route: 'a' })).id, id)
    t.not(
      pomeloProtocol.Message.decode(Buffer.from(encode({ kind: reply, id }))).id,
      id,
      'the reference still errs'
    )
  }
  t.end()
})

t.test('a route is what its bytes say, whatever was read before it', t => {
  // Routes are cached by a hash of their bytes. More routes than the cache holds, read twice, must not be
  // mixed up.
  const routes = Array.from({ length: 5000 }, (_, i) => `room.${i.toString(36)}`)
  const wrong = [...routes, ...routes].filter(route => decode(encode({ kind: event, route })).route !== route)
  t.same(wrong, [])
  // Two texts with one hash: 31 * 'b' + 'C' is 31 * 'a' + 'b'.
  for (const route of ['ab', 'bC', 'ab', 'bC']) t.equal(decode(encode({ kind: event, route })).route, route)
  t.end()
})

t.test('any bytes are a message that lies within its bounds, or FRAME_MALFORMED', t => {
  const holds = (message: Uint8Array) => {
    // Surrounds the message by bytes that would change the result if they were read.
    const memory = new Uint8Array(message.length + 600).fill(0x81)
    memory.set(message, 300)
    const bounds = [300, 300 + message.length] as const
    try {
      const read = decodeMessage(memory, ...bounds)
      memory.fill(0x01, 0, bounds[0]).fill(0x01, bounds[1])
      const again = decodeMessage(memory, ...bounds)
      return (
        JSON.stringify(read) === JSON.stringify(again) &&
        read.bodyStart > bounds[0] &&
        read.bodyStart <= bounds[1] &&
        read.id >= 0 &&
        read.id <= maxMessageId &&
        hasId(read.kind) === read.id > 0
      )
    } catch (error) {
      return error instanceof GatewayError && error.code === 'FRAME_MALFORMED'
    }
  }
  const flags = fc.nat(0x3f)
  const message = fc
    .tuple(flags, fc.uint8Array({ maxLength: 40 }))
    .map(([flag, rest]) => Uint8Array.of(flag, ...rest))
  const broken = fc.tuple(anyHead(anyId), fc.nat(), fc.nat(255), fc.nat()).map(([head, at, value, cut]) => {
    const bytes = encode(head)
    bytes[at % bytes.length] = value
    return bytes.subarray(0, bytes.length - (cut % 3))
  })
  for (const bytes of [fc.uint8Array({ maxLength: 64 }), message, broken]) {
    fc.assert(fc.property(bytes, holds), { numRuns: 2000 })
  }
  t.pass('6000 messages')
  t.end()
})
