/** Tests the file with the types of the routes, by compiling it. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readTypesFile, refreshTypesFile, writeTypesFile } from '../../../gateway/project/types-file.js'
import type { LogDoor } from '../../../gateway/telemetry/log-door.js'
import { createLogger } from '../../../shared/text/log.js'
import { compile } from '../../helpers/compile.js'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'

const score = `export function add(body: { points: number }) {
  return { score: body.points }
}
export const limit = 3
`

/** A project below the repository, so that `sallyport` is the package itself. */
function makeProject(t: Test): { folder: string; handlers: string } {
  const folder = join(root, 'dist/documents/types-file')
  const handlers = join(folder, 'handlers')
  rmSync(folder, { recursive: true, force: true })
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(handlers, 'admin'), { recursive: true })
  writeFileSync(join(handlers, 'score.ts'), score)
  writeFileSync(join(handlers, 'admin/room-list.mts'), 'export const all = () => ["north"]\n')
  for (const name of ['_hooks.ts', 'score.test.ts', 'data.d.ts', 'read.me'])
    writeFileSync(join(handlers, name), 'nothing that compiles, or that a worker loads')
  return { folder, handlers }
}

t.test('it names each module that a worker loads, and types the routes of a client', async t => {
  const { folder, handlers } = makeProject(t)
  t.equal(writeTypesFile(readTypesFile(handlers)), true)
  const path = join(folder, 'routes.ts')
  matchRows(t, readFileSync(path, 'utf8').match(/^ {2}.*$/gm)!, [
    "  'admin.room-list': typeof import('./handlers/admin/room-list.mjs')",
    "  score: typeof import('./handlers/score.js')"
  ])
  const play = join(folder, 'play.ts')
  writeFileSync(
    play,
    `import { connect } from 'sallyport/client'
import type { Routes } from './routes.js'
const game = await connect<Routes>('ws://127.0.0.1:1')
const rooms: string[] = await game.request('admin.room-list.all')
const { score }: { score: number } = await game.request('score.add', { points: 3 })
console.log(rooms, score)
// @ts-expect-error points are a number
await game.request('score.add', { points: '3' })
// @ts-expect-error there is no such route
await game.request('score.ad', { points: 3 })
`
  )
  t.same(compile(play), [])

  // Modules of one name have their routes together.
  writeFileSync(join(handlers, 'admin.room-list.ts'), 'export const none = () => 5\n')
  t.equal(writeTypesFile(readTypesFile(handlers)), true)
  writeFileSync(
    join(folder, 'both.ts'),
    `import type { Routes } from './routes.js'
export const all: Routes['admin.room-list.all']['reply'] = ['north']
export const none: Routes['admin.room-list.none']['reply'] = 5
// @ts-expect-error it is a number
export const wrong: Routes['admin.room-list.none']['reply'] = 'north'
`
  )
  t.same(compile(join(folder, 'both.ts')), [])
  rmSync(join(handlers, 'admin.room-list.ts'))
  t.equal(writeTypesFile(readTypesFile(handlers)), true)

  // A module that moves is an error of the compiler until the file is written anew.
  renameSync(join(handlers, 'score.ts'), join(handlers, 'points.ts'))
  t.ok(compile(play).some(lines => /Cannot find module '\.\/handlers\/score\.js'/.test(lines.join(' '))))
  const stale = readTypesFile(handlers)
  t.not(stale.present, stale.text)
  writeTypesFile(stale)
  t.ok(
    compile(play).some(lines => /score\.add/.test(lines.join(' '))),
    'its old routes are an error of the client'
  )
  t.equal(writeTypesFile(readTypesFile(handlers)), false, 'it is up to date')
})

t.test(
  'the command with --check writes nothing, and its exit code says whether the file is up to date',
  async t => {
    const { folder, handlers } = makeProject(t)
    const program = join(root, 'dist/gateway/program/main.js')
    const path = join(folder, 'routes.ts')
    const types = (...args: string[]) => {
      const command = [program, 'types', '--handlers', handlers, ...args]
      const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
      return { status, said: stdout + stderr }
    }
    const advice = 'sallyport types without --check writes it'
    t.same(types('--check'), { status: 1, said: `sallyport: ${path} is not there: ${advice}\n` })
    t.notOk(existsSync(path))
    t.same(types(), { status: 0, said: `${path} is written.\n` })
    t.same(types('--check'), { status: 0, said: `${path} is up to date.\n` })
    renameSync(join(handlers, 'score.ts'), join(handlers, 'points.ts'))
    const before = readFileSync(path, 'utf8')
    t.same(types('--check'), { status: 1, said: `sallyport: ${path} is not up to date: ${advice}\n` })
    t.equal(readFileSync(path, 'utf8'), before)
    writeFileSync(path, 'export const own = 1\n')
    const foreign = 'is there already, and not written by sallyport types: --out names another'
    t.same(types('--check'), { status: 1, said: `sallyport: ${path} ${foreign}\n` })
  }
)

