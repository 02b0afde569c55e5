/** Bodies at and beyond `maxBodyBytes`: which get an error reply, and which close the connection. */
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { type ClientError, connect } from '../../../client/node.js'
import { mayComeBack } from '../../../shared/close-codes.js'
import { startBrowser, whyNoBrowser } from '../../helpers/browser.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { encodeMessage, messageTypes, PomeloPlayer, packageTypes } from '../../helpers/pomelo-player.js'
import { frame, opcodes, RawClient } from '../../helpers/raw-client.js'
import { until } from '../../helpers/until.js'

const maxBodyBytes = 10_000
const small = { workers: 1, maxBodyBytes }
const tooLong = 'x'.repeat(maxBodyBytes - 1)

t.test('the handshake says how large a body may be, and our client sends no larger one', async t => {
  const { gateway } = await startGateway(t, 'wire', small)
  const player = await PomeloPlayer.join(gateway.url)
  t.teardown(() => player.leave())
  t.match(player.answer, { sys: { maxBodyBytes } })
  const client = await connect(gateway.url)
  t.teardown(() => client.close())
  const { requests, notifies } = gateway.metrics()
  // The form of rich bodies takes nine characters around the text and its quotes.
  const fits = 'x'.repeat(maxBodyBytes - '{"json":""}'.length)
  t.equal(await client.request('echo.plain', fits), fits)
  const refused = {
    code: 'BODY_TOO_LARGE',
    retryable: false,
    message: /10001 bytes, the limit is 10000 bytes/
  }
  await t.rejects(client.request('echo.plain', `${fits}x`), refused)
  t.throws(() => client.notify('echo.note', `${fits}x`), refused)
  t.match(gateway.metrics(), { requests: requests + 1, notifies, bodiesTooLarge: 0 })
  t.equal(client.state, 'open')
})

t.test('a body that is too large is answered, and nothing else is harmed: Pomelo', async t => {
  const { gateway, lines } = await startGateway(t, 'wire', { ...small, requestTimeout: 1_000 })
  const player = await PomeloPlayer.join(gateway.url)
  t.teardown(() => player.leave())
  const innocent = player.request('echo.hang')
  const { id, body } = await player.request('echo.plain', tooLong)
  t.match(
    { id, body },
    { id: 2, body: { error: 'BODY_TOO_LARGE', message: /10001 bytes, .* is 10000 bytes/ } }
  )
  player.notify('echo.note', { text: tooLong })
  await player.until(() => player.events.find(([route]) => route === '$error'))
  matchRows(t, player.events, [['$error', { error: 'BODY_TOO_LARGE', dropped: 1 }]])
  t.same((await player.request('echo.notes')).body, [], 'it was not run')
  t.match(gateway.metrics(), { bodiesTooLarge: 2, sessions: 1 })
  t.ok(
    lines.some(({ message, fields }) => message === 'A body was refused' && fields['limit'] === maxBodyBytes),
    'and the log names the limit'
  )
  const zipped = encodeMessage(messageTypes.request, 9, 'echo.plain', gzipSync(`"${tooLong}"`), true)
  player.send(packageTypes.data, zipped)
  t.match((await player.reply(9)).body, { error: 'BODY_TOO_LARGE', message: /unzipped/ })
  t.match(await innocent, { body: { error: 'TIMEOUT' } }, 'what was in flight got its reply')
})

t.test('a body that is too large is answered, and nothing else is harmed: text', async t => {
  const { gateway, connect: join } = await startGateway(t, 'wire', small)
  const player = await join()
  await t.rejects(player.request('echo.plain', tooLong), { code: 'BODY_TOO_LARGE' })
  player.notify('echo.note', { text: tooLong })
  await until('it is told', () => player.events.length > 0)
  matchRows(t, player.events, [['$error', { error: 'BODY_TOO_LARGE', dropped: 1 }]])
  t.equal(await player.request('echo.plain', 'still there'), 'still there')
  t.match(gateway.metrics(), { bodiesTooLarge: 2 })
})

t.test(
  'beyond four times the limit the connection is closed, with a reason, and the log names the limit',
  async t => {
    const { gateway, lines, connect: join } = await startGateway(t, 'wire', small)
    const [player, bystander] = [await join(), await join()]
    await t.rejects(player.request('echo.plain', 'x'.repeat(4 * maxBodyBytes)), { code: 'BODY_TOO_LARGE' })
    const { id: sid } = await player.request('echo.enter', { uid: 'large' })
    player.ws.send('x'.repeat(4 * maxBodyBytes + 1_025))
    const reason = 'a message of more than 41024 bytes: 4 times maxBodyBytes'
    t.same(await player.closed, { code: 1009, reason })
    t.equal(gateway.sessions.get(sid), undefined)
    matchRows(
      t,
      lines.filter(({ message }) => message === 'A frame was refused'),
      [{ level: 'info', fields: { error: reason } }]
    )
    t.match(gateway.metrics(), { framesMalformed: 1 })
    t.equal(await bystander.request('echo.plain', 1), 1)
  }
)

