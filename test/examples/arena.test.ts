/** The arena's handlers, played over the gateway by Sallyport's own client. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Client } from '../../client/index.js'
import { mostPlayers, Room, type Tick } from '../../examples/arena/handlers/_room.js'
import type { ArenaSettings } from '../../examples/arena/handlers/_world.js'
import { choose, enter } from '../../examples/arena/handlers/arena.js'
import { TestGateway, TestWorld } from '../../testing/index.js'
import { matchRows } from '../helpers/match-rows.js'
import { root } from '../helpers/paths.js'
import { until } from '../helpers/until.js'

const handlers = join(root, 'dist/examples/arena/handlers')

class Runner {
  readonly client: Client
  /** The newest tick, and the number of ticks. */
  tick: Tick | undefined
  ticks = 0
  me = 0

  constructor(client: Client) {
    this.client = client
    client.on('arena.tick', body => {
      this.tick = body as Tick
      this.ticks++
    })
  }

  async enter(name: string, room = 'North') {
    await this.client.request('arena.choose', { name, room })
    return this.enterAgain()
  }

  async enterAgain() {
    const entered = (await this.client.request('arena.enter')) as { me: number; born: number; found: number }
    this.me = entered.me
    return entered
  }

  at(id = this.me) {
    return this.tick?.players.find(player => player.id === id)
  }
}

async function start(t: Test, count: number) {
  const game = await TestGateway.start({ handlers, workers: 2, workerArgv: [] })
  t.teardown(() => game.close())
  const players = await Promise.all(Array.from({ length: count }, () => game.connect()))
  const runners = players.map(({ client }) => new Runner(client))
  return { gateway: game.gateway, runners: runners as [Runner, Runner] }
}

t.test('players of one room see each other run, tick by tick', async t => {
  const { runners } = await start(t, 2)
  const [red, blue] = runners
  await red.enter('Red')
  await blue.enter('Blue')
  await until('each sees both', () => runners.every(each => each.tick?.players.length === 2))
  const before = blue.at(red.me)!.x
  const direction = before > 400 ? -1 : 1
  red.client.notify('arena.move', { dx: direction, dy: 0 })
  await until('Blue sees Red run', () => (blue.at(red.me)!.x - before) * direction > 50)
  red.client.notify('arena.move', { dx: 0, dy: 0 })
  t.equal(blue.at()?.name, 'Blue')
  t.ok(blue.ticks > 5)
})

t.test('who leaves, or is gone, is in no tick any more; an empty room ceases', async t => {
  const { gateway, runners } = await start(t, 2)
  const [red, blue] = runners
  const { born } = await red.enter('Red')
  await blue.enter('Blue')
  await until('both are there', () => red.tick?.players.length === 2)
  blue.client.close()
  await until('Blue is gone', () => red.tick?.players.length === 1)
  await red.client.request('arena.leave')
  t.equal(gateway.channel('arena North').size, 0)
  t.not((await red.enter('Red')).born, born, 'it is another room of that name')
})

t.test("a room's worker ends: sessions and what they hold stay, and the room begins anew", async t => {
  const { gateway, runners } = await start(t, 2)
  const [red, blue] = runners
  const { born } = await red.enter('Red')
  await blue.enter('Blue')
  await until('Red has found a coin', () => {
    const [me, coin] = [red.at(), red.tick?.coins[0]]
    if (me !== undefined && coin !== undefined) {
      const [dx, dy] = [coin.x - me.x, coin.y - me.y].map(way => Math.max(-1, Math.min(1, way / 20)))
      red.client.notify('arena.move', { dx, dy })
    }
    return (red.at()?.coins ?? 0) > 0
  })
  await until('it is kept', () => gateway.sessions.get(red.me)?.get('found') !== undefined)
  await t.rejects(blue.client.request('arena.crash'), { code: 'HANDLER_FATAL' })
  const again = await red.enterAgain()
  t.not(again.born, born)
  t.ok(again.found > 0, 'what was kept in the session is there')
  await until('ticks come again', () => red.tick?.born === again.born)
  t.same(
    red.tick?.players.map(({ id }) => id),
    [red.me],
    'the room knows nobody but who has entered'
  )
  t.match(gateway.metrics(), { sessions: 2, sessionsOpened: 2, workersLost: 1 })
})

t.test('a coin that is found while its player chooses a room is kept', async t => {
  const world = new TestWorld()
  t.teardown(() => world.close())
  const red = world.join({ settings: { found: 1 } })
  const chooseLate: typeof choose = async (body, session, context) => {
    // As the room's clock does, after this request has got its copy of the session.
    const newest = await world.app.sessions.aget<ArenaSettings>(session.frontendId, session.id)
    await newest!.aupdate('found', (found = 0) => found + 1)
    return choose(body, session, context)
  }
  await red.call(chooseLate, { name: 'Red', room: 'North' })
  t.same(red.settings, { found: 2, name: 'Red', room: 'North' })
})

t.test('a full room takes no newcomer, but a player who is in it may enter again', async t => {
  const world = new TestWorld()
  t.teardown(() => world.close())
  const players = Array.from({ length: mostPlayers + 1 }, () => world.join())
  for (const player of players) await player.call(choose, { name: 'Red', room: 'Full' })
  const newcomer = players.pop()!
  for (const player of players) await player.call(enter)
  await t.rejects(newcomer.call(enter), { code: 'ROOM_FULL' })
  const [first] = players
  t.match(await first!.call(enter), { me: first!.id, room: 'Full' })
})

t.test('what is asked for wrongly is refused with its reason', async t => {
  const { runners } = await start(t, 1)
  const [{ client }] = runners
  await t.rejects(client.request('arena.enter'), { code: 'NO_ROOM' })
  const rule = "has 1 to 16 letters, digits, spaces and . _ - ', and begins with a letter or a digit"
  for (const wrong of ['<b>', '-x', '', 5, 'a'.repeat(17)]) {
    await t.rejects(client.request('arena.choose', { name: wrong, room: 'North' }), {
      code: 'NAME_INVALID',
      message: `Your name ${rule}`
    })
    await t.rejects(client.request('arena.choose', { name: 'Red', room: wrong }), {
      code: 'ROOM_INVALID',
      message: `The room's name ${rule}`
    })
  }
  await t.rejects(client.request('arena.move', { dx: 2, dy: 0 }), { code: 'DIRECTION_INVALID' })
  await t.rejects(client.request('arena.move'), { code: 'DIRECTION_INVALID' })
})

t.test('a room: nobody runs faster askew, nor out of it, and a coin is found once', async t => {
  const room = new Room(() => 0.5)
  room.add(1, 'Red')
  t.same(room.run(), Array(12).fill(1), 'all coins lie where the player stands')
  room.turn(1, 1, 1)
  const [from] = room.describe().players
  room.run()
  const [to] = room.describe().players
  t.ok(Math.hypot(to!.x - from!.x, to!.y - from!.y) < 10)
  for (let i = 0; i < 200; i++) room.run()
  matchRows(t, room.describe().players, [{ x: 786, y: 466 }])
  room.turn(2, 1, 1)
  t.equal(room.size, 1, 'who is not there does not run')
})
