/** Events and channels, from handlers and from the host, to clients of both codecs. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { GatewayOptions } from '../../../gateway/index.js'
import { startWithTwoWorkers } from '../../helpers/gateway.js'
import { root } from '../../helpers/paths.js'
import type { Player } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const running = await startWithTwoWorkers(t, join(root, 'test/fixtures/handlers-events'), options)
  const joinPomelo = async () => {
    const player = await PomeloPlayer.join(running.gateway.url)
    t.teardown(() => player.leave())
    return player
  }
  return { ...running, joinPomelo }
}

const namesOf = ({ events }: Player) => events.map(([name]) => name)

t.test(
  'what a handler sends before it answers arrives before its reply, in the order in which it was sent',
  async t => {
    const { connect } = await start(t)
    const player = await connect()
    const { sid } = await player.request('player.login', { uid: 'red' })
    const frames: unknown[] = []
    player.ws.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())[0]))
    const [first, second] = await Promise.all([
      player.request('event.everyWay'),
      player.request('event.everyWay')
    ])
    t.same([first, second], ['reply', 'reply'])
    const events = ['session', 'latest', 'uid', 'channel', 'broadcast', 'volatile']
    t.same(frames, [...events, 2, ...events, 3])
    t.equal(player.events[4]![1], sid)
  }
)

t.test(
  'a joining is in force before its reply, and before what the same request sends to the channel',
  async t => {
    const { connect, gateway } = await start(t)
    const [red, blue] = [await connect(), await connect()]
    await red.request('room.enter', { name: 'hall' })
    t.equal(gateway.channel('hall').size, 1)
    await blue.request('room.enter', { name: 'hall' })
    await red.request('room.who', { name: 'hall' })
    t.equal(red.events.length, 2)
    t.same(blue.events, [red.events[1]])
    await blue.request('room.say', { name: 'hall', body: 'hello' })
    await red.request('player.who')
    t.same(red.events.at(-1), ['said', 'hello'])
    t.equal(blue.events.length, 1, 'who is excepted gets nothing')
  }
)

t.test('one event reaches clients of both codecs, with every character that there is', async t => {
  const { connect, joinPomelo } = await start(t)
  const [text, pomelo, sender] = [await connect(), await joinPomelo(), await connect()]
  await text.request('room.join', { name: 'räum' })
  await pomelo.request('room.join', { name: 'räum' })
  const body = { text: 'é 漢 🎮 "\\ \u0000 \u2028', none: null }
  await sender.request('room.say', { name: 'räum', body })
  t.equal(await sender.request('event.abroadcast', { event: 'größe', body }), 3)
  t.equal(await sender.request('event.abroadcast', { event: 'empty' }), 3)
  const expected = [
    ['said', body],
    ['größe', body]
  ]
  await until('both have all', () => text.events.length === 3 && pomelo.events.length === 3)
  t.same(text.events, [...expected, ['empty', null]])
  t.same(pomelo.events, [...expected, ['empty', {}]])
})

t.test('a user’s sessions all get what is sent to the user, but those excepted', async t => {
  const { connect, joinPomelo } = await start(t)
  const [one, two, other] = [await connect(), await joinPomelo(), await connect()]
  const address = await one.request('player.login', { uid: 'red' })
  await two.request('player.login', { uid: 'red' })
  await other.request('player.login', { uid: '__proto__' })
  t.equal(await other.request('event.asend', { to: 'red', body: 1 }), 2)
  t.equal(await other.request('event.asend', { to: 'red', body: 2, options: { except: address } }), 1)
  t.equal(await one.request('event.asend', { to: '__proto__', body: 3 }), 1)
  t.equal(await one.request('event.asend', { to: 'constructor' }), 0)
  await two.until(() => two.events[1])
  t.same(one.events, [['event', 1]])
  t.same(two.events, [
    ['event', 1],
    ['event', 2]
  ])
  t.same(other.events, [['event', 3]])
})

t.test('a session is reached by its address, from any worker; one that is gone is nobody', async t => {
  const { connect, gateway } = await start(t)
  const [red, blue] = [await connect(), await connect()]
  const { frontendId, sid } = await red.request('player.who')
  await blue.request('event.send', { to: { frontendId, sid }, body: 'hi' })
  await until('it is there', () => red.events.length === 1)
  t.same(red.events, [['event', 'hi']])
  red.leave()
  await until('its session has ended', () => gateway.sessions.get(sid) === undefined)
  t.equal(await blue.request('event.asend', { to: { frontendId, sid } }), 0)
})

t.test('what a handler passes on unchecked ends its request, and nothing else', async t => {
  const { connect, lines } = await start(t)
  const player = await connect()
  const { frontendId, sid } = await player.request('player.who')
  const event = 'e'
  const to = { frontendId, sid }
  const hostile = [
    {},
    { to: 5, event },
    { to: null, event },
    { to: { frontendId, sid: '1' }, event },
    { to: ['red'], event },
    { to: '', event },
    { to: 'x'.repeat(300), event },
    { to, event: '$kick', body: { reason: 'no' } },
    { to, event: '' },
    { to, event: 5 },
    { to, event, options: { delivery: '__proto__' } },
    { to, event, options: { delivery: 'latest', key: {} } },
    { to, event, options: 5 },
    JSON.parse(`{"__proto__":{"to":"red"},"event":"e"}`)
  ]
  for (const body of hostile)
    await t.rejects(player.request('event.trust', body), { code: /^(INTERNAL|UID_INVALID)$/ })
  const failures = lines.filter(({ message }) => /^A handler (failed|was refused)/.test(message))
  t.equal(failures.length, hostile.length)
  for (const { fields } of failures) t.match(fields.error, /event\.js/, 'the log leads to the handler')
  await t.rejects(player.request('room.join', { name: 5 }), { code: 'CHANNEL_INVALID' })
  await player.request('event.trust', { to: { frontendId: 'gateway-2', sid }, event })
  await until('it is told of', () => lines.some(({ fields }) => fields.code === 'FRONTEND_UNKNOWN'))
  t.same(player.events, [])
})

t.test('what a request asks for after its deadline is refused', async t => {
  const { connect, lines, gateway } = await start(t)
  const player = await connect()
  await t.rejects(player.request('late.job.act'), { code: 'TIMEOUT' })
  await until('the handler has gone on', () => lines.some(({ message }) => message === 'It was late'))
  t.match(lines.find(({ message }) => message === 'It was late')?.fields, { failed: 'REQUEST_ENDED' })
  const refused = lines
    .filter(({ fields }) => fields.code === 'REQUEST_ENDED')
    .map(({ fields }) => fields.operation)
  t.same(refused.sort(), ['broadcast', 'join', 'send', 'send'])
  await player.request('player.who')
  t.same([player.events, gateway.channel('late').size], [[], 0])
})

t.test('a timer of a worker sends by its `app`, when no request runs', async t => {
  const { connect } = await start(t)
  const player = await connect()
  t.equal(await player.request('world.later'), 'soon')
  await until('both are there', () => player.events.length === 2)
  t.same(namesOf(player), ['later', 'later in the channel'])
})

t.test('who disconnects leaves all channels, and an empty channel ceases', async t => {
  const { connect, gateway } = await start(t)
  const [red, blue] = [await connect(), await connect()]
  for (const name of ['a', 'b']) await red.request('room.ajoin', { name })
  await blue.request('room.ajoin', { name: 'a' })
  t.equal(gateway.metrics().channels, 2)
  const sizes: number[] = []
  gateway.sessions.on('closed', () => sizes.push(gateway.channel('a').size, gateway.channel('b').size))
  red.leave()
  await until('one has ceased', () => gateway.metrics().channels === 1)
  t.same(sizes, [1, 0], 'who hears of the end finds it in none')
  await blue.request('room.leave', { name: 'a' })
  t.equal(gateway.metrics().channels, 0)
})

t.test('members are paged, with their addresses and users', async t => {
  const { connect } = await start(t)
  const players = [await connect(), await connect(), await connect()]
  const addresses = []
  for (const [index, player] of players.entries()) {
    addresses.push(await player.request('player.login', { uid: `player ${index}` }))
    await player.request('room.join', { name: 'hall' })
  }
  const { size, members } = await players[0]!.request('room.who', { name: 'hall', limit: 2 })
  t.equal(size, 3)
  t.same(
    members.map((page: unknown[]) => page.length),
    [2, 1]
  )
  t.same(
    members.flat(),
    addresses.map((address, index) => ({ address, uid: `player ${index}` }))
  )
})

t.test('maxChannels and maxMembers hold, and who may not join hears of it if it asked', async t => {
  const { connect } = await start(t, { maxChannels: 2, maxMembers: 1 })
  const [red, blue] = [await connect(), await connect()]
  await red.request('room.ajoin', { name: 'a' })
  await blue.request('room.join', { name: 'a' })
  t.match(await blue.request('room.who', { name: 'a', limit: 10 }), { size: 1 })
  for (const name of ['b', 'c']) await blue.request('room.join', { name })
  await blue.request('room.join', { name: 'd' })
  t.match(await blue.request('room.who', { name: 'd', limit: 10 }), { size: 0 })
  await t.rejects(red.request('room.ajoin', { name: 'b' }), { code: 'CHANNEL_FULL' })
})

t.test('the host sends to sessions, users, channels and all, as handlers do', async t => {
  const { connect, joinPomelo, gateway } = await start(t)
  const [red, blue] = [await connect(), await joinPomelo()]
  const address = await red.request('player.login', { uid: 'red' })
  await blue.request('player.who')
  const session = gateway.sessions.get(address.sid)!
  t.equal(gateway.send(address.sid, 'number'), 1)
  t.equal(gateway.send(address, 'address'), 1)
  t.equal(gateway.send(session, 'session'), 1)
  t.equal(gateway.send('red', 'uid'), 1)
  t.equal(gateway.send('red', 'nobody', 1, { except: session }), 0)
  t.equal(gateway.send('nobody', 'nobody'), 0)
  t.equal(gateway.send(5, 'nobody'), 0)
  t.equal(gateway.broadcast('all', { n: 1 }), 2)
  t.equal(gateway.broadcast('bound', 1, { filter: 'bound' }), 1)
  t.equal(gateway.broadcast('but one', 1, { except: [address] }), 1)
  const room = gateway.channel('room')
  room.join(session)
  t.equal(room.members()[0], session)
  t.equal(room.size, 1)
  t.equal(room.broadcast('room', 1, { delivery: 'latest', key: 'k' }), 1)
  t.equal(room.broadcast('nobody', 1, { except: address.sid }), 0)
  room.leave(address)
  room.leave(5)
  t.equal(room.broadcast('nobody'), 0)
  room.join(address.sid)
  room.destroy()
  t.equal(gateway.metrics().channels, 0)
  await red.request('player.who')
  t.same(namesOf(red), ['number', 'address', 'session', 'uid', 'all', 'bound', 'room'])
  await blue.until(() => blue.events[1])
  t.same(blue.events, [
    ['all', { n: 1 }],
    ['but one', 1]
  ])
  t.equal(gateway.metrics().eventsSent, 9)
})

t.test('the host is told what was wrong with what it sends', async t => {
  const { gateway } = await start(t)
  const elsewhere = { frontendId: 'gateway-2', sid: 1 }
  const room = gateway.channel('room')
  for (const session of [null, undefined, {}, true, { frontendId: 'gateway-1', sid: '1' }]) {
    const expected = {
      name: 'TypeError',
      message: /^Expected a session, its number, or its \{ frontendId, sid \}, got /
    }
    const message = /^Expected a uid, a session, its number, or its \{ frontendId, sid \}, got /
    const withUid = { name: 'TypeError', message }
    t.throws(() => gateway.send(session as never, 'e'), withUid)
    await t.rejects(gateway.asend(session as never, 'e'), withUid)
    await t.rejects(gateway.sessions.akick(session as never), withUid)
    t.throws(() => gateway.broadcast('e', 1, { except: [session as never] }), expected)
    t.throws(() => room.join(session as never), expected)
    t.throws(() => room.leave(session as never), expected)
  }
  t.throws(() => gateway.send(elsewhere, 'e'), { code: 'FRONTEND_UNKNOWN' })
  t.throws(() => room.join(elsewhere), { code: 'FRONTEND_UNKNOWN' })
  t.throws(() => room.join(5), { code: 'SESSION_NOT_FOUND' })
  t.throws(() => gateway.send('', 'e'), { code: 'UID_INVALID' })
  t.throws(() => gateway.channel(''), { code: 'CHANNEL_INVALID' })
  t.throws(() => gateway.broadcast('$kick'), { name: 'TypeError' })
  t.throws(() => gateway.broadcast('e', () => {}), { code: 'EVENT_NOT_SERIALIZABLE' })
  t.throws(() => gateway.broadcast('e', 1, { filter: 'none' as 'all' }), { name: 'TypeError' })
  t.throws(() => gateway.sessions.sendMessage(1, ''), { name: 'TypeError' })
})

t.test('before a Pomelo client has acknowledged its handshake events wait, and follow the ack', async t => {
  const { gateway } = await start(t)
  const player = await PomeloPlayer.open(gateway.url)
  t.teardown(() => player.leave())
  await player.shakeHands()
  gateway.broadcast('first', 1)
  gateway.broadcast('at', 1, { delivery: 'latest' })
  gateway.broadcast('volatile', 1, { delivery: 'volatile' })
  gateway.broadcast('at', 2, { delivery: 'latest' })
  gateway.broadcast('last', 1)
  t.ok(gateway.metrics().sendBytesWaiting > 0, 'they count as waiting')
  t.same(player.events, [])
  player.send(2)
  await player.until(() => player.events[2])
  t.same(player.events, [
    ['first', 1],
    ['at', 2],
    ['last', 1]
  ])
  const { eventsDropped, eventsReplaced } = gateway.metrics()
  t.same([eventsDropped, eventsReplaced], [1, 1])
  await until('nothing waits', () => gateway.metrics().sendBytesWaiting === 0)
})
