/** A short run of the fuzzer of links. The long form is `npm run fuzz`. */
import t from 'tap'
import { fuzzLinks } from './links.js'

t.test('a malformed batch ends its link at the worst, and the next one begins', async t => {
  const seed = Date.now() % 1_000_000
  const { inputs, ends, faults } = fuzzLinks(5_000, seed)
  t.same(faults, [], `seed ${seed}`)
  t.ok(ends > inputs / 50, `${ends} links ended at ${inputs} inputs`)
})
