/** The loader of TypeScript, as it is found beside handlers. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { findTypescript } from '../../../gateway/development/typescript.js'

/** Makes a game with a package tsx of this version, and returns the folder of its handlers. */
function makeGame(t: Test, version: string): string {
  const folder = t.testdir({ handlers: { 'a.ts': '' } })
  const tsx = join(folder, 'node_modules/tsx')
  mkdirSync(tsx, { recursive: true })
  const at = (file: string) => ({ import: { default: file } })
  const exports = {
    './package.json': './package.json',
    './esm/api': at('./esm.mjs'),
    './cjs/api': at('./cjs.mjs')
  }
  writeFileSync(join(tsx, 'package.json'), JSON.stringify({ name: 'tsx', version, exports }))
  return join(folder, 'handlers')
}

t.test('a tsx whose API is another one is refused with its version, and with what to do', async t => {
  for (const version of ['3.14.0', '4.0.0', '4.11.2']) {
    const handlers = makeGame(t, version)
    t.throws(() => findTypescript(handlers, 'a.ts'), {
      code: 'OPTION_INVALID',
      message: /^tsx \d\S+ in \S+tsx is too old: TypeScript needs tsx 4.12 or later \(npm install/
    })
  }
})

t.test('the game’s own tsx is taken from 4.12 on', async t => {
  for (const version of ['4.12.0', '4.23.15', '5.0.0-beta.1']) {
    const handlers = makeGame(t, version)
    const tsx = join(handlers, '../node_modules/tsx')
    t.same(
      findTypescript(handlers, 'a.ts').typescriptLoaders,
      ['esm.mjs', 'cjs.mjs'].map(file => pathToFileURL(join(tsx, file)).href)
    )
  }
})
