/** Frames, read by the receiver of ws, which is independent of this project. */
import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import t from 'tap'
import { encodeFrame } from '../../../gateway/events/frames.js'

// Exported by ws, but not by its types.
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: new (options: object) => Writable }

interface Message {
  readonly text: string
  readonly isText: boolean
}

function read(bytes: Buffer): Message[] {
  const messages: Message[] = []
  const receiver = new Receiver({ isServer: false, maxPayload: 0 })
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    messages.push({ text: data.toString('latin1'), isText: !isBinary })
  })
  receiver.write(bytes)
  return messages
}

t.test('frames of every form of length are read by ws as they were written', async t => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) {
    const frames = encodeFrame('x'.repeat(length), true) + encodeFrame('\u00ff'.repeat(length), false)
    t.same(read(Buffer.from(frames, 'latin1')), [
      { text: 'x'.repeat(length), isText: true },
      { text: '\u00ff'.repeat(length), isText: false }
    ])
  }
})

t.test('the bytes of a short frame are those of the RFC', async t => {
  t.same(Buffer.from(encodeFrame('Hello', true), 'latin1'), Buffer.of(0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f))
})
