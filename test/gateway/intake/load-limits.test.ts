/** How long accepted requests wait under overload. The test's own clock advances by a millisecond a step. */

import t from 'tap'
import { percentile } from '../../../bench/figures/percentile.js'
import { LoadLimits, type RateLimits } from '../../../gateway/intake/load-limits.js'
import { RouteTable } from '../../../gateway/sessions/routes.js'
import { noLimits } from '../../../shared/values/settings-text.js'
import { type Core, type CoreSession, startCore, tick } from '../../helpers/core.js'
import { matchRows } from '../../helpers/match-rows.js'

const maxQueueDelay = 200

const limits: RateLimits = {
  maxRequestsPerSecond: 0,
  maxBytesPerSecond: 0,
  maxOpenRequests: 100_000,
  maxOpenBytes: 1_000_000,
  maxQueueDelay
}

/** Returns the verdict on each request of a session that sends so many a second for two minutes. */
async function judgeAll(perSecond: number, rates: Partial<RateLimits>, rateLimit?: number) {
  const core = await startCore()
  const { session } = core.connect()
  const init = { limits: { ...limits, ...rates }, requests: core.requests, queue: core.queue }
  const loadLimits = new LoadLimits(init)
  const route = routeOf(rateLimit === undefined ? {} : { rateLimit })
  const verdicts = Array.from({ length: 120 * perSecond }, (_, i) =>
    loadLimits.judge(session, route, request, 1_000 + (i * 1_000) / perSecond)
  )
  await core.close()
  return verdicts
}

/** Whether a session that sends so many requests a second for two minutes is closed. */
async function isFlood(perSecond: number, rates: Partial<RateLimits>) {
  return (await judgeAll(perSecond, rates)).includes('flood')
}

/** An incoming request. */
const request = { body: 'ten bytes.', size: 10 }

/** Returns a route as the intake sees it. The core finds its own by the same name. */
function routeOf(options: { affinity?: string; rateLimit?: number } = {}) {
  const table = new RouteTable()
  table.offer([{ route: 'a', file: 'scripted', options }])
  return table.find('a')!
}

t.test('a rate that a reload has changed holds for a session that has used the route before', async t => {
  const core = await startCore()
  t.teardown(() => core.close())
  const { session } = core.connect()
  const loadLimits = new LoadLimits({ limits, requests: core.requests, queue: core.queue })
  const table = new RouteTable()
  const accepted = (rateLimit: number, now: number) => {
    table.offer([{ route: 'a', file: 'scripted', options: { rateLimit } }])
    const route = table.find('a')!
    const verdicts = Array.from({ length: 100 }, () => loadLimits.judge(session, route, request, now))
    return verdicts.filter(verdict => verdict === undefined).length
  }
  t.equal(accepted(1, 1_000), 2)
  t.equal(accepted(1, 1_000), 0, 'a reload that leaves the rate as it is gives nothing')
  t.equal(accepted(40, 1_001), 80)
  t.equal(accepted(2, 1_002), 4)
})

interface Told {
  readonly admitted: number
  readonly refused: number
  readonly ran: number
  /** Milliseconds from arrival to start, for each request that has run. */
  readonly waits: readonly number[]
}

/** Sends requests of players that are chosen at random. Each worker runs one a millisecond. */
class Play {
  readonly #core: Core
  readonly #loadLimits: LoadLimits
  readonly #players: readonly CoreSession[]
  readonly #cameAt = new Map<string, number>()
  readonly #busy = new Map<number, number>()
  readonly #route = routeOf()
  #came = 0
  #random = 1

  constructor(core: Core, players: readonly CoreSession[]) {
    this.#core = core
    this.#players = players
    this.#loadLimits = new LoadLimits({ limits, requests: core.requests, queue: core.queue })
  }

