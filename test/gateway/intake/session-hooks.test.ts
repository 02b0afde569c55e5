/** When session hooks are handed out, withdrawn and given up, without threads. */
import t from 'tap'
import type { RequestHead, TurnTask } from '../../../shared/link/batch.js'
import { hookRoutes } from '../../../shared/link/hooks.js'
import {
  type Core,
  type CoreOptions,
  type CoreSession,
  type ScriptedWorker,
  startCore,
  tick
} from '../../helpers/core.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

const { onConnect, onDrop, onResume, onClose } = hookRoutes

/** Starts a core with these hooks and the routes `a` and `side`, of which `side` is concurrent. */
async function start(hooks: readonly string[], options: CoreOptions = {}) {
  const core = await startCore({
    workers: 1,
    routes: { a: {}, side: { concurrent: true } },
    hooks,
    ...options
  })
  const names = ['a', 'side', ...hooks]
  const nameOf = ({ route }: RequestHead) => names[route]!
  return { core, nameOf, worker: core.workers[0]! }
}

/** Returns the names of all requests that the worker holds, turn by turn. */
function handedOut({ turns }: ScriptedWorker, nameOf: (request: RequestHead) => string): string[][] {
  return turns.map(({ requests }) => requests.map(nameOf))
}

/** Starts the next request of a turn, and replies to it. */
function answer(worker: ScriptedWorker, turn: TurnTask, body = ''): RequestHead {
  const request = worker.claimNext(turn)!
  worker.outbox.reply(request.rid, body)
  worker.ready()
  return request
}

async function sweep(core: Core, ms: number): Promise<void> {
  core.clock += ms
  core.deadlines.sweep(core.clock)
  await tick()
}

t.test('onConnect is alone in its turn, and all else of its session waits for its outcome', async t => {
  const { core, nameOf, worker } = await start([onConnect])
  const player = core.connect()
  for (const route of ['a', 'side', 'a']) core.request(player, 1, route)
  await tick()
  t.same(handedOut(worker, nameOf), [[onConnect]])
  const [turn] = worker.turns.splice(0)
  t.match(JSON.parse(turn!.requests[0]!.body), { address: { ip: '127.0.0.1', port: 1 }, protocol: 'json' })
  worker.ready()
  await tick()
  t.same(worker.turns, [], 'also while the worker would take more')
  answer(worker, turn!)
  await tick()
  t.same(handedOut(worker, nameOf).sort(), [['a', 'a'], ['side']])
  await core.close()
})

t.test('a session that is refused ends, and nothing of it was handed out', async t => {
  const { core, nameOf, worker } = await start([onConnect, onClose])
  const player = core.connect()
  for (const route of ['a', 'side']) core.request(player, 1, route)
  await tick()
  answer(worker, worker.turns.shift()!, '{"reason":"no"}')
  await tick()
  t.equal(player.session.isOpen, false)
  t.same(handedOut(worker, nameOf), [[onClose]])
  t.equal(worker.turns[0]!.requests[0]!.body, '"refused"')
  await core.close()
})

t.test(
  'a session whose onConnect is answered with no refusal does not begin, and its client is told',
  async t => {
    for (const body of ['no JSON', 'null', '{"reason":5}', '[]']) {
      const { core, worker } = await start([onConnect, onClose])
      const player = core.connect()
      core.request(player, 1, 'a')
      await tick()
      answer(worker, worker.turns.shift()!, body)
      await tick()
      t.equal(player.session.isOpen, false, body)
      matchRows(t, player.endings, [{ code: 1013, reason: /^the session could not begin, / }])
      t.equal(core.pool.up.length, 1)
      await core.close()
    }
  }
)

t.test('a hook that has not started is not given up, and has its whole time when it does', async t => {
  const { core, nameOf, worker } = await start([onConnect])
  const player = core.connect()
  core.request(player, 1)
  await tick()
  await sweep(core, 20_000)
  matchRows(t, player.replies, [{ error: { code: 'TIMEOUT' } }], 'as what waits behind it is')
  t.equal(player.session.isOpen, true)
  worker.turns.splice(0)
  worker.ready()
  await tick()
  t.same(handedOut(worker, nameOf), [[onConnect]], 'it was taken back, and comes again')
  const [turn] = worker.turns
  const request = worker.claimNext(turn!)!
  await sweep(core, 9_000)
  core.request(player, 2)
  await tick()
  t.equal(player.replies.length, 1)
  await sweep(core, 2_000)
  t.equal(player.session.isOpen, false, 'who could not be greeted in time is not let in')
  matchRows(t, player.endings, [{ code: 1013, reason: /^the session could not begin, come back in \d+ ms$/ }])
  worker.outbox.reply(request.rid, '{"reason":"too late"}')
  worker.ready()
  await tick()
  t.equal(player.endings.length, 1, 'what it says after its deadline has no effect')
  await core.close()
})

