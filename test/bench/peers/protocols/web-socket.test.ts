/** The load's frames, against ws' own receiver and sender's bytes. */
import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import t from 'tap'
import { encodeFrame, readFrames, upgradeRequest } from '../../../../bench/peers/protocols/web-socket.js'

// Exported by ws, but not by its types.
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: new (options: object) => Writable }

function frame(first: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload)
  const length = bytes.length <= 125 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 0xff]
  return Buffer.concat([Buffer.from([first, ...length]), bytes])
}

/** Returns the messages that were read, and the rest. */
function read(bytes: Buffer): { heard: string[]; rest: number } {
  const heard: string[] = []
  const rest = readFrames(bytes, {
    message: (all, start, end) => heard.push(all.toString('latin1', start, end)),
    ping: payload => heard.push(`ping ${payload}`)
  })
  return { heard, rest }
}

t.test('ws reads what the load says: text, binary and pongs, up to the longest short frame', async t => {
  const heard: string[] = []
  const receiver = new Receiver({ isServer: true, maxPayload: 0 })
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    heard.push(`${isBinary ? 'binary' : 'text'} ${data}`)
  )
  receiver.on('pong', (data: Buffer) => heard.push(`pong ${data}`))
  const long = 'x'.repeat(125)
  for (const kind of ['text', 'binary', 'pong'] as const) receiver.write(encodeFrame(kind, Buffer.from(long)))
  receiver.write(encodeFrame('text', Buffer.alloc(0)))
  t.same(heard, [`text ${long}`, `binary ${long}`, `pong ${long}`, 'text '])
})

t.test('what does not fit a short frame is refused', async t => {
  t.throws(() => encodeFrame('text', Buffer.alloc(126)), /short frame/)
})

t.test('frames of servers are read, several at once and of any length', async t => {
  for (const length of [0, 125, 126, 65_535]) {
    const text = 'x'.repeat(length)
    const bytes = Buffer.concat([frame(0x81, text), frame(0x89, 'beat'), frame(0x82, 'end')])
    t.same(read(bytes), { heard: [text, 'ping beat', 'end'], rest: bytes.length })
  }
  const huge = Buffer.alloc(70_000, 'x')
  const head = Buffer.alloc(10)
  head.set([0x82, 127])
  head.writeBigUInt64BE(70_000n, 2)
  t.same(read(Buffer.concat([head, huge])).heard, [huge.toString()])
})

t.test('a frame that is cut off anywhere is left for later', async t => {
  const whole = frame(0x81, 'first')
  const cut = frame(0x81, 'x'.repeat(200))
  for (let length = 0; length < cut.length; length++) {
    const { heard, rest } = read(Buffer.concat([whole, cut.subarray(0, length)]))
    t.same(heard, ['first'])
    t.equal(rest, whole.length)
  }
})

t.test('a close is an error that says why', async t => {
  t.throws(
    () => read(frame(0x88, Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from('silent')]))),
    /4001 silent/
  )
  t.throws(() => read(frame(0x88, '')), /no code/)
  t.throws(() => read(frame(0x01, 'a piece')), /cannot read/)
})

t.test('the upgrade asks for a subprotocol only where there is one', async t => {
  t.match(upgradeRequest({ path: '/a?b=c', subprotocol: 'x' }), /^GET \/a\?b=c HTTP\/1\.1\r\n/)
  t.match(upgradeRequest({ path: '/', subprotocol: 'x' }), /\r\nSec-WebSocket-Protocol: x\r\n\r\n$/)
  t.notMatch(upgradeRequest({ path: '/' }), /Sec-WebSocket-Protocol:/)
})
