/** Which tests `npm run test:quick` runs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../helpers/paths.js'
import { findQuickTests } from './quick-tests.js'

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
  const names = Object.keys(files).filter(name => name.endsWith('.test.js'))
  const compiled = t.testdir({
    dist: { ...files, 'old.test.js': '' },
    test: Object.fromEntries(names.map(name => [name.replace(/js$/, 'ts'), '']))
  })
  t.same(findQuickTests(join(compiled, 'dist'), join(compiled, 'test')), [
    'channel.test.js',
    'plain.test.js',
    'text.test.js'
  ])
})

t.test('the quick tests are most of the unit tests, and none that starts something', async t => {
  const quick = findQuickTests()
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
})
