/** The command `sallyport routes`, started from a command line. */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { Gateway } from '../../../gateway/gateway.js'
import { formatBanner } from '../../../gateway/program/banner.js'
import { root } from '../../helpers/paths.js'

const program = join(root, 'dist/gateway/program/main.js')
const env = { ...process.env, NODE_OPTIONS: '' }

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(args: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [program, ...args],
      { env: { ...env, ...more }, maxBuffer: 1e8 },
      (error, out, err) => resolve({ code: (error?.code as unknown as number) ?? 0, out, err })
    )
  })
}

/** Makes a folder of handlers. */
function folder(t: Test, files: Record<string, string>): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-routes-')))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return path
}

const one = 'export const run = () => {}\n'

const declared = `
import { handler } from ${JSON.stringify(join(root, 'dist/workers/index.js'))}
const schema = { '~standard': { version: 1, vendor: 'test', validate: value => ({ value }) } }
export const both = handler({ body: schema, reply: schema, timeout: 0 }, () => 1)
export const body = handler({ body: schema, concurrent: true, rateLimit: 0.5 }, () => 1)
export const plain = () => 1
`

const game = {
  'chat/room.js': declared,
  'chat/_options.js': "export const affinity = 'room'",
  'hall.js': one,
  'hall.test.js': one,
  '_hooks.js': "export const onStart = () => { throw new Error('no database') }"
}

t.test('a table has each route with its file, its options and its schemas', async t => {
  const handlers = folder(t, game)
  const { code, out, err } = await run(['routes', '--handlers', handlers])
  const room = join('chat', 'room.js')
  t.same(out.split('\n'), [
    'route            file          options                                   schema',
    `chat.room.body   ${room}  affinity room, concurrent, rateLimit 0.5  body`,
    `chat.room.both   ${room}  affinity room, timeout 0                  body, reply`,
    `chat.room.plain  ${room}  affinity room                             -`,
    'hall.run         hall.js       -                                         -',
    ''
  ])
  t.equal(code, 0, 'although its onStart fails, which is not run')
  t.match(err, /INFO {2}Files in the handlers folder are left out tests=hall\.test\.js\n$/)
})

t.test('JSON has the same, whatever handlers print, and whether the port is taken or not', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const handlers = folder(t, {
    ...game,
    'hall.js': `console.log('loading'); setInterval(() => {}, 1000)\n${one}`,
    'typed.ts': 'export const run = (body: { points: number }) => body.points\n'
  })
  const { code, out, err } = await run(['routes', '--json'], {
    SALLYPORT_HANDLERS: handlers,
    SALLYPORT_PORT: String(port)
  })
  const file = join('chat', 'room.js')
  const affinity = 'room'
  const none = { body: false, reply: false }
  t.equal(code, 0, err)
  t.same(JSON.parse(out), {
    handlers,
    routes: [
      {
        route: 'chat.room.body',
        file,
        options: { concurrent: true, affinity, rateLimit: 0.5 },
        schema: { body: true, reply: false }
      },
      {
        route: 'chat.room.both',
        file,
        options: { affinity, timeout: 0 },
        schema: { body: true, reply: true }
      },
      { route: 'chat.room.plain', file, options: { affinity }, schema: none },
      { route: 'hall.run', file: 'hall.js', options: {}, schema: none },
      { route: 'typed.run', file: 'typed.ts', options: {}, schema: none }
    ]
  })
  t.match(err, /^loading$/m)
})

t.test('invalid handlers and a wrong flag are errors in one sentence, with exit code 1', async t => {
  const handlers = folder(t, { 'a.js': "throw new Error('no table')" })
  const [invalid, wrong] = await Promise.all([
    run(['routes', '--json', '--handlers', handlers]),
    run(['routes', '--jsn', '--handlers', handlers])
  ])
  t.match(invalid, { code: 1, out: '', err: /^sallyport: .*a\.js does not load: Error: no table .*\n$/ })
  t.match(wrong, { code: 1, out: '', err: /^sallyport: There is no option --jsn; did you mean --json\?/ })
})

