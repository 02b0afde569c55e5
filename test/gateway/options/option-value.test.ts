import t from 'tap'
import { bytes, count, megabytes, ms, type OptionRow } from '../../../gateway/options/option-row.js'
import { checkOption, describeValues, formatValue, readText } from '../../../gateway/options/option-value.js'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../gateway/options/units.js'

const row = (check: OptionRow['check'], more: Partial<OptionRow> = {}): OptionRow => ({
  name: 'heartbeat',
  check,
  defaultValue: 1,
  help: '',
  ...more
})

t.test(
  'a time has a unit in small or capital letters, and may have a fraction if whole milliseconds remain',
  async t => {
    for (const [text, ms] of [
      ['0ms', 0],
      ['250ms', 250],
      ['10s', 10_000],
      ['10 s', 10_000],
      ['1.1s', 1_100],
      ['2m', 120_000],
      ['1.5h', 5_400_000],
      ['1d', 86_400_000],
      ['10S', 10_000],
      ['250Ms', 250],
      ['2 H', 7_200_000]
    ] as const)
      t.equal(parseDuration(text), ms, text)
    for (const text of ['', '10', 's', '-1s', '1e3s', '0.5ms', '1s ', '1h30m', '10sec', '1,5s'])
      t.equal(parseDuration(text), undefined, text)
  }
)

t.test('a size has a unit, whose letters may be small or capital', async t => {
  for (const [text, bytes] of [
    ['0B', 0],
    ['64KiB', 65_536],
    ['64kib', 65_536],
    ['64 kB', 64_000],
    ['64KB', 64_000],
    ['1.5MiB', 1_572_864],
    ['2GB', 2_000_000_000],
    ['1GiB', 1_073_741_824]
  ] as const)
    t.equal(parseSize(text), bytes, text)
  for (const text of ['', '64', 'KiB', '64K', '64Ki', '-1B', '0.3B', '9999999999GiB'])
    t.equal(parseSize(text), undefined, text)
})

t.test('times and sizes are shown in the largest unit that fits', async t => {
  t.same([0, 250, 1_000, 90_000, 600_000, 5_400_000, 86_400_000].map(formatDuration), [
    '0',
    '250ms',
    '1s',
    '90s',
    '10m',
    '90m',
    '1d'
  ])
  t.same([0, 1, 1_000, 65_536, 16_000_000, 2_147_483_647, 1_073_741_824].map(formatSize), [
    '0',
    '1',
    '1000',
    '64KiB',
    '16MB',
    '2147483647',
    '1GiB'
  ])
})

t.test('a flag or a variable says numbers and booleans as texts', async t => {
  for (const check of [ms(0), bytes(0), count(0, 9)]) {
    t.equal(readText(row(check), '500'), 500)
    t.equal(readText(row(check), '-5'), -5)
    t.equal(readText(row(check), '10s'), '10s')
    t.equal(readText(row(check), '1e3'), '1e3')
  }
  for (const text of ['true', 'on', 'YES', '1']) t.equal(readText(row({ type: 'boolean' }), text), true)
  for (const text of ['false', 'Off', 'no', '0']) t.equal(readText(row({ type: 'boolean' }), text), false)
  t.equal(readText(row({ type: 'boolean' }), 'maybe'), 'maybe')
  t.equal(readText(row({ type: 'text' }), '500'), '500')
})

t.test('a heap in megabytes may be a size with a unit, whose remainder is left out', async t => {
  const heap = row(megabytes(0, 4_096))
  t.equal(checkOption(heap, 512), 512)
  t.equal(checkOption(heap, '512MiB'), 512)
  t.equal(checkOption(heap, '1GB'), 953)
  t.throws(() => checkOption(heap, '8GiB'), { code: 'OPTION_INVALID' })
  t.equal(formatValue(heap, 512), '512MiB')
})

t.test('an error about a secret does not tell it', async t => {
  const secret = row({ type: 'word', words: ['a'] }, { isSecret: true })
  t.throws(() => checkOption(secret, 'hunter2'), {
    message: 'Expected `heartbeat` to be one of a, got a text of 7 characters, which is secret'
  })
})

t.test('a text may be empty only where that means none', async t => {
  t.equal(checkOption(row({ type: 'text', mayBeEmpty: true }), ''), '')
  t.throws(() => checkOption(row({ type: 'text', mayBeEmpty: true }), 5), {
    message: "Expected `heartbeat` to be a text, or '' for none, got 5 (number)"
  })
  t.throws(() => checkOption(row({ type: 'text' }), ''), { code: 'OPTION_INVALID' })
  t.throws(() => checkOption(row({ type: 'text', not: '*' }), '*'), {
    message: 'Expected `heartbeat` to be another text than *, which stands for all, got "*" (string)'
  })
})

t.test('the reference says what values there are', async t => {
  const rows: [OptionRow['check'], string][] = [
    [ms(0), 'time'],
    [ms(1), 'time, at least 1ms'],
    [bytes(0), 'size'],
    [bytes(1_024), 'size, at least 1KiB'],
    [bytes(1_024, 2_147_483_647), 'size, 1KiB to 2147483647'],
    [bytes(1, 16_000_000), 'size, 1 to 16MB'],
    [megabytes(0, 1_024), 'size, 0 to 1GiB'],
    [count(1, 9), '1 to 9'],
    [{ type: 'boolean' }, '`true`, `false`'],
    [{ type: 'word', words: ['a', 'b'] }, '`a`, `b`'],
    [{ type: 'list' }, 'list']
  ]
  for (const [check, text] of rows) t.equal(describeValues(row(check)), text)
})
