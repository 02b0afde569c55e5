/**
 * Compares this tree with its own last commit, as a user does. verdict.test.ts tests what the verdict says.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { endOf, isGroupAlive, readRows, startBench } from '../../helpers/bench.js'
import { matchRows } from '../../helpers/match-rows.js'
import { noNats } from '../../helpers/nats.js'
import { root } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

// The other tree is built, which takes long on a busy machine.
t.setTimeout(300_000)

const isClone: { readonly skip?: string } = existsSync(join(root, '.git'))
  ? {}
  : { skip: 'there are no commits to compare with' }

/** What the bench leaves in its temporary folder. TypeScript keeps compiled code there from Node 22 on. */
function readLeft(folder: string): string[] {
  return readdirSync(folder).filter(name => name !== 'node-compile-cache')
}

t.test('a comparison tells each figure of a case with its noise, and leaves no folder', isClone, async t => {
  const folder = t.testdir()
  const args = ['compare', 'HEAD', 'push-sequential', '--json', '--seconds', '0.1', '--repeats', '3']
  const bench = startBench(t, args, { TMPDIR: folder })
  const { code, stdout, stderr } = await endOf(bench)
  t.same({ code, stderr }, { code: 0, stderr: '' })
  const rows = readRows(stdout)
  matchRows(t, rows, [{ unit: 'pushes/s' }, { unit: 'CPU µs' }])
  for (const row of rows) {
    t.match(row, { case: 'push-sequential', ours: Number, theirs: Number, isDifferent: Boolean })
    t.ok(row.low <= row.ratio && row.ratio <= row.high && row.noise > 0)
  }
  t.same(readLeft(folder), [])
  t.equal(isGroupAlive(bench), false)
})

t.test('a case of a cluster can be compared, too', { skip: isClone.skip ?? noNats }, async t => {
  const args = ['compare', 'HEAD', 'replicate-push', '--json', '--seconds', '0.1', '--repeats', '3']
  const { code, stdout, stderr } = await endOf(startBench(t, args))
  t.same({ code, stderr }, { code: 0, stderr: '' })
  t.match(readRows(stdout)[0], { case: 'replicate-push', unit: 'µs, p50', ours: Number, theirs: Number })
})

t.test(
  'a comparison that is interrupted while it builds leaves no folder and no process',
  isClone,
  async t => {
    const folder = t.testdir()
    const bench = startBench(t, ['compare', 'HEAD', 'push-sequential', '--seconds', '60'], { TMPDIR: folder })
    // Its compiler runs, and must end with it.
    await until('the other tree is there', () => readLeft(folder).length === 1)
    bench.kill('SIGINT')
    t.match(await endOf(bench), { code: 130, stdout: '' })
    t.same(readLeft(folder), [])
    await until('no process is left', () => !isGroupAlive(bench))
  }
)
