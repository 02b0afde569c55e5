/** `npm run cluster`, as its user sees it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { fixture, root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { whyNo } from '../../helpers/server-programs.js'
import { until } from '../../helpers/until.js'

const main = join(root, 'dist/tools/cluster/main.js')

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env }
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { out, err, code }
}

t.test('without a nats-server it says how to get one, and starts nothing', async t => {
  const { out, err, code } = await run(['--port', '0'], { PATH: '' })
  t.equal(code, 1)
  t.equal(out, '')
  t.match(err, 'cluster: There is no nats-server on the path. Install it: apt-get install nats-server')
  t.match(err, 'npm run cluster -- --nats nats://127.0.0.1:4222')
})

t.test('--help explains its flags, and a wrong one is refused', async t => {
  t.match(await run(['--help']), { code: 0, err: '', out: /^Usage: npm run cluster -- \[--gateways N\]/ })
  t.match(await run(['--gateways', 'many']), {
    code: 1,
    err: 'cluster: Expected --gateways to be a whole number from 1 to 32, got "many"\n'
  })
})

t.test('a port that is taken is told in one sentence', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const { err, code } = await run(['--port', String(port)])
  t.equal(code, 1)
  t.equal(err, `cluster: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`)
})

t.test(
  'a flag that the gateways do not know is refused by them, and no stack is printed',
  { skip: whyNo('nats-server') },
  async t => {
    const { err, code } = await run(['--port', '0', '--gateways', '1', '--bogus'])
    t.equal(code, 1)
    t.match(err, /^g1 +\| sallyport: There is no option --bogus/m)
    t.equal(err.split('\n').at(-2), 'cluster: g1 has ended (1) before all were up')
  }
)

const handlers = fixture('handlers-cluster')

/** Starts two gateways; resolves when all are up. */
async function startCluster(t: Test) {
  const flags = ['--gateways', '2', '--handlers', handlers, '--workers', '1', '--lease-ttl', '1s']
  const child = spawn(process.execPath, [main, '--port', '0', ...flags], {
    env: { ...process.env, NODE_OPTIONS: '' }
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (out += data))
  await until('all are up', () => out.includes('Ctrl-C ends all.') || child.exitCode !== null, 60_000)
  const find = (pattern: RegExp) => pattern.exec(out)?.[1] ?? out
  return {
    child,
    ended,
    url: find(/balancer +(\S+)/),
    processes: [...out.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid)),
    said: () => out
  }
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

t.test(
  'players come to all gateways in turn; what is killed is started again; a signal ends all',
  {
    skip: whyNo('nats-server')
  },
  async t => {
    const { child, ended, url, processes, said } = await startCluster(t)
    t.equal(processes.length, 3, 'NATS and two gateways')
    const at = async () => {
      const player = await Player.connect(url)
      const { at: frontendId } = await player.request('player.where')
      player.leave()
      return frontendId
    }
    t.same([await at(), await at()].sort(), ['g1', 'g2'])
    process.kill(processes[1]!, 'SIGKILL')
    await until('it is missed', () => said().includes('It has ended (SIGKILL), and is started again'))
    t.same([await at(), await at()], ['g2', 'g2'], 'the balancer passes it over')
    await until('it is back', () => said().split('listens on').length === 4, 60_000)
    t.same([await at(), await at()].sort(), ['g1', 'g2'])
    child.kill('SIGINT')
    t.same(await ended, [0, null])
    t.same(processes.filter(runs), [])
  }
)

t.test('if it is killed itself, nothing is left over', { skip: whyNo('nats-server') }, async t => {
  const { child, processes } = await startCluster(t)
  child.kill('SIGKILL')
  await until('all have ended', () => !processes.some(runs))
})
