/** Runs what the guide about testing shows, as it stands there. */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { readText, root } from './helpers/sources.js'

const run = promisify(execFile)

t.test('the tests of the guide about testing pass', { timeout: 120_000 }, async t => {
  // Below the project's folder, so that `sallyport` is the package itself.
  const folder = join(root, 'dist/documents/run')
  rmSync(folder, { recursive: true, force: true })
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const blocks = [...readText('docs/guide/6-testing.md').matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```/gm)]
  t.ok(blocks.length >= 3)
  for (const [, path, text] of blocks) {
    mkdirSync(dirname(join(folder, path!)), { recursive: true })
    writeFileSync(join(folder, path!), text!)
  }
  const tests = blocks.map(([, path]) => path!).filter(path => path.startsWith('test/'))
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env
  const ended = await run(process.execPath, ['--import', 'tsx', '--test', ...tests], {
    cwd: folder,
    env
  }).catch(error => error)
  t.match(ended.stdout, /# pass 2$/m, ended.stdout + ended.stderr)
})
