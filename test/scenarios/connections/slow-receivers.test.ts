/** Clients that read slowly or not at all: their queues are bounded, and other clients are not affected. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Gateway, GatewayOptions } from '../../../gateway/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'
import type { Player } from '../../helpers/player.js'
import { PomeloPlayer, packageTypes } from '../../helpers/pomelo-player.js'
import { frame, opcodes, RawClient } from '../../helpers/raw-client.js'
import { until } from '../../helpers/until.js'

const filler = 'x'.repeat(1_000)

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const running = await startGateway(t, join(root, 'test/fixtures/handlers-events'), options)
  const { gateway, connect } = running
  const open = async () => {
    const player = await PomeloPlayer.open(gateway.url)
    t.teardown(() => player.leave())
    return player
  }
  /** Connects a player. Returns it with the id of its session. */
  const enter = async (): Promise<[player: Player, sid: number]> => {
    const player = await connect()
    return [player, (await player.request('player.who')).sid]
  }
  return { ...running, open, enter }
}

/** Lets the kernel take from the sockets what it can. */
const breathe = () => new Promise<void>(resolve => setImmediate(resolve))

/** Pauses a client and fills the kernel's buffers. Returns how many events that took. */
async function stall(gateway: Gateway, player: Player, sid: number): Promise<number> {
  player.ws.pause()
  const others = gateway.metrics().sendBytesWaiting
  let sent = 0
  let rounds = 0
  // What waits may still be taken. After several rounds of the event loop it will not be.
  while (rounds < 20) {
    if (gateway.metrics().sendBytesWaiting === others) {
      gateway.send(sid, 'fill', filler.repeat(20))
      sent++
      rounds = 0
    } else rounds++
    await breathe()
  }
  return sent
}

t.test(
  'a client that does not read is closed as slow at maxSendBytes, and the others get everything in order',
  async t => {
    const maxSendBytes = 262_144
    const { gateway, enter, lines } = await start(t, { maxSendBytes })
    const [[slow, sid], [reader, other]] = [await enter(), await enter()]
    slow.ws.pause()
    let sent = 0
    let most = 0
    while (gateway.metrics().connectionsClosedSlow === 0) {
      gateway.sessions.sendMessage(sid, 'tick', { filler })
      gateway.sessions.sendMessage(other, 'tick', { n: sent++ })
      // One event in each round of the event loop, so that the kernel can take what it can.
      await breathe()
      most = Math.max(most, gateway.metrics().sendBytesWaiting)
    }
    t.ok(most > maxSendBytes / 2 && most <= maxSendBytes + 2_000, `${most} bytes waited at most`)
    t.equal(gateway.sessions.get(sid), undefined, 'its session has ended')
    matchRows(
      t,
      lines.filter(({ level }) => level === 'warn'),
      [
        {
          message: 'A client has read too slowly, and is closed',
          fields: { ip: '127.0.0.1', sid, code: 4000 }
        }
      ]
    )
    await until('the other has all', () => reader.events.length === sent)
    t.same(
      reader.events.map(([, { n }]) => n),
      Array.from({ length: sent }, (_, index) => index)
    )
    slow.ws.resume()
    t.equal((await slow.closed).code, 4000, 'and reads why, if it reads on')
  }
)

