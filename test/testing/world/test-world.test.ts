/** Handlers that are called as functions, with sessions that need no gateway. */
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { limitOptions } from '../../../gateway/options/limit-options.js'
import { optionTable } from '../../../gateway/options/option-table.js'
import { resumeOptions } from '../../../gateway/options/resume-options.js'
import type { ConnectInfo, DropInfo, ResumeInfo } from '../../../shared/link/hooks.js'
import { RequestError } from '../../../shared/request-error.js'
import { type TestSession, TestWorld } from '../../../testing/index.js'
import type { TestHooksInit } from '../../../testing/world/test-hooks.js'
import type { BackendSession } from '../../../workers/api/backend-session.js'
import type { HandlerContext } from '../../../workers/api/context.js'
import { handler } from '../../../workers/api/handler.js'
import type { HandlerApp } from '../../../workers/loading/app.js'
import { matchRows } from '../../helpers/match-rows.js'

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

function defaultOf(option: string): unknown {
  return [...resumeOptions, ...limitOptions].find(({ name }) => name === option)?.defaultValue
}

function begin(t: Test): TestWorld {
  const world = new TestWorld()
  t.teardown(() => world.close())
  return world
}

const never = () => new Promise<void>(() => {})

t.test(
  'bodies and replies pass as over a connection: as copies, or with an error for what has no form',
  async t => {
    const world = begin(t)
    const player = world.join({ settings: { hp: 1 } })
    const body = { list: [1], at: new Date(5) }
    const reply = await player.call((asked: typeof body) => {
      asked.list.push(2)
      return asked
    }, body)
    t.same(
      [body, reply],
      [
        { list: [1], at: new Date(5) },
        { list: [1, 2], at: new Date(5) }
      ]
    )
    const { settings } = await player.call(
      (_body: unknown, session: BackendSession) => session.export(),
      undefined
    )
    t.equal(Object.getPrototypeOf(settings), Object.prototype)
    t.equal(await player.call(() => 'é→🙂', undefined), 'é→🙂')
    t.equal(await player.call(() => undefined, undefined), undefined)
    for (const made of [() => () => 1, () => ({ rule: /x/ }), () => 'x'.repeat(16_000_001)]) {
      await t.rejects(
        player.call(() => made(), undefined),
        { code: 'REPLY_NOT_SERIALIZABLE' }
      )
    }
    await t.rejects(
      player.call(() => 1, { on: () => {} }),
      { code: 'BODY_NOT_SERIALIZABLE' }
    )
    await player.leave()
    await t.rejects(
      player.call(() => 1, undefined),
      /The session has ended/
    )
  }
)

