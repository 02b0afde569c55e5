/** The package as its users get it: packed, installed in an empty project, compiled, and run. */

import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'

const run = promisify(execFile)

const handler = `
import { type BackendSession, type HandlerContext, handler, RequestError } from 'sallyport/worker'

interface Player { score: number; room: string }

export async function add(body: { points: number }, session: BackendSession<Player>, context: HandlerContext) {
  const before: number | undefined = session.get('score')
  session.set('score', (before ?? 0) + body.points)
  await session.apush('score')
  if (context.signal.aborted) throw new RequestError('GONE', 'gone')
  return { score: session.get('score'), worker: context.worker.index }
}

export function wrong(_body: unknown, session: BackendSession<Player>) {
  // @ts-expect-error a score is a number
  session.set('score', 'many')
  // @ts-expect-error there is no such key
  session.get('scores')
  // Without a type parameter values are any, as the specification says.
  const untyped = session as BackendSession
  const value: string = untyped.get('whatever')
  return value
}

export const find = handler({ concurrent: true, timeout: 100 }, async (body: { name: string }) => body.name)
`

/** A project that declares the settings of its sessions once. */
const declared = `
import { defineConfig, type HostSession } from 'sallyport'
import { TestWorld } from 'sallyport/testing'
import type { BackendSession, BackendSessionService } from 'sallyport/worker'

declare module 'sallyport/worker' {
  interface SessionSettings {
    room: string
  }
}

export function enter(body: { room: string }, session: BackendSession) {
  session.set('room', body.room)
  // @ts-expect-error a room is a text
  session.set('room', 7)
  // @ts-expect-error there is no such key
  session.get('rooms')
  const room: string | undefined = session.get('room')
  return { room }
}

export async function move(sessions: BackendSessionService, sid: number) {
  await sessions.apush('gateway-1', sid, 'room', 'hall')
  await sessions.apushAll('gateway-1', sid, { room: 'hall' })
  // @ts-expect-error a room is a text
  await sessions.apush('gateway-1', sid, 'room', 7)
  // @ts-expect-error there is no such key
  sessions.pushAll('gateway-1', sid, { rooms: 'hall' })
}

export async function test() {
  const player = new TestWorld().join({ settings: { room: 'hall' } })
  const room: string | undefined = player.settings.room
  // @ts-expect-error a room is a text
  new TestWorld().join({ settings: { room: 7 } })
  const one: number = await player.call(() => 1)
  // @ts-expect-error the handler needs a body
  await player.call(enter)
  return [room, one, await player.call(enter, { room: 'hall' })]
}

export function host(session: HostSession) {
  session.set('room', 'hall')
  // @ts-expect-error a room is a text
  session.set('room', 7)
  // @ts-expect-error there is no such key
  session.remove('rooms')
  const rooms: (string | undefined)[] = [session.get('room'), session.settings.room]
  return rooms
}

defineConfig({ handlers: '.', authenticate: async () => ({ accept: true, uid: 'red', settings: { room: 'hall' } }) })
// @ts-expect-error a room is a text
defineConfig({ handlers: '.', authenticate: async () => ({ accept: true, uid: 'red', settings: { room: 7 } }) })
`

const player = `
import { type Client, connect, type RoutesOf } from 'sallyport/client'
import type * as score from './handlers/score.js'

type Routes = RoutesOf<{ score: typeof score }>

export async function play(url: string): Promise<void> {
  const game: Client<Routes> = await connect<Routes>(url)
  const { worker } = await game.request('score.add', { points: 4 })
  // @ts-expect-error points are a number
  await game.request('score.add', { points: '4' }).catch(() => {})
  const name: string = await game.request('score.find', { name: 'Red' })
  console.log(worker, name, game.state)
  game.close()
}
`

