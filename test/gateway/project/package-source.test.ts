/** Tests what a new project asks npm for. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findCallersFolder, resolvePackage } from '../../../gateway/project/package-source.js'

t.test(
  'a path is resolved against the folder of the caller, and written relative to the project',
  async t => {
    const caller = t.testdir()
    const project = join(caller, 'games/game')
    mkdirSync(join(caller, 'packs'))
    writeFileSync(join(caller, 'packs/own.tgz'), '')
    for (const spec of [
      'packs/own.tgz',
      './packs/own.tgz',
      'file:packs/own.tgz',
      join(caller, 'packs/own.tgz'),
      `file://${caller}/packs/own.tgz`
    ]) {
      t.equal(resolvePackage(spec, caller, project).dependency, 'file:../../packs/own.tgz', spec)
    }
    t.equal(resolvePackage('./packs', caller, project).dependency, 'file:../../packs', 'a folder')
  }
)

t.test('a specifier that is no path stays as it is', async t => {
  for (const spec of [
    '^1.2.3',
    'next',
    '*',
    'https://example.org/own.tgz',
    'github:somebody/sallyport',
    'npm:@me/sallyport@1'
  ]) {
    t.equal(resolvePackage(spec, '/games', '/games/game').dependency, spec)
  }
})

t.test('an empty text is refused', async t => {
  t.throws(() => resolvePackage('', '/games', '/games/game'), {
    code: 'OPTION_INVALID',
    message: 'Expected --package to name a package, got an empty text'
  })
})

t.test('a path at which nothing is, is refused', async t => {
  for (const spec of ['./no.tgz', 'no.tgz', 'file:../no']) {
    t.throws(() => resolvePackage(spec, t.testdirName, join(t.testdirName, 'game')), {
      code: 'OPTION_INVALID',
      message: /^Expected `--package` to be a package, found no \//
    })
  }
})

t.test("the caller's folder is that of npm's caller only in a script of the package", async t => {
  const env = { INIT_CWD: '/home/me', npm_package_json: '/home/me/sallyport/package.json' }
  t.equal(findCallersFolder(env, '/home/me/sallyport'), '/home/me')
  t.equal(findCallersFolder(env, '/home/me/games'), '/home/me/games', 'a program that such a script runs')
  t.equal(findCallersFolder({}, '/home/me/games'), '/home/me/games', 'without npm')
})
