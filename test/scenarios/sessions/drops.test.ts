/** What handlers know of clients that lose their connection and come back: onDrop, onResume, isConnected. */
import t, { type Test } from 'tap'
import { TestGateway, type TestGatewayOptions } from '../../../testing/index.js'
import { Player } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

/** A match whose hooks tell its players who is away. */
const match = {
  '_hooks.js': `
    import { opened } from './_gate.js'
    const tell = (context, name, body) => context.channel('match').broadcast(name, body)
    export async function onDrop(session, info, context) {
      context.log.info('onDrop', { uid: session.uid, ...info })
      tell(context, 'away', { uid: session.uid, for: Math.round((info.endsAt - Date.now()) / 10_000) * 10 })
      if (session.get('slow')) await opened
      if (session.get('kick')) await context.sessions.akickBySid(session.frontendId, session.id, 'gave up')
    }
    export function onResume(session, info, context) {
      context.log.info('onResume', { uid: session.uid, ...info })
      tell(context, 'back', { uid: session.uid })
    }
    export function onClose(session, reason, context) {
      context.log.info('onClose', { uid: session.uid, reason })
      tell(context, 'left', { uid: session.uid })
    }`,
  '_gate.js': 'export let open; export const opened = new Promise(resolve => (open = resolve))',
  'match.js': `
    import { open } from './_gate.js'
    export async function enter({ uid, ...settings }, session, context) {
      await session.abind(uid)
      for (const key of Object.keys(settings)) session.set(key, settings[key])
      await session.apushAll()
      await context.channel('match').ajoin()
    }
    export const ping = (_body, _session, context) => void context.log.info('ping')
    export const letGo = () => open()`
}

async function start(t: Test, options: Partial<TestGatewayOptions> = {}) {
  const test = await TestGateway.start({ handlers: t.testdir(match), ...options })
  t.teardown(() => test.close())
  const join = async (uid: string, settings: object = {}) => {
    const player = await test.connect()
    await player.request('match.enter', { uid, ...settings })
    return player
  }
  /** Returns what the handlers have logged, in order. */
  const told = () =>
    test.lines.filter(({ message }) => /^on[A-Z]|^ping$/.test(message)).map(({ message }) => message)
  return { test, gateway: test.gateway, join, told }
}

t.test('the others are told that a player is away, and for how long, and that they are back', async t => {
  const { join, told, test } = await start(t)
  const [red, blue] = [await join('red'), await join('blue')]
  for (const event of ['away', 'back']) red.listen(event)
  await blue.cut()
  t.same(await red.next('away'), { uid: 'blue', for: 60 })
  t.same(await blue.comeBack(), { resumed: true })
  t.same(await red.next('back'), { uid: 'blue' })
  t.same(told(), ['onDrop', 'onResume'])
  const [{ fields: dropped }, { fields: resumed }] = test.lines.filter(({ message }) =>
    /^on/.test(message)
  ) as [(typeof test.lines)[0], (typeof test.lines)[0]]
  t.match(dropped, { reason: 'connection lost (1006)' })
  t.match(resumed, { address: { ip: '127.0.0.1' } })
  t.ok((resumed['awayFor'] as number) >= 0)
})

t.test('a slow onDrop keeps no client from coming back; its requests wait for onResume', async t => {
  const { join, told, gateway } = await start(t)
  const [red, blue] = [await join('red'), await join('blue', { slow: true })]
  await blue.cut()
  await until('it has begun', () => told().length === 1)
  t.same(await blue.comeBack(), { resumed: true })
  blue.notify('match.ping')
  await until('it is there', () => gateway.metrics().notifies === 1)
  t.same(told(), ['onDrop'])
  await red.request('match.letGo')
  await until('all has run', () => told().length === 3)
  t.same(told(), ['onDrop', 'onResume', 'ping'])
})

t.test('a kick ends the wait at once, from an onDrop too, and onClose runs', async t => {
  const { join, told, gateway } = await start(t)
  const red = await join('red')
  red.listen('left')
  const blue = await join('blue', { kick: true })
  await blue.cut()
  t.same(await red.next('left'), { uid: 'blue' })
  t.same(told(), ['onDrop', 'onClose'])
  const green = await join('green')
  await green.cut()
  await until('it is told', () => told().length === 3)
  gateway.sessions.kick('green')
  t.same(await red.next('left'), { uid: 'green' })
  t.equal(gateway.metrics().detachedSessions, 0)
})

t.test('a client that does not come back has an onDrop and an onClose', async t => {
  const { join, told } = await start(t, { resumeWindow: 50 })
  const [red, blue] = [await join('red'), await join('blue')]
  red.listen('left')
  await blue.cut()
  await red.next('left')
  t.same(told(), ['onDrop', 'onClose'])
})

t.test('a session that can not be resumed, or is left on purpose, has no onDrop', async t => {
  const { told, gateway, join } = await start(t)
  const blue = await join('blue')
  blue.client.close()
  await until('it is gone', () => told().length === 1)
  const json = await Player.connect(gateway.url)
  await json.request('match.enter', { uid: 'json' })
  json.leave()
  const pomelo = await PomeloPlayer.join(gateway.url)
  await pomelo.request('match.enter', { uid: 'pomelo' })
  pomelo.leave()
  await until('all are gone', () => told().length === 3)
  t.same(told(), ['onClose', 'onClose', 'onClose'])
})

t.test('as the gateway drains or closes sessions have an onClose and no onDrop', async t => {
  for (const end of ['drain', 'close'] as const) {
    const { join, told, gateway } = await start(t, { drainSpread: 0 })
    await join('red')
    const blue = await join('blue')
    await blue.cut()
    await until('one is away', () => told().length === 1)
    await gateway[end]()
    t.same(told(), ['onDrop', 'onClose', 'onClose'], end)
  }
})