t.test('a folder that is missing, or none, is said to be, as when handlers are loaded', async t => {
  const { handlers } = makeProject(t)
  const [gone, file] = [join(handlers, 'gone'), join(handlers, 'score.ts')]
  t.throws(() => readTypesFile(gone), { message: `The handlers' folder ${gone} does not exist` })
  t.throws(() => readTypesFile(file), { message: `The handlers' folder ${file} is no folder` })
})

t.test('a file that it has not written stays as it is', async t => {
  const { folder, handlers } = makeProject(t)
  const path = join(folder, 'routes.ts')
  writeFileSync(path, 'export const own = 1\n')
  t.throws(() => writeTypesFile(readTypesFile(handlers)), {
    code: 'OPTION_INVALID',
    message: /routes\.ts is there already, and not written by sallyport types: --out names another$/
  })
  t.equal(readFileSync(path, 'utf8'), 'export const own = 1\n')
})

t.test('development writes a file that is there anew, and makes none', async t => {
  const { folder, handlers } = makeProject(t)
  const lines: string[] = []
  const log = createLogger('debug', (_level, message) => lines.push(message)) as unknown as LogDoor
  refreshTypesFile({ handlers, log })
  t.equal(readTypesFile(handlers).present, undefined)
  writeTypesFile(readTypesFile(handlers))
  writeFileSync(join(handlers, 'chat.ts'), score)
  refreshTypesFile({ handlers, log })
  t.match(readFileSync(join(folder, 'routes.ts'), 'utf8'), "  chat: typeof import('./handlers/chat.js')")
  t.same(lines, ['The types of the routes were written'])
})

t.test('a file with the line ends of Windows is up to date', async t => {
  const { folder, handlers } = makeProject(t)
  writeTypesFile(readTypesFile(handlers))
  const path = join(folder, 'routes.ts')
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'))
  t.equal(writeTypesFile(readTypesFile(handlers)), false)
})

t.test('a folder whose name begins with a dot, or has a quote, is imported, and is kept fresh', async t => {
  const { folder } = makeProject(t)
  const path = join(folder, 'routes.ts')
  const log = createLogger('debug', () => {}) as unknown as LogDoor
  for (const [name, way] of [
    ['.game', "'./.game/score.js'"],
    ['..game', "'./..game/score.js'"],
    ["it's", "'./it\\'s/score.js'"]
  ] as const) {
    const handlers = join(folder, name)
    mkdirSync(handlers)
    writeFileSync(join(handlers, 'score.ts'), score)
    writeTypesFile(readTypesFile(handlers))
    t.match(readFileSync(path, 'utf8'), `  score: typeof import(${way})\n`)
    t.same(compile(path), [])
    writeFileSync(join(handlers, 'late.ts'), score)
    refreshTypesFile({ handlers, log })
    t.match(readFileSync(path, 'utf8'), '  late: typeof import(', name)
  }
  const nested = join(folder, 'out/routes.ts')
  t.match(readTypesFile(join(folder, '.game'), nested).text, "import('../.game/score.js')")
})

t.test('development leaves a file alone that was written for another folder', async t => {
  const { folder, handlers } = makeProject(t)
  const log = createLogger('debug', () => t.fail('nothing is logged')) as unknown as LogDoor
  writeTypesFile(readTypesFile(handlers))
  const before = readFileSync(join(folder, 'routes.ts'), 'utf8')
  const fixture = join(folder, 'fixture')
  mkdirSync(fixture)
  writeFileSync(join(fixture, 'a.ts'), score)
  refreshTypesFile({ handlers: fixture, log })
  t.equal(readFileSync(join(folder, 'routes.ts'), 'utf8'), before)
})
