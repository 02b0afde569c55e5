/** Development mode: which changes of files reload the handlers, and what is said about them. */

import type { ChildProcess } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { Project } from '../../helpers/development.js'
import { startGateway } from '../../helpers/gateway.js'
import { root } from '../../helpers/paths.js'
import { readText } from '../../helpers/sources.js'
import { until } from '../../helpers/until.js'

const isolations = ['thread', 'process'] as const

for (const isolation of isolations) {
  t.test(
    `${isolation}: each file that was loaded reloads, however and however often it is saved`,
    async t => {
      const project = new Project(t, {
        'handlers/a.js': `
        import { two } from '../lib/two.js'
        import { createRequire } from 'node:module'
        import table from '../lib/table.json' with { type: 'json' }
        import { shared } from 'shared'
        const common = createRequire(import.meta.url)('../lib/common.cjs')
        export const get = async () => [two, table.three, common.four, shared, (await import('../lib/late.js')).late]`,
        'lib/two.js': 'export const two = 2',
        'lib/table.json': '{ "three": 3 }',
        'lib/common.cjs': 'exports.four = require("./inner.cjs").four',
        'lib/inner.cjs': 'exports.four = 4',
        'lib/late.js': 'export const late = "late"',
        'packages/shared/package.json': '{ "name": "shared", "type": "module", "exports": "./index.js" }',
        'packages/shared/index.js': 'export const shared = 5'
      })
      mkdirSync(project.path('node_modules'))
      symlinkSync(project.path('packages/shared'), project.path('node_modules/shared'))
      const running = project.start(t, { args: ['--isolation', isolation] })
      const player = await running.connect()
      const get = () => player.request('a.get')
      t.same(await get(), [2, 3, 4, 5, 'late'])

      project.save('lib/two.js', 'export const two = 22')
      t.match(await running.reloads(), /INFO .*loaded anew routes=1 ms=\d+ changed=\S*lib\/two\.js$/)
      t.same(await get(), [22, 3, 4, 5, 'late'], 'a file outside the handlers’ folder, saved by a rename')
      project.save('lib/two.js', 'export const two = 222')
      await running.reloads()
      t.same(await get(), [222, 3, 4, 5, 'late'], 'and saved so again')
      project.write('lib/two.js', 'export const two = 2222')
      await running.reloads()
      t.same(await get(), [2222, 3, 4, 5, 'late'], 'and written in place')
      project.save('lib/table.json', '{ "three": 33 }')
      await running.reloads()
      t.same(await get(), [2222, 33, 4, 5, 'late'], 'JSON')
      project.save('lib/inner.cjs', 'exports.four = 44')
      await running.reloads()
      t.same(await get(), [2222, 33, 44, 5, 'late'], 'CommonJS, required by CommonJS')
      project.save('packages/shared/index.js', 'export const shared = 55')
      await running.reloads()
      t.same(await get(), [2222, 33, 44, 55, 'late'], 'a package of the workspace')
      project.save('lib/late.js', 'export const late = "later"')
      await running.reloads()
      t.same(await get(), [2222, 33, 44, 55, 'later'], 'a module that a handler has imported late')
      player.leave()
    }
  )

  t.test(`${isolation}: TypeScript has its own tsconfig.json, wherever the program is started`, async t => {
    const project = new Project(t, {
      'tsconfig.base.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'tsconfig.json': `{
        // The paths of this game.
        "extends": "./tsconfig.base.json",
        "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } }
      }`,
      'lib/rule.ts': 'export const rule: number = 7',
      'other/rule.ts': 'export const rule: number = 8',
      'handlers/a.ts': `
        import { rule } from '@lib/rule'
        const marked: string[] = []
        function mark(_target: object, key: string) { marked.push(key) }
        class Game { @mark run() { return rule as number } }
        export const get = () => [new Game().run(), marked]`
    })
    const running = project.start(t, { args: ['--isolation', isolation] })
    const player = await running.connect()
    t.same(await player.request('a.get'), [7, ['run']])
    project.save('lib/rule.ts', 'export const rule: number = 77')
    t.match(await running.reloads(), /loaded anew.*lib\/rule\.ts/)
    t.same(await player.request('a.get'), [77, ['run']])
    const config = readFileSync(project.path('tsconfig.json'), 'utf8')
    project.save('tsconfig.json', config.replace('./lib/', './other/'))
    t.match(await running.reloads(), /loaded anew.*tsconfig\.json/)
    t.same(await player.request('a.get'), [8, ['run']], 'the tsconfig.json itself')
    player.leave()
  })
}

t.test('code that does not load is told with its place, and loads once it is mended', async t => {
  const project = new Project(t, { 'handlers/a.js': 'export const get = () => 1' })
  const running = project.start(t)
  const player = await running.connect()
  project.save('handlers/a.js', 'import "../lib/b.js"\nexport const get = () => 2')
  t.match(await running.reloads(), /the old ones go on .*lib\/b\.js/, 'an import is missing')
  t.equal(await player.request('a.get'), 1, 'the old code goes on')
  project.write('lib/b.js', '\nexport const b = (')
  t.match(await running.reloads(), /lib\/b\.js:\d/, 'it is there, with a syntax error in its last line')
  project.save('lib/b.js', 'export const b = 1\nthrow new Error("no luck")')
  t.match(await running.reloads(), /no luck.*lib\/b\.js:2:7/, 'it parses, and throws')
  project.save('lib/b.js', 'export const b = 1')
  t.match(await running.reloads(), /loaded anew/)
  t.equal(await player.request('a.get'), 2)
  player.leave()
})

t.test('files and folders may appear, go, be renamed, be replaced, and be exchanged by a link', async t => {
  const project = new Project(t, {
    'v1/a.js': 'export const get = () => 1',
    'v2/a.js': 'export const get = () => 2'
  })
  const [v1, v2, handlers] = [project.path('v1'), project.path('v2'), project.path('handlers')]
  symlinkSync(v1, handlers)
  const running = project.start(t)
  const player = await running.connect()
  const routes = async () => /routes=(\d+)/.exec(await running.reloads())?.[1]
  symlinkSync(v2, project.path('next'))
  renameSync(project.path('next'), handlers)
  await running.reloads()
  t.equal(await player.request('a.get'), 2, 'a link was exchanged for another')

  project.write('handlers/rooms/b.js', 'export const get = () => 3')
  t.equal(await routes(), '2', 'a new folder with a file')
  // One rename on the disk is many events of the watcher.
  const files = Array.from({ length: 20 }, (_, index) => `new/many/b${index}.js`)
  for (const file of files) project.write(file, 'export const get = () => 4')
  renameSync(project.path('new/many'), join(v2, 'many'))
  t.equal(await routes(), '22', 'many files at once are one reload')
  running.process.stdin.write('r\n')
  t.match(await running.reloads(), /loaded anew routes=22 ms=\d+$/, 'the next one is that of a key')
  renameSync(join(v2, 'many'), join(v2, 'some'))
  t.match(await running.reloads(), /changed=.* and 35 more/, 'a folder was renamed')
  t.equal(await player.request('some.b7.get'), 4)
  rmSync(join(v2, 'some'), { recursive: true })
  t.equal(await routes(), '2', 'a folder is gone')
  unlinkSync(join(v2, 'rooms/b.js'))
  t.equal(await routes(), '1', 'a file is gone')

  cpSync(v2, project.path('v3'), { recursive: true, preserveTimestamps: true })
  rmSync(v2, { recursive: true })
  t.match(await running.reloads(), /the old ones go on.*handlers does not exist/)
  project.save('v3/a.js', 'export const get = () => 5')
  renameSync(project.path('v3'), v2)
  await running.says(/loaded anew/)
  t.equal(await player.request('a.get'), 5, 'the handlers’ folder was replaced')
  project.save('v2/a.js', 'export const get = () => 6')
  await running.says(/loaded anew/)
  t.equal(await player.request('a.get'), 6, 'and is still watched')
  player.leave()
})

t.test('a file that is saved while the handlers load is loaded after that', async t => {
  const project = new Project(t, { 'handlers/a.js': 'export const get = () => 1' })
  const running = project.start(t)
  const player = await running.connect()
  const go = project.path('go')
  const wait = `import { existsSync } from 'node:fs'
    console.log('It loads')
    while (!existsSync(${JSON.stringify(go)})) await new Promise(resolve => setTimeout(resolve, 5))`
  project.save('handlers/a.js', `${wait}\nexport const get = () => 2`)
  await until('it loads', () => running.out.includes('It loads'), 60_000)
  project.save('handlers/a.js', 'export const get = () => 3')
  writeFileSync(go, '')
  await running.reloads()
  await running.reloads()
  t.equal(await player.request('a.get'), 3)
  player.leave()
})

t.test('what handlers never load does not reload: tests, declarations, swap files and data', async t => {
  const project = new Project(t, { 'handlers/a.js': 'export const get = () => 1' })
  const running = project.start(t)
  await running.listens()
  for (const name of [
    'a.test.js',
    'a.d.ts',
    '.a.js.swp',
    'a.js~',
    '4913',
    'game.sqlite',
    'node_modules/x/x.js'
  ])
    project.write(`handlers/${name}`, 'nothing')
  project.save('handlers/a.js', 'export const get = () => 2')
  t.match(await running.reloads(), /changed=\S*\/a\.js$/)
})

t.test('handlers that do not load at the start are waited for', async t => {
  const project = new Project(t, { 'handlers/a.js': 'export const get = () => (' })
  const running = project.start(t)
  t.match(await running.says(/next change of a file tries again/), /SyntaxError.*handlers\/a\.js:1/)
  project.save('handlers/a.js', 'export const get = () => 1')
  const player = await running.connect()
  t.equal(await player.request('a.get'), 1)
  player.leave()

  const other = new Project(t, { 'handlers/a.js': 'export const get = () => (' }).start(t)
  await other.says(/next change of a file tries again/)
  other.process.kill('SIGTERM')
  t.equal(await other.ended, 0, 'a signal ends the wait')
})

/** A module that makes `fs.watch` fail as it does at a limit of the system. */
const noWatches = `
  import fs from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  fs.watch = () => { throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' }) }
  syncBuiltinESMExports()`

t.test('where the system can watch no more files they are polled, as with devPoll', async t => {
  const project = new Project(t, {
    'no-watches.mjs': noWatches,
    'handlers/a.js': 'import "../lib/b.js"\nexport const get = () => 1',
    'lib/b.js': ''
  })
  const nodeArgs = ['--import', pathToFileURL(project.path('no-watches.mjs')).href]
  const failing = project.start(t, { nodeArgs })
  const polling = project.start(t, { nodeArgs, env: { SALLYPORT_DEV_POLL: '50' } })
  await Promise.all([failing.listens(), polling.listens()])
  t.match(await failing.says(/they are polled/), /WARN .*max_user_watches.*devPoll.*ENOSPC/)
  project.save('lib/b.js', 'export const b = 1')
  for (const running of [failing, polling]) t.match(await running.reloads(), /changed=\S*lib\/b\.js/)
  t.notOk(polling.err.includes('they are polled'))
  t.equal(failing.err.split('they are polled').length, 2, 'it is said once')
})

/** Creates a copy of the package with all that it needs but tsx, and without chokidar if that is asked. */
function copyPackage(t: Test, packages: readonly string[]): string {
  const { folder } = new Project(t, {})
  for (const room of ['gateway', 'workers', 'shared', 'client', 'tools'])
    cpSync(join(root, 'dist', room), join(folder, 'dist', room), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  for (const name of packages) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), link)
  }
  return folder
}

const needed = Object.keys(JSON.parse(readText('package.json')).dependencies)

t.test(
  'without tsx and chokidar, JavaScript runs and r reloads it; each is asked for where it is needed',
  async t => {
    const home = copyPackage(t, needed)
    const project = new Project(t, { 'handlers/a.js': 'export const get = () => 1' })
    const running = project.start(t, { home })
    const player = await running.connect()
    await running.says(/WARN .*chokidar is missing.*npm install chokidar/)
    project.save('handlers/a.js', 'export const get = () => 2')
    running.process.stdin.write('r\n')
    await running.reloads()
    t.equal(await player.request('a.get'), 2)
    player.leave()

    const typed = new Project(t, { 'handlers/a.ts': 'export const get = (): number => 1' })
    const other = typed.start(t, { home })
    if ((process.features as { typescript?: unknown }).typescript) {
      t.equal(await (await other.connect()).request('a.get'), 1, 'Node strips the types')
    } else {
      t.equal(await other.ended, 1)
      t.match(other.err, /^sallyport: \S*handlers\/a\.ts is TypeScript: .*npm install --save-dev tsx/)
    }
    // TypeScript that JavaScript imports shows itself only when it is loaded.
    const mixed = new Project(t, {
      'handlers/a.js': 'import { b } from "../lib/b.ts"\nexport const get = () => b',
      'lib/b.ts': 'export const b: number = 1'
    })
    t.equal(await (await mixed.start(t).connect()).request('a.get'), 1, 'it is loaded with tsx')
  }
)

t.test('a chokidar that is broken costs the watching alone, also while the handlers take long', async t => {
  const home = copyPackage(t, needed)
  const broken = join(home, 'node_modules/chokidar')
  mkdirSync(broken)
  writeFileSync(join(broken, 'package.json'), '{ "type": "module", "exports": "./index.js" }')
  const failures = [
    "throw new Error('not built')",
    "export const watch = () => { throw new Error('not built') }"
  ]
  for (const failure of failures) {
    writeFileSync(join(broken, 'index.js'), failure)
    const project = new Project(t, {
      'handlers/_hooks.js': `import { existsSync } from 'node:fs'
        export async function onStart() {
          while (!existsSync(new URL('../database', import.meta.url))) await new Promise(r => setTimeout(r, 20))
        }`,
      'handlers/a.js': 'export const get = () => 1'
    })
    const running = project.start(t, { home })
    await running.says(/WARN .*still being loaded/)
    await running.says(/WARN .*Files are not watched.*not built/)
    project.write('database', '')
    const player = await running.connect()
    t.equal(await player.request('a.get'), 1)
    running.process.stdin.write('r\n')
    await running.reloads()
    player.leave()
  }
})

t.test('r and Enter reload; other lines, the end of stdin and SIGHUP do what they did', async t => {
  const project = new Project(t, { 'handlers/a.js': 'export const get = () => 1' })
  const running = project.start(t)
  await running.listens()
  t.match(running.out, /r and Enter load the handlers anew/)
  running.process.stdin.write('hello\nr\n')
  t.match(await running.reloads(), /loaded anew routes=1 ms=\d+$/)
  running.process.stdin.end()
  running.process.kill('SIGHUP')
  t.match(await running.reloads(), /loaded anew routes=1 ms=\d+$/)
  running.process.kill('SIGTERM')
  t.equal(await running.ended, 0)
})

t.test('r and Enter, or SIGHUP, try a start again that waits for a change of a file', async t => {
  for (const ask of [
    ({ stdin }: ChildProcess) => stdin!.write('r\n'),
    (child: ChildProcess) => child.kill('SIGHUP')
  ]) {
    const project = new Project(t, {
      'handlers/_hooks.js': `import { existsSync } from 'node:fs'
        export function onStart() {
          if (!existsSync(new URL('../database', import.meta.url))) throw new Error('no database')
        }`,
      'handlers/a.js': 'export const get = () => 1'
    })
    const running = project.start(t)
    await running.says(/The handlers do not load; the next change of a file tries again.*no database/)
    ask(running.process)
    await running.says(/The handlers do not load.*no database/)
    project.write('database', '')
    ask(running.process)
    t.equal(await (await running.connect()).request('a.get'), 1)
    running.process.kill('SIGTERM')
    t.equal(await running.ended, 0)
  }
})

const waiting = 'await new Promise(() => setInterval(() => {}, 1_000))\n'
const slowLine = /still being loaded: a module or onStart waits; a saved file, r or SIGHUP tries again at=/
const once = /^\S+ INFO +The handlers are loaded once more why=.*took long to load, and were cancelled: /

t.test('handlers that wait for ever at the start are loaded once more by a saved file, or r', async t => {
  const project = new Project(t, { 'handlers/a.js': `${waiting}export const get = () => 1` })
  const running = project.start(t)
  t.match(await running.says(slowLine), 'at=a.js')
  running.process.stdin.write('r\n')
  t.match(await running.says(once), 'that was asked for')
  await running.says(slowLine)
  project.save('handlers/a.js', 'export const get = () => 2')
  t.match(await running.says(once), 'handlers/a.js has changed')
  t.equal(await (await running.connect()).request('a.get'), 2)
  running.process.kill('SIGTERM')
  t.equal(await running.ended, 0)
})

t.test('handlers that wait for ever in a reload are loaded once more by a saved file, or r', async t => {
  const project = new Project(t, {
    'handlers/_hooks.js': 'export function onStart() {}',
    'handlers/a.js': 'export const get = () => 1'
  })
  const running = project.start(t)
  const player = await running.connect()
  project.save('handlers/_hooks.js', 'export async function onStart() { await new Promise(() => {}) }')
  t.match(await running.says(slowLine), 'at=onStart')
  running.process.stdin.write('r\n')
  t.match(await running.says(once), 'another reload was asked for')
  await running.says(slowLine)
  t.equal(await player.request('a.get'), 1, 'the old ones go on')
  project.save('handlers/_hooks.js', `export async function onStart() { console.error('waits'); ${waiting} }`)
  await running.says(once)
  await running.says(/^waits$/)
  // The load is cancelled once it takes long.
  project.save('handlers/_hooks.js', 'export function onStart() {}')
  project.save('handlers/a.js', 'export const get = () => 2')
  t.match(await running.says(once), 'another reload was asked for')
  t.match(await running.reloads(), /loaded anew .*changed=.*a\.js/)
  t.equal(await player.request('a.get'), 2)
  running.process.kill('SIGTERM')
  t.equal(await running.ended, 0)
})

t.test(
  'the program keeps the types of the routes fresh, and a gateway of a program or a test does not',
  async t => {
    const stale = `// Written by \`sallyport types\` from the names of the handler modules. Do not edit it.
export type Routes = { a: typeof import('./handlers/a.js') }
`
    const project = new Project(t, {
      'handlers/a.js': 'export const get = () => 1',
      'handlers/b.js': 'export const get = () => 1',
      'routes.ts': stale
    })
    const { gateway } = await startGateway(t, project.path('handlers'), { workers: 1, dev: true })
    await gateway.reload()
    t.equal(readFileSync(project.path('routes.ts'), 'utf8'), stale)
    await gateway.close()
    const running = project.start(t)
    await running.connect()
    t.match(readFileSync(project.path('routes.ts'), 'utf8'), "  b: typeof import('./handlers/b.js')")
  }
)

t.test('a tsconfig.json that is no JSON is told, at the start and after it, until it is mended', async t => {
  const whole = '{ "compilerOptions": { /* as always */ "target": "es2022", } }'
  const project = new Project(t, {
    'handlers/a.ts': 'export const get = (): number => 1',
    'tsconfig.json': '{ broken'
  })
  const running = project.start(t)
  await until('it is told', () =>
    /do not load; the next change .*tsconfig\.json can't be read/.test(running.err)
  )
  project.save('tsconfig.json', whole)
  const player = await running.connect()
  t.equal(await player.request('a.get'), 1)
  project.save('tsconfig.json', '{ "compilerOptions": [ }')
  await until('the old ones go on', () =>
    /the old ones go on.*tsconfig\.json can't be read.*changed=\S*tsconfig\.json/.test(running.err)
  )
  project.save('tsconfig.json', whole)
  await until('they are loaded', () => /loaded anew.*changed=\S*tsconfig\.json/.test(running.err))
  running.err = ''
  project.save('tsconfig.json', '// nothing yet\n')
  await until('one without options is one', () => /loaded anew/.test(running.err))
})
