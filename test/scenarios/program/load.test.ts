/** `sallyport load`: against a gateway of ours, and a server of Pomelo's protocol that is not ours. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { LoadResult } from '../../../tools/load/result.js'
import { startGateway } from '../../helpers/gateway.js'
import { root } from '../../helpers/paths.js'
import { startPomeloServer } from '../../helpers/pomelo-server.js'
import { startTool } from '../../helpers/tool.js'
import { until } from '../../helpers/until.js'

const { gateway } = await startGateway(t, 'tools')

/** Runs a load with `--json`. */
async function load(t: Test, args: readonly string[], url = gateway.url, code = 0): Promise<LoadResult> {
  const tool = startTool(t, ['load', url, ...args, '--json'])
  t.equal(await tool.ended, code, tool.err)
  return JSON.parse(tool.out)
}

t.test('a closed loop tells the requests, their times, and that it is a closed loop', async t => {
  const tool = startTool(t, [
    'load',
    gateway.url,
    ...[
      '--route',
      'player.echo',
      '--body',
      '{"a":1}',
      '--sockets',
      '4',
      '--inflight',
      '2',
      '--seconds',
      '300ms'
    ]
  ])
  t.equal(await tool.ended, 0, tool.err)
  t.match(tool.out, /player\.echo, 4 sockets × 2 in flight for 300 ms/)
  t.match(tool.out, /[\d,]+ requests in \d+ ms: [\d,.]+\/s/)
  t.match(tool.out, /ok +errors +p50 +p90 +p99 +p99\.9 +max/)
  t.match(tool.out, /\(connect\) +4 +0 /)
  t.match(tool.out, /player\.echo +[\d,]+ +0 +[\d.]+ (µs|ms)/)
  t.match(tool.out, /4 of 4 open at the end/)
  t.match(tool.out, /This tool +1 thread, \d+\.\d\d cores of CPU/)
  t.match(tool.out, /Closed loop: each socket waits for a reply/)
  t.notMatch(tool.out, '\u001b', 'a pipe gets no colours')
})

t.test(
  'an open loop sends what is due over two threads, and loses nothing when connections are cut',
  async t => {
    const args = [
      '--sockets',
      '4',
      '--threads',
      '2',
      '--rate',
      '200',
      '--seconds',
      '1',
      '--drop-every',
      '400ms'
    ]
    const result = await load(t, ['--route', 'player.echo', '--body', '"x"', ...args])
    const { ok, errors, times } = result.steps['player.echo']!
    t.equal(result.mode, 'open-loop')
    t.same(errors, {})
    t.equal(times.count, ok)
    t.ok(ok > 0)
    t.ok(result.late !== null && result.late.count >= ok, 'it says how late they were sent')
    const { cuts, resumed, sessionsLost, failures } = result.sockets
    t.ok(cuts > 0)
    t.ok(resumed > 0 && resumed <= cuts)
    t.equal(sessionsLost, 0)
    t.same(failures, {}, 'a cut is no failure')
    t.equal(result.tool.threads, 2)
  }
)