t.test('who comes back was greeted before, and is let in where onConnect is cut off', async t => {
  for (const ending of ['dies', 'is overdue']) {
    const { core, nameOf } = await start([onConnect], { workers: 2 })
    const player = core.connect()
    await tick()
    const first = core.workers.find(each => each.turns.length > 0)!
    answer(first, first.turns.shift()!)
    await tick()
    core.registry.resume(player.session, { protocol: 'json' })
    core.request(player, 1)
    await tick()
    const again = core.workers.find(each => each.turns.length > 0)!
    t.same(handedOut(again, nameOf), [[onConnect]])
    const [turn] = again.turns.splice(0)
    t.match(JSON.parse(turn!.requests[0]!.body), { resumed: true })
    again.claimNext(turn!)
    if (ending === 'dies') again.die(new Error('its thread has ended'))
    else await sweep(core, 11_000)
    core.request(player, 2)
    for (const each of core.workers) each.ready()
    await tick()
    t.same(player.endings, [], ending)
    const last = core.workers.find(each => each.turns.length > 0)
    t.ok(last !== undefined && handedOut(last, nameOf).flat().includes('a'), 'and what it asks for is run')
    await core.close()
  }
})

t.test('a session that ends before its onConnect has started has an onClose', async t => {
  const { core, nameOf, worker } = await start([onConnect, onClose])
  const player = core.connect()
  core.registry.kick(player.session, 'out')
  await tick()
  t.same(handedOut(worker, nameOf), [[onClose]])
  t.equal(worker.turns[0]!.requests[0]!.body, '"out"')
  await core.close()
})

t.test('onClose waits for what had started, and no longer than until its deadline', async t => {
  for (const ending of ['ends', 'dies', 'is overdue']) {
    const { core, nameOf, worker } = await start([onClose], { workers: 2 })
    const player = core.connect()
    core.request(player, 1, 'side')
    core.request(player, 2)
    await tick()
    const busy = core.workers.find(each => each.turns.length > 0)!
    const turns = core.workers.flatMap(each => each.turns.splice(0).map(turn => ({ each, turn })))
    const started = turns.map(({ each, turn }) => ({ each, request: each.claimNext(turn)! }))
    t.equal(started.length, 2)
    core.registry.kick(player.session, null)
    for (const each of core.workers) each.ready()
    await tick()
    const all = () => core.workers.flatMap(each => handedOut(each, nameOf))
    t.same(all(), [])
    if (ending === 'ends') {
      for (const { each, request } of started) {
        t.same(all(), [], 'both must end')
        each.outbox.reply(request.rid, '')
        each.flush()
        await tick()
      }
    } else if (ending === 'dies')
      for (const each of new Set(started.map(({ each }) => each))) each.die(new Error('x'))
    else await sweep(core, 11_000)
    await until('it is handed out', () => all().length > 0)
    t.same(all(), [[onClose]], ending)
    t.ok(busy && worker)
    await core.close()
  }
})

t.test(
  'an onClose that had not started in a worker that ends runs in another; one that had does not',
  async t => {
    const { core, nameOf } = await start([onClose])
    const hold = async () => {
      const player = core.connect()
      core.registry.kick(player.session, null)
      await until('it is handed out', () => core.workers.at(-1)!.turns.length > 0)
      return core.workers.at(-1)!
    }
    const first = await hold()
    first.die(new Error('the first'))
    await until('it runs elsewhere', () => core.workers.length === 2 && core.workers[1]!.turns.length > 0)
    const second = core.workers[1]!
    t.same(handedOut(second, nameOf), [[onClose]])
    second.claimNext(second.turns[0]!)
    second.die(new Error('the second'))
    await until('there is a third', () => core.pool.up.length === 1)
    core.request(core.connect(), 1)
    await tick()
    t.same(handedOut(core.workers[2]!, nameOf), [['a']], 'only what has come since')
    await core.close()
  }
)

