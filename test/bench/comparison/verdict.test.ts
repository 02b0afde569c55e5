/**
 * The verdict on fixed rounds. It finds a difference only where that is greater than the noise in the rounds.
 */
import t from 'tap'
import { formatVerdict, judge } from '../../../bench/comparison/verdict.js'

const steady = [100, 101, 99, 100, 102]
const times = (values: readonly number[], factor: number) => values.map(value => value * factor)

t.test('the same code is not told to differ', async t => {
  const verdict = judge({ ours: steady, again: [101, 99, 100, 102, 100], theirs: [99, 100, 101, 101, 100] })
  t.equal(verdict.isDifferent, false)
  t.match(formatVerdict(verdict), /^no difference seen \(±\d\.\d %\)$/)
})

t.test('a difference that every round shows is told, with its size and where it lies', async t => {
  const verdict = judge({ ours: steady, again: steady, theirs: times(steady, 0.8) })
  t.equal(verdict.isDifferent, true)
  t.equal(formatVerdict(verdict), '+25.0 % (+25.0 % to +25.0 %, noise ±0.0 %)')
  const other = judge({ ours: steady, again: steady, theirs: [125, 126, 125, 124, 130] })
  t.equal(formatVerdict(other), '−20.0 % (−21.5 % to −19.4 %, noise ±1.4 %)')
})

t.test('a difference is not told where the same code differs by as much from itself', async t => {
  const theirs = times(steady, 0.9)
  t.equal(judge({ ours: steady, again: steady, theirs }).isDifferent, true)
  const again = [100, 101, 116, 100, 102]
  const verdict = judge({ ours: steady, again, theirs })
  t.equal(verdict.isDifferent, false)
  t.equal(formatVerdict(verdict), 'no difference seen (±14.7 %)')
  t.equal(judge({ ours: again, again: steady, theirs }).isDifferent, false, 'whichever of the two was faster')
})

t.test('a difference is not told where the rounds do not agree on it', async t => {
  const verdict = judge({ ours: steady, again: steady, theirs: [80, 85, 82, 104, 81] })
  t.equal(verdict.isDifferent, false)
  t.ok(verdict.noise > 0.12)
})

t.test('of the rounds’ speeds only what the rounds have in common counts', async t => {
  const speeds = [1, 3, 0.5, 2, 1.5]
  const at = (values: readonly number[]) => values.map((value, round) => value * speeds[round]!)
  const samples = { ours: at(steady), again: at(steady), theirs: at(times(steady, 0.8)) }
  const { isDifferent, ratio } = judge(samples)
  t.same({ isDifferent, ratio: ratio.toFixed(3) }, { isDifferent: true, ratio: '1.250' })
})