t.test('errors are counted by their code, and if nothing succeeds the exit code is 1', async t => {
  const args = ['--route', 'player.refuse', '--sockets', '2', '--seconds', '100ms']
  const tool = startTool(t, ['load', gateway.url, ...args])
  t.equal(await tool.ended, 1)
  t.match(tool.out, /[\d,]+ × player\.refuse GONE: it is gone\\u001b\[31m/, 'and a terminal obeys none')
  t.notMatch(tool.out, '\u001b')
})

t.test('a request without an answer is an error, whose time counts', async t => {
  const args = ['--route', 'player.wait', '--sockets', '1', '--seconds', '100ms', '--timeout', '2s']
  const { steps } = await load(t, args, gateway.url, 1)
  t.match(steps['player.wait'], { ok: 0, errors: { REQUEST_TIMED_OUT: { count: 1 } }, times: { count: 1 } })
})

t.test('Ctrl-C ends it with the figures so far', async t => {
  const tool = startTool(t, [
    'load',
    gateway.url,
    '--route',
    'player.echo',
    '--seconds',
    '1h',
    '--sockets',
    '1'
  ])
  await until('it sends', () => gateway.metrics().requests > 0)
  const before = gateway.metrics().requests
  await until('it goes on', () => gateway.metrics().requests > before + 10)
  tool.process.kill('SIGINT')
  t.equal(await tool.ended, 0, tool.err)
  t.match(tool.out, /[\d,]+ requests in .*\(ended before its time\)/)
})

t.test('where nothing listens it says so, and ends with exit code 1', async t => {
  const tool = startTool(t, ['load', 'ws://127.0.0.1:1', '--route', 'a', '--timeout', '300ms'])
  t.equal(await tool.ended, 1)
  t.match(tool.err, /^sallyport: No connection to ws:\/\/127\.0\.0\.1:1\/ came about: ECONNREFUSED/)
  const { requests, tool: itself } = await load(
    t,
    ['--route', 'a', '--timeout', '300ms'],
    'ws://127.0.0.1:1',
    1
  )
  t.match(
    { requests, ...itself },
    { requests: 0, busy: 0, isLimit: false },
    'where nothing is sent, it is no limit'
  )
})

const scenario = `
import { defineScenario } from 'sallyport/load'

export default defineScenario<
  { 'player.greet': { body: { name: string }; reply: string }; 'player.refuse': { body: undefined; reply: never } },
  { greeting: { hello: string } }
>(async player => {
  await player.connect()
  await player.request('player.greet', { name: \`player \${player.index}\` })
  const { hello } = await player.waitFor('greeting')
  if (hello !== \`player \${player.index}\`) throw new Error('the greeting of somebody else')
  await player.measure('refused', async () => {
    await player.request('player.refuse').catch(() => {})
  })
  if (player.life > 0) throw new Error('the second life fails')
})
`

t.test(
  'a scenario in TypeScript is the life of each player; its steps are named, its errors told',
  async t => {
    const folder = t.testdir({
      'package.json': '{"type":"module"}',
      'life.ts': scenario,
      // Named as a game names it, and found as in a game.
      node_modules: { sallyport: t.fixture('symlink', root) }
    })
    const before = gateway.metrics().requests
    const args = [
      '--scenario',
      join(folder, 'life.ts'),
      '--sockets',
      '3',
      '--ramp',
      '30ms',
      '--seconds',
      '1h'
    ]
    const tool = startTool(t, ['load', gateway.url, ...args, '--json'])
    // Each life has two requests, and the second one of each player fails after them.
    await until('third lives run', () => gateway.metrics().requests > before + 3 * 4, 60_000)
    tool.process.kill('SIGINT')
    t.equal(await tool.ended, 0, tool.err)
    const { mode, interrupted, steps, scenario: told, sockets } = JSON.parse(tool.out) as LoadResult
    t.equal(mode, 'scenario')
    t.equal(interrupted, true)
    t.ok(told!.lives > 0)
    t.same(Object.keys(told!.faults), ['the second life fails'])
    t.match(told!.faults['the second life fails']!.message, /life\.ts:/)
    t.ok(steps['player.greet']!.ok >= 6)
    t.ok(steps['wait greeting']!.ok >= 6)
    t.ok(steps['refused']!.ok >= 6)
    t.ok(steps['player.refuse']!.errors['GONE']!.count >= 6)
    t.equal(sockets.asked, 3)
  }
)

t.test('players who wait when the run ends are told by their step', async t => {
  const life = `export default async player => {
    await player.connect()
    await player.request('player.greet', { name: 'red' })
    const waits = player.waitFor('nothing')
    player.notify('player.greet', { name: 'red' })
    await waits
  }`
  const file = join(t.testdir({ 'package.json': '{"type":"module"}', 'life.js': life }), 'life.js')
  const args = ['--scenario', file, '--sockets', '3', '--seconds', '1h', '--timeout', '1m']
  const before = gateway.metrics().notifies
  const tool = startTool(t, ['load', gateway.url, ...args])
  await until('all wait', () => gateway.metrics().notifies === before + 3, 60_000)
  tool.process.kill('SIGINT')
  t.equal(await tool.ended, 0, tool.err)
  t.match(tool.out, /^Lives +0 came to their end; players at the end of the run: 3 in wait nothing$/m)
})

t.test('what a scenario does after the end of the run is no error of it', async t => {
  const life = `export default async player => {
    await player.connect()
    // Nobody awaits it.
    player.waitFor('never')
    player.notify('player.greet', { name: 'red' })
    try {
      await player.waitFor('nothing')
    } finally {
      await new Promise(resolve => setTimeout(resolve, 1))
      await player.request('player.refuse').catch(() => {})
      await player.waitFor('never', { timeout: 1 }).catch(() => {})
      Promise.reject(new Error('nobody is left'))
    }
  }`
  const file = join(t.testdir({ 'package.json': '{"type":"module"}', 'life.js': life }), 'life.js')
  const before = gateway.metrics()
  const tool = startTool(t, [
    'load',
    gateway.url,
    '--scenario',
    file,
    '--sockets',
    '3',
    '--seconds',
    '1h',
    '--json'
  ])
  await until('all wait', () => gateway.metrics().notifies === before.notifies + 3, 60_000)
  tool.process.kill('SIGINT')
  // Nothing but the connecting has succeeded.
  t.equal(await tool.ended, 1, tool.err)
  const { steps, scenario: told } = JSON.parse(tool.out) as LoadResult
  t.same(Object.keys(steps), ['(connect)'])
  t.match(told, { lives: 0, waiting: { 'wait nothing': 3, 'wait never': 3 } })
  t.same(told!.faults, {})
  t.equal(gateway.metrics().requests, before.requests)
})

t.test('a file without a scenario is refused', async t => {
  const file = join(t.testdir({ 'a.cjs': 'module.exports = { run() {} }' }), 'a.cjs')
  const tool = startTool(t, ['load', gateway.url, '--scenario', file])
  t.equal(await tool.ended, 1)
  t.match(tool.err, /^sallyport: Expected .*a\.cjs to have a default export that is a function/)
})

t.test('an error of the syntax names the file of the scenario', async t => {
  const file = join(t.testdir({ 'a.mjs': 'export default async p => { await p.connect(; }' }), 'a.mjs')
  const tool = startTool(t, ['load', gateway.url, '--scenario', file])
  t.equal(await tool.ended, 1)
  t.match(tool.err, /^sallyport: .*a\.mjs does not load: SyntaxError: Unexpected token ';'\n$/)
})

t.test('a scenario that ends its thread is told, and the load fails', async t => {
  for (const source of ['process.exit(3)', 'export default async () => process.exit(3)']) {
    const file = join(t.testdir({ 'a.mjs': source }), 'a.mjs')
    const tool = startTool(t, ['load', gateway.url, '--scenario', file, '--seconds', '10s'])
    t.equal(await tool.ended, 1)
    t.match(tool.err, /sallyport: A thread of the load has ended with code 3: the scenario has ended it\n$/)
  }
})

t.test('a scenario that blocks its thread is told, and the load ends', async t => {
  const blocking = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'
  const source = `export default async () => { ${blocking} }`
  const file = join(t.testdir({ 'a.mjs': source }), 'a.mjs')
  const args = ['--scenario', file, '--sockets', '1', '--seconds', '100ms', '--timeout', '1s']
  const tool = startTool(t, ['load', gateway.url, ...args])
  t.equal(await tool.ended, 1, tool.out)
  t.match(tool.err, /A thread of the load does not answer, .* an endless loop\?\n$/)
  t.match(tool.out, /1 player runs/)
})

t.test('it loads a server of Pomelo: with and without codes of routes, and knows its errors', async t => {
  const answer = (route: string, body: unknown) =>
    route === 'area.fail' ? { code: 500 } : { code: 200, body }
  for (const dict of [undefined, { 'area.echo': 1, 'area.fail': 2 }]) {
    const { url, routes } = await startPomeloServer(t, { ...(dict && { dict }), answer })
    const common = ['--sockets', '2', '--seconds', '100ms']
    const good = await load(t, ['--route', 'area.echo', '--body', '{"a":1}', ...common], url)
    t.match(good, { requests: Number, steps: { 'area.echo': { errors: {} } } })
    t.ok(good.steps['area.echo']!.ok > 0)
    const bad = await load(t, ['--route', 'area.fail', ...common], url, 1)
    t.match(bad.steps['area.fail'], { ok: 0, errors: { 'code 500': { count: Number } } })
    t.same([...routes], dict === undefined ? ['area.echo', 'area.fail'] : [1, 2])
  }
})
