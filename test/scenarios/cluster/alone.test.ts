/** A gateway without the option `nats`: nothing of a cluster is loaded into its process. */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { startProgram, waitForAddress } from '../../helpers/program.js'
import { until } from '../../helpers/until.js'

/** Prints the URL of each module that is loaded, by a hook of Node's loader. */
const hooks = `
import { writeSync } from 'node:fs'
export async function load(url, context, next) {
  writeSync(2, 'loads ' + url + '\\n')
  return next(url, context)
}`
const register = `
import { register } from 'node:module'
register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)})`

function start(t: Test, args: readonly string[]) {
  return startProgram(t, {
    handlers: 'export const ping = () => 7',
    nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(register)}`],
    args
  })
}

/** Returns what a program has loaded of the cluster and of NATS' client. */
function clusterModules(output: string): string[] {
  const own = pathToFileURL(join(root, 'dist')).href
  return [...output.matchAll(/^loads (.+)$/gm)]
    .map(([, url]) => url!.replace(own, ''))
    .filter(url => url.startsWith('/gateway/cluster/') || url.includes('@nats-io'))
}

t.test('a gateway alone loads no module of the cluster, even while it serves and closes', async t => {
  const program = start(t, [])
  const player = await Player.connect(await waitForAddress(program))
  t.equal(await player.request('a.ping'), 7)
  player.leave()
  program.process.kill('SIGTERM')
  t.equal(await program.ended, 0)
  t.match(program.err, /loads .*gateway\/gateway\.js/, 'what is loaded is seen')
  t.same(clusterModules(program.err), [])
})

t.test('with nats it loads them, and ends with one sentence if there is no server', async t => {
  const program = start(t, ['--nats', 'nats://127.0.0.1:1', '--frontend-id', 'a'])
  t.equal(await program.ended, 1)
  await until('the sentence is there', () => program.err.includes('sallyport:'))
  t.match(program.err, /^sallyport: No NATS server answers at nats:\/\/127\.0\.0\.1:1: .*$/m)
  t.ok(clusterModules(program.err).includes('/gateway/cluster/cluster.js'))
})