t.test('a handshake that is too large is refused as one', async t => {
  const { gateway } = await startGateway(t, 'wire', small)
  const player = await PomeloPlayer.open(gateway.url)
  player.send(packageTypes.handshake, JSON.stringify({ sys: {}, user: tooLong }))
  t.match(await player.closed, { code: 1009, reason: /the limit is 10000 bytes/ })
})

t.test('60 KB come in frames of 800 bytes, and of 300', async t => {
  const { gateway, connect: join } = await startGateway(t, 'wire', { workers: 1 })
  const bystander = await join()
  const text = Buffer.from(`[1,"echo.points",{"text":"é","rest":"${'x'.repeat(60_000)}"}]`)
  for (const size of [800, 300]) {
    const client = await RawClient.open(t, gateway)
    for (let at = 0; at < text.length; at += size) {
      const isFinal = at + size >= text.length
      const opcode = at === 0 ? opcodes.text : opcodes.continuation
      client.socket.write(frame(opcode, text.subarray(at, at + size), { isFinal }))
    }
    t.same(await client.reply(), [1, { points: [233] }], `${size}`)
    client.socket.destroy()
  }
  t.equal(await bystander.request('echo.plain', 1), 1)
})

t.test('a frame of 9 MB comes in the pieces of a network, and in fragments', async t => {
  const limits = { workers: 1, maxBodyBytes: 16_000_000, maxBytesPerSecond: 0 }
  const { gateway } = await startGateway(t, 'wire', limits)
  const text = Buffer.from(`[1,"echo.points",{"text":"é","rest":"${'x'.repeat(9_000_000)}"}]`)
  for (const size of [text.length, 1_300]) {
    const client = await RawClient.open(t, gateway)
    client.socket.setNoDelay()
    for (let at = 0; at < text.length; at += size) {
      const isFinal = at + size >= text.length
      const bytes = frame(at === 0 ? opcodes.text : opcodes.continuation, text.subarray(at, at + size), {
        isFinal
      })
      for (let from = 0; from < bytes.length; from += 1_460)
        client.socket.write(bytes.subarray(from, from + 1_460))
    }
    t.same(await client.reply(), [1, { points: [233] }], `${size}`)
    client.socket.destroy()
  }
})

t.test('a browser sends 9 MB', { skip: whyNoBrowser() }, async t => {
  const { gateway } = await startGateway(t, 'wire', {
    workers: 1,
    maxBodyBytes: 16_000_000,
    origins: '*',
    onHttpRequest: (_request, response) => void response.end('<!doctype html>')
  })
  const page = await (await startBrowser(t)).newPage()
  await page.goto(gateway.url.replace('ws:', 'http:'))
  const answer = await page.evaluate(
    `new Promise(resolve => {
      const socket = new WebSocket('${gateway.url}', 'sallyport.json')
      socket.onmessage = ({ data }) => resolve(data)
      socket.onclose = ({ code }) => resolve(code)
      socket.onopen = () => socket.send(JSON.stringify([1, 'echo.points', { text: 'é', rest: 'x'.repeat(9e6) }]))
    })`
  )
  t.equal(answer, '[1,{"points":[233]}]')
})

t.test('our client does not come back after what ws itself closes with', t => {
  for (const code of [1002, 1007, 1008, 1009]) t.notOk(mayComeBack(code), `${code}`)
  t.end()
})

t.test(
  'a request that is larger than the outbox is refused for good, one that has no room now is not',
  async t => {
    const { gateway } = await startGateway(t, 'wire', { workers: 1 })
    const client = await connect(gateway.url, { outboxLimit: 1_000 })
    t.teardown(() => client.close())
    await t.rejects(client.request('echo.plain', 'x'.repeat(1_000)), {
      code: 'OUTBOX_FULL',
      retryable: false
    })
    const waiting: Promise<unknown>[] = []
    for (let i = 0; i < 3; i++) waiting.push(client.request('echo.plain', 'x'.repeat(600)))
    const refused = (await Promise.allSettled(waiting)).flatMap(each =>
      each.status === 'rejected' ? [each.reason] : []
    )
    t.equal(refused.length, 2)
    t.ok(refused.every(({ code, retryable }: ClientError) => code === 'OUTBOX_FULL' && retryable))
  }
)