const server = `
import { play } from './player.js'
import { closeCodes, createGateway, defineConfig, type Gateway, type GatewayOptions, GatewayError } from 'sallyport'
import { WebSocket } from 'ws'

const options: GatewayOptions = { handlers: new URL('./handlers', import.meta.url).pathname, port: 0, workers: 1 }
defineConfig({ handlers: './handlers', authenticate: ({ headers }) => ({ accept: true, uid: headers.origin ?? null }) })
defineConfig(async () => ({ handlers: './handlers', heartbeat: '10s' }))
// @ts-expect-error there is no such option
defineConfig({ handlers: './handlers', prt: 1 })
// @ts-expect-error there is no such option
defineConfig(() => ({ handlers: './handlers', onstart() {} }))
// @ts-expect-error a port is a number
defineConfig(() => ({ handlers: './handlers', port: 'many' }))
// @ts-expect-error that is no isolation
defineConfig(async () => ({ handlers: './handlers', isolation: 'proces' }))
// @ts-expect-error that is no configuration
defineConfig(() => 5)
// @ts-expect-error that is none either
defineConfig('./handlers')
const gateway: Gateway = await createGateway(options)
gateway.sessions.on('closed', (session, reason) => console.log('closed', session.get('score'), reason))
const socket = new WebSocket(gateway.url, 'sallyport.json')
socket.onopen = () => socket.send('[1,"score.add",{"points":3}]')
socket.onmessage = async ({ data }) => {
  console.log(String(data))
  socket.close(closeCodes.normal)
}
socket.onclose = async () => {
  await play(gateway.url)
  await gateway.close()
  const failure = await createGateway({ handlers: '/no/such/folder' }).catch(error => error)
  console.log(failure instanceof GatewayError, failure.code)
}
`

/** Folders and files of the package; each must be there. */
const contents = [
  /^dist\/(?:gateway|workers|shared|client|testing|tools|examples)\/.+\.(?:c?js|d\.c?ts)$/,
  /^gateway\/(?:host\/start-page|console\/page)\/[\w/-]+\.(?:html|css|js)$/,
  /^examples\/(?:chat|arena)\/page\/[\w-]+\.(?:html|css|js)$/,
  /^examples\/(?:arena|chat|score|starter)\/README\.md$/,
  /^examples\/(?:arena|chat)\/(?:http|handlers\/\w+)\.ts$/,
  /^examples\/score\/(?:play|player-settings|handlers\/\w+)\.ts$/,
  /^examples\/starter\/.+\.ts$/,
  /^deploy\/(?:[\w.-]+\.(?:service|yaml|conf|cjs)|Dockerfile|dockerignore|Caddyfile)$/,
  /^docs\/.+\.(?:md|json|jsonl|svg|webp|yml)$/,
  /^(?:README|ARCHITECTURE|CONTRIBUTING|CHANGELOG|SECURITY)\.md$/,
  /^LICENSE$/,
  /^package\.json$/
]

/** Checks that the package has all that it should have, and nothing else. */
function expectContents(t: Test, paths: readonly string[]): void {
  t.same(
    paths.filter(path => !contents.some(each => each.test(path))),
    [],
    'nothing else'
  )
  for (const each of contents)
    t.ok(
      paths.some(path => each.test(path)),
      String(each)
    )
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const named = JSON.stringify([exports, bin]).match(/(?<=\.\/)dist[^"]+|(?<=")dist[^"]+/g)!
  t.same(
    named.filter(path => !paths.includes(path)),
    [],
    'all that it exports'
  )
  const pages = paths.filter(path => /^(?:README|docs\/.+|examples\/.+)\.md$/.test(path))
  const links = pages.flatMap(page =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, link]) =>
      join(dirname(page), link!)
    )
  )
  // The tests are in the repository.
  t.same(
    links.filter(link => !link.startsWith('test/') && !paths.some(path => `${path}/`.startsWith(`${link}/`))),
    [],
    'all to which documents lead'
  )
  for (const file of readdirSync(join(root, 'deploy'))) t.ok(paths.includes(`deploy/${file}`), file)
}

