/** The options of the commands that run long tests, as a developer types them. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { root } from './paths.js'
import { listFiles, readText } from './sources.js'

const run = (command: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(root, `dist/test/${command}/run.js`), ...args], { encoding: 'utf8' })

t.test('an unknown option is told with those that there are, and so is a wrong number', async t => {
  const list = 'Options: --seconds (60), --players (200), --events (100000), --cluster (0)\n'
  t.match(run('truth', '--second', '5'), {
    status: 1,
    stdout: '',
    stderr: new RegExp(`^Unknown option '--second'.*\n${list.replace(/[()]/g, '\\$&')}$`)
  })
  t.match(run('truth', '--seconds', 'ten'), {
    status: 1,
    stdout: '',
    stderr: `--seconds takes a number, and got 'ten'\n${list}`
  })
  t.match(run('soak', '--minutes', ''), { status: 1, stderr: /^--minutes takes a number, and got ''\n/ })
})

t.test('each of these commands reads its options in this way', async t => {
  const commands = listFiles('test').filter(path => /^test\/\w+\/run\.ts$/.test(path))
  const readers = commands.filter(path => readText(path).includes('readCommandOptions('))
  t.ok(readers.length >= 7, readers.join(' '))
  t.same(
    commands.filter(path => readText(path).includes('parseArgs(')),
    []
  )
})
