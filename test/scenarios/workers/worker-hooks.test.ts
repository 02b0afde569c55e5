/** The hooks of a worker: onStart and onStop. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createGateway, type GatewayOptions } from '../../../gateway/index.js'
import { createLogger } from '../../../shared/text/log.js'
import { startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

/** Creates a game whose hooks write notes to a file. `onStart` and `onStop` are added to their bodies. */
function createGame(t: Test, { onStart = '', onStop = '' }: { onStart?: string; onStop?: string } = {}) {
  const folder = t.testdir({ handlers: {}, notes: '' })
  const file = join(folder, 'notes')
  const path = JSON.stringify(file)
  const handlers = join(folder, 'handlers')
  writeFileSync(
    join(handlers, '_hooks.js'),
    `import { appendFileSync } from 'node:fs'
    const note = text => appendFileSync(${path}, text + '\\n')
    export async function onStart (app) { ${onStart}; note('start ' + app.worker.index) }
    export async function onStop (app) { ${onStop}; note('stop ' + app.worker.index) }`
  )
  writeFileSync(
    join(handlers, 'a.js'),
    `import { appendFileSync, existsSync } from 'node:fs'
    export const b = () => 1
    export const exit = () => process.exit(1)
    export const login = (uid, session) => session.abind(uid)
    export const join = (name, _session, context) => context.channel(name).ajoin()
    export const slow = async (_body, _session, context) => {
      context.log.info('slow')
      while (!existsSync(${path} + ' go')) await new Promise(resolve => setTimeout(resolve, 1))
      appendFileSync(${path}, 'slow has ended\\n')
    }
    export const stuck = () => {
      setImmediate(() => {
        appendFileSync(${path}, 'it loops\\n')
        for (;;);
      })
    }`
  )
  const notes = () => readFileSync(file, 'utf8').split('\n').slice(0, -1)
  const start = (options: Partial<GatewayOptions> = {}) => startWithTwoWorkers(t, handlers, options)
  return { handlers, notes, start, letGo: () => writeFileSync(`${file} go`, '') }
}

t.test(
  'onStart has ended in each worker before the gateway runs, and onStop before it is closed',
  async t => {
    const wait = 'await new Promise(resolve => setTimeout(resolve, 20))'
    const { start, notes } = createGame(t, { onStart: wait, onStop: wait })
    const { gateway } = await start()
    t.same(notes().sort(), ['start 0', 'start 1'])
    await gateway.close()
    t.same(notes().sort(), ['start 0', 'start 1', 'stop 0', 'stop 1'])
  }
)

t.test('an onStart that throws stops the start, and is said to', async t => {
  const { handlers, notes } = createGame(t, {
    onStart: "if (app.worker.index === 1) throw new Error('no database')"
  })
  const log = createLogger('silent', () => {})
  await t.rejects(createGateway({ handlers, port: 0, workers: 2, log, workerArgv: [] }), {
    code: 'HANDLERS_INVALID',
    message: /^onStart of _hooks\.js failed: Error: no database \(.*_hooks\.js:\d+:\d+\)$/
  })
  t.same(notes(), ['start 0', 'stop 0'], 'and who had started stops')
})

for (const isolation of ['thread', 'process'] as const)
  t.test(`${isolation}: what ends a worker during the start is said, and where`, async t => {
    const wait = 'await new Promise(() => {})'
    for (const [onStart, told] of [
      ['process.exit(9)', /^process\.exit\(9\) during the start: Error: process\.exit was called\n/],
      [
        `Promise.reject(new Error('no database')); ${wait}`,
        /^an unhandled rejection during the start: Error: no database\n/
      ],
      [
        `void (async () => { await null; throw new Error('not awaited') })()`,
        /^an unhandled rejection during the start: Error: not awaited\n/
      ],
      [
        `setTimeout(() => { throw new Error('too late') }); ${wait}`,
        /^an uncaught exception during the start: Error: too late\n/
      ]
    ] as const) {
      const { handlers } = createGame(t, { onStart })
      const log = createLogger('silent', () => {})
      const options = { handlers, port: 0, workers: 1, log, workerArgv: [], isolation }
      const error = await createGateway(options).catch(error => error as Error)
      t.match(error, { code: 'HANDLERS_INVALID', message: /_hooks\.js:\d+:\d+/ })
      t.match(error, { message: told })
    }
  })

