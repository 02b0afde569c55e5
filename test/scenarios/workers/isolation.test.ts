/** Workers that are processes: what they keep away from the gateway. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-limits')
const program = fileURLToPath(new URL('../../../gateway/program/main.js', import.meta.url))
const isolation = 'process'

/** Whether there is a process with that id. A zombie, which has ended, does not count. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Returns the process ids of both workers. It sends so many requests at once that both get some. */
async function pidsOf(players: readonly Player[]): Promise<Set<number>> {
  const pids = new Set<number>()
  while (pids.size < 2) {
    for (const pid of await Promise.all(players.map(player => player.request('memory.pid')))) pids.add(pid)
  }
  return pids
}

/**
 * A small heap, and no limit of time: on a busy machine V8 may need many seconds to fill it.
 */
const hunger = { workers: 1, workerHeap: 64, stuckAfter: 0, requestTimeout: 0, isolation } as const

const hungers = ['numbers by push', 'an array in one piece', 'a Map that grows', 'ever more keys']

for (const how of hungers) {
  t.test(
    `${how}: V8 aborts the worker's process, and the gateway, its sockets and sessions stay`,
    async t => {
      const { connect, gateway, lines } = await startWithTwoWorkers(t, handlers, hunger)
      const [culprit, other] = [await connect(), await connect()]
      const waiting = other.request('memory.wait')
      await until('the other waits', () => other.events.length === 1)
      const [hungry, behind] = culprit.atOnce(() => [
        culprit.request('memory.hunger', { how }),
        culprit.request('work.quick')
      ])
      await t.rejects(hungry!, {
        code: 'HANDLER_FATAL',
        message: 'The handler of "memory.hunger" ended its worker: its process ended by SIGABRT'
      })
      await t.rejects(waiting, { code: 'WORKER_LOST' })
      t.equal(await behind, 1, 'what comes behind it in its lane runs in the replacement')
      t.match(gateway.metrics(), { sessions: 2, workersLost: 1, connectionsClosed: 0 })
      matchRows(
        t,
        lines.filter(({ level }) => level === 'error'),
        [
          {
            message: 'A worker ended',
            fields: { cause: 'its process ended by SIGABRT', route: 'memory.hunger' }
          }
        ]
      )
    }
  )
}

t.test('a route that aborts processes again and again is suspended', async t => {
  const { connect, gateway } = await startWithTwoWorkers(t, handlers, hunger)
  const player = await connect()
  for (let death = 1; death <= 3; death++) {
    await t.rejects(player.request('memory.hunger', { how: 'a Map that grows' }), {
      code: 'HANDLER_FATAL'
    })
  }
  await t.rejects(player.request('memory.hunger', { how: 'a Map that grows' }), {
    code: 'ROUTE_SUSPENDED'
  })
  t.type(await player.request('memory.pid'), 'number')
  t.equal(gateway.metrics().workersLost, 3)
})

t.test('a process that is killed from outside is nobody’s fault', async t => {
  const { connect, lines } = await startGateway(t, handlers, { workers: 1, isolation })
  const [one, two] = [await connect(), await connect()]
  const both = [one.request('memory.wait'), two.request('memory.wait')]
  await until('both wait', () => one.events.length + two.events.length === 2)
  process.kill(one.events[0]![1], 'SIGKILL')
  for (const each of both) await t.rejects(each, { code: 'WORKER_LOST' })
  t.type(await one.request('memory.pid'), 'number', 'another one is there')
  const errors = lines.filter(({ level }) => level === 'error')
  matchRows(t, errors, [
    { message: 'A worker ended', fields: { cause: 'its process ended by SIGKILL', route: 'unknown' } }
  ])
  t.notOk('requestId' in errors[0]!.fields, 'no request is named')
})

t.test('workers are processes other than the gateway’s, and each is another', async t => {
  const { connect } = await startWithTwoWorkers(t, handlers, { isolation })
  const players = await Promise.all(Array.from({ length: 20 }, connect))
  const pids = await pidsOf(players)
  t.equal(pids.has(process.pid), false)
  t.equal(pids.size, 2)
})

t.test('handlers that do not load are told as with threads, and no process is left', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'pids')
  writeFileSync(
    join(folder, 'broken.mjs'),
    `import { appendFileSync } from 'node:fs'
     appendFileSync(${JSON.stringify(file)}, process.pid + '\\n')
     throw new Error('no such table')`
  )
  await t.rejects(startWithTwoWorkers(t, folder, { isolation }), {
    code: 'HANDLERS_INVALID',
    message: /no such table/
  })
  const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number)
  t.ok(pids.length > 0)
  await until('they have ended', () => pids.every(pid => !isAlive(pid)))
})

for (const [signal, code] of [
  ['SIGINT', 0],
  ['SIGKILL', null]
] as const) {
  t.test(`${signal} to the gateway ends its worker processes too`, async t => {
    const args = [program, '--handlers', handlers, '--port', '0', '--workers', '2', '--isolation', isolation]
    // A process group of its own, as a terminal makes one: its SIGINT goes to all processes in it.
    const gateway = spawn(process.execPath, args, {
      detached: true,
      env: { ...process.env, NODE_OPTIONS: '', SALLYPORT_INTERNAL_PORT: 'off' }
    })
    const exited = once(gateway, 'close')
    t.teardown(() => gateway.kill('SIGKILL'))
    let out = ''
    gateway.stdout.on('data', data => {
      out += data
    })
    await until('it listens', () => /ws:\/\/[^\s']+/.test(out), 30_000)
    const url = /ws:\/\/[^\s']+/.exec(out)![0]
    const players = await Promise.all(Array.from({ length: 20 }, () => Player.connect(url)))
    const pids = await pidsOf(players)
    for (const player of players) player.leave()
    if (signal === 'SIGINT') process.kill(-gateway.pid!, signal)
    else gateway.kill(signal)
    t.equal((await exited)[0], code)
    await until('its workers have ended', () => [...pids].every(pid => !isAlive(pid)))
    t.equal([...pids].filter(isAlive).length, 0)
  })
}
