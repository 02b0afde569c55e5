/** Output that workers print: it reaches the program's own output, however a worker ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const program = fileURLToPath(new URL('../../../gateway/program/main.js', import.meta.url))

/** Number of lines printed at once: more than Node passes on in one piece. */
const lines = 2_000

/** A handler that prints the lines, and then ends in one way or another. */
const printer = `
  export function print({ name, how }) {
    for (let i = 1; i <= ${lines}; i++) console.log(name, i)
    if (how === 'exit') process.exit(1)
    if (how === 'throw') setImmediate(() => { throw new Error('uncaught') })
    return how === 'throw' ? new Promise(() => {}) : ''
  }`

const onStop = `
  export function onStop() {
    for (let i = 1; i <= ${lines}; i++) process.stdout.write('stop ' + i + '\\n')
  }`

/** Runs the program with these handlers. */
async function run(t: Test, isolation: string, modules: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, `${name}.mjs`), text)
  const args = [program, '--handlers', folder, '--port', '0', '--workers', '1', '--isolation', isolation]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '', SALLYPORT_INTERNAL_PORT: 'off' }
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exited = once(child, 'close')
  let out = ''
  child.stdout.on('data', data => {
    out += data
  })
  await until('it listens', () => /ws:\/\/[^\s']+/.test(out), 30_000)
  const player = await Player.connect(/ws:\/\/[^\s']+/.exec(out)![0])
  t.teardown(() => player.leave())
  return {
    player,
    said: () => out,
    /** Returns how many lines of that name have come. */
    count: (name: string) => out.split('\n').filter(line => new RegExp(`^${name} \\d+ *$`).test(line)).length,
    /** Reads nothing of stdout until stderr has this line. */
    readLater(line: string) {
      child.stdout.pause()
      let err = ''
      child.stderr.on('data', data => {
        err += data
        if (err.includes(line)) child.stdout.resume()
      })
    },
    /** Ends it and reads nothing of stdout any more. Returns its exit code. */
    async endUnread() {
      child.stdout.pause()
      child.kill('SIGINT')
      return (await once(child, 'exit'))[0]
    },
    async end() {
      child.kill('SIGINT')
      t.equal((await exited)[0], 0)
    }
  }
}

for (const isolation of ['thread', 'process'] as const) {
  t.test(isolation, async t => {
    t.test('what onStop prints', async t => {
      const { end, count } = await run(t, isolation, { a: printer, _hooks: onStop })
      await end()
      t.equal(count('stop'), lines)
    })

    t.test('what a handler has printed just before its worker is ended, without an onStop', async t => {
      const { player, end, count } = await run(t, isolation, { a: printer })
      await player.request('a.print', { name: 'last', how: 'reply' })
      await end()
      t.equal(count('last'), lines)
    })
  })
}

t.test('the program waits at its end for a reader of its output that is slow', async t => {
  // More than the system keeps for a reader.
  const wide = onStop.replace("'\\n'", `' '.repeat(300) + '\\n'`)
  t.not(wide, onStop)
  const { player, end, count, readLater } = await run(t, 'thread', { a: printer, _hooks: wide })
  player.leave()
  readLater('The gateway has ended')
  await end()
  t.equal(count('stop'), lines)
})

t.test('the program does not wait for ever for a reader that never reads', async t => {
  const wide = onStop.replace("'\\n'", `' '.repeat(300) + '\\n'`)
  const { player, endUnread } = await run(t, 'thread', { a: printer, _hooks: wide })
  player.leave()
  t.equal(await endUnread(), 0)
})

t.test(
  'what a process prints in onStop beyond its limit is dropped and told, and no more than that',
  async t => {
    const much = onStop.replace(`<= ${lines}`, '<= 14000').replace("'\\n'", `' '.repeat(100) + '\\n'`)
    const { player, end, count, said } = await run(t, 'process', { a: printer, _hooks: much })
    player.leave()
    await end()
    const [, dropped] = /^(\d+) lines of a worker dropped: nobody reads$/m.exec(said()) ?? []
    t.equal(count('stop') + Number(dropped ?? 0), 14_000)
    t.ok(count('stop') > 5_000, `${count('stop')} lines have come`)
  }
)

// Node loses what the pipe of a process has not taken when the process ends itself. Only a stop waits for
// that.
for (const how of ['exit', 'throw']) {
  t.test(`what a handler has printed before it ends its thread: ${how}`, async t => {
    const { player, end, count } = await run(t, 'thread', { a: printer })
    await t.rejects(player.request('a.print', { name: 'fatal', how }), { code: 'HANDLER_FATAL' })
    await until('all of it has come', () => count('fatal') === lines)
    await end()
    t.equal(count('fatal'), lines)
  })
}
