/** The command line of the bench: its options, and how it rejects wrong ones. */
import t from 'tap'
import { parseArguments } from '../../bench/arguments.js'
import { matchRows } from '../helpers/match-rows.js'

const namesOf = (args: readonly string[]) => [...new Set(parseArguments(args).cases.map(({ name }) => name))]

t.test('without a name all cases run, by a group’s name its own, by a case’s name that one', async t => {
  const all = namesOf([])
  t.ok(all.includes('push-sequential') && all.includes('requests-1x1') && all.includes('value-size'))
  t.same(
    namesOf(['requests']),
    all.filter(name => name.startsWith('requests-'))
  )
  t.same(namesOf(['requests-1x1']), ['requests-1x1'])
})

t.test('a case of several sizes runs in all of them', async t => {
  t.same(
    parseArguments(['push-pipelined']).cases.map(({ detail }) => detail),
    ['64 waiting', '256 waiting', '1,024 waiting']
  )
})

t.test('five rounds of two seconds and a table are the default', async t => {
  t.match(parseArguments([]), {
    seconds: 2,
    repeats: 5,
    connections: 10_000,
    form: 'table',
    revision: undefined
  })
  t.match(parseArguments(['--seconds', '0.5', '--repeats', '7', '--json']), {
    seconds: 0.5,
    repeats: 7,
    form: 'json'
  })
  t.match(parseArguments(['--markdown', '--profile', 'profiles']), { form: 'markdown', profile: 'profiles' })
})

t.test('several names run the cases of all, each once', async t => {
  t.same(namesOf(['value-size', 'requests', 'requests-1x1']), [
    ...namesOf(['value-size']),
    ...namesOf(['requests'])
  ])
})

t.test('compare takes a commit, then any number of cases', async t => {
  const { revision, cases } = parseArguments(['compare', 'HEAD~1', 'push-sequential'])
  t.equal(revision, 'HEAD~1')
  matchRows(t, cases, [{ name: 'push-sequential' }])
  t.same(namesOf(['compare', 'main', 'push-rich', 'value-size']), ['push-rich', 'value-size'])
  t.same(namesOf(['compare', 'main']), namesOf([]))
})

t.test('what it does not understand is refused in one sentence that says what it is', async t => {
  const refused = (args: readonly string[], message: RegExp) =>
    t.throws(() => parseArguments(args), { message }, args.join(' '))
  refused(['nothing'], /^There is no case nothing; there are .*push-sequential.*$/)
  refused(['requests-1x1', 'push-poor'], /^There is no case push-poor;/)
  refused(['growth', 'push', '--picture', 'p.svg'], /^--picture draws the cases of growth:/)
  refused(['compare'], /^Expected a commit to compare with: compare REV \[CASE …\]$/)
  refused(['compare', 'HEAD', 'nothing'], /^There is no case nothing;/)
  refused(
    ['compare', 'HEAD', '--repeats', '2'],
    /^Expected --repeats to be a whole number of at least 3, got 2$/
  )
  refused(['compare', 'HEAD', '--markdown'], /^A comparison has no --markdown$/)
  refused(['compare', 'HEAD', '--profile', 'p'], /^A comparison has no --profile$/)
  refused(['--json', '--markdown'], /^Expected --json or --markdown, got both$/)
  refused(['--seconds', '0'], /^Expected --seconds to be a number above 0, got 0$/)
  refused(['--seconds', 'x'], /^Expected --seconds to be a number above 0, got x$/)
  refused(['--seconds', ''], /^Expected --seconds to be a number above 0, got $/)
  refused(['--repeats', '1.5'], /^Expected --repeats to be a whole number of at least 1, got 1\.5$/)
  refused(['--repeats', '0'], /^Expected --repeats to be a whole number of at least 1, got 0$/)
  refused(['--connections', '99'], /^Expected --connections to be a whole number of at least 100, got 99$/)
  refused(['--fast'], /--fast/)
})