t.test('a long list reaches a slow reader whole, and a reader that leaves is no error', async t => {
  const names = Array.from({ length: 6_000 }, (_, i) => `export const handler_number_${i} = () => {}`)
  const handlers = folder(t, { 'a.js': names.join('\n') })
  const args = [program, 'routes', '--json', '--handlers', handlers]
  const slow = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(slow, 'exit')
  let text = ''
  for await (const part of slow.stdout!) text += part
  t.equal(JSON.parse(text).routes.length, 6_000)
  t.ok(text.length > 500_000, 'more than a pipe holds')
  t.equal((await ended)[0], 0)
  const left = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  left.stdout!.destroy()
  let err = ''
  left.stderr!.on('data', data => (err += data))
  t.equal((await once(left, 'close'))[0], 0)
  t.equal(err, '')
})

t.test(
  'a start lists the first routes and files, and says how to see all where it has cut the list',
  async t => {
    const banner = (files: number, names: number) => {
      const routes = Array.from({ length: files * names }, (_, i) => {
        const file = `file${String(Math.floor(i / names)).padStart(2, '0')}`
        return { route: `${file}.r${i % names}`, file: `${file}.js` }
      })
      const options = { handlers: '/game/handlers', frontendId: 'g', workers: 1, startPage: 'off' }
      return formatBanner({ routes, options, url: 'ws://127.0.0.1:1' } as unknown as Gateway, '1.0.0')
    }
    const all = '\n\n  `sallyport routes --handlers /game/handlers` shows all.\n'
    t.notMatch(banner(12, 6), /sallyport routes|more/)
    t.ok(
      banner(12, 6).includes(
        '    file11.js  file11.r0, file11.r1, file11.r2, file11.r3, file11.r4, file11.r5\n'
      )
    )
    t.ok(banner(1, 8).includes(`file00.r5 and 2 more${all}`), banner(1, 8))
    t.ok(banner(15, 1).includes(`    file11.js  file11.r0\n    and 3 more files${all}`), banner(15, 1))
  }
)

t.test('a command that a signal ends has failed', async t => {
  const waiting = "console.log('it loads'); await new Promise(() => setInterval(() => {}, 1_000))"
  const handlers = folder(t, { 'a.js': waiting })
  const codes = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 }
  await Promise.all(
    Object.entries(codes).flatMap(([signal, code]) =>
      ['check', 'routes'].map(async command => {
        const child = spawn(process.execPath, [program, command, '--handlers', handlers], { env })
        t.teardown(() => child.kill('SIGKILL'))
        let out = ''
        child.stdout.on('data', data => (out += data))
        await once(child.stderr, 'data')
        child.kill(signal as NodeJS.Signals)
        t.same([(await once(child, 'close'))[0], out], [code, ''], `${command}, ${signal}`)
      })
    )
  )
})

t.test(
  'commands that load handlers give them the time that a start gives, and say that it takes long',
  async t => {
    const handlers = folder(t, { 'a.js': `${one}await new Promise(() => setInterval(() => {}, 1_000))` })
    await Promise.all(
      ['check', 'routes'].map(async command => {
        const { code, out, err } = await run([command, '--handlers', handlers, '--start-timeout', '3500ms'])
        t.same({ code, out }, { code: 1, out: '' })
        t.match(
          err,
          / WARN +The handlers are still being loaded: a module or onStart waits at=a\.js\n/,
          command
        )
        t.match(
          err,
          /^sallyport: The handlers did not load within 3500 ms: a\.js, or what it needs, waits or computes$/m,
          command
        )
      })
    )
  }
)

t.test(
  'what can not be written fails',
  { skip: existsSync('/dev/full') ? false : 'no /dev/full' },
  async t => {
    const handlers = folder(t, { 'a.js': one })
    await Promise.all(
      ['check', 'routes', 'config', '--help', '--version', 'check --help'].map(async command => {
        const full = openSync('/dev/full', 'w')
        t.teardown(() => closeSync(full))
        const isHelp = command.includes('--')
        const args = [program, ...command.split(' '), ...(isHelp ? [] : ['--handlers', handlers])]
        const child = spawn(process.execPath, args, { env, stdio: ['ignore', full, 'pipe'] })
        let err = ''
        child.stderr!.on('data', data => (err += data))
        t.same(
          [(await once(child, 'close'))[0], err],
          [1, 'sallyport: ENOSPC: no space left on device, write\n'],
          command
        )
      })
    )
  }
)

t.test('an empty name of the file of types is refused', async t => {
  const { code, out, err } = await run(['types', '--handlers', folder(t, { 'a.js': one }), '--out', ''])
  t.same([code, out, err], [1, '', 'sallyport: Expected --out to name a file, got an empty text\n'])
})
