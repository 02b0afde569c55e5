/** A gateway that is started twice in a cluster, as by pm2 in its cluster mode. */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { handlersFolder } from '../../helpers/gateway.js'
import { root } from '../../helpers/paths.js'
import { findFreePort } from '../../helpers/server-programs.js'

t.test(
  'in a cluster the second gateway shares no port with the first, and says that one is enough',
  async t => {
    const port = await findFreePort()
    const flags = ['--port', String(port), '--internal-port', 'off', '--workers', '1']
    cluster.setupPrimary({
      exec: join(root, 'dist/gateway/program/main.js'),
      args: ['--handlers', handlersFolder('wire'), ...flags],
      execArgv: [],
      silent: true
    })
    const start = () => {
      const { process: child } = cluster.fork({ NODE_OPTIONS: '' })
      t.teardown(() => child.kill('SIGKILL'))
      return child
    }
    const first = start()
    let said = ''
    while (!said.includes(`ws://127.0.0.1:${port}`)) said += (await once(first.stdout!, 'data'))[0]
    const second = start()
    const [stderr, [code]] = await Promise.all([text(second.stderr!), once(second, 'exit')])
    t.equal(code, 1)
    t.match(
      stderr,
      `sallyport: Can't listen on 127.0.0.1:${port}: another process of this cluster listens there already. A gateway is one process`
    )
    first.kill('SIGTERM')
    t.same(await once(first, 'exit'), [0, null])
  }
)
