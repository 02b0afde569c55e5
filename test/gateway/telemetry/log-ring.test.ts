import t from 'tap'
import { LogRing } from '../../../gateway/telemetry/log-ring.js'
import { sweptHeap } from '../../helpers/swept-heap.js'

function fill(ring: LogRing, count: number, text = 'A line'): void {
  for (let i = 0; i < count; i++) ring.add('info', text, { i })
}

t.test('a line is read back with its number, its time and its fields as text', async t => {
  const ring = new LogRing(() => 7)
  ring.add('warn', 'It failed \x1b[31m', { sid: 1, text: 'a b', list: [1, 2], stack: 'Error: no\n    at x' })
  t.same(ring.read(), {
    lines: [
      {
        n: 1,
        at: 7,
        level: 'warn',
        message: 'It failed \\u001b[31m',
        fields: { sid: '1', text: 'a b', list: '[1,2]', stack: 'Error: no\n    at x' }
      }
    ],
    last: 1,
    missed: 0
  })
})

t.test('the number of lines and their bytes are bounded, and the oldest lines go first', async t => {
  const ring = new LogRing(() => 0, { maxLines: 10, maxBytes: 100_000 })
  fill(ring, 1_000)
  t.equal(ring.size, 10)
  t.same(
    ring.read().lines.map(({ n }) => n),
    [991, 992, 993, 994, 995, 996, 997, 998, 999, 1_000]
  )
  for (let i = 0; i < 100; i++) ring.add('info', 'x'.repeat(1_000_000), { text: 'y'.repeat(1_000_000), i })
  t.ok(ring.bytes <= 100_000, `${ring.bytes} bytes`)
  t.ok(ring.size > 0 && ring.size <= 10)
  const { message, fields } = ring.read().lines.at(-1)!
  t.ok(message.length + JSON.stringify(fields).length < 20_000, 'and a single line is cut')
})

t.test('lines that are forgotten are gone from memory at once', async t => {
  const ring = new LogRing(() => 0, { maxLines: 1_000, maxBytes: 1_048_576 })
  const text = (i: number) => Buffer.alloc(1_900, 97 + (i % 26)).toString('latin1')
  fill(ring, 1, text(0))
  const before = sweptHeap()
  // So many that 900 large ones are forgotten, and fewer than 1,000 lines in all.
  for (let i = 0; i < 990; i++) ring.add('info', text(i), { a: text(i), b: text(i), c: text(i) })
  const kept = sweptHeap() - before
  t.ok(ring.size < 100, `${ring.size} lines`)
  t.ok(kept < 2 * 1_048_576, `${kept} bytes`)
})

t.test('who asks again with the last number misses no line, or is told how many are gone', async t => {
  const ring = new LogRing(() => 0, { maxLines: 10 })
  fill(ring, 3)
  const { last } = ring.read()
  t.same(ring.read({ after: last }), { lines: [], last: 3, missed: 0 })
  fill(ring, 5)
  const page = ring.read({ after: last, limit: 2 })
  t.same([page.lines.map(({ n }) => n), page.last, page.missed], [[4, 5], 5, 0])
  t.same(
    ring.read({ after: page.last }).lines.map(({ n }) => n),
    [6, 7, 8]
  )
  fill(ring, 20)
  const late = ring.read({ after: 8 })
  t.same([late.lines[0]!.n, late.last, late.missed], [19, 28, 10])
  const other = ring.read({ after: 1_000_000 })
  t.same([other.lines.length, other.missed], [10, 0], 'a number from before a restart reads all lines')
})

t.test('lines are found by their level, and by text in the message or in a field', async t => {
  const ring = new LogRing(() => 0)
  ring.add('debug', 'A request is done', { route: 'score.add', uid: 'Ann' })
  ring.add('warn', 'A request was slow', { route: 'room.enter' })
  ring.add('error', 'A worker ended', undefined)
  const found = (query: Parameters<LogRing['read']>[0]) => ring.read(query).lines.map(({ n }) => n)
  t.same(found({ level: 'warn' }), [2, 3])
  t.same(found({ text: 'REQUEST' }), [1, 2])
  t.same(found({ text: 'uid=ann' }), [1])
  t.same(found({ text: 'request', level: 'info' }), [2])
  t.same(found({ limit: 1 }), [3], 'without a number the newest ones')
  t.same(ring.read({ after: 0, text: 'nothing' }), { lines: [], last: 3, missed: 0 })
})

t.test('fields that can not be read cost no line', async t => {
  const ring = new LogRing(() => 0)
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  ring.add('info', 'Odd', revoked.proxy)
  ring.add('info', 'Odd', JSON.parse('{"__proto__":1,"big":2}'))
  t.match(ring.read().lines[0]!.fields, { fields: /^\[threw/ })
  t.same(Object.keys(ring.read().lines[1]!.fields), ['__proto__', 'big'])
})