t.test('a world keeps the process alive for operations on their way, and for nothing else', async t => {
  const ports = () => process.getActiveResourcesInfo().filter(each => each === 'MessagePort').length
  const before = ports()
  const world = new TestWorld()
  t.teardown(() => world.close())
  const player = world.join()
  t.equal(ports(), before)
  let most = before
  const called = player.call(async (_body: unknown, session: BackendSession) => {
    for (let n = 0; n < 10; n++) {
      const updated = session.aupdate('n', (known: number = 0) => known + 1)
      await new Promise(resolve => setImmediate(resolve))
      most = Math.max(most, ports())
      await updated
    }
  }, undefined)
  await called
  await world.settle()
  t.same([player.settings, ports(), most > before], [{ n: 10 }, before, true])
})

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
      onConnect: async (session: BackendSession, { resumed, restored, moved }: ConnectInfo) => {
        t.same([restored, moved], [false, false])
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

t.test('all who wait for an onClose wait until it is over, and are told how it has failed', async t => {
  let fail = () => {}
  const onClose = () => new Promise((_resolve, reject) => (fail = () => reject(new Error('of onClose'))))
  const world = new TestWorld({ hooks: { onClose } })
  const order: string[] = []
  const waits = [world.join().leave(), world.settle(), world.settle()].map((each, n) =>
    each.catch(({ message }) => order.push(`${n} ${message}`))
  )
  await new Promise(setImmediate)
  order.push('it fails')
  fail()
  await Promise.all(waits)
  t.same(order, ['it fails', '0 of onClose', '1 of onClose', '2 of onClose'])
  await world.settle()
})

t.test(
  'a call that fails waits for the onClose of those whom it has ended, as one that succeeds',
  async t => {
    const closed: unknown[] = []
    let fail = false
    const world = new TestWorld({
      hooks: {
        onClose: async ({ uid }: BackendSession) => {
          await new Promise(setImmediate)
          closed.push(uid)
          if (fail) throw new Error('of onClose')
        },
        onDrop: ({ uid }: BackendSession, _info: DropInfo, context: HandlerContext) =>
          end(uid!, undefined, context)
      }
    })
    t.teardown(() => world.close())
    const end = (uid: string, _session: unknown, { sessions }: HandlerContext) => {
      void sessions.akickByUid('test-gateway', uid)
      throw new RequestError('LOST', 'lost')
    }
    const lost = { code: 'LOST' }
    const red = world.join({ uid: 'red' })
    world.join({ uid: 'green' })
    await t.rejects(red.call(end, 'green'), lost, 'another session')
    t.same(closed.splice(0), ['green'])
    await t.rejects(red.call(end, 'red'), lost, 'its own session')
    t.same(closed.splice(0), ['red'])
    await t.rejects(world.join({ uid: 'blue' }).drop(), lost, 'a hook')
    t.same(closed.splice(0), ['blue'])
    fail = true
    await t.rejects(world.join({ uid: 'white' }).call(end, 'white'), lost, 'the error of what was called')
    t.same(closed, ['white'])
    await t.rejects(world.settle(), { message: 'of onClose' }, 'which hides no other')
    await world.settle()
  }
)

t.test('a call that fails ends with its world, even if an onClose does not', async t => {
  let began = () => {}
  const begun = new Promise<void>(resolve => (began = resolve))
  const onClose = () => {
    began()
    return never()
  }
  const world = new TestWorld({ hooks: { onClose } })
  const end = (_body: undefined, _session: unknown, { sessions }: HandlerContext) => {
    void sessions.akickByUid('test-gateway', 'red')
    throw new RequestError('LOST', 'lost')
  }
  const ended = t.rejects(world.join({ uid: 'red' }).call(end), { code: 'LOST' })
  await begun
  // The error of the call is there a few microtasks later.
  await new Promise(setImmediate)
  await world.close()
  await ended
})

t.test('onClose runs for each session that ends, whoever has ended it, once nothing runs for it', async t => {
  const told: unknown[] = []
  const world = new TestWorld({
    hooks: {
      onDrop: ({ uid }: BackendSession, _info: DropInfo, { sessions }: HandlerContext) =>
        uid === 'blue' ? sessions.akickByUid('test-gateway', 'blue', 'gone') : undefined,
      onClose: ({ uid }: BackendSession, reason: string) => {
        told.push([uid, reason])
        if (uid === 'faulty') throw new Error('a fault')
      }
    }
  })
  t.teardown(() => world.close())
  const [red, blue, green] = ['red', 'blue', 'green'].map(uid => world.join({ uid }))
  const kick = async (uid: string, _session: BackendSession, context: HandlerContext) => {
    await context.sessions.akickByUid('test-gateway', uid, 'out')
    told.push('kicked')
  }
  await red!.call(kick, 'green')
  t.same([green!.isOpen, green!.ending?.reason], [false, 'out'])
  await red!.call(kick, 'red')
  await blue!.drop()
  t.equal(blue!.isOpen, false)
  const last = world.join({ uid: 'last' })
  void world.app.sessions.akickByUid('test-gateway', 'last', 'by a timer')
  await world.settle()
  t.equal(last.isOpen, false)
  t.same(told, [
    ['green', 'out'],
    'kicked',
    'kicked',
    ['red', 'out'],
    ['blue', 'gone'],
    ['last', 'by a timer']
  ])
  world.join({ uid: 'faulty' })
  await t.rejects(world.join().call(kick, 'faulty'), { message: 'a fault' })
})

t.test(
  'the signal of a call aborts when its session ends, when the world is closed, and not later',
  async t => {
    const told: unknown[] = []
    const world = new TestWorld({
      hooks: {
        onClose: (_session: BackendSession, _reason: string, { signal }: HandlerContext) =>
          void told.push(['onClose', signal.aborted])
      }
    })
    t.teardown(() => world.close())
    const aborted = (signal: HandlerContext['signal']) =>
      new Promise(resolve => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }))
    const [red, blue, green] = [world.join(), world.join(), world.join()]
    let other: HandlerContext['signal'] | undefined
    const otherCall = t.rejects(
      blue.call((_body: unknown, _session, { signal }: HandlerContext) => {
        other = signal
        return never()
      }, {})
    )
    const leaving = red.call(
      (_body: unknown, session: BackendSession, { sessions, signal }: HandlerContext) => {
        void sessions.akickBySid(session.frontendId, session.id)
        return aborted(signal)
      },
      {}
    )
    t.equal(await leaving, 'session closed')
    let late: HandlerContext['signal'] | undefined
    await green.call((_body: unknown, session: BackendSession, { sessions, signal }: HandlerContext) => {
      late = signal
      void sessions.akickBySid(session.frontendId, session.id)
    }, {})
    t.same([green.isOpen, late!.aborted, other!.aborted], [false, false, false])
    await world.close()
    await otherCall
    t.same([late!.aborted, other!.aborted, other!.reason], [false, true, 'shutdown'])
    t.same(told, [
      ['onClose', false],
      ['onClose', false]
    ])
  }
)

