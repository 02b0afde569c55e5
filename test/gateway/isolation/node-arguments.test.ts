/** The arguments of Node that workers inherit. */
import t from 'tap'
import { hasEval, withoutEval } from '../../../gateway/isolation/node-arguments.js'

const code = 'import "./main.js"'

t.test('what belongs to `node --eval` is left out with its value, and nothing else', async t => {
  const rows: readonly (readonly [argv: readonly string[], left: readonly string[]])[] = [
    [['-e', code], []],
    [
      ['--no-warnings', '--eval', code, '--enable-source-maps'],
      ['--no-warnings', '--enable-source-maps']
    ],
    [['--input-type', 'module', '-e', code, '--no-warnings'], ['--no-warnings']],
    [
      ['--input-type=module', '--enable-source-maps', `--eval=${code}`, '--no-warnings'],
      ['--enable-source-maps', '--no-warnings']
    ],
    [['-pe', code], []],
    [['--print', code, '--max-old-space-size=100'], ['--max-old-space-size=100']]
  ]
  for (const [argv, left] of rows) {
    t.ok(hasEval(argv), argv.join(' '))
    t.same(withoutEval(argv), left, argv.join(' '))
  }
})

t.test('other arguments stay, whatever their values', async t => {
  const argv = ['--import', 'tsx', '--env-file=-e', '--conditions', 'development']
  t.notOk(hasEval(argv))
  t.same(withoutEval(argv), argv)
})
