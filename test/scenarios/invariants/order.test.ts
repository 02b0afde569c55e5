/** Order and read-your-writes, through real sockets and real threads, under pipelining. */
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket } from 'ws'
import type { AuthenticationAnswer } from '../../../gateway/index.js'
import { startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import type { Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const sockets = 50
const inFlight = 16
const each = 2_000

/** The routes, each with its share of 100 requests. */
const mix = [
  ['counter.sync', 45],
  ['counter.async', 45],
  ['counter.timer', 5],
  ['counter.immediate', 5]
] as const

function* routes(seed: number): Generator<string> {
  // A generator of our own, so that a failed run can be repeated with its seed.
  let state = seed
  for (;;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    let at = (state >>> 8) % 100
    for (const [route, share] of mix) {
      if (at < share) {
        yield route
        break
      }
      at -= share
    }
  }
}

/** Opens the gate in both workers: it sends so many requests at once that both get some. */
async function openGates(player: Player, gate: string): Promise<void> {
  const opened = new Set<number>()
  while (opened.size < 2) {
    const open = () => Array.from({ length: 10 }, () => player.request('gate.open', { gate }))
    for (const { worker } of await Promise.all(player.atOnce(open))) opened.add(worker)
  }
}

t.test(
  `${sockets} sockets with ${inFlight} requests in flight each count without a gap, sync and async handlers mixed`,
  async t => {
    const { gateway } = await startWithTwoWorkers(t, 'lanes')
    const workers = new Set<number>()
    const seed = Math.floor(Math.random() * 1e9)
    t.comment(`seed ${seed}`)
    const play = (index: number) =>
      new Promise<number[]>((resolve, reject) => {
        const route = routes(seed + index)
        const answers: number[] = []
        let sent = 0
        const ws = new WebSocket(gateway.url, 'sallyport.json')
        const send = () => ws.send(`[${++sent},"${route.next().value}"]`)
        ws.on('open', () => {
          for (let i = 0; i < inFlight; i++) send()
        })
        ws.on('message', data => {
          const [id, body, error] = JSON.parse(String(data))
          if (error !== undefined || id !== answers.length + 1) return reject(new Error(`${index}: ${data}`))
          if (body.worker !== undefined) workers.add(body.worker)
          answers.push(body.n)
          if (answers.length === each) {
            ws.close()
            resolve(answers)
          } else if (sent < each) send()
        })
        ws.on('error', reject)
      })
    const all = await Promise.all(Array.from({ length: sockets }, (_, index) => play(index)))
    const wanted = Array.from({ length: each }, (_, index) => index + 1)
    t.equal(all.filter(answers => answers.some((answer, index) => answer !== wanted[index])).length, 0)
    t.equal(all.length * each, 100_000)
    t.ok(workers.size >= 2, `${workers.size} workers took part`)
    await until(
      'nothing is left over',
      () => gateway.metrics().turns === 0 && gateway.metrics().sessions === 0
    )
  }
)

t.test('a handler that waits does not keep its worker from running other sessions’ requests', async t => {
  const { gateway, lines, connect } = await startWithTwoWorkers(t, 'lanes')
  const players = await Promise.all(Array.from({ length: 200 }, connect))
  const waiting = players.map(player => player.request('gate.wait', { gate: 'all' }))
  await until('all 200 wait', () => lines.filter(line => line.message === 'waiting').length === 200)
  const opener = await connect()
  await openGates(opener, 'all')
  const replies = await Promise.all(waiting)
  // The distribution depends on speed. That 200 requests waited in two workers at once does not.
  t.ok(replies.every(({ worker }) => worker === 0 || worker === 1))
  t.equal(gateway.metrics().requestsRunning, 0)
})

t.test(
  'requests behind a waiting handler are taken back when another session pushes to theirs, and see that push',
  async t => {
    const { gateway, lines, connect } = await startWithTwoWorkers(t, 'lanes', { isolation: 'thread' })
    const [player, other] = [await connect(), await connect()]
    const { sid, frontendId } = await player.request('gate.whoAmI')
    let value: unknown
    let takenBack = 0
    // Batches stay small until requests are known to be quick, which they are not at each moment of a busy
    // machine: then requests wait in the gateway, and none has to be taken back.
    for (let tries = 1; takenBack < 3 && tries <= 20; tries++) {
      await Promise.all(Array.from({ length: 300 }, () => other.request('counter.sync')))
      const gate = `foreign ${tries}`
      const [waiting, ...behind] = player.atOnce(() => [
        player.request('gate.wait', { gate }),
        ...[1, 2, 3].map(() => player.request('gate.value'))
      ])
      const waits = () => lines.filter(line => line.message === 'waiting').length === tries
      await until('the first one waits', waits)
      const before = gateway.metrics().requestsTakenBack
      await other.request('gate.poke', { sid, frontendId, value: `poked ${tries}` })
      takenBack = gateway.metrics().requestsTakenBack - before
      await openGates(other, gate)
      t.equal((await waiting!).value, value, 'who had started sees what it started with')
      value = `poked ${tries}`
      for (const reply of behind) t.equal((await reply).value, value)
    }
    // There may be more, if the poke itself was queued in a busy worker and taken back.
    t.ok(takenBack >= 3, `${takenBack} were taken back`)
  }
)

t.test('a change by the host is seen by requests that had not started', async t => {
  const { gateway, lines, connect } = await startWithTwoWorkers(t, 'lanes')
  const player = await connect()
  const { sid } = await player.request('gate.whoAmI')
  const [waiting, behind] = player.atOnce(() => [
    player.request('gate.wait', { gate: 'host' }),
    player.request('gate.value')
  ])
  await until('the first one waits', () => lines.some(line => line.message === 'waiting'))
  gateway.sessions.get(sid)!.set('value', new Date(7))
  const other = await connect()
  await openGates(other, 'host')
  await waiting
  t.equal((await behind!).value, new Date(7).toJSON())
})

t.test('when a worker is stuck in a loop, what it had not started runs on another', async t => {
  const { connect } = await startWithTwoWorkers(t, 'lanes')
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'spins')
  const players = await Promise.all(Array.from({ length: 20 }, connect))
  const spinner = await connect()
  const spinning = spinner.request('gate.spin', { file, go: join(folder, 'go') })
  await until('a worker spins', () => existsSync(file) && readFileSync(file, 'utf8') !== '')
  const spinsIn = Number(readFileSync(file, 'utf8'))
  const replies = await Promise.all(players.map(player => player.request('gate.where')))
  t.same(new Set(replies.map(reply => reply.worker)), new Set([1 - spinsIn]))
  // All were answered while it spins, since it does so until the file is there.
  writeFileSync(join(folder, 'go'), '')
  t.same(await spinning, { worker: spinsIn })
})

t.test(
  'a route that is declared concurrent overlaps with others of its session; all others never do',
  async t => {
    const { connect } = await startWithTwoWorkers(t, 'lanes')
    const [one, two] = [await connect(), await connect()]
    const alone = await Promise.all(Array.from({ length: 30 }, () => one.request('gate.alone')))
    t.equal(alone.at(-1).most, 1)
    const together = await Promise.all(Array.from({ length: 30 }, () => two.request('gate.together')))
    t.ok(Math.max(...together.map(reply => reply.most)) > 1)
  }
)

t.test(
  'a lane at its limit pauses its socket and resumes it: nothing is lost or doubled, and heartbeats do not end it',
  async t => {
    const { gateway, lines, connect } = await startWithTwoWorkers(t, 'lanes', {
      laneLimit: 8,
      heartbeat: 20,
      maxRequestsPerSecond: 0,
      maxBytesPerSecond: 0
    })
    const player = await connect()
    const waiting = player.request('gate.wait', { gate: 'pause' })
    await until('the first one waits', () => lines.some(line => line.message === 'waiting'))
    // More than the buffers of a socket hold, so that TCP must hold the client back.
    const filler = 'x'.repeat(20_000)
    const behind = Array.from({ length: 600 }, () => player.request('counter.sync', { filler }))
    await until('the socket is paused', () => gateway.metrics().socketsPaused === 1)
    // A client that is as silent, but is read, is closed for that although it came later.
    const mute = new WebSocket(gateway.url, 'sallyport.json', { autoPong: false })
    t.teardown(() => mute.terminate())
    await once(mute, 'close')
    t.equal(gateway.metrics().connectionsClosedSilent, 1)
    const { requestsWaiting, requestsRunning } = gateway.metrics()
    t.ok(
      requestsWaiting + requestsRunning < 300,
      `${requestsWaiting + requestsRunning} are in the gateway, the rest in TCP`
    )
    const other = await connect()
    await openGates(other, 'pause')
    await waiting
    const counted = await Promise.all(behind)
    t.same(
      counted.map(reply => reply.n),
      Array.from({ length: 600 }, (_, index) => index + 1)
    )
    t.equal(gateway.metrics().connectionsClosedSilent, 1, 'nobody else was closed for silence')
  }
)

t.test('a socket that stays unread for longer than maxPause is closed as slow', async t => {
  let letIn = (_answer: AuthenticationAnswer) => {}
  const later = new Promise<AuthenticationAnswer>(resolve => (letIn = resolve))
  const answers = [later, Promise.resolve({ accept: true } as const)]
  const authenticate = () => answers.shift()!
  const options = { laneLimit: 4, maxPause: 30, authenticate }
  const { gateway, lines, connect } = await startWithTwoWorkers(t, 'lanes', options)
  // It is not read either, until it is let in: for that handshakeTimeout is the limit.
  const early = await connect()
  const counted = early.request('counter.sync')
  early.ws.ping()
  await until('it is asked who it is', () => answers.length === 1)
  const player = await connect()
  void player.request('gate.wait', { gate: 'never' })
  await until('the first one waits', () => lines.some(line => line.message === 'waiting'))
  for (let i = 0; i < 10; i++) void player.request('counter.sync')
  t.equal((await player.closed).code, 4000)
  t.equal(gateway.metrics().connectionsClosedSlow, 1)
  const warnings = lines.filter(({ level }) => level === 'warn')
  const reason = 'requests not taken for too long'
  matchRows(t, warnings, [
    { message: /^The requests of a client were not taken for too long/, fields: { code: 4000, reason } }
  ])
  letIn({ accept: true })
  t.equal((await counted).n, 1)
})

t.test(
  'a thenable that calls back at once and then throws is answered once, and the lane goes on one by one',
  async t => {
    const { connect } = await startWithTwoWorkers(t, 'lanes')
    const player = await connect()
    await Promise.all(Array.from({ length: 300 }, () => player.request('counter.sync')))
    const replies = await Promise.all(
      player.atOnce(() =>
        Array.from({ length: 10 }, (_, index) =>
          player.request(index % 3 === 0 ? 'gate.thenable' : 'gate.alone')
        )
      )
    )
    for (const [index, reply] of replies.entries()) {
      if (index % 3 === 0) t.equal(reply, 'answered')
      else t.equal(reply.most, 1, 'no two of the lane at the same time')
    }
    t.same(player.strays, [])
  }
)
