/** The program `sallyport`, started from a command line. */

import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { optionTable } from '../../../gateway/options/option-table.js'
import { commands } from '../../../gateway/program/commands.js'
import { root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { askOnceMore } from '../../helpers/program.js'
import { until } from '../../helpers/until.js'

const program = join(root, 'dist/gateway/program/main.js')
const example = join(root, 'dist/examples/score/handlers')

/** Without an internal port: other programs of the test would have it, which a line of the log says. */
const plainEnv = { ...process.env, NODE_OPTIONS: '', SALLYPORT_INTERNAL_PORT: 'off' }

interface Program {
  readonly process: ChildProcess
  readonly exited: Promise<number | null>
  out: string
  err: string
}

function start(t: Test, args: readonly string[], env: Record<string, string> = {}, cwd?: string): Program {
  return watch(t, spawn(process.execPath, [program, ...args], { env: { ...plainEnv, ...env }, cwd }))
}

/** Collects the output of a program, and ends it with the test. */
function watch(t: Test, child: ChildProcessWithoutNullStreams): Program {
  const exited = once(child, 'close').then(([code]) => code as number | null)
  const running: Program = { process: child, exited, out: '', err: '' }
  child.stdout.on('data', data => {
    running.out += data
  })
  child.stderr.on('data', data => {
    running.err += data
  })
  t.teardown(() => child.kill('SIGKILL'))
  return running
}

/** Waits until the program listens. Returns its address. */
async function listening(running: Program): Promise<string> {
  await until('it listens', () => /ws:\/\/\S+/.test(running.out) || running.process.exitCode !== null, 30_000)
  const [url] = /ws:\/\/[^\s']+/.exec(running.out) ?? []
  if (url === undefined) throw new Error(`It did not start: ${running.err}`)
  return url
}

/** Creates a folder that is removed after the test. */
function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

t.test('it starts with options of Node and of V8, which its workers have too', async t => {
  const handlers = folder(t)
  writeFileSync(
    join(handlers, 'a.js'),
    'exports.heap = () => require("node:v8").getHeapStatistics().heap_size_limit'
  )
  const args = [
    '--max-old-space-size=300',
    '--enable-source-maps',
    program,
    '--handlers',
    handlers,
    '--port',
    '0'
  ]
  const running = watch(t, spawn(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' } }))
  const player = await Player.connect(await listening(running))
  // With its young generation, whose size depends on the version of Node. Without the option it is thousands.
  t.ok(((await player.request('a.heap')) as number) < 600 * 1024 * 1024)
})

t.test(
  'it says in one block what listens where, how many workers, which routes from which files, and what to try',
  async t => {
    const running = start(t, [
      '--example',
      'score',
      '--port',
      '0',
      '--workers',
      '2',
      '--frontend-id',
      'north'
    ])
    const url = await listening(running)
    t.match(running.out, new RegExp(`listens on +${url}`))
    t.match(running.out, /name +north/)
    t.match(running.out, /workers +2/)
    t.match(running.out, /score\.js +score\.add, score\.pretend, score\.read/)
    t.ok(running.out.includes(`    ${url.replace('ws:', 'http:')}/\n`), running.out)
    const player = await Player.connect(url)
    t.same(await player.request('score.add', { points: 3 }), { score: 3 })
    player.leave()
  }
)

t.test('an example that has a page says where it is, and serves it', async t => {
  const running = start(t, ['--example', 'chat', '--port', '0'])
  const url = (await listening(running)).replace('ws:', 'http:')
  t.ok(running.out.includes(`    ${url}/\n`), running.out)
  t.match(running.out, /room\.js +room\.enter, room\.here, room\.leave/)
  const response = await fetch(url)
  t.equal(response.status, 200)
  t.match(await response.text(), /<title>Sallyport chat/)
})

t.test('handlers that are given take the place of an example, with its page', async t => {
  const running = start(t, ['--example', 'chat', '--handlers', example, '--port', '0'])
  const url = await listening(running)
  t.match(running.out, /score\.js +score\.add/)
  t.match(await (await fetch(url.replace('ws:', 'http:'))).text(), /<title>Sallyport</, 'the start page')
})

t.test('an example runs in the folder of another game, whose configuration it leaves alone', async t => {
  const game = folder(t)
  writeFileSync(join(game, 'sallyport.config.js'), 'export default { handlers: "./nothing", port: 1 }')
  const running = start(t, ['--example', 'score', '--port', '0'], {}, game)
  const player = await Player.connect(await listening(running))
  t.same(await player.request('score.add', { points: 3 }), { score: 3 })
  t.notMatch(running.out, 'sallyport.config.js')
  const named = start(t, ['--example', 'score', '--config', 'sallyport.config.js', '--port', '0'], {}, game)
  t.equal(await named.exited, 1, 'a file that is named says what to run')
  t.match(named.err, /nothing/)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(
    `${signal} closes it cleanly: a running request is answered, the connection closes with 1012, exit code 0`,
    async t => {
      const handlers = folder(t)
      const go = join(handlers, 'go')
      writeFileSync(
        join(handlers, 'slow.mjs'),
        `import { existsSync } from 'node:fs'
        export const wait = async (_body, _session, { log }) => {
          log.info('It waits')
          while (!existsSync(${JSON.stringify(go)})) await new Promise(resolve => setTimeout(resolve, 5))
          return 'done'
        }`
      )
      const running = start(t, ['--handlers', handlers, '--port', '0'])
      const player = await Player.connect(await listening(running))
      const reply = player.request('slow.wait')
      await until('the request runs', () => running.err.includes('It waits'))
      running.process.kill(signal)
      await until('the gateway closes', () => running.err.includes('was asked to end'))
      writeFileSync(go, '')
      t.equal(await reply, 'done')
      t.equal((await player.closed).code, 1012)
      t.equal(await running.exited, 0)
    }
  )
}

t.test('SIGTERM during the start closes it, and drains nothing', async t => {
  const game = folder(t)
  mkdirSync(join(game, 'handlers'))
  writeFileSync(join(game, 'handlers/slow.mjs'), 'export const wait = () => new Promise(() => {})')
  const config = `export default {
    handlers: './handlers', port: 0, workers: 1, closeTimeout: 200, drainTimeout: '1h', drainSpread: '1h',
    onStart: async gateway => {
      console.error('at', gateway.url)
      await new Promise(() => {})
    }
  }`
  writeFileSync(join(game, 'sallyport.config.mjs'), config)
  const running = start(t, ['--config', join(game, 'sallyport.config.mjs')])
  await until('its port is open', () => /at ws:\S+\n/.test(running.err), 30_000)
  const player = await Player.connect(/at (ws:\S+)\n/.exec(running.err)![1]!)
  player.request('slow.wait').catch(() => {})
  await player.request('slow.nothing').catch(() => {})
  running.process.kill('SIGTERM')
  t.match(await player.closed, { code: 1012 })
  await running.exited
  t.match(running.err, /onStart of the host has not ended within closeTimeout/)
})

t.test('a second signal ends it at once', async t => {
  const handlers = folder(t)
  writeFileSync(join(handlers, 'slow.mjs'), 'export const wait = () => new Promise(() => {})')
  const running = start(t, ['--handlers', handlers, '--port', '0', '--close-timeout', '60000'])
  const player = await Player.connect(await listening(running))
  void player.request('slow.wait')
  await player.request('slow.nothing').catch(() => {})
  running.process.kill('SIGINT')
  await askOnceMore(running, 'SIGINT')
  t.equal(await running.exited, 130)
})

t.test('the environment sets the same options, and flags win over it, the last one first', async t => {
  const env = {
    SALLYPORT_PORT: '1',
    SALLYPORT_FRONTEND_ID: 'south',
    SALLYPORT_WORKERS: '1',
    SALLYPORT_HANDLERS: example
  }
  // As in `npm start -- --port 0`, whose script has a flag of its own.
  const running = start(t, ['--port', '1', '--port', '0'], env)
  await listening(running)
  t.match(running.out, /ws:\/\/127\.0\.0\.1:\d{4,5}\n/)
  t.match(running.out, /name +south/)
  t.match(running.out, /workers +1\n/)
})

t.test('--help prints all options', async t => {
  const running = start(t, ['--help'])
  t.equal(await running.exited, 0)
  for (const { name } of optionTable) {
    t.match(running.out, `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)} `)
  }
  for (const flag of ['--dev', '--example', '--help', '--version']) t.match(running.out, flag)
})

t.test('--help lists the commands, and each command has a --help of its own', async t => {
  const all = start(t, ['--help'])
  await all.exited
  for (const [name, { usage, summary, flags }] of Object.entries(commands)) {
    t.ok(all.out.includes(usage) && all.out.includes(summary), name)
    const running = start(t, ['--example', 'chat', name, '--help'])
    t.equal(await running.exited, 0)
    t.ok(running.out.startsWith(`Usage: sallyport ${usage}\n`), running.out)
    for (const flag of [...Object.keys(flags), 'help']) t.match(running.out, `--${flag}`)
  }
})

t.test('--version prints the version of the package', async t => {
  const running = start(t, ['--version'])
  t.equal(await running.exited, 0)
  t.equal(running.out.trim(), JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
})

t.test(
  'what a person can mend is one sentence on stderr that names it, exit code 1, and nothing is left running',
  async t => {
    const broken = folder(t)
    writeFileSync(join(broken, 'good.mjs'), 'export const a = () => 1')
    writeFileSync(join(broken, 'broken.mjs'), 'export const a = (')
    const throwing = folder(t)
    writeFileSync(join(throwing, 'throwing.mjs'), 'throw new Error("no database")')
    const empty = folder(t)
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    t.teardown(() => taken.close())
    const { port } = taken.address() as { port: number }
    const cases: [string[], Record<string, string>, RegExp][] = [
      [[], {}, /^sallyport: The option `handlers` is missing/],
      [
        ['--handlers', '/no/such/folder'],
        {},
        /^sallyport: The handlers' folder \/no\/such\/folder does not exist$/
      ],
      [
        ['--handlers', empty],
        {},
        /^sallyport: No handlers were found in .*: no module there exports a function$/
      ],
      [['--handlers', broken], {}, /^sallyport: .*broken\.mjs does not load: SyntaxError.*broken\.mjs:1\)$/m],
      [['--handlers', throwing], {}, /^sallyport: .*throwing\.mjs does not load: Error: no database/],
      [
        ['--handlers', example, '--port', String(port)],
        {},
        new RegExp(
          `^sallyport: Can't listen on 127.0.0.1:${port}: another program listens there already; end it, or choose another port: --port 0 takes a free one$`
        )
      ],
      [
        ['--handlers', example, '--port', 'many'],
        {},
        /^sallyport: Expected `port` to be a whole number from 0 to 65535, got "many" \(string\) \(from --port\)$/
      ],
      [
        ['--handlers', example, '--workers', '0'],
        {},
        /^sallyport: Expected `workers` to be a whole number from 1 to 256, got 0 \(number\) \(from --workers\)$/
      ],
      [
        ['--handlers', example, '--single-session', 'maybe'],
        {},
        /^sallyport: Expected `singleSession` to be one of off, reject, kick, got "maybe" \(string\) \(from --single-session\)$/
      ],
      [['--handlers', example, '--foo'], {}, /^sallyport: There is no option --foo; --help lists them$/],
      [
        ['--handlers', example, '--prot=1'],
        {},
        /^sallyport: There is no option --prot=1; did you mean --port\? --help lists them$/
      ],
      [['--handlers', example, '--port'], {}, /^sallyport: Option '--port <value>' argument missing/],
      [
        ['--handlers', example, '-port', '0'],
        {},
        /^sallyport: There is no option -port; did you mean --port\?/
      ],
      [
        ['--handlers', example, '--maxPause', '1'],
        {},
        /^sallyport: There is no option --maxPause; did you mean --max-pause\? --help lists them$/
      ],
      [
        ['--handlers', example, '--no-prot'],
        {},
        /^sallyport: There is no option --no-prot; --help lists them$/
      ],
      [
        ['--no-dev', '--handlers', example, '--port'],
        {},
        /^sallyport: Option '--port <value>' argument missing/
      ],
      [['--no-dev', '--no-console-read-only', 'inti'], {}, /^sallyport: There is no command "inti"/],
      [['surplus'], {}, /^sallyport: There is no command "surplus"; --help lists them$/],
      [['version'], {}, /^sallyport: There is no command "version"; did you mean --version\?/],
      [[example], {}, /^sallyport: There is no command ".*"; did you mean --handlers \S+\?/],
      [['-h'], {}, /^sallyport: There is no option -h; did you mean --help\?/],
      [
        ['--port', '0', 'inti', 'game'],
        {},
        /^sallyport: There is no command "inti"; did you mean init\? --help lists them$/
      ],
      [
        ['init', 'game', 'surplus'],
        {},
        /^sallyport: Unexpected argument "surplus"; expected: sallyport init /
      ],
      [
        ['--example', 'chat', '--port', '0', 'init', 'game'],
        {},
        /^sallyport: There is no option --port; --help lists them$/
      ],
      [
        ['--example', 'nothing'],
        {},
        /^sallyport: There is no example "nothing"; there are: arena, chat, score, starter$/
      ],
      [['--example', 'chta'], {}, /^sallyport: There is no example "chta"; did you mean chat\? there are: /],
      [
        ['--handlers', example],
        { SALLYPORT_PORT: 'tpc://10.0.0.1:3010' },
        /^sallyport: Expected `port` to be a whole number from 0 to 65535, got "tpc:/
      ]
    ]
    await Promise.all(
      cases.map(async ([args, env, wanted]) => {
        const running = start(t, args, env)
        const code = await running.exited
        t.equal(code, 1, args.join(' '))
        t.match(running.err.trim(), wanted)
        t.equal(running.err.trim().split('\n').length, 1, `one line: ${running.err}`)
        t.equal(running.out, '')
      })
    )
  }
)

t.test(
  'development: a TypeScript handler runs as it is, and a saved file is loaded anew while sessions and sockets stay',
  async t => {
    const project = folder(t)
    // A user's project has the package and tsx in its node_modules.
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(root, join(project, 'node_modules/sallyport'))
    symlinkSync(join(root, 'node_modules/tsx'), join(project, 'node_modules/tsx'))
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    cpSync(join(root, 'examples/score'), join(project, 'game'), { recursive: true })
    const handlers = join(project, 'game/handlers')
    const file = join(handlers, 'score.ts')
    const running = start(t, ['--dev', '--handlers', handlers, '--port', '0', '--workers', '1'])
    const player = await Player.connect(await listening(running))
    t.match(running.out, /score\.ts +score\.add/)
    t.same(await player.request('score.add', { points: 3 }), { score: 3 })

    writeFileSync(file, readFileSync(file, 'utf8').replace('?? 0 }', '?? 0, isNew: true as boolean }'))
    await until('the new code is there', () => running.err.includes('loaded anew'), 30_000)
    t.same(
      await player.request('score.read'),
      { score: 3, isNew: true },
      'same socket, same session, new code'
    )

    writeFileSync(file, `${readFileSync(file, 'utf8')}\nthis is no TypeScript`)
    await until(
      'the error is shown',
      () => /do not load; the old ones go on.*score\.ts/.test(running.err),
      30_000
    )
    t.same(await player.request('score.read'), { score: 3, isNew: true }, 'the old code goes on')
    player.leave()
  }
)

t.test('the example client shows a pushed and an unpushed change', async t => {
  const url = await listening(start(t, ['--example', 'score', '--port', '0']))
  const child = spawn(process.execPath, [join(root, 'dist/examples/score/play.js'), url])
  let out = ''
  child.stdout.on('data', data => {
    out += data
  })
  t.same(await once(child, 'close'), [0, null])
  t.match(out, /score\.add +\{"points":3\} +→ \{"score":3\}/)
  t.match(out, /score\.pretend +\{"points":100\} +→ \{"score":103\}/)
  t.match(out, /score\.read +\{\} +→ \{"score":3\}/)
  t.match(out, /"motto":"Gotta go fast"/)
  t.match(out, /POINTS_INVALID/)
})

t.test(
  'a process that stood still for long, as when its machine slept, takes no worker for stuck',
  async t => {
    const handlers = folder(t)
    writeFileSync(
      join(handlers, 'a.js'),
      'exports.pid = () => process.pid; exports.loop = () => { for (;;); }'
    )
    const args = ['--handlers', handlers, '--port', '0', '--workers', '2', '--stuck-after', '300']
    const [running, witness] = [start(t, args), start(t, args)]
    const player = await Player.connect(await listening(running))
    const other = await Player.connect(await listening(witness))
    const stuck = ({ err }: Program) => err.split('A worker is stuck').length - 1
    for (let i = 1; i <= 2; i++) {
      t.equal(await player.request('a.pid'), running.process.pid)
      running.process.kill('SIGSTOP')
      // The witness has the same limit and runs on: when it has found a worker stuck, the limit is over.
      other.notify('a.loop')
      await until('the witness has found a worker stuck', () => stuck(witness) === i)
      running.process.kill('SIGCONT')
    }
    t.equal(await player.request('a.pid'), running.process.pid)
    // A worker that really is stuck is found after as many checks as would have found the others.
    player.notify('a.loop')
    await until('its own worker is found stuck', () => stuck(running) > 0)
    await until('it has ended', () => running.err.includes('A worker ended'))
    t.equal(stuck(running), 1)
    t.match(running.err, /A worker ended .*route=a\.loop/)
  }
)