/** Reads the paths that `npm pack --json` prints: a list with one package. */
function readPaths(printed: string): string[] {
  const [first] = Object.values<{ files: { path: string }[] }>(JSON.parse(printed))
  return first!.files.map(({ path }) => path)
}

t.test(
  'packed and installed in an empty project it compiles under NodeNext, strictly, and runs',
  { timeout: 300_000 },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
    const { stdout: packed } = await run('npm', pack, { cwd: root, maxBuffer: 16 * 1024 * 1024 })
    const [tarball] = readdirSync(folder)
    expectContents(t, readPaths(packed))
    const project = join(folder, 'game')
    mkdirSync(join(project, 'handlers'), { recursive: true })
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ name: 'game', type: 'module', private: true })
    )
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, tarball!)], {
      cwd: project
    })
    const installed = readdirSync(join(project, 'node_modules')).filter(name => !name.startsWith('.'))
    // With their own dependencies, as the lock file lists them.
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    const needed = Object.entries<{ dev?: boolean }>(packages)
      .filter(([, { dev }]) => dev !== true)
      .map(([path]) => path.split('/')[1])
    needed.push('sallyport')
    t.same(
      installed.filter(name => !needed.includes(name)),
      [],
      'nothing but what it needs'
    )

    writeFileSync(join(project, 'handlers/score.ts'), handler)
    writeFileSync(join(project, 'server.ts'), server)
    writeFileSync(join(project, 'player.ts'), player)
    mkdirSync(join(project, 'declared'))
    writeFileSync(join(project, 'declared/room.ts'), declared)
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          lib: ['es2023'],
          strict: true,
          exactOptionalPropertyTypes: true,
          types: ['node']
        },
        exclude: ['declared']
      })
    )
    writeFileSync(
      join(project, 'declared/tsconfig.json'),
      JSON.stringify({ extends: '../tsconfig.json', include: ['.'], exclude: [] })
    )
    // A TypeScript user also has the compiler and the types of Node.
    mkdirSync(join(project, 'node_modules/@types'), { recursive: true })
    for (const name of ['node', 'ws'])
      symlinkSync(join(root, 'node_modules/@types', name), join(project, 'node_modules/@types', name))
    const compiled = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], {
      cwd: project
    }).catch(error => error)
    t.equal(compiled.stdout, '', 'no error of a type, with the checks of declaration files on')
    const declaration = await run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', 'declared'],
      { cwd: project }
    ).catch(error => error)
    t.equal(declaration.stdout, '', 'settings that are declared once type every session')
    rmSync(join(project, 'handlers/score.ts'))

    const { stdout } = await run(process.execPath, ['server.js'], { cwd: project })
    matchRows(t, stdout.trim().split('\n'), [
      '[1,{"score":3,"worker":0}]',
      'closed 3 client closed',
      '0 Red open',
      // The client's close frame and the gateway's cross each other, so that either may win.
      /^closed 44 /,
      'true HANDLERS_INVALID'
    ])

    const { stdout: version } = await run(join(project, 'node_modules/.bin/sallyport'), ['--version'], {
      cwd: project
    })
    t.match(version, /^\d+\.\d+\.\d+/)

    // The example reads the files of its page when it is loaded.
    const load = "await import('./node_modules/sallyport/dist/examples/chat/http.js')"
    await run(process.execPath, ['--input-type=module', '--eval', load], { cwd: project })
    const page = `
      const { serveStartPage } = await import('./node_modules/sallyport/dist/gateway/host/start-page.js')
      const response = { writeHead: status => console.log(status), end() {} }
      serveStartPage({})({ method: 'GET', url: '/', headers: {} }, response)`
    const { stdout: status } = await run(process.execPath, ['--input-type=module', '--eval', page], {
      cwd: project
    })
    t.equal(status, '200\n', 'the start page is in the package')
  }
)
