/** Values that are shown on a line of the log. */
import t from 'tap'
import { showValue } from '../../../shared/text/shown.js'

t.test('a value does nothing but print, and is on one line', async t => {
  const value = { text: 'a\n\u001b[2J\u2028\u202eb', ['\u009bkey']: [1, new Map([['\ufeff', 2]])] }
  const shown = showValue(value)
  t.notMatch(shown, /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u)
  t.match(shown, '\\u202eb')
  t.equal(showValue('x'.repeat(1_000)).length, 201)
})
