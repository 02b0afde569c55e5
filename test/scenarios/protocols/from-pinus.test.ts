/**
 * The guide for those who come from Pinus: handlers as Pinus has them, called over Pomelo's protocol. The
 * page names the tests for what else it claims (docs/guide/migrating-from-pinus.md).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import ts from 'typescript'
import type { GatewayOptions } from '../../../gateway/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { root } from '../../helpers/paths.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { readText } from '../../helpers/sources.js'
import { until } from '../../helpers/until.js'

const page = readText('docs/guide/migrating-from-pinus.md')

async function start(t: Test, folder: string, options: Partial<GatewayOptions> = {}) {
  const { gateway, lines } = await startGateway(t, folder, options)
  const connect = async () => {
    const player = await PomeloPlayer.join(gateway.url)
    t.teardown(() => player.leave())
    const ask = async (route: string, body?: unknown) => (await player.request(route, body)).body
    return { player, ask, events: player.events }
  }
  return { gateway, lines, connect }
}

const fixture = (name: string) => join(root, 'test/fixtures/handlers-pinus-chat', name)

for (const [form, folder] of [
  ['ES modules', 'es'],
  ['CommonJS', 'commonjs']
] as const) {
  t.test(`a chat of Pinus' shape runs as it is, in ${form}`, async t => {
    const { gateway, connect } = await start(t, fixture(folder))
    const [red, blue, green, second] = await Promise.all([connect(), connect(), connect(), connect()])
    const enter = (player: typeof red, username: string, rid: string) =>
      player.ask('connector.entryHandler.enter', { username, rid })
    t.same(await enter(red, 'red', '1'), { users: ['red'] })
    t.same(await enter(blue, 'blue', '1'), { users: ['red', 'blue'] })
    t.same(await enter(green, 'green', '2'), { users: ['green'] })
    t.same(await enter(second, 'red', '1'), { code: 500, error: true }, 'a user who is there already')

    const send = (player: typeof red, target: string) =>
      player.ask('chat.chatHandler.send', { content: `to ${target}`, target })
    t.same(await send(red, '*'), {}, 'a handler that returns nothing')
    t.same(await send(red, 'blue'), {})
    t.same(await send(red, 'green'), {}, 'who is in another room is not reached')
    t.same(await send(blue, 'nobody'), {})
    const chat = (from: string, target: string) => ['onChat', { msg: `to ${target}`, from, target }]
    t.same(red.events, [['onAdd', { user: 'blue' }], chat('red', '*')])
    t.same(blue.events, [chat('red', '*'), chat('red', 'blue')])
    t.same(green.events, [])

    await blue.ask('connector.entryHandler.leave')
    await send(red, '*')
    t.same(red.events.slice(2), [['onLeave', { user: 'blue' }], chat('red', '*')])
    t.same((await blue.ask('connector.entryHandler.enter', { username: 'blue', rid: '3' })).users, ['blue'])
    t.equal(blue.events.length, 2, 'who has left gets nothing more')

    t.equal(gateway.channel('1').size, 1)
    red.player.leave()
    await until('who disconnects has left the channel', () => gateway.channel('1').size === 0)
  })
}

t.test('the page’s own handlers run, and do what it says', async t => {
  const files = new Map<string, string>()
  for (const [, path, text] of page.matchAll(/^```ts\n\/\/ handlers\/(\S+)\.ts\n([\s\S]*?)^```/gm)) {
    const { outputText } = ts.transpileModule(text!, {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext }
    })
    files.set(path!, outputText)
  }
  t.same([...files.keys()], ['chat/chatHandler', '_hooks'])
  const folder = t.testdir({
    chat: { 'chatHandler.js': files.get('chat/chatHandler')! },
    '_hooks.js': files.get('_hooks')!
  })
  const { connect } = await start(t, folder)
  const [red, blue] = await Promise.all([connect(), connect()])
  t.same(await red.ask('chat.chatHandler.send', { content: 'too early', target: '*' }), { code: 401 })
  t.same(await red.ask('chat.chatHandler.enter', { username: 'red', rid: '1' }), { users: ['red'] })
  t.same(await blue.ask('chat.chatHandler.enter', { username: 'blue', rid: '1' }), { users: ['red', 'blue'] })
  await red.ask('chat.chatHandler.send', { content: 'all', target: '*' })
  await red.ask('chat.chatHandler.send', { content: 'you', target: 'blue' })
  t.same(await red.ask('chat.chatHandler.send', { content: 'who', target: 'green' }), { code: 404 })
  await blue.ask('chat.chatHandler.send', { content: 'last', target: 'blue' })
  t.same(red.events, [
    ['onAdd', { user: 'blue' }],
    ['onChat', { from: 'red', msg: 'all' }]
  ])
  t.same(
    blue.events.map(([, { msg }]) => msg),
    ['all', 'you', 'last']
  )
  red.player.leave()
  t.same(await blue.player.until(() => blue.events[3]), ['onLeave', { user: 'red' }])
})

t.test('`app` has the services by name and as properties, and the gateway’s name as `serverId`', async t => {
  const { connect } = await start(t, fixture('es'))
  const { ask } = await connect()
  t.same(await ask('habit.habitHandler.look'), {
    on: 'undefined',
    services: ['backendSessionService', 'channelService', 'serverId'],
    sessionService: 'undefined',
    rpc: 'undefined',
    serverId: 'gateway-1',
    frontendId: 'gateway-1'
  })
})

t.test('replies are what the handler returns: only nothing becomes `{}`', async t => {
  const { connect } = await start(t, fixture('es'))
  const { ask } = await connect()
  for (const value of [null, false, 0, '', 'text', [1], { code: 500 }])
    t.same(await ask('habit.habitHandler.reply', { value }), value)
  t.same(await ask('habit.habitHandler.reply', {}), {})
  t.same(await ask('habit.habitHandler.code'), { code: 500, why: 'its own' })
})

t.test('what a handler throws is the code 500, and never its text', async t => {
  const { connect, lines } = await start(t, fixture('es'))
  const { ask } = await connect()
  const reply = await ask('habit.habitHandler.fail')
  t.match(reply, { code: 500, error: 'INTERNAL', message: String })
  t.notMatch(JSON.stringify(reply), 'secret')
  t.ok(lines.some(({ level, fields }) => level === 'error' && String(fields.error).includes('a secret')))
  t.match(await ask('habit.habitHandler.nothing'), { code: 500, error: 'ROUTE_UNKNOWN' })
  t.match(await ask('habit.habitHandler.constructor'), { code: 500, error: 'ROUTE_UNKNOWN' })
})

t.test('a body that is an array is one argument', async t => {
  const { connect } = await start(t, fixture('es'))
  const { ask } = await connect()
  t.same(await ask('habit.habitHandler.args', [1, 2, 3]), { first: [1, 2, 3], count: 3 })
})

t.test(
  'a uid is a text, a user who is not there is an empty array, and a server that is not known an error',
  async t => {
    const { connect } = await start(t, fixture('es'))
    const { ask } = await connect()
    t.same(await ask('habit.habitHandler.bindNumber'), { code: 'UID_INVALID', isError: true })
    t.same(await ask('habit.habitHandler.nobody'), { none: [], elsewhere: 'FRONTEND_UNKNOWN' })
  }
)

t.test('a channel is there under its name before and after it has members', async t => {
  const { connect, gateway } = await start(t, fixture('es'))
  const { ask, player } = await connect()
  t.same(await ask('habit.habitHandler.channels'), {
    before: 0,
    amount: 1,
    member: { uid: 'red', sid: 'gateway-1' },
    after: null,
    again: true
  })
  t.equal(gateway.channel('unused').size, 1)
  player.leave()
  await until('the user has left it by disconnecting', () => gateway.channel('unused').size === 0)
})

t.test('what `app` sends after the deadline is sent, and what `context` sends is not', async t => {
  const { connect } = await start(t, fixture('es'), { requestTimeout: 50 })
  const { ask, events, player } = await connect()
  t.match(await ask('habit.habitHandler.late'), { code: 500, error: 'TIMEOUT' })
  t.same(await player.until(() => events[0]), ['app', {}])
})

t.test('what a lifecycle did, `onStart` and `onStop` do in each worker', async t => {
  const folder = t.testdir({
    '_hooks.js': `
      import { appendFileSync } from 'node:fs'
      const write = word => app => appendFileSync(new URL('./told.txt', import.meta.url), word + app.worker.index + ' ')
      export const [onStart, onStop] = [write('start'), write('stop')]`,
    'a.js': 'export const b = () => 1'
  })
  const told = () => readFileSync(join(folder, 'told.txt'), 'utf8').trim().split(' ').sort()
  const { gateway } = await start(t, folder, { workers: 2 })
  t.same(told(), ['start0', 'start1'])
  await gateway.close()
  t.same(told(), ['start0', 'start1', 'stop0', 'stop1'])
})

t.test('each test that the page names is there', t => {
  const named = [...page.matchAll(/^ {2}(test\/\S+\.test\.ts): (.+)$/gm)]
  t.ok(named.length > 40, `${named.length} names`)
  const texts = (file: string) => readText(file).replaceAll("\\'", "'")
  for (const [, file, name] of named) t.ok(texts(file!).includes(name!), `${file}: ${name}`)
  t.end()
})
