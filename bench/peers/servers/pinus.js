/**
 * The servers of Pinus: its master, one connector and one backend server, each a process. Writes their
 * configuration for free ports into a folder of its own, and starts them.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const host = '127.0.0.1'
const base = mkdtempSync(join(tmpdir(), 'sallyport-pinus-'))
const program = fileURLToPath(new URL('pinus', import.meta.url))

const children = []
let isEnding = false
process.on('disconnect', end)
process.on('SIGINT', () => {})

const [masterPort, connectorPort, clientPort, gamePort] = await findPorts(4)
const master = { id: 'master-1', host, port: masterPort }
const servers = {
  connector: [{ id: 'connector-1', host, port: connectorPort, clientHost: host, clientPort, frontend: true }],
  game: [{ id: 'game-1', host, port: gamePort }]
}
writeConfiguration()

await start({})
const others = Object.entries(servers).map(([serverType, [server]]) => start({ serverType, ...server }))
await Promise.all(others)
process.send({ kind: 'up', port: clientPort })

/**
 * Starts a server. Resolves when it says that it is up: the master when it listens, the others when all know
 * each other.
 */
async function start(server) {
  const args = Object.entries({ env: 'production', mode: 'stand-alone', ...server })
  const child = fork(
    join(program, 'app.js'),
    args.map(([name, value]) => `${name}=${value}`),
    { env: { ...process.env, PINUS_BASE: base } }
  )
  children.push(child)
  child.on('exit', end)
  await once(child, 'message')
}

/** Ends the servers, then removes their folder: last, because the servers watch it. */
async function end() {
  if (isEnding) return
  isEnding = true
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
  const gone = running.map(child => once(child, 'exit'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(gone)
  rmSync(base, { recursive: true, force: true })
  process.exit(running.length === children.length ? 0 : 1)
}

function writeConfiguration() {
  const token = 'bench'
  const files = {
    master: { production: master },
    servers: { production: servers },
    adminServer: Object.keys(servers).map(type => ({ type, token })),
    adminUser: [],
    dictionary: [],
    serverProtos: {},
    clientProtos: {},
    log4js: {
      appenders: { console: { type: 'stderr' } },
      categories: { default: { appenders: ['console'], level: 'error' } }
    }
  }
  mkdirSync(join(base, 'config'))
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(base, 'config', `${name}.json`), JSON.stringify(content))
  }
  symlinkSync(join(program, 'app'), join(base, 'app'))
}

/** Finds different ports that are free. */
async function findPorts(count) {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, host))
  await Promise.all(listeners.map(listener => once(listener, 'listening')))
  const ports = listeners.map(listener => listener.address().port)
  for (const listener of listeners) listener.close()
  return ports
}
