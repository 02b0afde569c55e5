/** The internal port of a gateway, and the bare health on its public port. */
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { assembleGateway } from '../../../gateway/start.js'
import { createLogger } from '../../../shared/text/log.js'
import { startGateway } from '../../helpers/gateway.js'
import { until } from '../../helpers/until.js'

const untilFile = `
  import { existsSync } from 'node:fs'
  import { setTimeout } from 'node:timers/promises'
  const untilFile = async file => { while (!existsSync(file)) await setTimeout(5) }
`

/** Writes handlers of one module, and returns their folder. */
function writeHandlers(t: Test, text: string): { folder: string; go: string } {
  const folder = t.testdir({
    handlers: { 'hold.js': `${untilFile}\n${text}`, 'package.json': '{"type":"module"}' }
  })
  return { folder: join(folder, 'handlers'), go: join(folder, 'go') }
}

async function ask(url: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(url)
  return { status: answer.status, text: await answer.text() }
}

/** Asks for a path of a URL with a host name of its own; returns the status. */
function askAs(host: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, response => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

t.test('it is alive and not ready while it starts, and ready once it listens', async t => {
  const { folder, go } = writeHandlers(
    t,
    `await untilFile(${JSON.stringify(join(t.testdirName, 'go'))})
    export const quick = () => 1`
  )
  const log = createLogger('error', () => {})
  const gateway = assembleGateway({ handlers: folder, port: 0, workers: 1, internalPort: 'auto', log })
  t.teardown(() => gateway.close())
  const started = gateway.start()
  await until('the internal port is open', () => gateway.internalUrl !== undefined)
  t.match(await ask(`${gateway.internalUrl}/livez`), { status: 200, text: 'ok\n' })
  t.match(await ask(`${gateway.internalUrl}/readyz`), { status: 503, text: /^not ready\nerror starting: / })
  writeFileSync(go, '')
  await started
  t.same(await ask(`${gateway.internalUrl}/readyz`), { status: 200, text: 'ok\n' })
})

t.test('it is not ready while it is overloaded, nor from the first moment of a drain', async t => {
  const { folder, go } = writeHandlers(t, 'export const wait = ({ file }) => untilFile(file)')
  const options = { workers: 1, internalPort: 0, maxOpenRequests: 1, healthPath: '/healthz' } as const
  const { gateway, connect } = await startGateway(t, folder, options)
  const { internalUrl } = gateway
  const health = `${gateway.url.replace('ws', 'http')}/healthz`
  t.same([await askAs('10.0.0.7', health), gateway.isReady], [200, true])
  const player = await connect()
  const held = player.request('hold.wait', { file: go })
  await until('it is overloaded', () => !gateway.isReady)
  t.match(await ask(`${internalUrl}/readyz`), { status: 503, text: /error overloaded: .*`maxOpenRequests`/ })
  t.same(await ask(health), { status: 503, text: 'not ready\n' }, 'the public port gives no reason')
  const answer = await fetch(`${internalUrl}/readyz`, { headers: { accept: 'application/json' } })
  t.match(await answer.json(), { status: 'not ready', reasons: [{ code: 'overloaded', severity: 'error' }] })
  const drained = gateway.drain()
  t.match(await ask(`${internalUrl}/readyz`), { status: 503, text: /error closing: / })
  t.match(await ask(`${internalUrl}/livez`), { status: 200 })
  writeFileSync(go, '')
  await held
  await drained
  t.equal(gateway.internalUrl, undefined)
  await t.rejects(fetch(`${internalUrl}/livez`), { message: 'fetch failed' })
})

t.test('the public port has nothing of it, and createGateway opens none by itself', async t => {
  const onHttpRequest = (_request: unknown, response: { end: (text: string) => void }) => response.end('page')
  const { gateway } = await startGateway(t, 'lanes', { workers: 1, onHttpRequest, healthPath: '/healthz' })
  t.equal(gateway.internalUrl, undefined)
  const url = gateway.url.replace('ws', 'http')
  for (const path of ['/livez', '/readyz', '/metrics', '/console/', '/healthz/', '/Healthz'])
    t.equal((await ask(`${url}${path}`)).text, 'page', path)
  t.same(await ask(`${url}/healthz?from=a-balancer`), { status: 200, text: 'ok\n' })
  t.equal(await askAs('game.example', `${url}/healthz`), 200, 'for any host name')
  t.equal(await askAs('game.example', `${url}/`), 421)
})
