/** Which tests share a process. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../helpers/paths.js'
import { findTests, shareOut, type TestKind, testsBelow, testsOf } from './kinds.js'

type Folder = { [name: string]: string | Folder }

/** Finds the tests of a folder in which each has its source, beside one whose source is gone. */
function find(t: Test, files: Folder, product: Folder = {}): Map<string, TestKind> {
  const flat = Object.entries(files).filter(([name]) => name.endsWith('.test.js'))
  const nested: Folder = {}
  for (const [name, text] of flat) if (name.includes('/')) nested[dirname(name)] = { [basename(name)]: text }
  const plain = Object.entries(files).filter(([name]) => !name.includes('/'))
  const folder = t.testdir({
    dist: { ...product, test: { ...Object.fromEntries(plain), ...nested, 'old.test.js': '' } }
  })
  for (const [name] of flat) {
    const source = join(folder, 'test', name.replace(/js$/, 'ts'))
    mkdirSync(dirname(source), { recursive: true })
    writeFileSync(source, '')
  }
  return findTests(join(folder, 'dist/test'), join(folder, 'test'))
}

t.test('a test is quick unless it reaches a thread, a process, a browser or a compiler', async t => {
  const files = {
    'plain.test.js': "import t from 'tap'\nimport { readFile } from 'node:fs/promises'",
    'channel.test.js': "import { MessageChannel } from 'node:worker_threads'",
    'thread.test.js': "import { Worker } from 'node:worker_threads'",
    'threads.test.js': "import {\n  MessageChannel,\n  Worker\n} from 'node:worker_threads'",
    'pool.test.js': "import { Piscina } from 'piscina'",
    'process.test.js': "import { execFile } from 'node:child_process'",
    'browser.test.js': "import { chromium } from 'playwright-core'",
    'bundle.test.js': "import { build } from 'esbuild'",
    'compiler.test.js': "import ts from 'typescript'",
    'far.test.js': "import './helpers/near.js'",
    'again.test.js': "export { run } from './helpers/start.js'",
    'late.test.js': "const { run } = await import('./helpers/start.js')",
    'circle-1.test.js': "import './helpers/circle-a.js'",
    'circle-2.test.js': "import './helpers/circle-b.js'",
    'text.test.js': "const text = `\nimport './gone.js'\n`",
    helpers: {
      'near.js': "import './start.js'",
      'start.js': "import { spawn } from 'node:child_process'",
      'circle-a.js': "import './circle-b.js'\nimport './start.js'",
      'circle-b.js': "import './circle-a.js'"
    }
  }
  const tests = find(t, files)
  t.same(testsOf('quick', tests), ['channel.test.js', 'plain.test.js', 'text.test.js'])
  t.same(testsOf('gateway', tests), [])
})

t.test('a test that reaches a thread or a process only by the gateway is one with gateways', t => {
  const test = (...imports: string[]) => imports.map(each => `import '${each}'`).join('\n')
  const files = {
    'gateway.test.js': test('../gateway/start.js'),
    'helped.test.js': test('./helpers/player.js'),
    'worker.test.js': test('../workers/main.js'),
    'both.test.js': test('../gateway/start.js', 'node:child_process'),
    'tool.test.js': test('../tools/spawn.js'),
    'alike.test.js': test('./gateway/spawn.js'),
    'soak/long.test.js': test('../gateway/start.js'),
    helpers: { 'player.js': test('../../gateway/start.js') },
    gateway: { 'spawn.js': test('node:child_process') }
  }
  const tests = find(t, files, {
    gateway: { 'start.js': test('./thread.js'), 'thread.js': test('piscina') },
    workers: { 'main.js': test('node:child_process') },
    tools: { 'spawn.js': test('node:child_process') }
  })
  t.same(testsOf('gateway', tests), ['gateway.test.js', 'helped.test.js', 'worker.test.js'])
  t.same(testsOf('own', tests), ['alike.test.js', 'both.test.js', 'soak/long.test.js', 'tool.test.js'])
  t.end()
})

t.test('shares have every test once, and are of about the same length', t => {
  const sizes: Record<string, number> = { a: 1, b: 5, c: 3, d: 2, e: 4, f: 1 }
  const shares = shareOut(Object.keys(sizes), 2, path => sizes[path]!)
  t.same(shares, [
    ['b', 'd', 'a'],
    ['e', 'c', 'f']
  ])
  t.same(
    shareOut(['a'], 2, () => 1),
    [['a'], []]
  )
  t.end()
})

t.test('tests are named by their source, by their compiled file, or by a folder', t => {
  const tests = new Map<string, TestKind>(
    ['a/one.test.js', 'a/two.test.js', 'ab.test.js'].map(path => [path, 'own'])
  )
  for (const name of ['test/a/one.test.ts', 'dist/test/a/one.test.js', './test/a/one.test.ts', 'a/one'])
    t.same(testsBelow([name], tests), ['a/one.test.js'], name)
  for (const name of ['test/a', 'test/a/', 'a'])
    t.same(testsBelow([name], tests), ['a/one.test.js', 'a/two.test.js'], name)
  t.same(
    testsBelow(['ab', 'a/one', 'a'], tests),
    ['ab.test.js', 'a/one.test.js', 'a/two.test.js'],
    'each once'
  )
  t.throws(() => testsBelow(['a/three'], tests), {
    message: 'There is no test a/three, and no folder of tests'
  })
  t.end()
})

t.test('the quick tests are most of the unit tests, and none that starts something', async t => {
  const quick = testsOf('quick')
  const withGateways = testsOf('gateway')
  t.ok(quick.length > 60, `${quick.length} files`)
  for (const name of ['gateway/sessions/session', 'gateway/dispatch/dispatcher', 'shared/wire/message']) {
    t.ok(quick.includes(`${name}.test.js`), name)
  }
  for (const name of [
    'gateway/resume/kept-memory',
    'workers/loading/handlers',
    'scenarios/workers/isolation',
    'examples/chat-browser',
    'bench/run',
    'bench/readings/memory'
  ]) {
    t.ok(existsSync(join(root, `test/${name}.test.ts`)), `${name} is there`)
    t.notOk(quick.includes(`${name}.test.js`), name)
  }
  t.ok(withGateways.length > 40, `${withGateways.length} files with gateways`)
  t.ok(withGateways.includes('scenarios/sessions/hooks.test.js'))
})
