/** Handlers that are called as functions, with sessions that need no gateway. */
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { z } from 'zod'
import type { ConnectInfo, DropInfo, ResumeInfo } from '../../shared/link/hooks.js'
import { RequestError } from '../../shared/request-error.js'
import { TestWorld } from '../../testing/index.js'
import type { BackendSession } from '../../workers/api/backend-session.js'
import type { HandlerContext } from '../../workers/api/context.js'
import { handler } from '../../workers/api/handler.js'
import type { HandlerApp } from '../../workers/loading/app.js'
import { matchRows } from '../helpers/match-rows.js'

interface Settings {
  score: number
}

const add = handler(
  { body: z.object({ points: z.number() }) },
  ({ points }, session: BackendSession<Settings>) => {
    session.set('score', (session.get('score') ?? 0) + points)
    session.push('score')
    return { score: session.get('score') }
  }
)

function pretend(body: { points: number }, session: BackendSession<Settings>) {
  session.set('score', body.points)
  return session.get('score')
}

async function greet(_body: undefined, session: BackendSession, context: HandlerContext) {
  await session.abind('red')
  context.log.info('Hello')
  await context.channel('all').ajoin()
  context.channel('all').broadcast('said', { at: new Date(5), by: session.uid })
  context.send('blue', 'whispered')
}

function begin(t: Test): TestWorld {
  const world = new TestWorld()
  t.teardown(() => world.close())
  return world
}

t.test('what a handler pushes is there, and what it only sets is not', async t => {
  const red = begin(t).join({ uid: 'red', settings: { score: 4 } })
  t.same(await red.call(add, { points: 3 }), { score: 7 })
  t.same(red.settings, { score: 7 })
  t.equal(await red.call(pretend, { points: 100 }), 100)
  t.same(red.settings, { score: 7 })
  await t.rejects(red.call(add, { points: 'x' } as never), { code: 'BODY_INVALID' })
})

t.test('users, channels and events are those of all sessions of a world', async t => {
  const world = begin(t)
  const [red, blue] = [world.join(), world.join({ uid: 'blue' })]
  await red.call(greet, undefined)
  t.equal(red.uid, 'red')
  t.same(red.events, [{ event: 'said', body: { at: new Date(5), by: 'red' } }])
  t.same(blue.events, [{ event: 'whispered', body: undefined }])
  matchRows(t, world.lines, [{ level: 'info', message: 'Hello' }])
  blue.leave()
  t.equal(blue.isOpen, false)
  await red.call(greet, undefined)
  t.equal(red.events.length, 2)
  t.equal(blue.events.length, 1)
})

t.test('the hooks of a game run as in a gateway, each when its time has come', async t => {
  const told: unknown[] = []
  const name = (session: BackendSession) => session.uid
  const world = new TestWorld({
    hooks: {
      onStart: (app: HandlerApp) => void told.push(['onStart', app.worker.index]),
      onStop: () => void told.push(['onStop']),
      onConnect: async (session: BackendSession, { resumed }: ConnectInfo) => {
        told.push(['onConnect', name(session), resumed])
        if (session.uid === 'cheat') throw new RequestError('BANNED', 'You are banned')
        session.set('hello', 1)
        session.push('hello')
      },
      onDrop: (session: BackendSession, { endsAt }: DropInfo) => {
        told.push(['onDrop', name(session), endsAt > Date.now()])
      },
      onResume: (session: BackendSession, { awayFor }: ResumeInfo) =>
        void told.push(['onResume', name(session), awayFor >= 0]),
      onClose: (session: BackendSession, reason: string) => void told.push(['onClose', name(session), reason])
    },
    folders: [
      {
        folder: 'match',
        affinity: 'match',
        hooks: { onClose: (session: BackendSession) => void told.push(['match', session.get('match')]) }
      }
    ]
  })
  await world.start()
  const red = await world.connect({ uid: 'red', settings: { match: 'm1' } })
  t.same(red.settings, { match: 'm1', hello: 1 })
  await red.drop()
  await red.resume()
  await red.leave()
  await red.leave()
  const cheat = await world.connect({ uid: 'cheat' })
  t.same([cheat.isOpen, cheat.ending], [false, { code: 4505, reason: 'You are banned' }])
  await world.close()
  t.same(told, [
    ['onStart', 0],
    ['onConnect', 'red', false],
    ['onDrop', 'red', true],
    ['onConnect', 'red', true],
    ['onResume', 'red', true],
    ['match', 'm1'],
    ['onClose', 'red', 'client closed'],
    ['onConnect', 'cheat', false],
    ['onClose', 'cheat', 'refused'],
    ['onStop']
  ])
})

t.test('a wrong module of hooks is refused as a gateway refuses it, and a failing hook rejects', async t => {
  t.throws(() => new TestWorld({ hooks: { onConect() {} } }), {
    code: 'HANDLERS_INVALID',
    message: /no hook `onConect`/
  })
  t.throws(() => new TestWorld({ folders: [{ folder: 'a', hooks: { onConnect() {} } }] }), {
    code: 'HANDLERS_INVALID'
  })
  const fail = () => {
    throw new Error('a fault')
  }
  const world = new TestWorld({ hooks: { onStart: fail, onConnect: fail, onClose: fail } })
  t.teardown(() => world.close())
  await t.rejects(world.start(), { code: 'HANDLERS_INVALID', message: /a fault/ })
  await t.rejects(world.connect(), { message: 'a fault' })
  await t.rejects(world.join().leave(), { message: 'a fault' })
})

for (const apis of [['setTimeout'], ['setTimeout', 'setInterval', 'setImmediate', 'Date']] as const)
  t.test(`with fake timers (${apis.join(', ')}), turns by timers run when the test says so`, async t => {
    mock.timers.enable(apis as never)
    t.teardown(() => mock.timers.reset())
    const world = begin(t)
    const { app } = world
    const play = async (_body: undefined, session: BackendSession, context: HandlerContext) => {
      await context.channel('table').ajoin()
      setTimeout(() => {
        app.channel('table').broadcast('turn.over', { of: session.uid })
        // What follows from an answer is awaited too.
        void app.sessions.agetByUid(app.serverId, 'red').then(async ([found]) => {
          found!.set('turns', 1)
          await found!.apushAll()
          app.send('red', 'told')
        })
      }, 30_000)
    }
    const red = world.join({ uid: 'red' })
    await red.call(play, undefined)
    mock.timers.tick(29_999)
    await world.settle()
    t.same(red.events, [])
    mock.timers.tick(1)
    await world.settle()
    t.same(red.events, [
      { event: 'turn.over', body: { of: 'red' } },
      { event: 'told', body: undefined }
    ])
    t.same(red.settings, { turns: 1 })
  })
