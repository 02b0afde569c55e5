/** `npm run cluster`, as its user sees it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { root } from '../../helpers/paths.js'

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