t.test('without a worker onConnect waits, and what is behind it is refused', async t => {
  const { core, nameOf, worker } = await start([onConnect])
  core.failStarts = true
  worker.die(new Error('gone'))
  await until('nobody is up', () => core.pool.places.length === 0)
  const player = core.connect()
  for (const route of ['a', 'side']) core.request(player, 1, route)
  matchRows(t, player.replies, [{ error: { code: 'NO_WORKER' } }])
  core.failStarts = false
  await until('it is handed out', () => core.workers.at(-1)!.turns.length > 0)
  t.same(handedOut(core.workers.at(-1)!, nameOf), [[onConnect]])
  await core.close()
})

/** Lets the worker run what it has, and all that becomes due by that. Returns the names, in order. */
async function runOn(worker: ScriptedWorker, nameOf: (request: RequestHead) => string): Promise<string[]> {
  const ran: string[] = []
  for (await tick(); worker.turns.length > 0; await tick()) {
    for (const turn of worker.turns.splice(0)) {
      for (let next = worker.claimNext(turn); next !== undefined; next = worker.claimNext(turn)) {
        worker.outbox.reply(next.rid, '')
        ran.push(nameOf(next))
      }
    }
    worker.ready()
  }
  return ran
}

const drop = ({ registry }: Core, { session }: CoreSession) => registry.drop(session, 'lost', 60_000)
const resume = ({ registry }: Core, { session }: CoreSession) =>
  registry.resume(session, { protocol: 'pomelo' })

t.test('onDrop and onResume have their places among the requests of the session', async t => {
  const { core, nameOf, worker } = await start([onConnect, onDrop, onResume, onClose])
  const player = core.connect()
  t.same(await runOn(worker, nameOf), [onConnect])
  core.request(player, 1)
  await tick()
  drop(core, player)
  const [first] = worker.turns.splice(0)
  answer(worker, first!)
  await tick()
  t.same(handedOut(worker, nameOf), [[onDrop]], 'after what had come before')
  t.same(JSON.parse(worker.turns[0]!.requests[0]!.body), { reason: 'lost', endsAt: 61_000 })
  const [dropping] = worker.turns.splice(0)
  const started = worker.claimNext(dropping!)!
  core.clock += 250
  resume(core, player)
  core.request(player, 2)
  worker.ready()
  t.same(await runOn(worker, nameOf), [], 'all waits for an onDrop that has started')
  worker.outbox.reply(started.rid, '')
  worker.ready()
  await tick()
  t.same(await runOn(worker, nameOf), [onConnect, onResume, 'a'])
  core.registry.kick(player.session, null)
  t.same(await runOn(worker, nameOf), [onClose])
  await core.close()
})

t.test('onResume is told the address and for how long the client was away', async t => {
  const { core, worker } = await start([onResume])
  const player = core.connect()
  drop(core, player)
  core.clock += 250
  resume(core, player)
  await tick()
  t.same(JSON.parse(worker.turns[0]!.requests[0]!.body), {
    address: { ip: '127.0.0.1', port: 1 },
    awayFor: 250
  })
  await core.close()
})

t.test('an absence that is over before its onDrop has started is told to nobody', async t => {
  for (const isProcess of [false, true]) {
    const { core, nameOf, worker } = await start([onDrop, onResume], { isProcess })
    const player = core.connect()
    core.request(player, 1)
    await tick()
    const [busy] = worker.turns.splice(0)
    for (let round = 0; round < 5; round++) {
      drop(core, player)
      resume(core, player)
    }
    drop(core, player)
    core.request(player, 2)
    t.equal(core.requests.undecided, 3, 'nothing piles up')
    answer(worker, busy!)
    t.same(await runOn(worker, nameOf), [onDrop, 'a'], 'the last absence is not over')
    t.equal(core.requests.isEmpty, true)
    await core.close()
  }
})

