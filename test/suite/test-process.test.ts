/** What the suite says of a process of tests, and what it counts. */
import { join } from 'node:path'
import t from 'tap'
import { runTests } from './test-process.js'

const begin = "import t from 'tap'\n"

t.test(
  'a process is counted, its failures are printed in full, and of a passed one nothing but a line',
  async t => {
    const folder = t.testdir({
      'passes.js': `${begin}t.test('one', async t => t.ok(true, 'fine')); console.error('a stack')`,
      'skips.js': `${begin}t.test('two', { skip: 'no NATS' }, async () => {})\nt.test('one', async t => t.ok(true))`,
      'fails.js': `${begin}t.test('good', async t => t.ok(true, 'fine'))
      t.test('bad', async t => t.equal(1, 2, 'the same'))
      console.error('a stack')`,
      'crashes.js': `${begin}t.test('one', async t => { t.ok(true); process.kill(process.pid, 'SIGKILL') })`,
      'ends-badly.js': `${begin}t.test('one', async t => t.ok(true)); process.on('exit', () => (process.exitCode = 3))`,
      'hangs.js': `${begin}t.test('one', async t => t.ok(true))
      process.on('exit', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))`,
      'none.js': ''
    })
    const run = async (file: string) => {
      const said: string[] = []
      const { log } = console
      console.log = (text: string) => said.push(text)
      try {
        return { totals: await runTests(file, [join(folder, `${file}.js`)], 1_000), said: said.join('\n') }
      } finally {
        console.log = log
      }
    }
    const passes = await run('passes')
    t.same(passes.totals, [1, 0, 0])
    t.match(passes.said, /^ok {5}passes \d+\.\d s$/)
    const skips = await run('skips')
    t.same(skips.totals, [1, 0, 1])
    t.match(skips.said, /^ok 1 - two # SKIP no NATS\nok {5}skips/)
    const fails = await run('fails')
    t.same(fails.totals, [1, 1, 0])
    t.match(
      fails.said,
      /^in fails:\n# Subtest: bad\n {4}not ok 1 - the same\n[\s\S]*has said on stderr:\na stack\n/
    )
    t.match(fails.said, /\nFAILED fails \d+\.\d s, ended with 1$/)
    t.notMatch(fails.said, 'ok 1 - good')
    const crashes = await run('crashes')
    t.same(crashes.totals, [0, 1, 0])
    t.match(crashes.said, /FAILED crashes \d+\.\d s, ended with SIGKILL$/)
    t.same((await run('ends-badly')).totals, [1, 1, 0])
    const hangs = await run('hangs')
    t.same(hangs.totals, [1, 0, 0])
    t.match(hangs.said, /^hangs: Node has not exited 1000 ms after the last test, and is killed\nok {5}hangs/)
    t.same((await run('none')).totals, [0, 1, 0])
    t.same((await run('no-such-file')).totals, [0, 1, 0])
  }
)
