/** What tools print: colours where they are wanted, safe texts, and figures that fit. */
import t from 'tap'
import { printable } from '../../../shared/text/printable.js'
import {
  countOf,
  formatAge,
  formatBytes,
  formatCount,
  formatRate,
  formatTable,
  formatTime
} from '../../../tools/terminal/figures.js'
import { cutTo, painterFor, printableJson, sizeOf } from '../../../tools/terminal/output.js'

t.test('a terminal gets colours, and nothing else does, unless the environment says so', async t => {
  const red = '\u001b[31mx\u001b[39m'
  const rows: readonly [boolean, NodeJS.ProcessEnv, string][] = [
    [true, {}, red],
    [true, { NO_COLOR: '' }, red],
    [true, { NO_COLOR: '1' }, 'x'],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, 'x'],
    [true, { TERM: 'dumb' }, 'x'],
    [true, { FORCE_COLOR: '0' }, 'x'],
    [false, {}, 'x'],
    [false, { FORCE_COLOR: '1' }, red]
  ]
  for (const [isTTY, env, expected] of rows)
    t.equal(painterFor({ isTTY }, env)('red', 'x'), expected, `${isTTY} ${JSON.stringify(env)}`)
})

t.test('a terminal obeys no text of a server', async t => {
  t.equal(printable('a\n\u001b[2J\u009b1m\u202eb é 😀'), 'a\\u000a\\u001b[2J\\u009b1m\\u202eb é 😀')
})

t.test('JSON has no such text either, and means the same', async t => {
  const value = { text: 'a\n\u009b2J\u202eb \u2028é' }
  for (const indent of [0, 2]) {
    const json = printableJson(value, indent)
    t.notMatch(json, /[\u0080-\u009f\u2028\u202e]/)
    t.same(JSON.parse(json), value)
    t.equal(json.split('\n').length, indent === 0 ? 1 : 3)
  }
})

t.test('figures are short, and have their unit', async t => {
  t.same([0, 999, 1_000, 1_234_567.8].map(formatCount), ['0', '999', '1,000', '1,234,568'])
  t.same([0.32, 1.234, 45.67, 999, 2_500, 180_000, Number.NaN].map(formatTime), [
    '320 µs',
    '1.23 ms',
    '45.7 ms',
    '999 ms',
    '2.50 s',
    '3 min',
    '-'
  ])
  t.same([0.9996, 999.6, 9_996, 99_960, 119_400, 119_600].map(formatTime), [
    '1.00 ms',
    '1.00 s',
    '10.0 s',
    '100 s',
    '119 s',
    '2 min'
  ])
  t.same([209_000, 5_400_000, 8_900_000, 172_800_000].map(formatTime), [
    '3 min 29 s',
    '1 h 30 min',
    '2 h 28 min',
    '2 d'
  ])
  t.same([9.94, 9.96, 10.4].map(formatRate), ['9.9', '10', '10'])
  t.same([1_023.7 * 1_024, 9.996 * 1_024].map(formatBytes), ['1.00 MiB', '10.0 KiB'])
  t.same([0, 512, 1_536, 300 * 1_024 ** 2].map(formatBytes), ['0 B', '512 B', '1.50 KiB', '300 MiB'])
  t.same([0, 59, 61, 3_600, 90_061].map(formatAge), ['0 s', '59 s', '1 min 1 s', '1 h 0 min', '1 d 1 h'])
})

t.test('a table has its first column on the left, and the others on the right', async t => {
  t.same(
    formatTable([
      ['', 'ok'],
      ['a.b', '1'],
      ['c', '1,000']
    ]),
    ['        ok', 'a.b      1', 'c    1,000']
  )
})

t.test('a line that is too long is cut, and says so', async t => {
  t.equal(cutTo('abcdef', 6), 'abcdef')
  t.equal(cutTo('abcdef', 4), 'abc…')
})

t.test('a count has the noun for it', async t => {
  const counts = [0, 1, 2_000].map(count => countOf(count, 'socket'))
  t.same(counts, ['0 sockets', '1 socket', '2,000 sockets'])
  t.equal(countOf(2, 'player runs', 'players run'), '2 players run')
})

t.test('a terminal that does not know its size is 80 × 24', async t => {
  t.same(sizeOf({ columns: 0, rows: 0 }), { columns: 80, rows: 24 })
  t.same(sizeOf({}), { columns: 80, rows: 24 })
  t.same(sizeOf({ columns: 120, rows: 50 }), { columns: 120, rows: 50 })
})
