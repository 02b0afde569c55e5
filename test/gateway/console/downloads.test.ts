/** Recordings of a worker as downloads: what it leaves, when it answers, and clients that leave. */
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { ApiFailure } from '../../../gateway/console/api-calls.js'
import { Downloads, type Recording } from '../../../gateway/console/downloads.js'
import { Examination } from '../../../gateway/pool/examination.js'
import type { WorkerQuestion } from '../../../shared/examination/question.js'
import { HeldTime } from '../../helpers/held-time.js'
import { until } from '../../helpers/until.js'

const snapshot: Recording = { kind: 'heapSnapshot' }

type Leave = (file: string) => unknown

/** A worker that leaves something in place of the file, and the questions that it got. */
function createWorker(leave: Leave, answerStatus: () => Promise<unknown> = async () => null) {
  const asked: [kind: string, isExamined: boolean][] = []
  const examination = new Examination(() => {})
  const ask = async (question: WorkerQuestion) => {
    if (question.kind === 'status') return answerStatus()
    // The worker notes that it is examined right after it was asked.
    await null
    asked.push([question.kind, examination.isOn])
    return 'file' in question ? leave(question.file) : null
  }
  return { ask, examination, asked }
}

/** Has temporary files written into a folder of the test, until it ends. */
function useTemporaryFolder(t: Test): string {
  const before = process.env['TMPDIR']
  t.teardown(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  return (process.env['TMPDIR'] = t.testdir())
}

/** Serves recordings of a worker. `folder`: where they are written. */
async function serve(t: Test, leave: Leave) {
  const folder = useTemporaryFolder(t)
  const worker = createWorker(leave)
  const downloads = new Downloads()
  const server = createServer((_, response) => {
    downloads.send(response, worker, snapshot, 'worker-0').catch(({ code, message }: ApiFailure) => {
      response.writeHead(500).end(`${code} ${message}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    folder,
    server,
    worker,
    port,
    get: async () => (await fetch(`http://127.0.0.1:${port}/`)).text(),
    isClean: () => readdirSync(folder).length === 0
  }
}

/** A promise that a test resolves. */
function createGate() {
  let open = (_value?: unknown) => {}
  const opened = new Promise<unknown>(resolve => (open = resolve))
  return { opened, open }
}

const wrong: [what: string, leave: Leave, answer: string][] = [
  ['nothing', () => {}, 'FAILED The recording is missing.'],
  ['a folder', file => mkdirSync(file), 'FAILED The recording is no file.'],
  ['a link to a file', file => symlinkSync('/etc/passwd', file), 'FAILED The recording is missing.'],
  [
    'an error',
    () => {
      throw new Error('no space left')
    },
    'FAILED The worker could not do it: no space left'
  ]
]
for (const [what, leave, answer] of wrong)
  t.test(`a worker that leaves ${what} is told of, and nothing stays behind`, async t => {
    const { get, isClean } = await serve(t, leave)
    t.equal(await get(), answer)
    await until('it is removed', isClean)
    t.equal(await get(), answer, 'another one may be asked for')
  })

t.test('one recording at a time of a worker, and it is examined only during a snapshot', async t => {
  const { opened, open } = createGate()
  const { worker, get, isClean } = await serve(t, async file => {
    await opened
    writeFileSync(file, 'a snapshot')
  })
  const first = get()
  await until('it records', () => worker.asked.length === 1)
  t.match(await get(), /^CONFLICT A profile or a heap snapshot of it is made already/)
  open()
  t.equal(await first, 'a snapshot')
  t.equal(await get(), 'a snapshot')
  await until('it is removed', isClean)
  t.same(worker.asked[0], ['heapSnapshot', true])
  const other = createWorker(file => writeFileSync(file, ''))
  const nowhere = {} as ServerResponse
  // Nobody can get the file: this is about the question.
  await t.rejects(new Downloads().send(nowhere, other, { kind: 'profile', ms: 1_000 }, 'worker-0'))
  t.same(other.asked, [['profile', false]])
})

t.test(
  'a client that leaves during the recording, or during the download, leaves nothing behind',
  async t => {
    const { opened, open } = createGate()
    const { worker, port, get, isClean } = await serve(t, async file => {
      await opened
      writeFileSync(file, Buffer.alloc(20_000_000))
    })
    const ask = () => {
      const socket = connect(port, '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      return socket
    }
    const early = ask()
    await until('it records', () => worker.asked.length === 1)
    early.destroy()
    open()
    await until('it is removed', isClean)
    // This one reads the first bytes alone.
    const late = ask()
    late.once('data', () => late.pause())
    await until('it is sent', () => late.bytesRead > 0)
    t.equal((await get()).length, 20_000_000, 'others need not wait until it has read all')
    late.destroy()
    await until('it is removed', isClean)
  }
)

t.test('a file that is being downloaded has no name any more, whatever ends the process', async t => {
  const { port, isClean } = await serve(t, file => writeFileSync(file, Buffer.alloc(20_000_000, 'x')))
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  const begun = once(socket, 'readable')
  await begun
  t.ok(isClean())
  let length = 0
  for await (const chunk of socket) length += chunk.length
  t.ok(length > 20_000_000, 'and all of it comes')
})

t.test('a process that ends during a recording removes what is recorded so far', async t => {
  const before = process.listeners('exit')
  const added = () => process.listeners('exit').filter(each => !before.includes(each))
  const { opened, open } = createGate()
  const { worker, get, isClean } = await serve(t, async file => {
    writeFileSync(file, 'the beginning of a snapshot')
    await opened
  })
  const [first, second] = [get(), get()]
  await until('it records', () => worker.asked.length === 1)
  t.notOk(isClean())
  const listeners = added()
  t.equal(listeners.length, 1)
  // What `process.exit` calls.
  listeners[0]!.call(process, 0)
  t.ok(isClean())
  open()
  t.strictSame(
    (await Promise.all([first, second])).sort().map(each => each.slice(0, 8)),
    ['CONFLICT', 'FAILED T']
  )
  t.same(added(), [], 'and nothing is left of it in a process that goes on')
})

t.test('the end of a slow download does not end the next recording', async t => {
  const { opened, open } = createGate()
  let recordings = 0
  const { worker, port, folder, get, isClean } = await serve(t, async file => {
    if (++recordings === 2) await opened
    writeFileSync(file, Buffer.alloc(20_000_000))
  })
  const slow = connect(port, '127.0.0.1')
  slow.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  slow.once('data', () => slow.pause())
  await until('the first is sent', () => slow.bytesRead > 0)
  const second = get()
  await until('the second is recorded', () => worker.asked.length === 2)
  slow.destroy()
  await until('the first is removed', () => readdirSync(folder).length === 1)
  t.match(await get(), /^CONFLICT /)
  t.equal(worker.asked.length, 2)
  open()
  t.equal((await second).length, 20_000_000)
  await until('it is removed', isClean)
})

t.test('a client that does not read the file is cut at the timeout of its server', async t => {
  const { port, server, isClean } = await serve(t, file => writeFileSync(file, Buffer.alloc(20_000_000)))
  server.timeout = 500
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  socket.once('data', () => socket.pause())
  await until('it is sent', () => socket.bytesRead > 0)
  await until('it is cut, and the file is removed', isClean)
})

t.test('the timeout of the server does not count during the recording', async t => {
  const { opened, open } = createGate()
  const { server, worker, get } = await serve(t, async file => {
    await opened
    writeFileSync(file, 'a snapshot')
  })
  server.timeout = 60_000
  let socket: Socket | undefined
  server.once('connection', accepted => (socket = accepted))
  const got = get()
  await until('it records', () => worker.asked.length === 1)
  t.equal(socket?.timeout, 0)
  open()
  t.equal(await got, 'a snapshot')
})

t.test('without a place for the file it says so, and records once there is one', async t => {
  const { get, folder } = await serve(t, file => writeFileSync(file, 'a snapshot'))
  rmSync(folder, { recursive: true })
  t.match(await get(), /^FAILED There is no place for the recording: ENOENT/)
  mkdirSync(folder)
  t.equal(await get(), 'a snapshot')
})

t.test('a blocked worker is told of soon, keeps its watchdog, and is not asked again', async t => {
  const { opened, open } = createGate()
  const worker = createWorker(
    () => t.fail('it is not asked for the recording'),
    () => opened as Promise<unknown>
  )
  const folder = useTemporaryFolder(t)
  const downloads = new Downloads()
  const send = () => downloads.send({} as ServerResponse, worker, snapshot, 'worker-0')
  const time = new HeldTime(t)
  time.flow()
  await t.rejects(send(), { code: 'FAILED', message: /did not answer in time: a handler blocks/ })
  t.equal(time.now, 5_000)
  t.notOk(worker.examination.isOn)
  await t.rejects(send(), { code: 'CONFLICT' })
  open(null)
  await new Promise(resolve => setImmediate(resolve))
  t.same(worker.asked, [])
  t.same(readdirSync(folder), [])
})