t.test(
  'with a client that stops reading, at 10,000 events a second, what waits stays within its budget, and the others get everything in order',
  async t => {
    const maxSendBytes = 262_144
    const maxSendBytesInAll = 2 * maxSendBytes
    const { gateway, enter, open } = await start(t, { maxSendBytes, maxSendBytesInAll })
    const [slow, slowSid] = await enter()
    const [text] = await enter()
    const pomelo = await open()
    await pomelo.shakeHands()
    pomelo.send(packageTypes.ack)
    for (const player of [slow, text, pomelo]) await player.request('room.ajoin', { name: 'world' })
    slow.ws.pause()
    await text.request('world.run', { name: 'world', filler })
    let most = 0
    await until(
      'it was closed',
      () => {
        most = Math.max(most, gateway.metrics().sendBytesWaiting)
        return gateway.metrics().connectionsClosedSlow > 0
      },
      60_000
    )
    t.ok(most > 0 && most <= maxSendBytesInAll, `${most} bytes waited at most`)
    t.equal(gateway.sessions.get(slowSid), undefined, 'its session has ended')
    t.equal(gateway.channel('world').size, 2)
    // The world runs until its channel is empty.
    const seen = text.events.length
    await until('the others go on', () => text.events.length > seen + 100)
    gateway.channel('world').destroy()
    await text.request('player.who')
    await pomelo.request('player.who')
    for (const { events } of [text, pomelo]) {
      t.ok(events.length > 1_000)
      t.same(
        events.map(([, { n }]) => n),
        events.map((_event, index) => index)
      )
    }
    t.equal(text.events.length, pomelo.events.length, 'both got all')
    t.equal(gateway.metrics().connectionsClosedSlow, 1, 'it is counted once')
    slow.ws.resume()
    t.equal((await slow.closed).code, 4000, 'and reads why, if it reads on')
  }
)

t.test(
  'of latest events a client that is behind gets the newest of each key, when it reads again, and all else in order',
  async t => {
    const { gateway, enter } = await start(t)
    const [slow, sid] = await enter()
    const filled = await stall(gateway, slow, sid)
    const before = gateway.metrics().sendBytesWaiting
    for (let n = 0; n < 10_000; n++)
      gateway.send(sid, 'at', n, { delivery: 'latest', key: `player ${n % 2}` })
    gateway.send(sid, 'between')
    gateway.send(sid, 'at', 'newest', { delivery: 'latest', key: 'player 1' })
    gateway.send(sid, 'end')
    t.ok(gateway.metrics().sendBytesWaiting < before + 1_000, 'however many there were')
    t.equal(gateway.metrics().eventsReplaced, 9_999)
    slow.ws.resume()
    await until('all is there', () => slow.events.at(-1)?.[0] === 'end')
    t.equal(slow.events.filter(([name]) => name === 'fill').length, filled)
    t.same(slow.events.slice(filled), [
      ['at', 9_998],
      ['between', null],
      ['at', 'newest'],
      ['end', null]
    ])
    t.equal(gateway.metrics().connectionsClosedSlow, 0)
  }
)

t.test(
  'what a handler sent before it answered arrives before its reply, to a client that is behind too',
  async t => {
    const { gateway, enter } = await start(t)
    const [slow, sid] = await enter()
    const frames: unknown[] = []
    slow.ws.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())[0]))
    const filled = await stall(gateway, slow, sid)
    const reply = slow.request('event.everyWay')
    await until('it was answered', () => gateway.metrics().replies === 2)
    slow.ws.resume()
    t.equal(await reply, 'reply')
    t.same(frames.slice(filled), ['session', 'latest', 'channel', 'broadcast', 2])
    t.equal(gateway.metrics().eventsDropped, 1)
  }
)

t.test('volatile events are dropped for a client that is behind, and for no other', async t => {
  const { gateway, enter } = await start(t)
  const [slow, sid] = await enter()
  const [quick] = await enter()
  const filled = await stall(gateway, slow, sid)
  const before = gateway.metrics().sendBytesWaiting
  for (let n = 0; n < 100; n++) gateway.broadcast('spark', n, { delivery: 'volatile' })
  t.ok(gateway.metrics().sendBytesWaiting < before + 20_000, 'no more than the other has in this tick')
  t.equal(gateway.metrics().eventsDropped, 100)
  await until('the other has all', () => quick.events.length === 100)
  slow.ws.resume()
  await until('it has caught up', () => slow.events.length === filled)
  await until('nothing waits', () => gateway.metrics().sendBytesWaiting === 0)
  gateway.send(sid, 'spark', 'again', { delivery: 'volatile' })
  await slow.request('player.who')
  t.same(slow.events.slice(filled), [['spark', 'again']])
})

