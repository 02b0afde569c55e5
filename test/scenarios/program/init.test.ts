/** A project made by `sallyport init`, with the packed package: all its commands work. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'

const run = promisify(execFile)
const program = join(root, 'dist/gateway/program/main.js')

t.test('install, test, check, start and play work in a new project', { timeout: 300_000 }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
  const [tarball] = readdirSync(folder)
  const { stdout } = await run(
    process.execPath,
    [program, 'init', 'game', '--package', `file:../${tarball}`],
    {
      cwd: folder
    }
  )
  t.match(stdout, /game is made\. Next: npm install/)
  const project = join(folder, 'game')
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: project })
  // Removes the variables that tap has set in this process.
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env
  const tested = await run('npm', ['test'], { cwd: project, env }).catch(error => error)
  t.match(tested.stdout, /# pass 2$/m, tested.stdout + tested.stderr)
  const checked = await run('npm', ['run', 'check'], { cwd: project, env }).catch(error => error)
  t.equal(checked.code ?? 0, 0, checked.stdout)

  const started = spawn('node_modules/.bin/sallyport', ['--dev', '--handlers', 'handlers', '--port', '0'], {
    cwd: project,
    env
  })
  t.teardown(() => started.kill('SIGKILL'))
  let out = ''
  while (!/ws:\/\/\S+/.test(out)) out += (await once(started.stdout, 'data'))[0]
  const [url] = /ws:\/\/\S+/.exec(out)!
  const played = await run('node_modules/.bin/tsx', ['play.ts', url!], { cwd: project, env })
  matchRows(t, played.stdout.trimEnd().split('\n'), [
    /^player \d+ has 3$/,
    'my score is 3',
    'POINTS_INVALID: points is a whole number from 1'
  ])
  started.kill('SIGTERM')
  t.same(await once(started, 'exit'), [0, null])

  const handler = join(project, 'handlers/score.ts')
  writeFileSync(
    handler,
    readFileSync(handler, 'utf8').replace('body: { points: number }', 'body: { amount: number }')
  )
  const broken = await run('npm', ['run', 'check'], { cwd: project, env }).catch(error => error)
  t.match(broken.stdout, /play\.ts.*points/, "a handler's change is an error of its client")
})

t.test('a name that is none, or a folder that is not empty, is refused, and nothing is made', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'taken'), '')
  for (const [args, wanted] of [
    [['My Game'], /^sallyport: Expected the project's name .* got "My Game"$/],
    [['.'], /there already, and is not empty|Expected the project's name/],
    [[], /^sallyport: Expected the name of a folder to make/],
    [['game', '--packag', 'x'], /^sallyport: There is no option --packag; did you mean --package\?/]
  ] as const) {
    const { code, stderr } = await run(process.execPath, [program, 'init', ...args], { cwd: folder }).catch(
      each => each
    )
    t.equal(code, 1)
    t.match(stderr.trim(), wanted)
  }
  t.same(readdirSync(folder), ['taken'])
  t.notOk(existsSync(join(folder, 'game')))
})
