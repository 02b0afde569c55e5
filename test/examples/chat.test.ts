/**
 * The chat's handlers over real sockets and threads, and the server of its page. chat-browser.test.ts tests
 * the page.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { enter } from '../../examples/chat/handlers/room.js'
import { onHttpRequest } from '../../examples/chat/http.js'
import type { GatewayOptions } from '../../gateway/index.js'
import { TestGateway, TestWorld } from '../../testing/index.js'
import { startGateway } from '../helpers/gateway.js'
import { root } from '../helpers/paths.js'
import type { Player } from '../helpers/player.js'
import { until } from '../helpers/until.js'

const handlers = join(root, 'dist/examples/chat/handlers')

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const running = await startGateway(t, handlers, { onHttpRequest, ...options })
  const enter = async (name: string, room = 'Lobby') => {
    const player = await running.connect()
    const { me, people } = await player.request('room.enter', { name, room })
    return { player, me: me as number, people }
  }
  return { ...running, enter }
}

const namesOf = ({ events }: Player) => events.map(([name]) => name)

t.test('who enters is told who is there with their counts, and the others are told who came', async t => {
  const { enter } = await start(t)
  const red = await enter('Red')
  t.same(red.people, [{ id: red.me, name: 'Red', said: 0, isAway: false }])
  await red.player.request('message.say', { text: 'Anybody?' })
  const blue = await enter('Blue')
  t.same(blue.people, [
    { id: red.me, name: 'Red', said: 1, isAway: false },
    { id: blue.me, name: 'Blue', said: 0, isAway: false }
  ])
  t.same(blue.player.events, [], 'who comes in is not told of itself')
  await red.player.request('message.say', { text: 'Hello' })
  t.same(red.player.events[2], ['room.entered', { id: blue.me, name: 'Blue', said: 0, isAway: false }])
})

t.test(
  'a message reaches all in the room, its sender too, and nobody in another; the count follows it',
  async t => {
    const { enter } = await start(t)
    const [red, blue, far] = [await enter('Red'), await enter('Blue'), await enter('Far', 'Tower')]
    const before = Date.now()
    await blue.player.request('message.say', { text: '  <b>Hi</b>  ' })
    await until('it is there', () => red.player.events.length === 3)
    const [, [name, { at, ...said }], score] = red.player.events as [
      unknown,
      [string, { at: number }],
      unknown
    ]
    t.same([name, said], ['message.said', { id: blue.me, name: 'Blue', text: '<b>Hi</b>' }])
    t.ok(before <= at && at <= Date.now(), 'the time of day at which it was said')
    t.same(score, ['message.score', { id: blue.me, said: 1 }])
    t.same(namesOf(blue.player), ['message.said', 'message.score'])
    await far.player.request('message.say', { text: 'Alone' })
    t.same(namesOf(far.player), ['message.said', 'message.score'])
  }
)

t.test('a page that was loaded again asks where its session is: in its room, or in none', async t => {
  const { enter } = await start(t)
  const { player, me, people } = await enter('Red')
  t.same(await player.request('room.here'), { room: 'Lobby', me, name: 'Red', people })
  await player.request('room.leave')
  t.equal(await player.request('room.here'), null)
})

t.test('that somebody types is told to the others only', async t => {
  const { enter } = await start(t)
  const [red, blue] = [await enter('Red'), await enter('Blue')]
  blue.player.notify('message.typing')
  await until('it is there', () => red.player.events.length === 2)
  t.same(red.player.events[1], ['message.typing', { id: blue.me }])
  await blue.player.request('message.say', { text: 'x' })
  t.same(namesOf(blue.player), ['message.said', 'message.score'])
})

t.test('who leaves, and who enters another room, is gone from the first and hears no more of it', async t => {
  const { enter, gateway } = await start(t)
  const [red, blue, green] = [await enter('Red'), await enter('Blue'), await enter('Green')]
  await blue.player.request('room.leave')
  await green.player.request('room.enter', { name: 'Green', room: 'Tower' })
  t.equal(gateway.channel('room Lobby').size, 1)
  const before = blue.player.events.length
  await red.player.request('message.say', { text: 'Where are you?' })
  t.same(red.player.events.slice(2, 4), [
    ['room.left', { id: blue.me }],
    ['room.left', { id: green.me }]
  ])
  t.equal(blue.player.events.length, before)
  await t.rejects(blue.player.request('message.say', { text: 'x' }), { code: 'NOT_IN_A_ROOM' })
  await t.rejects(blue.player.request('message.typing'), { code: 'NOT_IN_A_ROOM' })
  t.equal(await blue.player.request('room.leave'), null, 'to leave twice is no error')
})

t.test(
  'who is gone without a word is gone for the others too, and only from the room that it was in',
  async t => {
    const { enter, gateway } = await start(t)
    const [red, blue, far] = [await enter('Red'), await enter('Blue'), await enter('Far', 'undefined')]
    blue.player.leave()
    await until('the room is told', () => namesOf(red.player).includes('room.left'))
    t.same(red.player.events.at(-1), ['room.left', { id: blue.me }])
    await red.player.request('room.leave')
    red.player.leave()
    await until('both have ended', () => gateway.sessions.getSessionsCount() === 1)
    await far.player.request('message.say', { text: 'Alone' })
    t.same(namesOf(far.player), ['message.said', 'message.score'])
  }
)

t.test(
  'a session is bound to the name that it entered with, and to the new one when it enters anew',
  async t => {
    const { enter, gateway } = await start(t)
    const { player, me } = await enter('Red')
    t.equal(gateway.sessions.get(me)?.uid, 'Red')
    await player.request('message.say', { text: 'x' })
    const { people } = await player.request('room.enter', { name: ' Dark   Red ', room: 'Lobby' })
    t.same(
      people,
      [{ id: me, name: 'Dark Red', said: 0, isAway: false }],
      'under its new name it counts from 0'
    )
    t.equal(gateway.sessions.get(me)?.uid, 'Dark Red')
  }
)

t.test('what others save in a session while it enters a room is kept', async t => {
  const world = new TestWorld()
  t.teardown(() => world.close())
  const red = world.join({ settings: { gold: 1 } })
  const enterLate: typeof enter = async (body, session, context) => {
    await world.app.sessions.apush(session.frontendId, session.id, 'gold', 2)
    return enter(body, session, context)
  }
  await red.call(enterLate, { name: 'Red', room: 'Lobby' })
  t.same(red.settings, { gold: 2, room: 'Lobby', said: 0 })
})

t.test('two windows with one name are two people', async t => {
  const { enter } = await start(t)
  const [one, two] = [await enter('Red'), await enter('Red')]
  t.same(
    two.people.map(({ id, name }: { id: number; name: string }) => [id, name]),
    [
      [one.me, 'Red'],
      [two.me, 'Red']
    ]
  )
  await two.player.request('room.leave')
  await until('the other is told', () => one.player.events.length === 2)
  t.same(one.player.events[1], ['room.left', { id: two.me }])
})

t.test(
  'a name, a room or a text that is none is refused with a code, and nobody is told anything',
  async t => {
    const { enter, connect, gateway } = await start(t)
    const { player: red } = await enter('Red')
    const player = await connect()
    const notNames = [
      undefined,
      null,
      5,
      {},
      [],
      '',
      '  ',
      '-x',
      'a'.repeat(25),
      'a\u202Eb',
      'a\u200Bb',
      '<b>',
      '\ud800'
    ]
    const rule = "has 1 to 24 letters, digits, spaces and . _ - ', and begins with a letter or a digit"
    for (const name of notNames) {
      await t.rejects(player.request('room.enter', { name, room: 'Lobby' }), {
        code: 'NAME_INVALID',
        message: `Your name ${rule}`
      })
      await t.rejects(player.request('room.enter', { name: 'Blue', room: name }), {
        code: 'ROOM_INVALID',
        message: `The room's name ${rule}`
      })
    }
    await t.rejects(player.request('room.enter'), { code: 'NAME_INVALID' })
    t.equal(gateway.channel('room Lobby').size, 1)
    for (const name of ['Zoë', 'O’Brien', '漢字', '__proto__'.slice(2), '7']) {
      await player.request('room.enter', { name, room: name })
    }
    await player.request('room.enter', { name: 'Blue', room: 'Lobby' })
    for (const text of [undefined, null, 5, {}, '', ' \n ', 'a'.repeat(501)]) {
      await t.rejects(player.request('message.say', { text }), { code: 'TEXT_INVALID' })
    }
    await t.rejects(player.request('message.say'), { code: 'TEXT_INVALID' })
    await player.request('message.say', { text: 'a'.repeat(500) })
    await until('the message is there', () => namesOf(red).includes('message.score'))
    t.same(namesOf(red), ['room.entered', 'message.said', 'message.score'])
    t.match(red.events[2]![1], { said: 1 }, 'what was refused does not count')
  }
)

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

function ask(url: string, path: string, { method = 'GET', headers = {} } = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers, agent: false }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', data => {
        body += data
      })
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
    })
    request.on('error', reject)
    request.end()
  })
}

t.test(
  'the page comes with its script and its style, each with its type and a policy that lets nothing else in',
  async t => {
    const { gateway } = await start(t)
    const host = gateway.url.slice('ws://'.length)
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/?x=1', 'text/html; charset=utf-8'],
      ['/chat.js', 'text/javascript; charset=utf-8'],
      ['/chat.css', 'text/css; charset=utf-8']
    ] as const) {
      const { status, headers, body } = await ask(gateway.url, path)
      t.same([status, headers['content-type']], [200, type], path)
      t.equal(headers['x-content-type-options'], 'nosniff')
      const policy = headers['content-security-policy']
      t.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /)
      t.ok((policy as string).includes(`connect-src 'self' ws://${host} wss://${host};`))
      t.ok(body.length > 500)
      const head = await ask(gateway.url, path, { method: 'HEAD' })
      t.same([head.status, head.body, head.headers['content-length']], [200, '', headers['content-length']])
    }
  }
)

t.test('a host that is none gets no place in the policy', async t => {
  const { gateway } = await start(t, { hosts: '*' })
  const { headers } = await ask(gateway.url, '/', { headers: { host: "x; script-src 'unsafe-inline'" } })
  t.match(headers['content-security-policy'], /connect-src 'self';/)
  t.notMatch(headers['content-security-policy'], /unsafe/)
})

t.test('whatever is no file of the page is not there, and the page can only be read', async t => {
  const { gateway } = await start(t)
  for (const path of [
    '/nothing',
    '/index.html',
    '/../handlers/room.js',
    '/..%2fhandlers%2froom.js',
    '//',
    '/chat.js/',
    '/__proto__',
    '/constructor',
    '/%',
    'http://[/'
  ]) {
    t.equal((await ask(gateway.url, path)).status, 404, path)
  }
  const { status, headers } = await ask(gateway.url, '/', { method: 'POST' })
  t.same([status, headers.allow], [405, 'GET, HEAD'])
})

t.test('the others are told who is away and who is back', async t => {
  const test = await TestGateway.start({ handlers })
  t.teardown(() => test.close())
  const [red, blue] = [await test.connect(), await test.connect()]
  for (const event of ['room.away', 'room.back']) {
    red.listen(event)
    blue.listen(event)
  }
  await red.request('room.enter', { name: 'Red', room: 'Lobby' })
  const { me } = (await blue.request('room.enter', { name: 'Blue', room: 'Lobby' })) as { me: number }
  await blue.cut()
  t.same(await red.next('room.away'), { id: me })
  t.same(await blue.comeBack(), { resumed: true })
  t.same(await red.next('room.back'), { id: me })
  await red.cut()
  await blue.next('room.away')
  t.equal(await Promise.race([blue.next('room.back'), 'nothing']), 'nothing', 'and not of themselves')
})