t.test(
  'when all clients together have too much waiting, those with more than an equal share are closed, and the rest stay',
  async t => {
    const maxSendBytesInAll = 1_048_576
    const { gateway, enter } = await start(t, { maxSendBytes: 100_000_000, maxSendBytesInAll })
    const slow = [await enter(), await enter()]
    const [quick, quickSid] = await enter()
    const [behind, behindSid] = await enter()
    await stall(gateway, behind, behindSid)
    for (const [{ ws }] of slow) ws.pause()
    let sent = 0
    let most = 0
    while (gateway.metrics().connectionsClosedSlow < 2) {
      for (const [, sid] of slow) gateway.send(sid, 'fill', filler.repeat(20))
      gateway.send(quickSid, 'tick', sent++)
      most = Math.max(most, gateway.metrics().sendBytesWaiting)
      await breathe()
    }
    t.ok(most <= maxSendBytesInAll + 50_000, `${most} bytes waited at most`)
    for (const [, sid] of slow) t.equal(gateway.sessions.get(sid), undefined)
    await until('the quick one has all', () => quick.events.length === sent)
    t.same(
      quick.events.map(([, n]) => n),
      Array.from({ length: sent }, (_, n) => n)
    )
    t.ok(gateway.sessions.get(behindSid), 'who is behind a little stays')
  }
)

t.test('a Pomelo client that never acknowledges its handshake is closed as slow at its budget', async t => {
  const { gateway, open } = await start(t, { maxSendBytes: 10_000 })
  const player = await open()
  await player.shakeHands()
  for (let i = 0; i < 8; i++) gateway.broadcast('fill', filler)
  const waiting = gateway.metrics().sendBytesWaiting
  t.ok(waiting > 8_000 && waiting <= 10_000, `${waiting} bytes wait`)
  for (let i = 0; i < 9; i++) gateway.broadcast('fill', filler)
  t.equal((await player.closed).code, 4000)
  t.same(player.events, [])
  t.equal(gateway.metrics().connectionsClosedSlow, 1)
})

t.test(
  'a client that is lost, leaves or is kicked while events wait for it leaves nothing waiting, and its share of the budget to others',
  async t => {
    const { gateway, enter, open, lines } = await start(t, { maxSendBytesInAll: 45_000 })
    // This includes clients that are lost before they have acknowledged their handshake.
    for (let i = 0; i < 5; i++) {
      const player = await open()
      await player.shakeHands()
      gateway.broadcast('fill', filler.repeat(9))
      player.leave()
      await until('its connection is gone', () => gateway.metrics().connections === 0)
    }
    const ways: ((player: Player, sid: number) => void)[] = [
      player => player.leave(),
      player => {
        player.ws.close(1000)
        player.ws.resume()
      },
      (player, sid) => {
        gateway.sessions.kickBySessionId(sid, 'enough')
        player.ws.resume()
      }
    ]
    for (const end of ways) {
      const [player, sid] = await enter()
      const ended = new Promise<void>(resolve => gateway.sessions.once('closed', () => resolve()))
      await stall(gateway, player, sid)
      gateway.send(sid, 'at', 1, { delivery: 'latest' })
      end(player, sid)
      gateway.send(sid, 'at', 2, { delivery: 'latest' })
      gateway.broadcast('at', 3, { delivery: 'latest' })
      await ended
      gateway.broadcast('at', 4, { delivery: 'latest' })
      await until('nothing waits', () => gateway.metrics().sendBytesWaiting === 0)
      await until('its connection is gone', () => gateway.metrics().connections === 0)
    }
    // Both have room for what waits, unless earlier clients still hold a part of the budget.
    const [one, two] = [await enter(), await enter()]
    await enter()
    for (const [player, sid] of [one, two]) await stall(gateway, player, sid)
    for (const [, sid] of [one, two]) gateway.send(sid, 'at', 5, { delivery: 'latest' })
    t.ok(gateway.metrics().sendBytesWaiting > 40_000)
    t.equal(gateway.metrics().connectionsClosedSlow, 0)
    t.same(
      lines.filter(({ level }) => level === 'error' || level === 'warn'),
      []
    )
  }
)

