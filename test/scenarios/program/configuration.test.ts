/** The program with a configuration file: it runs by it, checks it, and prints what it resolves to. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createGateway } from '../../../gateway/index.js'
import { createCertificate } from '../../helpers/certificate.js'
import { root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const program = join(root, 'dist/gateway/program/main.js')
const plainEnv = { ...process.env, NODE_OPTIONS: '', PORT: '' }

const config = `import { defineConfig } from 'sallyport'
export default defineConfig({
  handlers: './handlers',
  port: 0,
  workers: 1,
  internalPort: 'off',
  maxBodyBytes: '32KiB',
  authenticate: ({ url }) => ({ accept: true, uid: new URL(url, 'ws://game').searchParams.get('name') }),
  onStart: gateway => console.log('It listens:', gateway.url.startsWith('ws:'), gateway.isReady),
  onStop: gateway => console.log('It has closed:', gateway.isReady)
})
`

function makeGame(t: Test): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-')))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  mkdirSync(join(path, 'handlers'))
  mkdirSync(join(path, 'node_modules'))
  symlinkSync(root, join(path, 'node_modules/sallyport'))
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(path, 'handlers/me.js'), 'export const name = (_body, session) => session.uid')
  writeFileSync(join(path, 'sallyport.config.ts'), config)
  return path
}

function run(cwd: string, args: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; out: string; err: string }>(resolve => {
    execFile(process.execPath, [program, ...args], { cwd, env: { ...plainEnv, ...env } }, (error, out, err) =>
      resolve({ code: (error?.code as unknown as number) ?? 0, out, err })
    )
  })
}

t.test(
  'the command line runs by a file in TypeScript, with authenticate and the hooks of the host, and tells a change of it',
  async t => {
    const game = makeGame(t)
    const child = spawn(process.execPath, [program, '--dev'], { cwd: game, env: plainEnv })
    t.teardown(() => child.kill('SIGKILL'))
    let [out, err] = ['', '']
    child.stdout.on('data', data => (out += data))
    child.stderr.on('data', data => (err += data))
    const ended = once(child, 'close')
    await until('it listens', () => /ws:\/\/[^\s']+/.test(out) || child.exitCode !== null, 30_000)
    const [url] = /ws:\/\/[^\s']+/.exec(out) ?? [err]
    const player = await Player.connect(`${url}/?name=ann`)
    t.equal(await player.request('me.name'), 'ann')
    t.match(out, 'It listens: true true\n')
    t.match(out, `\n  options     ${join(game, 'sallyport.config.ts')}\n`, 'it says which file it has read')
    const file = join(game, 'sallyport.config.ts')
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n`)
    await until('the change is told', () => err.includes('The configuration has changed'), 30_000)
    child.kill('SIGTERM')
    t.same(await ended, [0, null])
    t.match(out, 'It has closed: false\n')
  }
)

t.test('check loads TypeScript as a start does: with --dev', async t => {
  const game = makeGame(t)
  // Later versions of Node strip types, which does not make JavaScript of an enum.
  writeFileSync(
    join(game, 'handlers/you.ts'),
    'enum Name { you }\nexport const name = (): string => Name[0]!'
  )
  const [plain, inDevelopment, start] = await Promise.all([
    run(game, ['check']),
    run(game, ['check', '--dev']),
    run(game, [])
  ])
  const fault =
    /^sallyport: .*you\.ts does not load: (it is TypeScript: compile it, or start with --dev|.*Node only strips types)/m
  t.equal(plain.code, 1)
  t.match(plain.err, fault)
  t.match(start.err, fault)
  t.equal(inDevelopment.code, 0, inDevelopment.err)
  t.match(inDevelopment.out, /with 2 routes/)
})

t.test('check says all faults at once, of the file, the environment, the flags and the handlers', async t => {
  const game = makeGame(t)
  writeFileSync(join(game, 'handlers/broken.js'), 'throw new Error("no database")')
  writeFileSync(join(game, 'handlers/cut.js'), 'export const cut = {')
  writeFileSync(join(game, 'handlers/short.js'), 'export const short = [')
  writeFileSync(join(game, 'no.creds'), 'a password')
  const env = {
    PORT: 'many',
    SALLYPORT_PROT: '1',
    SALLYPORT_NATS: 'nats://127.0.0.1:4222',
    SALLYPORT_NATS_CREDENTIALS: 'no.creds',
    SALLYPORT_NATS_TLS_CA: 'none.pem'
  }
  const clustered = makeGame(t)
  writeFileSync(join(clustered, 'cert.pem'), createCertificate().cert)
  writeFileSync(join(clustered, 'key.pem'), createCertificate().key)
  const [good, bad, odd] = await Promise.all([
    run(makeGame(t), ['check']),
    run(game, ['check', '--heartbeat', '10 parsecs', '--tls-cert', 'none.pem', '--tls-key', 'none.pem'], env),
    run(clustered, ['check', '--nats-tls-cert', 'cert.pem', '--nats-tls-key', 'key.pem'], {
      SALLYPORT_NATS: 'nats://127.0.0.1:4222'
    })
  ])
  t.equal(odd.code, 1)
  t.match(odd.err, /^sallyport: `natsTlsCert` and `natsTlsKey` can't be used together: /m)
  t.equal(good.code, 0, good.err)
  t.match(good.out, /configuration +\S+sallyport\.config\.ts\nhandlers +\S+, with 1 route\n/)
  t.equal(bad.code, 1)
  t.equal(bad.out, '')
  for (const wanted of [
    /^warning: SALLYPORT_PROT .* did you mean SALLYPORT_PORT\?$/m,
    /^sallyport: Expected `port` .* \(from PORT\)$/m,
    /^sallyport: Expected `heartbeat` .* \(from --heartbeat\)$/m,
    /^sallyport: The certificate none\.pem can't be read: /m,
    /^sallyport: `natsCredentials` names no file of credentials .*no\.creds$/m,
    /^sallyport: `natsTlsCa` can't be read: ENOENT/m,
    /^sallyport: .*broken\.js does not load: Error: no database/m,
    /^sallyport: .*cut\.js does not load: SyntaxError: .*cut\.js:1\)$/m,
    /^sallyport: .*short\.js does not load: SyntaxError: .*short\.js:1\)$/m
  ])
    t.match(bad.err, wanted)
})

t.test(
  'check loads the handlers with the arguments of a start, and looks for what tracing needs',
  async t => {
    const game = makeGame(t)
    writeFileSync(join(game, 'pre.mjs'), 'globalThis.db = {}')
    writeFileSync(
      join(game, 'handlers/me.js'),
      "if (!globalThis.db) throw new Error('no db')\nexport const a = () => 1"
    )
    const write = (rest: string) =>
      writeFileSync(
        join(game, 'sallyport.config.ts'),
        `export default { handlers: './handlers', internalPort: 'off', ${rest} }`
      )
    write(`workerArgv: ['--import', ${JSON.stringify(join(game, 'pre.mjs'))}]`)
    const good = await run(game, ['check'])
    t.same({ code: good.code, err: good.err }, { code: 0, err: '' })
    write('tracing: true')
    const { code, err } = await run(game, ['check'])
    t.equal(code, 1)
    t.match(err, /me\.js does not load: Error: no db/)
    t.match(err, /^sallyport: The option `tracing` needs the package @opentelemetry\/api/m)
  }
)

t.test(
  'config prints each option with its origin, also as JSON; a start has a line for each fault',
  async t => {
    const game = makeGame(t)
    const [table, json, wrong] = await Promise.all([
      run(game, ['config', '--max-pause', '1m']),
      run(game, ['config', '--json'], { SALLYPORT_PORT: '1', SALLYPORT_WORKER_HEAP: '512MiB' }),
      run(game, ['--workers', '0'], { PORT: 'many' })
    ])
    const file = join(game, 'sallyport.config.ts')
    t.match(table.out, /^maxPause +1m +--max-pause$/m)
    t.match(table.out, /^heartbeat +30s +default$/m)
    t.ok(table.out.includes(`32KiB`) && table.out.includes(file), table.out)
    t.match(JSON.parse(json.out), {
      file,
      options: {
        port: { value: 1, from: 'SALLYPORT_PORT' },
        maxBodyBytes: { value: 32_768, from: file },
        workerHeap: { value: 536_870_912, from: 'SALLYPORT_WORKER_HEAP' },
        authenticate: { value: '(function)', from: file },
        heartbeat: { value: 30_000, from: 'default' },
        handlers: { value: join(game, 'handlers'), from: file },
        hosts: { value: 'auto', from: 'default' },
        internalPort: { value: 'off', from: file },
        startPage: { value: 'auto', from: 'default' },
        logFormat: { value: 'auto', from: 'default' }
      }
    })
    t.equal(wrong.code, 1)
    // A busy machine may take long to load the file, which is told.
    const faults = wrong.err.replace(/^sallyport: .* is still being loaded: it waits\n/, '')
    t.match(faults, /^sallyport: Expected `port` .* \(from PORT\)\nsallyport: Expected `workers` .*\n$/)
  }
)

t.test('what the game throws at the start is told in one line, although it is no error', async t => {
  for (const [thrown, line] of [
    ["'no database'", "sallyport: The start has failed: 'no database' was thrown"],
    ['null', 'sallyport: The start has failed: null was thrown'],
    ['Object.assign(new Error(), { message: 5 })', /^Error/]
  ] as const) {
    const cwd = makeGame(t)
    const onStart = `onStart() { throw ${thrown} }`
    writeFileSync(
      join(cwd, 'sallyport.config.ts'),
      `export default { handlers: './handlers', port: 0, workers: 1, internalPort: 'off', ${onStart} }`
    )
    const { code, err } = await run(cwd, [])
    t.equal(code, 1)
    t.match(
      err.split('\n').find(each => /sallyport: |^Error/.test(each)),
      line
    )
  }
  const cwd = makeGame(t)
  writeFileSync(join(cwd, 'sallyport.config.ts'), 'throw null')
  t.match(await run(cwd, []), { code: 1, err: /^sallyport: \S+ does not load: .*null.*\n$/ })
})

t.test('a file that never finishes is a fault, not a silent end', async t => {
  const game = makeGame(t)
  const rows = {
    'a.js': 'export default () => new Promise(() => {})',
    'b.js': 'await new Promise(() => {}); export default {}'
  }
  for (const [name, text] of Object.entries(rows)) writeFileSync(join(game, name), text)
  for (const args of [
    ['check', '--config', 'a.js'],
    ['--config', 'b.js']
  ]) {
    const { code, err } = await run(game, args)
    t.same([code, /^sallyport: \S+\.js never finishes: .*\n$/.test(err)], [1, true], err)
  }
})

t.test('a file that ends the process is a fault with its place, whatever its exit code', async t => {
  const game = makeGame(t)
  const rows = {
    'a.js': ['process.exit(0)', 'process\\.exit\\(0\\) \\(\\S+a\\.js:1:9\\)'],
    'b.js': ["import { exit } from 'node:process'\nexit(3)", 'process\\.exit\\(3\\) \\(\\S+b\\.js:2:1\\)'],
    'c.cjs': ['process.exitCode = 0; process.exit()', 'process\\.exit\\(\\) \\(\\S+c\\.cjs:1:31\\)'],
    'd.ts': [
      'export default () => new Promise(() => setTimeout(() => process.exit(0), 1))',
      'process\\.exit\\(0\\) \\(\\S+d\\.ts:1:\\d+\\)'
    ]
  } as const
  for (const [name, [text]] of Object.entries(rows)) writeFileSync(join(game, name), text)
  for (const [command, name] of [
    [['check'], 'a.js'],
    [['config'], 'b.js'],
    [['routes'], 'c.cjs'],
    [[], 'd.ts']
  ] as const) {
    const { code, out, err } = await run(game, [...command, '--config', name])
    const told = new RegExp(`^sallyport: \\S+ does not load: it called ${rows[name][1]}\\n$`)
    t.same([code, out, told.test(err)], [1, '', true], err)
  }
})

t.test('an example that there is not is refused, also where handlers are given', async t => {
  const game = makeGame(t)
  rmSync(join(game, 'sallyport.config.ts'))
  const [wrong, right] = await Promise.all([
    run(game, ['check', '--example', 'nope', '--handlers', 'handlers']),
    run(game, ['check', '--example', 'chat', '--handlers', 'handlers'])
  ])
  t.match(wrong, { code: 1, out: '', err: /^sallyport: There is no example "nope"; there are: .*chat/ })
  t.match(right, { code: 0, out: /^handlers {7}handlers, with 1 route$/m, err: '' })
})

t.test('a file that sets an exit code does not change that of the command', async t => {
  const game = makeGame(t)
  writeFileSync(join(game, 'a.js'), "process.exitCode = 3; export default { handlers: './handlers' }")
  t.match(await run(game, ['check', '--config', 'a.js']), { code: 0, out: /No fault was found/, err: '' })
})

t.test('createGateway reads the environment if asked, and an onStart that throws ends the start', async t => {
  const { SALLYPORT_FRONTEND_ID } = process.env
  t.teardown(() => {
    if (SALLYPORT_FRONTEND_ID === undefined) delete process.env['SALLYPORT_FRONTEND_ID']
    else process.env['SALLYPORT_FRONTEND_ID'] = SALLYPORT_FRONTEND_ID
  })
  process.env['SALLYPORT_FRONTEND_ID'] = 'south'
  const handlers = join(makeGame(t), 'handlers')
  const base = {
    handlers,
    port: 0,
    workers: 1,
    frontendId: 'north',
    heartbeat: '20s',
    logLevel: 'silent'
  } as const
  const asking = await createGateway({ ...base, env: true })
  t.equal(asking.options.frontendId, 'south')
  t.equal(asking.options.heartbeat, 20_000)
  await asking.close()
  t.teardown(() => delete process.env['SALLYPORT_HEARTBEAT'])
  process.env['SALLYPORT_HEARTBEAT'] = 'soon'
  await t.rejects(createGateway({ ...base, env: true, workers: 0 }), {
    code: 'OPTION_INVALID',
    message:
      /^Expected `workers` [^\n]+, got 0 \(number\)\nExpected `heartbeat` .* \(from SALLYPORT_HEARTBEAT\)$/
  })
  delete process.env['SALLYPORT_HEARTBEAT']
  const calls: string[] = []
  const failing = createGateway({
    ...base,
    onStart: gateway => {
      calls.push(gateway.options.frontendId)
      throw new Error('no database')
    },
    onStop: () => void calls.push('stopped')
  })
  await t.rejects(failing, { message: 'no database' })
  t.same(calls, ['north', 'stopped'])
  await t.rejects(createGateway({ ...base, env: 'yes' } as never), {
    code: 'OPTION_INVALID',
    message: /`env`/
  })
})
