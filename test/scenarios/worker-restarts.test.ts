/** Workers that do not live for long by themselves: how often they are started, through real threads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startGateway, until } from '../helpers/gateway.js'

t.test(
  'workers that come up and end by themselves are started ever more seldom, and when the cause is gone one stays',
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const cause = join(folder, 'cause')
    writeFileSync(
      join(folder, 'ends.js'),
      `import { existsSync } from 'node:fs'
       if (existsSync(${JSON.stringify(cause)})) setTimeout(() => { throw new Error('not for long') }, 20)
       export function hello() { return 'hello' }`
    )
    const { gateway, lines, connect } = await startGateway(t, folder, { workers: 1 })
    const player = await connect()
    t.equal(gateway.isReady, true)
    writeFileSync(cause, '')
    await gateway.killWorker(0)
    const pauses = () => lines.filter(line => line.message.startsWith('Workers end soon after their start'))
    await until('three have not lived for long', () => pauses().length >= 3)
    t.match(
      pauses().map(line => line.fields),
      [
        { worker: 0, nextTryInMs: 100 },
        { worker: 0, nextTryInMs: 200 },
        { worker: 0, nextTryInMs: 400 }
      ]
    )
    t.match(gateway.metrics(), { workersStarted: 5, workersReady: 0 })
    t.equal(gateway.isReady, false)
    t.equal(
      await player.request('ends.hello').catch(({ code }) => code),
      'NO_WORKER',
      'a request does not hang'
    )
    rmSync(cause)
    await until('a worker is back', () => gateway.isReady)
    t.equal(await player.request('ends.hello'), 'hello')
  }
)
