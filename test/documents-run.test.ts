/** Runs the tests that guides show, as they stand there. */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { createGateway } from '../gateway/index.js'
import type { LoadResult } from '../tools/load/result.js'
import { root } from './helpers/paths.js'
import { readText } from './helpers/sources.js'

const run = promisify(execFile)

const program = join(root, 'dist/gateway/program/main.js')

/** The guides that have tests, and how many. */
const guides = { 'testing.md': 3, 'authentication.md': 1, 'tracing.md': 1 }

for (const [guide, count] of Object.entries(guides)) {
  t.test(`the tests of ${guide} pass`, { timeout: 120_000 }, t => runTests(t, guide, count))
}

async function runTests(t: Test, guide: string, count: number): Promise<void> {
  // Below the project's folder, so that `sallyport` is the package itself.
  const folder = join(root, 'dist/documents/run', guide)
  rmSync(folder, { recursive: true, force: true })
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const blocks = [...readText(`docs/guide/${guide}`).matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```/gm)]
  t.ok(blocks.length > count)
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
  t.match(ended.stdout, new RegExp(`^[#ℹ] pass ${count}$`, 'm'), ended.stdout + ended.stderr)
}

t.test('the scenario of load-testing.md plays the chat', { timeout: 120_000 }, async t => {
  const [, text] = /^```ts\n\/\/ load\/life\.ts\n([\s\S]*?)^```/m.exec(
    readText('docs/guide/load-testing.md')
  )!
  const folder = join(root, 'dist/documents/run/load-testing.md')
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'life.ts'), text!)
  const gateway = await createGateway({
    handlers: join(root, 'dist/examples/chat/handlers'),
    port: 0,
    workers: 1
  })
  t.teardown(() => gateway.close())
  const args = ['load', gateway.url, '--scenario', join(folder, 'life.ts'), '--sockets', '2', '--json']
  const { stdout } = await run(process.execPath, [program, ...args, '--seconds', '5s'], { cwd: root })
  const { steps, scenario } = JSON.parse(stdout) as LoadResult
  t.ok(steps['wait message.said']!.ok > 0)
  t.same(scenario!.faults, {})
})
