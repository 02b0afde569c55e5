/** Runs the bench as a user does, as briefly as possible. Its figures do not matter here. */
import { on, once } from 'node:events'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { idiomCases } from '../../bench/cases/idioms.js'
import { endOf, isGroupAlive, readRows, startBench } from '../helpers/bench.js'
import { noNats } from '../helpers/nats.js'
import { programEnv } from '../helpers/server-programs.js'
import { until } from '../helpers/until.js'

// Processes start slowly on a busy machine.
t.setTimeout(300_000)

const runBench = (t: Test, args: readonly string[]) => endOf(startBench(t, args))

const shortly = ['--seconds', '0.2', '--repeats', '1']

t.test('cases run one after the other, print an object for each row, and leave no process', async t => {
  const names = ['push-sequential', 'push-unawaited', 'requests-1x1']
  const bench = startBench(t, [...names, '--json', ...shortly])
  const { code, stdout, stderr } = await endOf(bench)
  t.same({ code, stderr }, { code: 0, stderr: '' })
  t.equal(isGroupAlive(bench), false)
  const rows = readRows(stdout)
  t.same([...new Set(rows.map(row => row.case))], names)
  for (const row of rows) {
    t.match(row, { unit: /\/s$/, goal: row.isMet === null ? null : String })
    for (const key of ['floor', 'ours', 'ratio', 'cpuMicros']) t.ok(row[key] > 0, `${key}: ${row[key]}`)
    for (const key of ['p50', 'p99'])
      t.equal(row[key] > 0, row.case === 'requests-1x1', `${key} of ${row.case}: ${row[key]}`)
  }
  // Where the system counts the CPU of threads, the gateway's and the workers' are told apart.
  let [row] = rows.filter(row => row.case === 'push-unawaited')
  if (process.platform !== 'linux')
    return t.same([row.gatewayMicros, row.workerMicros, row.waitMicros, row.isMet], [null, null, null, null])
  // It counts in steps of 10 ms: a short run on a busy machine may have none.
  if (row.gatewayMicros === 0 || row.workerMicros === 0)
    [row] = readRows(
      (await runBench(t, ['push-unawaited', '--json', '--seconds', '1', '--repeats', '1'])).stdout
    )
  t.ok(row.gatewayMicros > 0 && row.workerMicros > 0)
  t.ok(row.gatewayMicros + row.workerMicros <= row.cpuMicros * 1.1, 'parts of the whole')
  for (const key of ['waitMicros', 'floorWaitMicros']) t.ok(row[key] >= 0 && row[key] !== null, key)
})

const idioms = idiomCases.map(({ name }) => name).filter(name => name.endsWith('-1x1'))

t.test('each idiom is measured, and its replies and events are what they should be', async t => {
  const { code, stdout, stderr } = await runBench(t, [
    ...idioms,
    '--json',
    '--seconds',
    '0.1',
    '--repeats',
    '1'
  ])
  t.same({ code, stderr }, { code: 0, stderr: '' })
  t.same(
    readRows(stdout).map(row => row.case),
    idioms
  )
})

t.test('a case that fails is named, and the table has a line for each row of those before it', async t => {
  const args = ['push-sequential', 'connections', '--connections', '1000000000', ...shortly]
  const { code, stdout, stderr } = await runBench(t, args)
  t.equal(code, 1)
  t.match(stdout, /^case +unit +floor .*\npush-sequential +pushes\/s +the port's round trip .*\n$/)
  t.match(stderr, /\nconnections: [^\n]*ulimit -n[^\n]*\n$/)
})

t.test('a commit that is not there is told in one line', async t => {
  const bench = startBench(t, ['compare', 'no-such-commit', 'push-sequential', '--seconds', '0.1'])
  const { code, stdout, stderr } = await endOf(bench)
  t.same({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, /^[^\n]*no-such-commit[^\n]*\n$/)
})

t.test('what it can’t be told is told in one line', async t => {
  t.match(await runBench(t, ['nothing']), {
    code: 1,
    stdout: '',
    stderr: /^There is no case nothing; [^\n]+\n$/
  })
})

t.test('what can’t be written is told before anything is measured', async t => {
  const file = join(t.testdir({ file: '' }), 'file')
  for (const [args, stderr] of [
    [
      ['growth', '--picture', '/no/such/folder/x.svg'],
      '--picture /no/such/folder/x.svg: there is no folder /no/such/folder\n'
    ],
    [['growth', '--picture', dirname(file)], /^--picture .*: a folder, where a file was expected\n$/],
    [['push-sequential', '--profile', file], /^--profile .*\/file: EEXIST: file already exists.*\n$/],
    [
      ['push-sequential', '--profile', join(file, 'in')],
      /^--profile .*\/file\/in: ENOTDIR: not a directory.*\n$/
    ]
  ] as const)
    t.match(await runBench(t, [...args, ...shortly]), { code: 1, stdout: '', stderr })
})

t.test('a run that is interrupted prints what is done', async t => {
  const bench = startBench(t, ['push-sequential', 'requests-1x1', '--seconds', '0.2', '--repeats', '1'])
  const ended = endOf(bench)
  await untilSaid(bench, 'requests-1x1 …')
  bench.kill('SIGINT')
  t.match(await ended, { code: 130, stdout: /^case .*\npush-sequential .*\n$/ })
})

t.test('a run that is interrupted takes all its processes along', async t => {
  const bench = startBench(t, ['push-sequential', '--seconds', '60'])
  await once(bench.stderr!, 'data')
  bench.kill('SIGINT')
  t.match(await endOf(bench), { code: 130, stdout: '' })
})

t.test('so it takes its nats-server along, and the files of that', { skip: noNats }, async t => {
  const folder = t.testdir()
  const bench = startBench(t, ['relay-push', '--seconds', '60'], { ...programEnv, TMPDIR: folder })
  const ended = endOf(bench)
  await until('its nats-server has files', () => readdirSync(folder).length > 0)
  bench.kill('SIGTERM')
  t.match(await ended, { code: 143 })
  t.same(readdirSync(folder), [])
})

/** Waits until the bench has said something on stderr. */
async function untilSaid(bench: ReturnType<typeof startBench>, what: string): Promise<void> {
  let said = ''
  for await (const [chunk] of on(bench.stderr!, 'data')) {
    said += String(chunk)
    if (said.includes(what)) return
  }
}