t.test('a client that is away gets at its return what a gateway keeps for it', async t => {
  const world = begin(t)
  const [red, blue] = [world.join({ uid: 'red' }), world.join()]
  const sendAll = async (at: string, _session: BackendSession, context: HandlerContext) => {
    const reached = [
      await context.asend('red', 'spark', at, { delivery: 'volatile' }),
      await context.asend('red', 'at', at, { delivery: 'latest', key: 'ann' }),
      await context.asend('red', 'at', at, { delivery: 'latest', key: 'bob' }),
      await context.asend('red', 'at', `${at} again`, { delivery: 'latest', key: 'ann' }),
      await context.asend('red', 'said', at)
    ]
    return reached
  }
  t.same(await blue.call(sendAll, 'here'), [1, 1, 1, 1, 1])
  t.equal(red.events.splice(0).length, 5)
  await red.drop()
  t.same(await blue.call(sendAll, 'away'), [0, 1, 1, 1, 1])
  t.same(await blue.call(sendAll, 'still away'), [0, 1, 1, 1, 1])
  t.same(red.events, [])
  await red.resume()
  t.same(red.events.splice(0), [
    { event: 'said', body: 'away' },
    { event: 'said', body: 'still away' },
    { event: 'at', body: 'still away' },
    { event: 'at', body: 'still away again' }
  ])
  await red.drop()
  await red.resume()
  t.same(red.events, [])
  await blue.call(sendAll, 'back')
  t.equal(red.events.length, 5)
})

t.test('what waits for a client is received before the events of its onConnect', async t => {
  const hooks = {
    onConnect: (session: BackendSession, _info: ConnectInfo, context: HandlerContext) =>
      context.send(session, 'hello'),
    onDrop: (session: BackendSession, _info: DropInfo, context: HandlerContext) =>
      context.send(session, 'missed'),
    onResume: (session: BackendSession, _info: ResumeInfo, context: HandlerContext) =>
      context.send(session, 'back')
  }
  const world = new TestWorld({ hooks })
  t.teardown(() => world.close())
  const red = world.join({ uid: 'red' })
  await red.drop()
  t.same(red.events, [])
  await red.resume()
  t.same(
    red.events.map(({ event }) => event),
    ['missed', 'hello', 'back']
  )
})

t.test('onDrop is told how long the session would wait in a gateway', async t => {
  const told: unknown[] = []
  const waits: unknown[] = []
  const world = new TestWorld({
    hooks: {
      onDrop: ({ uid }: BackendSession, info: DropInfo) => void waits.push([uid, info.endsAt - Date.now()]),
      onClose: ({ uid }: BackendSession, reason: string) => void told.push([uid, reason])
    }
  })
  t.teardown(() => world.close())
  const wait = (ms: number, session: BackendSession) => session.asetResumeWindow(ms)
  const by = async (session: TestSession, ms?: number) => {
    if (ms !== undefined) await session.call(wait, ms)
    await session.drop()
  }
  mock.timers.enable({ apis: ['Date'], now: 5_000 })
  t.teardown(() => mock.timers.reset())
  await by(world.join())
  await by(world.join({ uid: 'red' }))
  await by(world.join({ uid: 'blue' }), 300_000)
  const green = world.join({ uid: 'green' })
  await by(green, 0)
  t.same(waits, [
    [null, defaultOf('unboundResumeWindow')],
    ['red', defaultOf('resumeWindow')],
    ['blue', 300_000]
  ])
  t.same(
    [told, green.isOpen, green.ending],
    [[['green', 'connection lost (1006), and not to be waited for']], false, undefined]
  )
})

t.test('a hook has the route that it has in a gateway', async t => {
  const routes: string[] = []
  const tell = (_session: BackendSession, _told: unknown, { route }: HandlerContext) =>
    void routes.push(route)
  const folders = [{ folder: 'match', hooks: { onClose: tell } }]
  const world = new TestWorld({ hooks: { onConnect: tell, onClose: tell }, folders })
  t.teardown(() => world.close())
  await (await world.connect()).leave()
  t.same(routes, ['_hooks.onConnect', 'match._hooks.onClose', '_hooks.onClose'])
})