t.test('an onDrop that was handed out and had not started is taken back, where that can be', async t => {
  for (const isProcess of [false, true]) {
    const { core, nameOf, worker } = await start([onDrop, onResume], { isProcess })
    const player = core.connect()
    drop(core, player)
    await tick()
    t.same(handedOut(worker, nameOf), [[onDrop]])
    resume(core, player)
    core.request(player, 1)
    t.same(await runOn(worker, nameOf), isProcess ? [onDrop, onResume, 'a'] : ['a'])
    await core.close()
  }
})

t.test('a return takes nothing from who got the place of its onDrop in the worker', async t => {
  const { core, nameOf, worker } = await start([onDrop, onResume])
  const [player, other] = [core.connect(), core.connect()]
  drop(core, player)
  t.same(await runOn(worker, nameOf), [onDrop])
  core.request(other, 1)
  await tick()
  resume(core, player)
  t.same(await runOn(worker, nameOf), ['a', onResume])
  matchRows(t, other.replies, [{ id: 1 }])
  t.equal(core.requests.isEmpty, true)
  await core.close()
})

t.test('pairs keep their order however fast a client comes and goes', async t => {
  const { core, nameOf, worker } = await start([onDrop, onResume])
  const player = core.connect()
  drop(core, player)
  await tick()
  const [slow] = worker.turns.splice(0)
  const started = worker.claimNext(slow!)!
  for (let round = 0; round < 10; round++) {
    resume(core, player)
    drop(core, player)
  }
  t.equal(core.requests.undecided, 3, 'the one that runs, its onResume, and the newest onDrop')
  worker.outbox.reply(started.rid, '')
  worker.ready()
  await tick()
  t.same(await runOn(worker, nameOf), [onResume, onDrop])
  resume(core, player)
  t.same(await runOn(worker, nameOf), [onResume])
  await core.close()
})

t.test('a game with onResume alone is told once of returns that it has not noticed yet', async t => {
  const { core, nameOf, worker } = await start([onResume])
  const player = core.connect()
  core.request(player, 1)
  await tick()
  const [busy] = worker.turns.splice(0)
  for (let round = 0; round < 5; round++) {
    drop(core, player)
    resume(core, player)
  }
  answer(worker, busy!)
  t.same(await runOn(worker, nameOf), [onResume])
  await core.close()
})

t.test('a return that waits to be told is told in the gateway to which the session moves', async t => {
  for (const isNoticed of [false, true]) {
    const [home, away] = [
      await start([onConnect, onDrop, onResume]),
      await start([onConnect, onDrop, onResume])
    ]
    const player = home.core.connect()
    await runOn(home.worker, home.nameOf)
    drop(home.core, player)
    t.same(await runOn(home.worker, home.nameOf), [onDrop])
    home.core.clock += 250
    resume(home.core, player)
    await tick()
    t.same(handedOut(home.worker, home.nameOf), [[onConnect]], 'onResume waits behind it')
    if (isNoticed) drop(home.core, player)
    const absence = home.core.hooks.moveOut(player.session)
    t.match(absence, { awayFor: isNoticed ? 0 : 250, untold: [] })

    const moved = away.core.connect()
    await runOn(away.worker, away.nameOf)
    away.core.hooks.moveIn(moved.session, absence, true)
    resume(away.core, moved)
    t.same(await runOn(away.worker, away.nameOf), [onConnect, onResume])
    await Promise.all([home.core.close(), away.core.close()])
  }
})

t.test('a return that was told already is not told again after a move', async t => {
  const hooks = ['_hooks.onDrop', '_hooks.onResume', 'room._hooks.onDrop', 'room._hooks.onResume']
  const { core, nameOf, worker } = await start(hooks)
  const player = core.connect()
  drop(core, player)
  await runOn(worker, nameOf)
  resume(core, player)
  await tick()
  const [turn] = worker.turns.splice(0)
  t.equal(nameOf(worker.claimNext(turn!)!), '_hooks.onResume')
  t.match(core.hooks.moveOut(player.session), { untold: ['_hooks'] }, 'only that of the room is due')
  await core.close()
})

t.test('a client that takes its session over before the loss was noticed was not away', async t => {
  const { core, nameOf, worker } = await start([onConnect, onDrop, onResume])
  const player = core.connect()
  t.same(await runOn(worker, nameOf), [onConnect])
  resume(core, player)
  t.same(await runOn(worker, nameOf), [onConnect])
  await core.close()
})