t.test('what is larger than a package can be is an error to its Pomelo client, and ends nothing', async t => {
  const { gateway, open } = await start(t, { maxSendBytes: 100_000_000 })
  const player = await open()
  await player.shakeHands()
  player.send(packageTypes.ack)
  t.match((await player.request('event.huge', {})).body, { error: 'REPLY_NOT_SERIALIZABLE', code: 500 })
  const { body } = await player.request('event.huge', { asError: true })
  t.same(body, { code: 500, error: 'HUGE', message: 'Too much' })
  t.throws(() => gateway.broadcast('e', 'x'.repeat(17_000_000)), { code: 'EVENT_NOT_SERIALIZABLE' })
  t.equal((await player.request('player.who')).isError, false)
})

t.test('a client that reads is not closed for one large message, event or reply', async t => {
  const { gateway, enter, open } = await start(t)
  const body = 'x'.repeat(15_000_000)
  const [text, sid] = await enter()
  const pomelo = await open()
  await pomelo.shakeHands()
  pomelo.send(packageTypes.ack)
  const { body: who } = await pomelo.request('player.who')
  for (const [player, to] of [
    [text, sid],
    [pomelo, who.sid]
  ] as const) {
    gateway.send(to, 'large', body)
    gateway.send(to, 'small', 1)
    await until('all is there', () => player.events.length === 2, 60_000)
    t.equal(player.events[0]![1].length, body.length)
  }
  t.equal((await text.request('event.large', body.length)).length, body.length)
  t.equal((await text.request('player.who')).sid, sid, 'and it goes on')
  t.equal((await pomelo.request('event.large', body.length)).body.length, body.length)
  t.equal((await pomelo.request('player.who')).body.sid, who.sid)
  t.match(gateway.metrics(), { connectionsClosed: 0, connectionsClosedSlow: 0 })
})

for (const heartbeat of [0, 200])
  t.test(`a client that does not read and ends its side is cut (heartbeat ${heartbeat})`, async t => {
    const { gateway } = await start(t, { heartbeat, resumeWindow: 0 })
    const client = await RawClient.open(t, gateway)
    client.socket.pause()
    client.socket.write(frame(opcodes.text, '[1, "player.who"]'))
    await until('it has a session', () => gateway.metrics().sessions === 1)
    while (gateway.metrics().sendBytesWaiting < 100_000) {
      gateway.broadcast('fill', filler.repeat(20))
      await breathe()
    }
    client.socket.end()
    await until('it is cut', () => gateway.metrics().sockets === 0)
    t.match(gateway.metrics(), { connections: 0, sessions: 0, sendBytesWaiting: 0 })
  })

t.test('a client that does not take what it has missed is closed with a reason, and counted', async t => {
  const { gateway, lines, open } = await start(t, {
    maxBacklogMessages: 10,
    authenticate: () => ({ accept: true, uid: 'ann' })
  })
  const player = await PomeloPlayer.join(gateway.url, { sys: { resume: true } })
  const { token, epoch } = player.answer!.sys!.resume!
  player.ws.terminate()
  await until('it is away', () => gateway.metrics().detachedSessions === 1)
  gateway.send('ann', 'tick', 0)
  const back = await open()
  // It does not acknowledge the handshake, so nothing is sent.
  await back.shakeHands({ sys: { resume: { token, epoch, received: 0 } } })
  for (let n = 1; n <= 10; n++) gateway.send('ann', 'tick', n)
  t.same(await back.closed, { code: 4000, reason: 'too far behind' })
  t.same(back.kicks, [])
  t.match(gateway.metrics(), { connectionsClosedSlow: 1, sessions: 0 })
  matchRows(
    t,
    lines.filter(({ message }) => message === 'A client has read too slowly, and is closed'),
    [{ level: 'warn', fields: { code: 4000, reason: 'too far behind' } }]
  )
})
