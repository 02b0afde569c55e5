/** Handlers in CommonJS that use this package, loaded from this copy of it and from another. */

import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import { root } from '../../helpers/paths.js'
import { startProgram } from '../../helpers/program.js'
import { until } from '../../helpers/until.js'

const require = createRequire(import.meta.url)

const handlers = `
const { handler, RequestError } = require('sallyport/worker')
const { createGateway, closeCodes } = require('sallyport')
exports.default = class { sum({ a, b }) { return a + b } }
exports.fail = () => { throw new RequestError('TOO_POOR', 'Not enough gold', { missing: 3 }) }
exports.slow = handler({ timeout: 50 }, () => new Promise(() => {}))
exports.both = () => [typeof createGateway, closeCodes.normal]
exports.path = () => require.resolve('sallyport/worker')
exports.same = async () => (await import('sallyport/worker')).RequestError === RequestError
`

/** Makes a project with a handler in CommonJS, and with the package as npm would install it. */
function project(t: Test, install: (to: string) => void): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-commonjs-')))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  mkdirSync(join(path, 'node_modules'))
  install(join(path, 'node_modules', 'sallyport'))
  mkdirSync(join(path, 'handlers'))
  writeFileSync(join(path, 'handlers', 'game.cjs'), handlers)
  return path
}

/** Copies the package, so that it is another one than the gateway's, and links its dependencies. */
function copyPackage(to: string): void {
  cpSync(join(root, 'package.json'), join(to, 'package.json'))
  for (const name of ['gateway', 'workers', 'shared', 'client', 'testing', 'tools'])
    cpSync(join(root, 'dist', name), join(to, 'dist', name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'), 'junction')
}

t.test('no public module waits at its top level, so that require loads it, as import does', async t => {
  const { exports } = require(join(root, 'package.json'))
  // The program is no module for others: it starts a gateway when it is loaded.
  const names = Object.keys(exports).filter(name => name !== './package.json' && name !== './program')
  t.ok(names.length >= 4)
  for (const name of names) {
    const specifier = `sallyport${name.slice(1)}`
    const imported = await import(specifier)
    t.same(Object.keys(require(specifier)).sort(), Object.keys(imported).sort(), specifier)
  }
  const { RequestError } = await import('sallyport/worker')
  t.equal(require('sallyport/worker').RequestError, RequestError, 'and both get one module')
})

for (const [where, install] of [
  ['the gateway’s own copy of the package', (to: string) => symlinkSync(root, to, 'junction')],
  ['another copy of the package', copyPackage]
] as const) {
  t.test(`handlers that require ${where} do all that others do`, async t => {
    const path = project(t, install)
    const { gateway, connect } = await startWithTwoWorkers(t, join(path, 'handlers'))
    t.same(
      gateway.routes.map(({ route }) => route),
      ['game.both', 'game.fail', 'game.path', 'game.same', 'game.slow', 'game.sum']
    )
    const player = await connect()
    t.equal(await player.request('game.sum', { a: 1, b: 2 }), 3)
    await t.rejects(player.request('game.fail'), { code: 'TOO_POOR' })
    await t.rejects(player.request('game.slow'), { code: 'TIMEOUT' })
    t.same(await player.request('game.both'), ['function', 1000])
    t.equal(await player.request('game.same'), true)
    const isOwn = (await player.request('game.path')) === join(root, 'dist/workers/index.js')
    t.equal(isOwn, install !== copyPackage)
  })
}

t.test('loading them prints no warning', async t => {
  // Node 22.12 is the one that is supported and warns of `require` for an ES module.
  const warns = process.version.startsWith('v22.12.')
  const path = JSON.stringify(join(root, 'dist/workers/index.js'))
  const program = startProgram(t, { handlers: `exports.run = () => typeof require(${path}).handler` })
  await until('it listens', () => program.out.includes('ws://') || program.process.exitCode !== null, 30_000)
  t.match(program.out, /a\.js +a\.run/)
  if (!warns) t.equal(program.err, '')
})

t.test(
  'what TypeScript is compiled to for CommonJS, and TypeScript itself in development, offer the same',
  async t => {
    const source = `import { handler } from 'sallyport/worker'
export const add = handler({ timeout: 9_000 }, (body: { points: number }) => body.points + 1)
export default class Game { read() { return 'read' } }
`
    const path = project(t, to => symlinkSync(root, to, 'junction'))
    const { transpileModule, ModuleKind, ScriptTarget } = await import('typescript')
    const compilerOptions = {
      module: ModuleKind.CommonJS,
      target: ScriptTarget.ES2022,
      esModuleInterop: true
    }
    const { outputText } = transpileModule(source, { compilerOptions })
    for (const [folder, name, text] of [
      ['compiled', 'game.cjs', outputText],
      ['sources', 'game.ts', source],
      ['modules', 'game.mts', source]
    ] as const) {
      mkdirSync(join(path, folder))
      writeFileSync(join(path, folder, name), text)
      const { gateway, connect } = await startGateway(t, join(path, folder), {
        dev: folder !== 'compiled',
        workers: 1
      })
      t.same(
        gateway.routes.map(({ route }) => route),
        ['game.add', 'game.read'],
        folder
      )
      const player = await connect()
      t.equal(await player.request('game.add', { points: 1 }), 2, folder)
      t.equal(await player.request('game.read'), 'read', folder)
    }
  }
)
