/** The list of modules by their names: the same as the modules that workers load. */
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { listModules } from '../../../gateway/project/handler-modules.js'
import { FolderReader } from '../../../workers/loading/folders.js'

const extensions = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts', 'jsx', 'tsx', 'json', 'md', 'JS', 'Ts', 'wasm']

const stems = [
  ...['a', 'a.b', 'a-b', 'A', '_a', '_hooks', '_options', '.a', 'index', 'test', 'spec', 'd'],
  ...['a.test', 'a.TEST', 'a.spec', 'a.test-d', 'a.spec-d', 'a.tests', 'a.d', 'a.D', 'a.d.json', 'a.d.x.y']
]

const folders = [
  ...['', 'admin', 'admin/deep', '_own', '.hidden', 'node_modules', 'admin/node_modules', '__tests__'],
  ...['a.test', 'tests', 'folder.js', 'node_modules2', 'admin/__tests__']
]

/** Lists the modules that a worker loads as handlers, relative to their folder. */
function listLoaded(root: string): string[] {
  const reader = new FolderReader(root)
  const list = (folder: string, around: readonly string[]): string[] =>
    reader
      .read(folder, around)
      .flatMap(({ kind, name, path, realFolder }) =>
        kind === 'folder'
          ? list(path, [...around, realFolder])
          : /^_(?:hooks|options)\./.test(name)
            ? []
            : [relative(root, path)]
      )
  return list(root, [realpathSync(root)])
}

t.test('it lists the modules that workers load, with all names and all links', async t => {
  const root = join(t.testdir({}), 'handlers')
  for (const folder of folders) {
    for (const stem of folder === '' ? stems : ['a', '_a', 'a.test']) {
      for (const extension of extensions) {
        const path = join(root, folder, `${stem}.${extension}`)
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, '')
      }
    }
  }
  mkdirSync(join(root, '../outside/of'), { recursive: true })
  writeFileSync(join(root, '../outside/of/all.ts'), '')
  for (const [to, from] of [
    ['../outside', 'linked'],
    ['../outside/of/all.ts', 'linked.ts'],
    ['../outside/of/all.ts', 'linked.test.ts'],
    ['nowhere', 'dead.ts'],
    ['a.ts/below', 'dead2.ts'],
    ['loop.ts', 'loop.ts'],
    ['..', 'admin/circle'],
    ['deep', 'admin/twice'],
    ['../..', 'above']
  ] as const) {
    symlinkSync(to, join(root, from))
  }
  const listed = listModules(root).map(({ file }) => file)
  t.same(listed.sort(), listLoaded(root).sort())
  for (const file of ['a.ts', 'admin/deep/a.cjs', 'linked/of/all.ts', 'linked.ts', 'admin/twice/a.ts'])
    t.ok(listed.includes(file), file)
})