  async go(ms: number, perMs: number): Promise<Told> {
    const told = { admitted: 0, refused: 0, ran: 0, waits: [] as number[] }
    for (let end = this.#core.clock + ms; this.#core.clock < end; this.#core.clock++) {
      for (let i = 0; i < perMs; i++)
        if (this.#arrive()) told.admitted++
        else told.refused++
      await tick()
      for (const wait of this.#serve()) {
        told.ran++
        told.waits.push(wait)
      }
      await tick()
    }
    return told
  }

  #arrive(): boolean {
    const { clock } = this.#core
    const id = ++this.#came
    // Random, but the same in each run.
    this.#random = Math.imul(this.#random, 1_664_525) + 1_013_904_223
    const player = this.#players[(this.#random >>> 16) % this.#players.length]!
    if (this.#loadLimits.judge(player.session, this.#route, request, clock) !== undefined) return false
    this.#cameAt.set(`${player.session.sid}:${id}`, clock)
    this.#core.request(player, id)
    return true
  }

  #serve(): number[] {
    const { clock, workers } = this.#core
    const waits: number[] = []
    for (const worker of workers) {
      const turn = worker.turns[0]
      if (turn === undefined) continue
      const request = worker.claimNext(turn)
      if (request !== undefined) {
        waits.push(clock - this.#cameAt.get(request.body)!)
        worker.outbox.reply(request.rid, request.body)
        this.#busy.set(worker.index, (this.#busy.get(worker.index) ?? 0) + 1)
        worker.flush()
      }
      if (request === undefined || request === turn.requests.at(-1)) worker.turns.shift()
      if (worker.turns.length > 0) continue
      const ran = this.#busy.get(worker.index) ?? 0
      this.#busy.set(worker.index, 0)
      worker.ready(ran, ran * 1_000)
    }
    return waits
  }
}

for (const [what, sessions] of [
  ['many sessions', 2_000],
  ['few sessions, whose lanes get long', 20]
] as const) {
  for (const times of [3, 10]) {
    t.test(`${what}, ${times} times the capacity: who is let in waits less than twice the limit`, async t => {
      const core = await startCore({ workers: 2, laneLimit: 10_000, maxQueueDelay })
      const players = Array.from({ length: sessions }, () => core.connect())
      const play = new Play(core, players)
      const quiet = await play.go(500, 1)
      t.equal(quiet.refused, 0)
      const { ran, waits, refused } = await play.go(3_000, 2 * times)
      t.ok(ran >= 0.95 * 2 * 3_000, `${ran} ran`)
      const p99 = percentile(waits, 0.99)
      t.ok(p99 < 2 * maxQueueDelay, `99 % have waited ${p99} ms at most`)
      t.ok(refused > 0.9 * (2 * times - 2) * 3_000 - 2 * maxQueueDelay * 2, `${refused} were refused`)
      await play.go(2 * maxQueueDelay, 1)
      const after = await play.go(500, 1)
      t.equal(after.refused, 0, 'and when it is over nobody is refused')
      t.ok(Math.max(...after.waits) < 10, 'nor waits')
      await core.close()
    })
  }
}

t.test('a burst that workers can do in time is let in', async t => {
  const core = await startCore({ workers: 2, laneLimit: 10_000, maxQueueDelay })
  const play = new Play(
    core,
    Array.from({ length: 500 }, () => core.connect())
  )
  for (let i = 0; i < 5; i++) {
    const burst = await play.go(10, 30)
    t.equal(burst.refused, 0)
    await play.go(300, 0)
  }
  await core.close()
})

t.test(
  'who sends more than 1.25 times their rate is closed in the end, and who sends less is not',
  async t => {
    t.notOk(await isFlood(12, { maxRequestsPerSecond: 10 }))
    for (const perSecond of [14, 15, 19, 40])
      t.ok(await isFlood(perSecond, { maxRequestsPerSecond: 10 }), `${perSecond} requests of 10`)
    t.notOk(await isFlood(12, { maxBytesPerSecond: 100 }))
    t.ok(await isFlood(14, { maxBytesPerSecond: 100 }))
  }
)

t.test("a route's own rate refuses, and closes nobody", async t => {
  const verdicts = await judgeAll(50, { maxRequestsPerSecond: 60 }, 1)
  const refused = verdicts.filter(verdict => verdict !== undefined)
  // One a second is accepted, and at first a burst of two.
  t.equal(verdicts.length - refused.length, 121)
  for (const verdict of new Set(refused.map(each => (each === 'flood' ? each : each.code))))
    t.equal(verdict, 'RATE_LIMITED')
})

t.test('who belongs to a worker that is behind is refused, and others are not', async t => {
  const core = await startCore({ workers: 2, routes: { a: {}, pinned: { affinity: 'room' } }, maxQueueDelay })
  const loadLimits = new LoadLimits({ limits, requests: core.requests, queue: core.queue })
  const inRoom = () => {
    const player = core.connect()
    player.session.changeKey('room', '"red"', 0, noLimits)
    return player
  }
  const players = [inRoom(), inRoom(), inRoom()]
  core.request(players[0]!, 1, 'pinned')
  await tick()
  core.request(players[1]!, 2, 'pinned')
  await tick()
  core.clock += maxQueueDelay + 1
  const pinned = routeOf({ affinity: 'room' })
  t.match(loadLimits.judge(players[2]!.session, pinned, request, core.clock), { code: 'OVERLOADED' })
  t.equal(loadLimits.judge(core.connect().session, routeOf(), request, core.clock), undefined)
  await core.close()
})

t.test('a request whose deadline passes while it waits is answered, and is not run', async t => {
  const core = await startCore({
    workers: 1,
    routes: { a: {}, short: { timeout: 100 }, long: { timeout: 0 } }
  })
  const first = core.connect()
  const others = Array.from({ length: 3 }, () => core.connect())
  core.request(first, 1)
  await tick()
  for (const [i, route] of ['short', 'long', 'a'].entries()) core.request(others[i]!, 1, route)
  await tick()
  core.clock += 150
  const [worker] = core.workers
  const ran: string[] = []
  for (let i = 0; i < 6; i++) {
    ran.push(...worker!.runAll().map(({ body }) => body))
    await tick()
  }
  t.equal(ran.length, 3, 'all but one')
  matchRows(t, others[0]!.replies, [
    { error: { code: 'TIMEOUT', message: /"short" was not answered within 100 ms/ } }
  ])
  t.equal(core.requests.waiting, 0)
  await core.close()
})
