/** WebSocket frames (RFC 6455) over a raw socket: which are accepted, and which close code the others get. */
import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { frame, opcodes, RawClient } from '../../helpers/raw-client.js'
import { until } from '../../helpers/until.js'

/** One gateway for all tests, since no test may harm it. */
const { gateway, connect: join } = await startGateway(t, 'wire', { workers: 1 })

const request = '[1,"echo.plain",{"a":"é"}]'

/** Ends a client, so that the next test starts without connections. */
async function leave(client: RawClient): Promise<void> {
  client.socket.destroy()
  await until('it has left', () => gateway.metrics().connections === 0)
}

t.test('a message may come in fragments, and a ping in between is answered at once', async t => {
  const client = await RawClient.open(t, gateway)
  const bytes = Buffer.from(request)
  // The cut goes through a character of two bytes.
  const cut = bytes.indexOf(0xc3) + 1
  client.socket.write(frame(opcodes.text, bytes.subarray(0, cut), { isFinal: false }))
  client.socket.write(frame(opcodes.ping, 'are you there'))
  await until('the pong came', () => client.frames.length === 1)
  matchRows(t, client.frames, [{ opcode: opcodes.pong, payload: Buffer.from('are you there') }])
  client.socket.write(frame(opcodes.continuation, bytes.subarray(cut, cut + 2), { isFinal: false }))
  client.socket.write(frame(opcodes.continuation, bytes.subarray(cut + 2)))
  t.same(await client.reply(), [1, { a: 'é' }])
  await leave(client)
})

t.test('a client that sends on and on after its connection was closed is cut', async t => {
  const client = await RawClient.open(t, gateway)
  client.socket.write(frame(opcodes.text, request))
  await client.reply()
  gateway.sessions.forEachSession(({ id }) => gateway.sessions.kickBySessionId(id))
  t.equal(await client.closeCode(), 4500)
  const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(opcodes.ping)))
  let sent = 0
  while (!client.isEnded) {
    sent += pings.length
    if (!client.socket.write(pings))
      await new Promise<void>(resolve => client.socket.once('drain', resolve).once('close', () => resolve()))
  }
  t.ok(sent < 10_000_000, `${sent} bytes`)
  await until('it has left', () => gateway.metrics().connections === 0)
})

t.test('a message may come byte by byte', async t => {
  const client = await RawClient.open(t, gateway)
  client.socket.setNoDelay()
  for (const byte of frame(opcodes.text, request)) client.socket.write(Buffer.from([byte]))
  t.same(await client.reply(), [1, { a: 'é' }])
  await leave(client)
})

t.test('a goodbye is answered with its code', async t => {
  const client = await RawClient.open(t, gateway)
  client.socket.write(frame(opcodes.close, Buffer.from([0x03, 0xe8])))
  t.equal(await client.closeCode(), 1000)
  await leave(client)
})

const large = 'x'.repeat(60_000)

const faults: Record<string, [frames: Buffer[], code: number]> = {
  'a frame without a mask': [[frame(opcodes.text, request, { isMasked: false })], 1002],
  'a reserved bit': [[frame(opcodes.text, request, { reserved: 0x40 })], 1002],
  'a reserved opcode': [[frame(3, request)], 1002],
  'a reserved control opcode': [[frame(11)], 1002],
  'a control frame in fragments': [[frame(opcodes.ping, 'a', { isFinal: false })], 1002],
  'a control frame of 126 bytes': [[frame(opcodes.ping, 'x'.repeat(126))], 1002],
  'a continuation of nothing': [[frame(opcodes.continuation, 'a')], 1002],
  'a new message in the middle of another': [
    [frame(opcodes.text, '[1', { isFinal: false }), frame(opcodes.text, ',"a"]')],
    1002
  ],
  'text that is not UTF-8': [[frame(opcodes.text, Buffer.from([0x5b, 0xff, 0x5d]))], 1007],
  'half a character at the end of a message': [[frame(opcodes.text, Buffer.from([0xc3]))], 1007],
  'a message that is too large in its fragments': [
    [
      frame(opcodes.text, large, { isFinal: false }),
      ...Array.from({ length: 4 }, () => frame(opcodes.continuation, large, { isFinal: false }))
    ],
    1009
  ],
  'a message of very many fragments': [
    [
      frame(opcodes.text, '', { isFinal: false }),
      ...Array.from({ length: 2_000 }, () => frame(opcodes.continuation, 'x', { isFinal: false }))
    ],
    1008
  ],
  'a message with very many pings in it': [
    [
      frame(opcodes.text, '[', { isFinal: false }),
      ...Array.from({ length: 1_001 }, () => frame(opcodes.ping, 'x'.repeat(125)))
    ],
    1008
  ],
  'a close with half a code': [[frame(opcodes.close, Buffer.from([0x03]))], 1002],
  'a close with a code that is none': [[frame(opcodes.close, Buffer.from([0x03, 0xed]))], 1002],
  'a close whose reason is not UTF-8': [[frame(opcodes.close, Buffer.from([0x03, 0xe8, 0xff]))], 1007]
}

t.test('the reason of a message in too many parts names both limits', async t => {
  const client = await RawClient.open(t, gateway)
  for (const each of faults['a message with very many pings in it']![0]) client.socket.write(each)
  t.same(await client.close(), {
    code: 1008,
    reason: 'a message in more than 1024 parts, or with more than 1000 pings in it'
  })
  await leave(client)
})

for (const [name, [frames, code]] of Object.entries(faults)) {
  t.test(`${name} closes the connection with ${code}, and no other`, async t => {
    const bystander = await join()
    const client = await RawClient.open(t, gateway)
    for (const each of frames) client.socket.write(each)
    t.equal(await client.closeCode(), code)
    t.same(await bystander.request('echo.plain', 1), 1)
    client.socket.end()
    bystander.leave()
    await until('both have left', () => gateway.metrics().connections === 0)
    t.equal(gateway.metrics().sessions, 0)
  })
}