t.test(
  'a timer of onStart drives a game: app has sessions, events and channels, and one worker does it',
  async t => {
    const { start } = createGame(t, {
      onStart: `if (app.worker.index === 0) {
      let tick = 0
      setInterval(async () => {
        app.broadcast('tick', ++tick)
        app.send('red', 'for red', tick)
        app.channel('hall').broadcast('in the hall', tick)
        const [red] = await app.sessions.agetByUid('gateway-1', 'red')
        if (red) app.send(red, 'found', red.uid)
      }, 5)
    }`
    })
    const { connect } = await start()
    const player = await connect()
    await player.request('a.login', 'red')
    await player.request('a.join', 'hall')
    player.events.length = 0
    const count = (event: string) => player.events.filter(([name]) => name === event).length
    await until('each came twice', () =>
      ['tick', 'for red', 'in the hall', 'found'].every(name => count(name) > 1)
    )
    const ticks = player.events.filter(([name]) => name === 'tick').map(([, body]) => body)
    t.same(
      ticks,
      ticks.map((_, index) => ticks[0] + index),
      'from one worker'
    )
  }
)

t.test(
  'what onStart asks of the gateway is answered, also in a worker that takes the place of another',
  async t => {
    const { start, notes } = createGame(t, {
      onStart: "note('heard by ' + await app.abroadcast('started', app.worker.index))"
    })
    const { connect } = await start({ workers: 1 })
    const player = await connect()
    await t.rejects(player.request('a.exit'), { code: 'HANDLER_FATAL' })
    t.equal(await player.request('a.b'), 1)
    t.same(notes(), ['heard by 0', 'start 0', 'heard by 1', 'start 0'], 'one that dies has no onStop')
    t.same(player.events, [['started', 0]])
  }
)

t.test(
  'a reload starts the new workers, and stops the old ones when their last request has ended',
  async t => {
    const { start, notes, letGo } = createGame(t, { onStop: "app.broadcast('stopped', app.worker.index)" })
    const { gateway, connect, lines } = await start({ workers: 1 })
    const player = await connect()
    const slow = player.request('a.slow')
    await until('it runs', () => lines.some(({ message }) => message === 'slow'))
    await gateway.reload()
    t.same(notes(), ['start 0', 'start 0'])
    letGo()
    await slow
    await until('the old one has stopped', () => notes().includes('stop 0'))
    t.same(notes(), ['start 0', 'start 0', 'slow has ended', 'stop 0'])
    await until('its last words came', () => player.events.length === 1)
    t.equal(await player.request('a.b'), 1)
    t.equal(gateway.metrics().workersLost, 0)
  }
)

t.test('an onStop that throws is logged, and the worker ends', async t => {
  const { start } = createGame(t, { onStop: "throw new Error('still in use')" })
  const { gateway, lines } = await start({ workers: 1 })
  await gateway.close()
  matchRows(
    t,
    lines.filter(({ level }) => level === 'error'),
    [{ message: 'A hook failed', fields: { hook: 'onStop', worker: 0, error: /Error: still in use\n/ } }]
  )
})

for (const isolation of ['thread', 'process'] as const)
  t.test(`${isolation}: what ends a worker during its onStop is logged`, async t => {
    const wait = 'await new Promise(() => {})'
    for (const [onStop, level, cause, detail] of [
      [
        `setTimeout(() => { throw new Error('not saved') }); ${wait}`,
        'error',
        'an uncaught exception',
        /^Error: not saved\n/
      ],
      ['process.exit(0)', 'warn', 'process.exit(0)', /^Error: process.exit was called\n/]
    ] as const) {
      const { start } = createGame(t, { onStop })
      const { gateway, lines } = await start({ workers: 1, isolation })
      await gateway.close()
      matchRows(
        t,
        lines.filter(line => line.level === 'error' || line.level === 'warn'),
        [
          {
            level,
            message: 'A worker ended by itself while it stopped',
            fields: { worker: 0, cause, detail }
          }
        ]
      )
      t.equal(gateway.metrics().workersLost, 0)
    }
  })

for (const [what, onStop, route] of [
  ['an onStop that does not end', 'await new Promise(() => {})', undefined],
  ['a worker that is stuck', '', 'a.stuck']
] as const) {
  t.test(`${what} is waited for no longer than closeTimeout`, async t => {
    const { start, notes } = createGame(t, { onStop })
    const { gateway, lines, connect } = await start({ workers: 1, closeTimeout: 50 })
    if (route !== undefined) {
      const player = await connect()
      player.notify(route)
      await until('it is stuck', () => notes().includes('it loops'))
    }
    await gateway.close()
    const line = lines.find(({ message }) => message === 'A worker was ended before its onStop was done')
    t.match(line, { level: 'error', fields: { worker: 0 } })
  })
}
