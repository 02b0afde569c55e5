/** Retry hints, which tell a client when to try again: in an error, or in the reason of a close. */
import t from 'tap'
import {
  closeCodes,
  formatComeBack,
  mayComeBack,
  mayHaveRetryHint,
  parseComeBack
} from '../../shared/close-codes.js'
import { errors } from '../../shared/errors.js'
import { readText } from '../helpers/sources.js'

t.test(
  'the milliseconds of a reason are read as they were written, in whole ones and never too few',
  async t => {
    for (const ms of [0, 1, 250, 4_999, 60_000, 2_147_483_647]) {
      t.equal(parseComeBack(formatComeBack(ms)), ms)
      t.equal(parseComeBack(`restart, ${formatComeBack(ms)}`), ms, 'whatever stands before them')
    }
    t.equal(parseComeBack(formatComeBack(0.1)), 1)
  }
)

t.test('its form is one that clients of other languages rely on', async t => {
  t.equal(formatComeBack(1_500), 'come back in 1500 ms')
})

t.test('a reason without the words has no hint', async t => {
  for (const reason of [
    '',
    'the gateway is closing',
    'come back in a while',
    'come back in -5 ms',
    'come back in 5 s'
  ])
    t.equal(parseComeBack(reason), undefined, reason)
})

t.test('only codes that say "come back" may say when, and close-codes.md names them', async t => {
  const hinted = Object.values(closeCodes).filter(mayHaveRetryHint)
  t.ok(hinted.every(mayComeBack))
  const document = readText('docs/reference/close-codes.md').split('\n## When to reconnect\n')[1]!
  t.same(
    [...document.matchAll(/^- (\d{4})/gm)].map(([, code]) => Number(code)),
    hinted
  )
})

t.test('a client comes back after a code that a proxy or a browser closes with', async t => {
  for (const code of [1001, 1005, 1006, 1011, 1014]) t.ok(mayComeBack(code), `${code}`)
  for (const code of [1000, 1003, 1010, 1015]) t.notOk(mayComeBack(code), `${code}`)
})

t.test('an error with a retry hint has it as data, and errors.md names those errors', async t => {
  const hinted = Object.values(errors).filter(error => 'hasRetryHint' in error)
  for (const create of hinted)
    t.match(create(250, 'laneLimit', '1'), { code: create.code, data: { retryAfter: 250 } })
  const [, section] = readText('docs/reference/errors.md').split('\n## When to try again\n')
  const codes = [...section!.split('\n## ')[0]!.matchAll(/^- `([A-Z_]+)`/gm)].map(([, code]) => code)
  t.same(
    codes,
    hinted.map(({ code }) => code)
  )
})
