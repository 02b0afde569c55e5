/** What handlers know of clients that lose their connection and come back: onDrop, onResume, isConnected. */
import t, { type Test } from 'tap'
import { TestGateway, type TestGatewayOptions } from '../../../testing/index.js'
import { Clock } from '../../helpers/clock.js'
import { matchRows } from '../../helpers/match-rows.js'
import { Player } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

/** A match whose hooks tell its players who is away. */
const match = {
  '_hooks.js': `
    import { opened } from './_gate.js'
    const tell = (context, name, body) => context.channel('match').broadcast(name, body)
    export async function onDrop(session, info, context) {
      context.log.info('onDrop', { uid: session.uid, isConnected: session.isConnected, ...info })
      tell(context, 'away', { uid: session.uid, for: Math.round((info.endsAt - Date.now()) / 10_000) * 10 })
      if (session.get('slow')) await opened
      if (session.get('kick')) await context.sessions.akickBySid(session.frontendId, session.id, 'gave up')
    }
    export function onResume(session, info, context) {
      context.log.info('onResume', { uid: session.uid, isConnected: session.isConnected, ...info })
      tell(context, 'back', { uid: session.uid })
    }
    export function onClose(session, reason, context) {
      context.log.info('onClose', { uid: session.uid, isConnected: session.isConnected, reason })
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
    export const look = async (uid, session, context) => {
      const found = uid === undefined ? [session] : await context.sessions.agetByUid(session.frontendId, uid)
      return found.map(each => each.isConnected)
    }
    export const wait = async ({ uid, ms }, session, context) => {
      const [other] = await context.sessions.agetByUid(session.frontendId, uid ?? session.uid)
      await other.asetResumeWindow(ms)
    }
    export const waitAside = ({ ms }, session) =>
      new Promise((resolve, reject) => session.setResumeWindow(ms, error => (error ? reject(error) : resolve())))
    export const made = (_body, { id, frontendId }, { sessions }) => sessions.create({ id, frontendId }).isConnected
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

// row 27
t.test(
  '`isConnected` tells whether the client was connected when the request was handed out, or when the service read the session; the client of a session that waits is not.',
  async t => {
    const { join, told, test, gateway } = await start(t)
    const [red, blue] = [await join('red'), await join('blue')]
    t.same(await blue.request('match.look'), [true])
    t.same(await red.request('match.look', 'blue'), [true])
    t.equal(await red.request('match.made'), false, 'a session that was made of data is not known to be')
    await blue.cut()
    await until('it is told', () => told().length === 1)
    t.same(await red.request('match.look', 'blue'), [false])
    await blue.comeBack()
    t.same(await blue.request('match.look'), [true])
    t.same(await red.request('match.look', 'blue'), [true])
    gateway.sessions.kick('blue')
    await until('all is told', () => told().length === 3)
    matchRows(
      t,
      test.lines.filter(({ message }) => message.startsWith('on')),
      [
        { message: 'onDrop', fields: { isConnected: false } },
        { message: 'onResume', fields: { isConnected: true } },
        { message: 'onClose', fields: { isConnected: false } }
      ]
    )
  }
)

// row 28
t.test(
  '`setResumeWindow(ms)` sets for how long the session waits for its client, from the loss of its connection on: in advance, while it waits, up to `maxResumeWindow`, and until it is set again; null sets what the options say.',
  async t => {
    const clock = new Clock()
    const { join, told, gateway } = await start(t, {
      monotonic: clock.monotonic,
      heartbeat: 0,
      resumeWindow: 80
    })
    const red = await join('red')
    const names = ['early', 'late', 'short', 'reset', 'plain'] as const
    const [early, late, short, reset, plain] = await Promise.all(names.map(uid => join(uid)))
    await early!.request('match.wait', { ms: 400 })
    await reset!.request('match.wait', { ms: 400 })
    await reset!.request('match.waitAside', { ms: null })
    await short!.request('match.waitAside', { ms: 30 })
    for (const player of [early, late, short, reset, plain]) await player!.cut()
    await until('all are away', () => told().length === 5)
    const here = () => names.filter(uid => gateway.sessions.getByUid(uid).length > 0)
    await red.request('match.wait', { uid: 'late', ms: 160 })
    await clock.advance(50)
    t.same(here(), ['early', 'late', 'reset', 'plain'])
    await clock.advance(50)
    t.same(here(), ['early', 'late'])
    t.same(await early!.comeBack(), { resumed: true })
    await early!.cut()
    await until('it is away again', () => gateway.metrics().detachedSessions === 2)
    await clock.advance(100)
    t.same(here(), ['early'], 'it has its window at the next loss too')
    await red.request('match.wait', { uid: 'early', ms: 1 })
    await clock.advance(20)
    t.same(here(), [])
  }
)

t.test('onDrop is told of a window of the session itself, and so is its client', async t => {
  const { join } = await start(t)
  const red = await join('red')
  red.listen('away')
  const blue = await join('blue')
  await blue.request('match.wait', { ms: 200_000 })
  await blue.cut()
  t.same(await red.next('away'), { uid: 'blue', for: 200 })
})

t.test('a resume window out of bounds is refused, and 0 waits for nobody', async t => {
  const { join, told, gateway } = await start(t, { maxResumeWindow: 90_000 })
  const blue = await join('blue')
  for (const ms of [90_001, -1, 1.5, '5', true]) {
    await t.rejects(blue.request('match.wait', { ms }), { code: 'RESUME_WINDOW_INVALID' }, String(ms))
    await t.rejects(blue.request('match.waitAside', { ms }), { code: 'RESUME_WINDOW_INVALID' }, String(ms))
  }
  await t.rejects(blue.request('match.wait', { ms: 90_001 }), {
    message: 'Expected a resume window to be 0 to 90000 ms (maxResumeWindow), got 90001'
  })
  const [session] = gateway.sessions.getByUid('blue')
  t.throws(() => session!.setResumeWindow(90_001), { code: 'RESUME_WINDOW_INVALID' })
  t.throws(() => session!.setResumeWindow(Number.NaN), { code: 'RESUME_WINDOW_INVALID' })
  session!.setResumeWindow(0)
  await blue.cut()
  await until('it is over', () => told().length > 0)
  t.same(told(), ['onClose'])
  t.throws(() => session!.setResumeWindow(1), { code: 'SESSION_NOT_FOUND' })
})