t.test('a body beyond the default limits of a gateway is refused before the handler runs', async t => {
  const player = begin(t).join()
  let calls = 0
  const count = (body: unknown) => {
    calls++
    return body
  }
  const nest = (levels: number): unknown => (levels === 0 ? 1 : { at: nest(levels - 1) })
  const most = Number(defaultOf('maxBodyBytes'))
  const around = '{"json":""}'.length
  const deepest = Number(defaultOf('maxBodyDepth'))
  await player.call(count, 'x'.repeat(most - around))
  await player.call(count, nest(deepest))
  t.equal(calls, 2)
  const tooLarge = { code: 'BODY_TOO_LARGE', message: /65537 bytes, the limit is 65536 bytes/ }
  await t.rejects(player.call(count, 'x'.repeat(most - around + 1)), tooLarge)
  await t.rejects(player.call(count, 'é'.repeat(most / 2)), { code: 'BODY_TOO_LARGE' })
  await t.rejects(player.call(count, nest(deepest + 1)), { code: 'BODY_MALFORMED', message: /64 levels/ })
  t.equal(calls, 2)
})

t.test('an error has what its client would read of it, as a worker passes it on', async t => {
  const world = begin(t)
  const player = world.join()
  const thrown = async (error: unknown): Promise<RequestError> =>
    player
      .call(() => {
        throw error
      })
      .then(
        () => t.fail('it has not failed'),
        each => each
      )
  for (const data of [undefined, null, 0, 'x', { missing: 3, list: [null] }]) {
    const error = new RequestError('TOO_POOR', 'Not enough', data)
    t.equal(await thrown(error), error, 'the handler\u2019s own, since nothing is lost')
  }
  for (const [data, arrives] of [
    [{ until: new Date(5) }, { until: '1970-01-01T00:00:00.005Z' }],
    [{ rate: Number.NaN, none: undefined }, { rate: null }],
    [{ left: 5n }, undefined],
    [new Map([[1, 2]]), {}],
    [() => {}, undefined],
    ['x'.repeat(65_537), undefined]
  ]) {
    const error = new RequestError('TOO_POOR', 'Not enough', data)
    const { name, code, message, data: got, cause } = await thrown(error)
    t.strictSame(
      [name, code, message, got, cause],
      ['RequestError', 'TOO_POOR', 'Not enough', arrives, error]
    )
  }
  const long = await thrown(new RequestError('LONG', 'x'.repeat(20_000)))
  t.equal(long.message.length, 16_384)
  t.equal((await thrown(new RequestError('', 'no code'))).code, 'INTERNAL')
  matchRows(
    t,
    world.lines.map(({ message }) => message),
    [
      'A RequestError is sent in part',
      'A RequestError is sent in part',
      'A RequestError is sent in part',
      "A RequestError can't be sent"
    ]
  )
  const fault = new TypeError('a fault')
  t.equal(await thrown(fault), fault, 'as the test looks for it')
})

t.test('a call may make as many operations as a request at a gateway with default options', async t => {
  const most = Number(optionTable.find(({ name }) => name === 'maxOperationsPerRequest')!.defaultValue)
  const world = begin(t)
  const player = world.join({ uid: 'red' })
  let sendLater = () => {}
  const send = (count: number, session: BackendSession, context: HandlerContext) => {
    for (let n = 0; n < count; n++) context.send(session, 'n', n)
    sendLater = () => world.app.send('red', 'late')
  }
  await player.call(send, most)
  await t.rejects(player.call(send, most + 1), { code: 'TOO_MANY_OPERATIONS' })
  t.equal(player.events.length, 2 * most)
  sendLater()
  await world.settle()
  t.equal(player.events.length, 2 * most + 1, 'those after its end are not counted')
})

