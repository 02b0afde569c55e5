/** Workers that end soon after their start: how often they are started, with real threads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { expectFreeFiles } from '../../../gateway/limits/open-files.js'
import { canLimitFiles, shortenFiles } from '../../helpers/file-limit.js'
import { startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import { takeStock, waitForNoLeftovers } from '../../helpers/leftovers.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

t.test(
  'workers that come up and end by themselves are started ever more seldom, and when the cause is gone one stays',
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const cause = join(folder, 'cause')
    writeFileSync(
      join(folder, 'ends.js'),
      `import { existsSync } from 'node:fs'
       if (existsSync(${JSON.stringify(cause)})) setTimeout(() => { throw new Error('not for long') }, 20)
       export function hello() { return 'hello' }`
    )
    const { gateway, lines, connect } = await startGateway(t, folder, { workers: 1 })
    const player = await connect()
    t.equal(gateway.isReady, true)
    writeFileSync(cause, '')
    await gateway.killWorker(0)
    const pauses = () => lines.filter(line => line.message.startsWith('Workers end soon after their start'))
    await until('three have not lived for long', () => pauses().length >= 3)
    matchRows(
      t,
      pauses().map(line => line.fields),
      [
        { worker: 0, nextTryInMs: 100 },
        { worker: 0, nextTryInMs: 200 },
        { worker: 0, nextTryInMs: 400 }
      ]
    )
    t.match(gateway.metrics(), { workersStarted: 5, workersReady: 0 })
    t.equal(gateway.isReady, false)
    t.equal(
      await player.request('ends.hello').catch(({ code }) => code),
      'NO_WORKER',
      'a request does not hang'
    )
    rmSync(cause)
    await until('a worker is back', () => gateway.isReady)
    t.same(gateway.diagnose(), [], 'it has loaded the handlers that are there')
    t.equal(gateway.metrics().reloadFailed, 0)
    t.equal(await player.request('ends.hello'), 'hello')
  }
)

for (const isolation of ['thread', 'process'] as const)
  t.test(
    `while files run short no ${isolation} is begun that would lose some, and afterwards one is up`,
    { skip: canLimitFiles ? false : 'only Linux can limit the files of a running process' },
    async t => {
      const { gateway, lines } = await startGateway(t, 'session', { workers: 1, isolation })
      const stock = takeStock()
      const shortage = shortenFiles(1)
      await until('files run short', () => !canOpen(16))
      await gateway.killWorker(0)
      const failures = () => lines.filter(({ message }) => message === 'A worker did not come up')
      await until('it was tried in vain', () => failures().length >= 2)
      t.match(failures()[0]!.fields, { worker: 0, error: /EMFILE/ })
      t.equal(await shortage, true)
      await until('a worker is up', () => gateway.isReady)
      t.same(await waitForNoLeftovers(stock), [])
    }
  )

function canOpen(files: number): boolean {
  try {
    expectFreeFiles(files)
    return true
  } catch {
    return false
  }
}

/** Sets a temporary folder that does not exist, until the returned function is called or the test ends. */
function loseTemporaryFolder(t: Test): () => void {
  const before = process.env['TMPDIR']
  const restore = () => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
  process.env['TMPDIR'] = join(tmpdir(), 'there', 'is', 'none')
  t.teardown(restore)
  return restore
}

t.test('a worker that can’t be started stops the start, and nothing is left', async t => {
  await t.test('a process without a temporary folder', async t => {
    loseTemporaryFolder(t)
    await t.rejects(startWithTwoWorkers(t, 'model', { isolation: 'process' }), {
      code: 'WORKER_NOT_STARTED',
      message: /^A worker could not be started as a process: ENOENT/
    })
  })
  await t.test('a thread with an argument that Node has not', async t => {
    await t.rejects(
      startWithTwoWorkers(t, 'model', { isolation: 'thread', workerArgv: ['--no-such-thing'] }),
      {
        code: 'WORKER_NOT_STARTED',
        message: /^A worker could not be started as a thread: .*--no-such-thing/
      }
    )
  })
  await t.test('a process with an argument that Node has not', async t => {
    await t.rejects(
      startWithTwoWorkers(t, 'model', { isolation: 'process', workerArgv: ['--no-such-thing'] }),
      {
        code: 'WORKER_NOT_STARTED',
        message: /^A worker could not be started as a process: .*exit code 9.* --no-such-thing/
      }
    )
  })
})

t.test('one that can’t be started later is tried again, and the gateway lives', async t => {
  const { gateway, lines, connect } = await startGateway(t, 'wire', {
    workers: 1,
    isolation: 'process'
  })
  const player = await connect()
  const restore = loseTemporaryFolder(t)
  await t.rejects(gateway.reload(), { code: 'WORKER_NOT_STARTED' })
  t.equal(gateway.isReady, true, 'the old one goes on')
  matchRows(t, gateway.diagnose(), [{ code: 'reloadFailed', severity: 'warn' }])
  t.equal(gateway.metrics().reloadFailed, 1)
  await gateway.killWorker(0)
  const tries = () => lines.filter(({ message }) => message === 'A worker did not come up')
  await until('it was tried again', () => tries().length >= 2)
  t.match(tries()[0], {
    level: 'error',
    fields: { worker: 0, nextTryInMs: 100, error: /could not be started/ }
  })
  t.equal(gateway.isReady, false)
  restore()
  await until('a worker is back', () => gateway.isReady)
  t.match(gateway.metrics(), { sessions: 1, connectionsClosed: 0 })
  t.equal(player.ws.readyState, player.ws.OPEN)
})

t.test('a reload that waits for another one starts nothing once the gateway closes', async t => {
  const { gateway, lines } = await startGateway(t, 'wire', { workers: 1, logLevel: 'debug' })
  const reloads = [gateway.reload(), gateway.reload()]
  for (const each of reloads) each.catch(() => {})
  const begun = () => lines.filter(({ message }) => message === 'A reload begins').length
  await until('the first one has begun', () => begun() === 1)
  await gateway.close()
  await t.rejects(reloads[1]!, { code: 'CLOSING' })
  t.equal(begun(), 1)
})
