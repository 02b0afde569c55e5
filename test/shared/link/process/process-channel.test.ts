/** The channel to a worker process: messages arrive as they were sent, and anything else is reported. */
import { PassThrough } from 'node:stream'
import t from 'tap'
import { ProcessChannel } from '../../../../shared/link/process/process-channel.js'

/** Returns what a channel reads from these pieces of bytes. */
async function read(pieces: readonly Uint8Array[]) {
  const pipe = new PassThrough()
  const messages: unknown[] = []
  const unreadable: string[] = []
  const closed = new Promise<void>(resolve => {
    new ProcessChannel(pipe, {
      onMessage: message => messages.push(message),
      onUnreadable: what => unreadable.push(what),
      onClose: resolve
    })
  })
  for (const piece of pieces) pipe.write(piece)
  pipe.end()
  await closed
  return { messages, unreadable }
}

/** Returns the bytes of messages. */
function write(messages: readonly unknown[]): Buffer {
  const pipe = new PassThrough()
  const channel = new ProcessChannel(pipe, { onMessage() {}, onUnreadable() {}, onClose() {} })
  pipe.removeAllListeners('data').pause()
  for (const message of messages) channel.send(message)
  const chunks: Buffer[] = []
  for (let chunk = pipe.read(); chunk !== null; chunk = pipe.read()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const messages = [[6, 1, 'key', 'text'], { kind: 'beat' }, null, '', ['ü\u{1f600}', 'x'.repeat(100_000)], []]

t.test('messages come out as they went in, however their bytes are cut', async t => {
  const bytes = write(messages)
  for (const size of [1, 3, 8, 9, 1_000, 65_536, bytes.length]) {
    const pieces: Buffer[] = []
    // Only the beginning is cut into single bytes.
    const end = size === 1 ? Math.min(bytes.length, 500) : bytes.length
    for (let at = 0; at < end; at += size) pieces.push(bytes.subarray(at, at + size))
    if (end < bytes.length) pieces.push(bytes.subarray(end))
    t.same(await read(pieces), { messages, unreadable: [] }, `in pieces of ${size}`)
  }
})

for (const [what, bytes] of [
  ['text', Buffer.from('a library has printed this\n')],
  ['few bytes of zeros', Buffer.alloc(16)],
  ['a head of no value', Buffer.concat([write([1]).subarray(0, 4), Buffer.from([2, 0, 0, 0, 0xff, 0x0f])])],
  ['a head of too much', Buffer.concat([write([1]).subarray(0, 4), Buffer.from([0, 0, 0, 0xff])])]
] as const) {
  t.test(`${what} on the pipe is told, and nothing behind it is read`, async t => {
    const told = await read([write([['before']]), bytes, write([['behind']])])
    t.same(told.messages, [['before']])
    t.equal(told.unreadable.length, 1)
    t.match(told.unreadable[0], /^the bytes '/)
  })
}

t.test('what can’t be written is the sender’s to know, and costs nothing else', async t => {
  const pipe = new PassThrough()
  const first = new Promise(resolve => {
    const channel = new ProcessChannel(pipe, { onMessage: resolve, onUnreadable: resolve, onClose() {} })
    t.throws(() => channel.send([() => {}]), /could not be cloned/)
    channel.send(['next'])
  })
  t.same(await first, ['next'])
})