t.test('an onDrop that fails, hangs or ends its worker costs nobody the onResume', async t => {
  for (const ending of ['fails', 'hangs', 'dies']) {
    const { core, nameOf, worker } = await start([onDrop, onResume])
    const player = core.connect()
    drop(core, player)
    await tick()
    const [turn] = worker.turns.splice(0)
    const started = worker.claimNext(turn!)!
    resume(core, player)
    core.request(player, 1)
    if (ending === 'fails') worker.outbox.failed(started.rid, { code: 'INTERNAL', message: 'x' })
    if (ending === 'hangs') await sweep(core, 11_000)
    core.request(player, 2)
    if (ending === 'dies') worker.die(new Error('gone'))
    else worker.ready()
    await until('a worker is up', () => core.pool.up.length === 1)
    const names = await runOn(core.workers.at(-1)!, nameOf)
    t.same(names, ending === 'hangs' ? [onResume, 'a'] : [onResume, 'a', 'a'], ending)
    t.equal(player.session.isOpen, true)
    await core.close()
  }
})

t.test('a session that ends while its client is away has an onClose, and no onDrop after it', async t => {
  const { core, nameOf, worker } = await start([onDrop, onResume, onClose])
  const player = core.connect()
  drop(core, player)
  core.registry.kick(player.session, 'out')
  t.same(await runOn(worker, nameOf), [onClose])
  await core.close()
})

t.test('once the gateway closes no onDrop runs', async t => {
  const { core, nameOf, worker } = await start([onDrop, onResume, onClose])
  const player = core.connect()
  core.hooks.expectClose()
  drop(core, player)
  t.same(await runOn(worker, nameOf), [])
  core.registry.kick(player.session, 'out')
  t.same(await runOn(worker, nameOf), [onClose])
  await core.close()
})

t.test('hooks of several folders run one after the other, each where its handlers run', async t => {
  const names = ['onDrop', 'onResume', 'onClose'].flatMap(name => [
    `_hooks.${name}`,
    `room._hooks.${name}`,
    `user._hooks.${name}`
  ])
  const core = await startCore({
    workers: 4,
    hooks: names,
    hookOptions: { room: { affinity: 'room' }, user: { affinity: 'uid' } },
    routes: { 'room.a': { affinity: 'room' }, 'user.a': { affinity: 'uid' } }
  })
  const nameOf = ({ route }: RequestHead) => ['room.a', 'user.a', ...names][route]!
  const ran: { readonly name: string; readonly worker: number }[] = []
  const settle = async () => {
    for (await tick(); core.workers.some(({ turns }) => turns.length > 0); await tick())
      for (const worker of core.workers)
        for (const request of worker.runAll()) ran.push({ name: nameOf(request), worker: worker.index })
    return ran.splice(0)
  }
  for (let i = 0; i < 20; i++) {
    const player = core.connect()
    core.registry.bind(player.session, `user ${i}`)
    player.session.changeKey('room', `"room ${i}"`, 0, { maxSettingsKeys: 9, maxSettingsLength: 999 })
    core.request(player, 1, 'room.a')
    core.request(player, 2, 'user.a')
    const [room, user] = await settle()
    drop(core, player)
    const dropped = await settle()
    t.same(
      dropped.map(({ name }) => name),
      ['user._hooks.onDrop', 'room._hooks.onDrop', '_hooks.onDrop'],
      'from the inside out'
    )
    resume(core, player)
    const resumed = await settle()
    t.same(
      resumed.map(({ name }) => name),
      ['_hooks.onResume', 'room._hooks.onResume', 'user._hooks.onResume'],
      'from the outside in'
    )
    core.registry.kick(player.session, 'out')
    const closed = await settle()
    t.same(
      closed.map(({ name }) => name),
      ['user._hooks.onClose', 'room._hooks.onClose', '_hooks.onClose']
    )
    for (const { name, worker } of [...dropped, ...resumed, ...closed]) {
      if (name.startsWith('room')) t.equal(worker, room!.worker, `${name} of room ${i}`)
      if (name.startsWith('user')) t.equal(worker, user!.worker, `${name} of user ${i}`)
    }
  }
  const stranger = core.connect()
  drop(core, stranger)
  core.registry.kick(stranger.session, 'out')
  t.same(
    (await settle()).map(({ name }) => name),
    ['_hooks.onClose'],
    'who is in no room concerns no room'
  )
  await core.close()
})
