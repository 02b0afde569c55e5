/** A project made by `sallyport init` from this clone: it can be moved, and all its commands work. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'

const run = promisify(execFile)
const program = join(root, 'dist/gateway/program/main.js')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** This process's environment without the variables that tap and npm have set in it. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(NODE_OPTIONS|NODE_TEST_CONTEXT|INIT_CWD|npm_package_json|GIT_.*)$/.test(name)
  )
)

/** Creates a folder that is removed after the test. */
function makeFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The package that a project depends on. */
function readDependency(project: string): string {
  return JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')).dependencies.sallyport
}

t.test(
  'from a clone, npm start -- init makes a project that installs, compiles, passes its tests, runs, and can be moved',
  { timeout: 300_000 },
  async t => {
    const folder = makeFolder(t)
    const made = join(folder, 'my-game')
    const { stdout } = await run('npm', ['start', '--', 'init', made], { cwd: root, env })
    t.match(stdout, /^Compiling …$/m, 'says so')
    t.match(stdout, `Made ${made}. Its package.json asks npm for sallyport file:vendor/`)
    t.match(stdout, /^It is a git repository, without a commit yet\.$/m)
    t.equal(readDependency(made), `file:vendor/sallyport-${version}.tgz`)
    t.ok(existsSync(join(made, '.git')))
    t.match(readFileSync(join(made, '.gitignore'), 'utf8'), /^node_modules\ndist\n/)

    // Nothing in the project may depend on its place, or on the clone's.
    mkdirSync(join(folder, 'elsewhere'))
    const project = join(folder, 'elsewhere/game')
    renameSync(made, project)
    const inProject = (command: string, ...args: string[]) =>
      run(command, args, { cwd: project, env }).catch(error => error)
    const installed = await inProject('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline')
    t.equal(installed.code ?? 0, 0, installed.stderr)
    const tested = await inProject('npm', 'test')
    t.match(tested.stdout, /^[#ℹ] pass 2$/m, tested.stdout + tested.stderr)
    t.match(readFileSync(join(project, 'tsconfig.json'), 'utf8'), '"skipLibCheck": false')

    for (const script of ['dev', 'debug', 'start']) {
      const started = spawn('npm', ['run', script, '--', '--port', '0'], {
        cwd: project,
        // Another test may debug at the usual port.
        env: { ...env, NODE_OPTIONS: '--inspect-port=0' },
        detached: true
      })
      let out = ''
      started.once('exit', (code, signal) => {
        if (out === '') t.fail(`npm run ${script} has ended with ${code ?? signal}`)
      })
      const end = (signal: NodeJS.Signals) => {
        if (started.exitCode === null && started.signalCode === null) process.kill(-started.pid!, signal)
      }
      t.teardown(() => end('SIGKILL'))
      while (!/ws:\/\/\S+/.test(out)) out += (await once(started.stdout, 'data'))[0]
      const [url] = /ws:\/\/\S+/.exec(out)!
      // With a debugger it is the same program as with dev.
      const played =
        script === 'debug' ? undefined : await inProject('npm', 'run', '--silent', 'play', '--', url!)
      if (played !== undefined)
        matchRows(t, played.stdout.trimEnd().split('\n'), [
          /^player \d+ has 3$/,
          'my score is 3',
          'POINTS_INVALID: points is a whole number from 1'
        ])
      end('SIGTERM')
      // When all processes that npm has started have closed their output.
      await once(started, 'close')
    }
    const compiled = ['events.js', 'sallyport.config.js', 'settings.js'].flatMap(file => [
      file,
      `${file}.map`
    ])
    t.same(
      readdirSync(join(project, 'dist')).sort(),
      ['handlers', ...compiled].sort(),
      'with source maps; no test, and no player'
    )

    const handler = join(project, 'handlers/score.ts')
    const changed = readFileSync(handler, 'utf8').replace(
      'body: { points: number }',
      'body: { amount: number }'
    )
    writeFileSync(handler, changed)
    const broken = await inProject('npm', 'run', 'check')
    t.match(broken.stdout, /play\.ts.*points/, "a handler's change is an error of its client")

    // The project's own copy of the program makes further projects, which get what it has come from.
    const init = (name: string) => inProject('npx', 'sallyport', 'init', `../${name}`)
    t.match((await init('second')).stdout, /Made .*elsewhere\/second\./)
    t.equal(readDependency(join(folder, 'elsewhere/second')), `file:vendor/sallyport-${version}.tgz`)
    t.ok(existsSync(join(folder, `elsewhere/second/vendor/sallyport-${version}.tgz`)))
    const record = join(project, 'node_modules/.package-lock.json')
    const lock = JSON.parse(readFileSync(record, 'utf8'))
    const url = `https://registry.npmjs.org/sallyport/-/sallyport-${version}.tgz`
    lock.packages['node_modules/sallyport'].resolved = url
    writeFileSync(record, JSON.stringify(lock))
    await init('third')
    t.equal(readDependency(join(folder, 'elsewhere/third')), `^${version}`, 'what is from a registry')
    t.notOk(existsSync(join(folder, 'elsewhere/third/vendor')))
  }
)

t.test(
  'in a workspace, whose root has the package, a project can be debugged',
  { timeout: 300_000 },
  async t => {
    const folder = makeFolder(t)
    const workspace = { name: 'games', private: true, workspaces: ['game', 'other'] }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(workspace))
    mkdirSync(join(folder, 'other'))
    writeFileSync(join(folder, 'other/package.json'), JSON.stringify({ name: 'other', version: '0.0.0' }))
    await run(process.execPath, [program, 'init', 'game'], { cwd: folder, env })
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline']
    await run('npm', install, { cwd: folder, env })
    t.notOk(existsSync(join(folder, 'game/node_modules/sallyport')), 'the package is in the root')
    t.ok(existsSync(join(folder, 'node_modules/sallyport')))
    for (const isolation of ['thread', 'process']) {
      const args = ['run', 'debug', '-w', 'game', '--', '--port', '0', '--isolation', isolation]
      const started = spawn('npm', args, {
        cwd: folder,
        env: { ...env, NODE_OPTIONS: '--inspect-port=0' },
        detached: true
      })
      const end = (signal: NodeJS.Signals) => {
        if (started.exitCode === null && started.signalCode === null) process.kill(-started.pid!, signal)
      }
      t.teardown(() => end('SIGKILL'))
      const exited = once(started, 'exit').then(() => 'it has ended')
      let [out, errorText] = ['', '']
      started.stderr.on('data', each => (errorText += each))
      while (!/ws:\/\/\S+/.test(out)) {
        const come = await Promise.race([once(started.stdout, 'data'), exited])
        if (typeof come === 'string') return t.fail(`${come}: ${errorText}`)
        out += come[0]
      }
      end('SIGTERM')
      await once(started, 'close')
      const inspectors = errorText.match(/^Debugger listening on /gm)?.length ?? 0
      // A thread is debugged through its process; with processes, each worker has an inspector of its own.
      if (isolation === 'thread') t.equal(inspectors, 1, errorText)
      else t.ok(inspectors > 1, errorText)
    }
  }
)

t.test('called by npm in the clone, a path is one in the folder of the caller', async t => {
  const folder = makeFolder(t)
  writeFileSync(join(folder, 'own.tgz'), '')
  await run(process.execPath, [program, 'init', 'game', '--package', 'own.tgz'], {
    cwd: root,
    env: { ...env, INIT_CWD: folder, npm_package_json: join(root, 'package.json') }
  })
  t.equal(readDependency(join(folder, 'game')), 'file:../own.tgz')
})

t.test('inside a repository, or without git, no repository is made, which a line says', async t => {
  const folder = makeFolder(t)
  const init = async (name: string, own: NodeJS.ProcessEnv) => {
    const args = [program, 'init', name, '--package', '1.0.0']
    const { stdout } = await run(process.execPath, args, { cwd: folder, env: own })
    t.notOk(existsSync(join(folder, name, '.git')))
    return stdout
  }
  t.match(
    await init('plain', { ...env, PATH: folder }),
    'It is no git repository, because git is not installed.'
  )
  await run('git', ['init', '--quiet'], { cwd: folder, env })
  t.match(await init('inner', env), 'It is no git repository of its own, because it is inside ')
})

t.test('a folder that has only a repository in it, such as a new clone, becomes the project', async t => {
  const folder = join(makeFolder(t), 'cloned')
  mkdirSync(folder)
  await run('git', ['init', '--quiet'], { cwd: folder, env })
  const args = [program, 'init', '.', '--package', '1.0.0']
  const { stdout } = await run(process.execPath, args, { cwd: folder, env })
  t.match(stdout, /^It is in the git repository that the folder has\.\n\n {2}npm install$/m)
  t.equal(readDependency(folder), '1.0.0')
  // The files of deploy/ start what its build writes, with the same configuration as npm start.
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  for (const name of ['Dockerfile', 'ecosystem.config.cjs', 'sallyport.service']) {
    const file = readFileSync(join(root, 'deploy', name), 'utf8')
    const [, path] = /SALLYPORT_CONFIG(?:=|: ')([\w./-]+)/.exec(file) ?? []
    t.equal(scripts.start, `sallyport --config ${path}`, name)
  }
})

t.test('if the folder cannot be made, a sentence says why, and no packed copy is left', async t => {
  const folder = makeFolder(t)
  symlinkSync('nowhere', join(folder, 'dead-link'))
  writeFileSync(join(folder, 'file'), '')
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary)
  // Below /proc no folder can be made, which the system says as if the folder above were missing.
  for (const path of [
    'dead-link/game',
    'file/game',
    ...(existsSync('/proc/self') ? ['/proc/none/game'] : [])
  ]) {
    const { code, stderr } = await run(process.execPath, [program, 'init', path], {
      cwd: folder,
      env: { ...env, TMPDIR: temporary },
      timeout: 20_000,
      killSignal: 'SIGKILL'
    }).catch(each => each)
    t.equal(code, 1, path)
    t.match(stderr, new RegExp(`^sallyport: \\S*${path} can't be made: E[A-Z]+: .*\\n$`))
  }
  t.same(readdirSync(temporary), [])
})

t.test('what is no name, no empty folder or no package is refused, and nothing is made', async t => {
  const folder = makeFolder(t)
  writeFileSync(join(folder, 'taken'), '')
  symlinkSync('nowhere', join(folder, 'dead-link'))
  for (const [args, wanted] of [
    [['My Game'], /^sallyport: Expected the project's name .* got "My Game"$/],
    [['.'], /there already, and is not empty|Expected the project's name/],
    [['taken'], /\/taken is there already, and is no folder$/],
    [['dead-link'], /\/dead-link is there already, and is no folder$/],
    [['node_modules'], /^sallyport: npm takes no project of the name "node_modules"/],
    [[], /^sallyport: Expected the name of a folder to make/],
    [['game', '--packag', 'x'], /^sallyport: There is no option --packag; did you mean --package\?/],
    [
      ['game', '--package', './no.tgz'],
      /^sallyport: Expected `--package` to be a package, found no .*\/no\.tgz$/
    ]
  ] as const) {
    const { code, stderr } = await run(process.execPath, [program, 'init', ...args], {
      cwd: folder,
      env
    }).catch(each => each)
    t.equal(code, 1)
    t.match(stderr.trim(), wanted)
  }
  // Without npm in its PATH it can't pack itself.
  const { code, stderr } = await run(process.execPath, [program, 'init', 'game'], {
    cwd: folder,
    env: { ...env, PATH: folder }
  }).catch(each => each)
  t.equal(code, 1)
  t.match(stderr, /^sallyport: npm pack failed in .*ENOENT; give another --package SPEC\n$/)
  t.same(readdirSync(folder), ['dead-link', 'taken'])
})
