/**
 * The byte rate limit, which counts all bytes of a socket. Requests pay for some of them; the rest counts
 * too.
 */

import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { PomeloPlayer, packageTypes } from '../../helpers/pomelo-player.js'
import { frame, opcodes, RawClient } from '../../helpers/raw-client.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-limits')

/** A clock that stands still: a bucket holds 2,000 bytes. Another 10,000 are ten seconds' worth. */
const monotonic = () => 1_000
const limits = { workers: 1, maxBytesPerSecond: 1_000, maxFramesPerSecond: 0, monotonic }

t.test('white space around a request is paid for by the request', async t => {
  const { gateway, connect } = await startGateway(t, handlers, limits)
  const [player, bystander] = [await connect(), await connect()]
  const space = ' '.repeat(950)
  const answers: string[] = []
  player.ws.on('message', (data: Buffer) => answers.push(String(data)))
  for (let i = 1; i <= 8; i++) player.ws.send(`${i % 2 ? space : ''}[${i},"work.quick"${i % 2 ? '' : space}]`)
  await until('all are answered', () => answers.length === 8)
  t.equal(answers.filter(text => text.includes('RATE_LIMITED')).length, 6, 'each is answered, two were run')
  t.equal(await bystander.request('work.ran'), 2)
  for (let i = 0; i < 8; i++) player.ws.send(`${space}[0,"work.quick"]`)
  t.match(await player.closed, { code: 4507 })
  t.match(gateway.metrics(), { sessionsFlooded: 1 })
  t.equal(await bystander.request('work.ran'), 2, 'and no other is harmed')
})

t.test('what is no request counts too, and beyond ten seconds of it its connection is closed', async t => {
  const { gateway, connect } = await startGateway(t, handlers, limits)
  const bystander = await connect()
  const floods: [name: string, send: (player: PomeloPlayer) => void][] = [
    ['bodies behind heartbeats', player => player.send(packageTypes.heartbeat, new Uint8Array(500))],
    ['pings', ({ ws }) => ws.ping('x'.repeat(125))],
    ['pongs', ({ ws }) => ws.pong('x'.repeat(125))],
    ['heartbeats in one message', ({ ws }) => ws.send(Buffer.alloc(500, Buffer.of(3, 0, 0, 0)))]
  ]
  for (const [name, send] of floods) {
    const player = await PomeloPlayer.join(gateway.url)
    t.teardown(() => player.leave())
    for (let i = 0; i < 4; i++) send(player)
    t.match(await player.request('work.ran'), { isError: false }, `a few ${name} pass`)
    for (let i = 0; i < 110; i++) send(player)
    t.match(await player.closed, { code: 4507 }, `many ${name} do not`)
  }
  const talker = await RawClient.open(t, gateway)
  for (let i = 0; i < 30; i++) talker.socket.write(frame(opcodes.text, 'x'.repeat(500)))
  t.equal(await talker.closeCode(), 4507, 'nor does text that can not be read')
  t.match(gateway.metrics(), { sessionsFlooded: 5, sessions: 1 })
  t.equal(await bystander.request('work.ran'), 0)
})

t.test('a handshake counts, once its session has begun', async t => {
  const { gateway } = await startGateway(t, handlers, limits)
  const player = await PomeloPlayer.join(gateway.url, { user: 'x'.repeat(3_000) })
  t.teardown(() => player.leave())
  t.match((await player.request('work.quick')).body, { error: 'RATE_LIMITED' })
})

t.test('a resumed session finds its rate as it left it', async t => {
  const { gateway } = await startGateway(t, handlers, limits)
  const player = await PomeloPlayer.join(gateway.url, { sys: { resume: true } })
  t.match((await player.request('work.quick', 'x'.repeat(1_500))).body, 1)
  const { resume } = player.answer!.sys as unknown as { resume: { token: string; epoch: string } }
  player.leave()
  await until('it is away', () => gateway.metrics().detachedSessions === 1)
  const again = await PomeloPlayer.join(gateway.url, { sys: { resume: { ...resume, received: 1 } } })
  t.teardown(() => again.leave())
  t.match(again.answer, { sys: { resume: { resumed: true } } })
  t.match((await again.request('work.quick', 'x'.repeat(1_500))).body, { error: 'RATE_LIMITED' })
})

t.test('fragments count, by what they cost', async t => {
  const rate = { ...limits, maxBytesPerSecond: 100_000, maxBodyBytes: 1_000, maxPause: 40 }
  const { gateway, connect } = await startGateway(t, handlers, rate)
  const bystander = await connect()
  const client = await RawClient.open(t, gateway)
  const text = [...Buffer.from(`[0,"work.seldom",${' '.repeat(900)}1]`)]
  const message = Buffer.concat(
    text.map((byte, i) =>
      frame(i === 0 ? opcodes.text : opcodes.continuation, [byte], { isFinal: i === text.length - 1 })
    )
  )
  const count = (opcode: number) => client.frames.filter(each => each.opcode === opcode).length
  const isClosed = () => client.isEnded || count(opcodes.close) > 0
  // A request pays for 900 bytes of the 6,400 that the socket receives. 400 requests alone would not be too
  // many.
  for (let i = 1; i <= 400 && !isClosed(); i++) {
    client.socket.write(message)
    client.socket.write(frame(opcodes.ping))
    await until('it is read', () => count(opcodes.pong) === i || isClosed())
  }
  t.equal(await client.closeCode(), 4507)
  t.type(await bystander.request('work.ran'), 'number')
})
