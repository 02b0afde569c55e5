/** The sources of a game in development, and which of them have changed. */
import { renameSync, rmSync, symlinkSync, unlinkSync, utimesSync } from 'node:fs'
import t, { type Test } from 'tap'
import { isSource, listSources } from '../../../gateway/development/source-tree.js'
import { isLoadedFiles, Sources } from '../../../gateway/development/sources.js'
import { Project } from '../../helpers/development.js'

function begin(t: Test, files: Record<string, string>): { project: Project; sources: Sources } {
  const project = new Project(t, files)
  const sources = new Sources(project.path('handlers'))
  sources.begin()
  sources.end(true)
  return { project, sources }
}

function load(sources: Sources, files: readonly string[], missing: readonly string[] = []): void {
  sources.begin()
  sources.add({ kind: 'loaded', files, missing })
  sources.end(true)
}

t.test('a file is changed by its size, its time and the file that its path leads to', async t => {
  const { project, sources } = begin(t, { 'handlers/a.js': '1', 'v1/b.js': '1', 'v2/b.js': '1' })
  const [a, b] = [project.path('handlers/a.js'), project.path('handlers/b.js')]
  t.same(sources.findChanged(), [])
  project.write('handlers/a.js', '22')
  t.same(sources.findChanged(), [a])
  sources.begin()
  t.same(sources.findChanged(), [], 'a load has seen it')
  utimesSync(a, 1, 1)
  t.same(sources.findChanged(), [a])
  sources.begin()
  for (const version of ['v1', 'v2']) {
    utimesSync(project.path(`${version}/b.js`), 1, 1)
    symlinkSync(project.path(`${version}/b.js`), project.path('next'))
    renameSync(project.path('next'), b)
    t.same(sources.findChanged(), [b], 'the same size and time, but another file')
    sources.begin()
  }
  unlinkSync(b)
  t.same(sources.findChanged(), [b])
})

t.test('files outside the folder count while the handlers in use have loaded them', async t => {
  const { project, sources } = begin(t, { 'handlers/a.js': '1', 'lib/b.js': '1' })
  const [b, c] = [project.path('lib/b.js'), project.path('lib/c.js')]
  load(sources, [b], [c])
  project.write('lib/b.js', '22')
  project.write('lib/c.js', 'it was missing')
  t.same(sources.findChanged(), [b, c])
  sources.begin()
  sources.end(false)
  project.write('lib/b.js', '333')
  t.same(sources.findChanged(), [b], 'a load that has failed changes nothing')
  load(sources, [])
  project.write('lib/b.js', '4444')
  t.same(sources.findChanged(), [])
})

t.test('what workers leave out is no source: tests and declarations, however they are spelt', t => {
  const out = [
    'a.test.js',
    'a.Test.ts',
    'a.spec.mts',
    'a.test-d.ts',
    'a.d.ts',
    'a.d.mts',
    'a.d.json.ts',
    '.a.js'
  ]
  for (const name of out) t.equal(isSource(`/game/${name}`), false, name)
  for (const name of ['a.js', 'a.mts', 'a.json', 'latest.js', 'a.tested.js'])
    t.equal(isSource(name), true, name)
  t.end()
})

t.test('a path below a file, or in a folder that is missing, is no file', async t => {
  const { project, sources } = begin(t, { 'handlers/a.js': '1' })
  load(sources, [], [project.path('handlers/a.js/index.js'), project.path('none/a.js')])
  t.same(sources.findChanged(), [])
  t.notOk(sources.watched.includes(project.path('none/a.js')))
})

t.test('the folders are other ones after a replacement, and the same after a change in them', async t => {
  const { project, sources } = begin(t, { 'handlers/a.js': '1', 'other/a.js': '1' })
  const before = sources.identify()
  project.save('handlers/a.js', '2')
  t.equal(sources.identify(), before)
  rmSync(project.path('handlers'), { recursive: true })
  const without = sources.identify()
  t.not(without, before)
  renameSync(project.path('other'), project.path('handlers'))
  t.not(sources.identify(), without)
  t.not(sources.identify(), before)
})

t.test('a loop of links ends, and no file is listed twice', async t => {
  const project = new Project(t, { 'handlers/a/b.js': '1', 'handlers/c.json': '1', 'handlers/c.txt': '1' })
  symlinkSync(project.path('handlers'), project.path('handlers/a/loop'))
  symlinkSync('/nowhere', project.path('handlers/gone.js'))
  const names = ['handlers/a/b.js', 'handlers/c.json', 'handlers/gone.js']
  t.same(
    [...listSources(project.path('handlers')).files].sort(),
    names.map(name => project.path(name))
  )
  t.same(listSources(project.path('nothing')).files, [])
})

t.test('a worker’s report is taken only in its own form', async t => {
  t.ok(isLoadedFiles({ kind: 'loaded', files: ['/a'], missing: [] }))
  for (const other of [
    undefined,
    null,
    [],
    'loaded',
    { kind: 'loaded' },
    { kind: 'loaded', files: [1], missing: [] },
    { kind: 'loaded', files: [], missing: 'a' },
    { kind: 'hello', files: [], missing: [] }
  ])
    t.notOk(isLoadedFiles(other))
})
