/** When the store of sessions is looked at, and how its loss is noticed. */
import t from 'tap'
import { LogWatch } from '../../../../gateway/cluster/parking/entries/log-watch.js'

t.test('a log that was made anew is noticed; without an answer the next look is due at once', async t => {
  let now = 50_000
  const answers = [1_000, 1_000, undefined, 2_000, 2_000]
  const watch = new LogWatch({ madeAt: async () => answers.shift() }, { monotonic: () => now })
  t.equal(watch.isDue, true)
  t.equal(await watch.isAnother(), false, 'the first')
  t.equal(watch.isDue, false)
  now += 10_001
  t.equal(watch.isDue, true)
  const asked = watch.isAnother()
  t.equal(watch.isDue, false, 'a look is under way')
  t.equal(await asked, false)
  t.equal(await watch.isAnother(), undefined)
  t.equal(watch.isDue, true)
  t.equal(await watch.isAnother(), true)
  t.equal(watch.isDue, false)
  t.equal(await watch.isAnother(), false)
})
