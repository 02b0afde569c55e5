import t from 'tap'
import {
  decodeMessage,
  messageHeaderSize,
  messageKinds,
  writeMessageHeader
} from '../../../shared/wire/message.js'
import { scanRequest } from '../../../shared/wire/text.js'
import { nameTrace, readTraceparent } from '../../../shared/wire/traceparent.js'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'
const value = `00-${trace}-${span}-01`

t.test('a value of version 00 is read as it is, and one of a later version as one of 00', async t => {
  t.equal(readTraceparent(value), value)
  t.equal(readTraceparent(`00-${trace}-${span}-00`), `00-${trace}-${span}-00`)
  t.equal(readTraceparent(`cc-${trace}-${span}-01`), value)
  t.equal(readTraceparent(`cc-${trace}-${span}-01-what-the-future-adds`), value)
  t.equal(readTraceparent(`00-${trace}-${span}-ff`), `00-${trace}-${span}-03`, 'unknown flags are cleared')
  t.same(nameTrace(value), { trace_id: trace })
  t.same(nameTrace(undefined), {})
})

t.test('a malformed value is ignored', async t => {
  const malformed: unknown[] = [
    undefined,
    7,
    '',
    'x'.repeat(55),
    value.toUpperCase(),
    `${value}-more`,
    `ff-${trace}-${span}-01`,
    `cc-${trace}-${span}-01x`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace}-${span}-0g`,
    ` ${value}`,
    `cc-${trace}-${span}-01-${'x'.repeat(300)}`
  ]
  for (const each of malformed) t.equal(readTraceparent(each), undefined, String(each))
})

t.test('a message has it behind its route, and is the same without it', async t => {
  const { request, notify, reply } = messageKinds
  for (const head of [
    { kind: request, id: 300, route: 'score.add' },
    { kind: request, id: 1, route: 7 },
    { kind: notify, route: 'a' }
  ]) {
    const bytes = new Uint8Array(messageHeaderSize({ ...head, traceparent: value }))
    t.equal(writeMessageHeader(bytes, 0, { ...head, traceparent: value }), bytes.length)
    t.match(decodeMessage(bytes, 0, bytes.length), { ...head, traceparent: value, bodyStart: bytes.length })
    const plain = new Uint8Array(messageHeaderSize(head))
    writeMessageHeader(plain, 0, head)
    t.equal(plain[0]! & 0x40, 0)
    t.equal(bytes.length - plain.length, 56)
    for (let end = plain.length; end < bytes.length; end++)
      t.throws(() => decodeMessage(bytes, 0, end), { code: 'FRAME_MALFORMED' }, 'cut off')
  }
  t.equal(messageHeaderSize({ kind: reply, id: 1, traceparent: value }), 2, 'a reply has none')
})

t.test('a text frame has it before the id', async t => {
  const scan = (text: string) => scanRequest(Buffer.from(text))
  t.match(scan(`["${value}",7,"a.b",{}]`), { id: 7, route: 'a.b', traceparent: value })
  t.match(scan(` [ "${value}" , 0 , "a.b" ] `), { id: 0, route: 'a.b', traceparent: value })
  t.match(scan('[7,"a.b"]'), { id: 7, traceparent: undefined })
  t.equal(scan('["größer",7,"a.b"]').traceparent, undefined)
  for (const text of [
    `["${value}"`,
    `["${value}"]`,
    `["${value}",`,
    `["${value}","a.b"]`,
    '["',
    '["a"7,"a.b"]'
  ])
    t.throws(() => scan(text), { code: 'FRAME_MALFORMED' }, text)
})
