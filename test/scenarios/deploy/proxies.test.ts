/** nginx and Caddy in front of a gateway, with the files of `deploy/`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { connect } from '../../../client/node.js'
import type { GatewayOptions } from '../../../gateway/index.js'
import { createCertificate } from '../../helpers/certificate.js'
import { startGateway } from '../../helpers/gateway.js'
import { fixture, root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { findFreePort, RunningServer, type ServerProgram, whyNo } from '../../helpers/server-programs.js'
import { until } from '../../helpers/until.js'

/** Returns a file of `deploy/` with other ports, names and times; each of these must be in it. */
function adapt(file: string, changes: readonly (readonly [string, string])[]): string {
  let text = readFileSync(join(root, 'deploy', file), 'utf8')
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

interface Place {
  readonly folder: string
  /** The ports of the proxy and of the gateway. */
  readonly port: number
  readonly gatewayPort: number
}

/** Starts each proxy with its own file, and idle times of a second where it has some. */
const proxies: Record<string, (t: Test, place: Place) => RunningServer> = {
  nginx(t, { folder, port, gatewayPort }) {
    const { cert, key } = createCertificate()
    writeFileSync(join(folder, 'fullchain.pem'), cert)
    writeFileSync(join(folder, 'privkey.pem'), key)
    const site = adapt('nginx.conf', [
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['127.0.0.1:3010', `127.0.0.1:${gatewayPort}`],
      ['/etc/ssl/game.example', folder],
      ['75s', '1s']
    ])
    writeFileSync(join(folder, 'site.conf'), site)
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const main = `
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      daemon off; pid ${folder}/pid; error_log stderr warn;
      events {}
      http {
        access_log off;
        ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join('\n')}
        include ${folder}/site.conf;
      }`
    writeFileSync(join(folder, 'nginx.conf'), main)
    return new RunningServer(t, 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'])
  },

  caddy(t, { folder, port, gatewayPort }) {
    // A certificate of its own would need the name's owner.
    const site = adapt('Caddyfile', [
      ['game.example {', `http://game.example:${port}, http://127.0.0.1:${port} {\n\tbind 127.0.0.1`],
      ['127.0.0.1:3010', `127.0.0.1:${gatewayPort}`]
    ])
    writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n}\n${site}`)
    const args = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
    return new RunningServer(t, 'caddy', args, {
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder
    })
  }
}

const schemes = { nginx: 'wss', caddy: 'ws' }

/** How it ends: Caddy before 2.6.3, if asked to end, sends the gateway a close that breaks the protocol. */
const ends = { nginx: 'SIGTERM', caddy: 'SIGKILL' } as const

for (const [name, startProxy] of Object.entries(proxies)) {
  t.test(`with ${name} in front`, { skip: whyNo(name as ServerProgram), timeout: 120_000 }, async t => {
    const addresses: string[] = []
    const options: Partial<GatewayOptions> = {
      workers: 1,
      heartbeat: 300,
      trustedProxies: 1,
      hosts: 'loopback,game.example',
      drainSpread: 0,
      authenticate({ address }) {
        addresses.push(address.ip)
        return { accept: true }
      }
    }
    // Our client takes no certificate that nobody vouches for.
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    t.teardown(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
    const { gateway } = await startGateway(t, fixture('handlers-resume'), options)
    const place = { folder: t.testdir({}), port: await findFreePort(), gatewayPort: gateway.address.port }
    let proxy = startProxy(t, place)
    await proxy.listens(place.port)
    const scheme = schemes[name as keyof typeof schemes]
    const host = `game.example:${place.port}`
    const url = `${scheme}://127.0.0.1:${place.port}/`
    const headers = { host }
    /** Resolves with the status of the answer to the upgrade. */
    const knock = (origin: string, more: object = {}) =>
      new Promise<number | undefined>(resolve => {
        const socket = new WebSocket(url, 'sallyport.json', { headers, origin, ...more })
        socket.on('open', () => {
          socket.close()
          resolve(101)
        })
        socket.on('unexpected-response', (_request, { statusCode }) => {
          socket.terminate()
          resolve(statusCode)
        })
        socket.on('error', () => {})
      })

    await t.test('a page of the same origin may connect, one of another may not', async t => {
      t.equal(await knock(`${scheme.replace('ws', 'http')}://${host}`), 101)
      t.equal(await knock('https://evil.example'), 403)
    })

    await t.test('the address is the client’s, whatever it says of itself', async t => {
      const more = { headers: { host, 'x-forwarded-for': '198.51.100.7' }, localAddress: '127.0.0.2' }
      t.equal(await knock(`${scheme.replace('ws', 'http')}://${host}`, more), 101)
      t.equal(addresses.at(-1), '127.0.0.2')
    })

    await t.test('an idle connection outlives the idle times of the proxy, by the heartbeats', async t => {
      const player = new Player(new WebSocket(url, 'sallyport.json', { headers }))
      t.teardown(() => player.leave())
      let pings = 0
      player.ws.on('ping', () => pings++)
      await until('there were heartbeats of 1.5 s', () => pings === 5)
      t.equal(await player.request('player.add', { n: 1 }), 1)
    })

    await t.test('a restart of the proxy costs no session, and a drain sends all away with 1012', async t => {
      const game = await connect(url, { backOff: { least: 1, most: 20 } })
      t.teardown(() => game.close())
      const codes: (number | undefined)[] = []
      game.onState(({ state, code }) => state === 'resuming' && codes.push(code))
      await game.request('player.add', { n: 7 })
      await proxy.end(ends[name as keyof typeof ends])
      await until('it is lost', () => game.state === 'resuming')
      proxy = startProxy(t, place)
      await until('it is back', () => game.state === 'open', 30_000)
      t.same(await game.request('player.seen'), [7], 'in the same session')
      await gateway.drain()
      await until('it was sent away', () => codes.length === 2)
      t.equal(codes[1], 1012)
    })
  })
}