t.test('what no client can do is refused, and so is all that comes after the end', async t => {
  const told: string[] = []
  const tell = (hook: string) => () => void told.push(hook)
  const world = new TestWorld({
    hooks: {
      onDrop: tell('onDrop'),
      onResume: tell('onResume'),
      onStart: tell('onStart'),
      onStop: tell('onStop')
    }
  })
  await world.start()
  const red = await world.connect()
  await t.rejects(red.resume(), { message: 'Expected the client to be away; it is connected' })
  await red.drop()
  await t.rejects(red.drop(), { message: 'Expected the client to be connected; it is away' })
  await red.resume()
  await red.leave()
  await t.rejects(red.drop(), { message: /gone: its session has ended/ })
  await t.rejects(red.resume(), { message: /gone: its session has ended/ })
  t.same(told.splice(0), ['onStart', 'onDrop', 'onResume'])
  const blue = world.join()
  const { app } = world
  const asked: Promise<unknown>[] = []
  const ask = () => {
    asked.push(
      app.asend('red', 'tick'),
      app.channel('hall').size(),
      app.sessions.agetByUid('test-gateway', 'red')
    )
  }
  const running = blue.call(async (_body: unknown, session: BackendSession) => {
    ask()
    await world.close()
    await world.close()
    asked.push(
      session.abind('blue'),
      session.aupdate('n', (n = 0) => n + 1)
    )
  }, {})
  await t.rejects(running, { message: 'The world is closed' })
  ask()
  t.equal(asked.length, 8)
  for (const each of asked) await t.rejects(each, { message: 'The world is closed' })
  t.same(told, ['onStop'])
  const closed = { message: 'The world is closed' }
  await t.rejects(world.connect(), closed)
  await t.rejects(blue.call(pretend, { points: 1 }), closed)
  await t.rejects(world.settle(), closed)
  t.throws(() => world.join(), closed)
})

t.test('a uid that a gateway refuses is refused', async t => {
  const world = new TestWorld()
  t.teardown(() => world.close())
  for (const uid of ['', 5, {}, 'x'.repeat(257)]) {
    const init = { uid } as { uid: string }
    t.throws(() => world.join(init), { code: 'UID_INVALID' })
    await t.rejects(world.connect(init), { code: 'UID_INVALID' })
  }
  t.equal((await world.connect({ uid: 'x'.repeat(256) })).isOpen, true)
})

t.test('a name that a world does not know is refused', async t => {
  const unknown = (message: RegExp) => ({ code: 'OPTION_INVALID', message })
  t.throws(
    () => new TestWorld({ hook: {} } as object),
    unknown(/^TestWorld has no `hook`: did you mean `hooks`\?$/)
  )
  const folders = [{ folder: 'match', hooks: {}, affinty: 'room' }]
  t.throws(() => new TestWorld({ folders }), unknown(/^A folder of TestWorld has no `affinty`: did you mean/))
  const world = new TestWorld()
  t.teardown(() => world.close())
  const wanted = unknown(/^A session has no `uuid`: did you mean `uid`\?$/)
  t.throws(() => world.join({ uuid: 'red' } as object), wanted)
  await t.rejects(world.connect({ uuid: 'red' } as object), wanted)
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

t.test('what is under way when a world is closed rejects, and what comes later', async t => {
  const closed = { message: 'The world is closed' }
  const late: TestSession[] = []
  for (const [what, hooks, run] of [
    ['a call', { onStop: () => {} }, (world: TestWorld) => world.join().call(never, {})],
    ['onConnect', { onConnect: never }, (world: TestWorld) => world.connect().then(() => {})],
    ['onStart', { onStart: never }, (world: TestWorld) => world.start()],
    ['onClose', { onClose: never }, (world: TestWorld) => world.join().leave()],
    ['onDrop', { onDrop: never }, (world: TestWorld) => world.join().drop()]
  ] as const) {
    const world = new TestWorld({ hooks })
    const running = run(world)
    late.push(world.join())
    await Promise.all([t.rejects(running, closed, what), world.close()])
  }
  for (const session of late)
    for (const act of ['leave', 'drop', 'resume'] as const) await t.rejects(session[act](), closed, act)
})

t.test('an onStop that does not end ends with its world', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const world = new TestWorld({ hooks: { onStop: never } })
  await world.start()
  await t.rejects(world.start(), { message: 'The world has started: onStart runs once' })
  await t.rejects(world.close(), { message: 'onStop has not ended within 4000 ms' })
  t.throws(() => world.join(), { message: 'The world is closed' })
})

t.test('what is no world, session or handler is refused by what was expected', async t => {
  const refused = (message: string) => ({ code: 'OPTION_INVALID', message })
  const odd = (value: unknown) => new TestWorld(value as TestHooksInit)
  t.throws(() => odd(null), refused('Expected TestWorld to be given an object, got null'))
  t.throws(() => odd([]), refused('Expected TestWorld to be given an object, got an array'))
  t.throws(() => odd({ folders: 1 }), refused('Expected `folders` to be a list, got 1 (number)'))
  t.throws(() => odd({ folders: [{}] }), refused('Expected `folder` to be a path, got undefined'))
  const world = new TestWorld()
  t.teardown(() => world.close())
  t.throws(
    () => world.join('red' as never),
    refused('Expected A session to be given an object, got "red" (string)')
  )
  await t.rejects(world.join().call('score.add' as never, {}), {
    message: 'Expected the handler to call to be a function, got "score.add" (string)'
  })
})
