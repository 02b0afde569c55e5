import t from 'tap'
import { createTextLogger, formatFields } from '../../../shared/text/log.js'
import { maxLineLength } from '../../../shared/text/text-line.js'
import { matchRows } from '../../helpers/match-rows.js'

function lines(level: 'debug' | 'warn' | 'silent') {
  const printed: string[] = []
  return {
    printed,
    log: createTextLogger(
      level,
      line => printed.push(line),
      () => 0
    )
  }
}

t.test('a line has its time, its level, its message and its fields', async t => {
  const { printed, log } = lines('debug')
  log.info('A thing happened', {
    route: 'score.add',
    sid: 7,
    text: 'two words',
    none: undefined,
    list: [1, 'a']
  })
  t.same(printed, [
    '1970-01-01T00:00:00.000Z INFO  A thing happened route=score.add sid=7 text="two words" none=undefined list=[1,"a"]'
  ])
})

t.test('lines below the level are not printed', async t => {
  const { printed, log } = lines('warn')
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  t.equal(printed.length, 2)
  const silent = lines('silent')
  silent.log.error('e')
  t.equal(silent.printed.length, 0)
})

t.test('an error is printed with its stack, indented', async t => {
  const { printed, log } = lines('debug')
  log.error('It failed', { error: new TypeError('no') })
  t.match(printed[0], /error=TypeError: no\n {8}at /)
})

/** Values that can't be read or that JSON has no form for, and what a log line shows for each. */
function oddValues(): [value: unknown, text: unknown][] {
  const circle: Record<string, unknown> = { name: 'a' }
  circle['self'] = { again: circle }
  const shared = { x: 1 }
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const thrower = (thrown: unknown) => ({
    get x(): unknown {
      throw thrown
    }
  })
  let deep: unknown = 0
  for (let i = 0; i < 100_000; i++) deep = [deep]
  return [
    [12n, '12n'],
    [Number.NaN, 'NaN'],
    [Symbol('s'), 'Symbol(s)'],
    [function f() {}, '[function f]'],
    [Promise.resolve(), '[promise]'],
    [new Map([[1, 2]]), '[Map of 1]'],
    [circle, { name: 'a', self: { again: '[circular]' } }],
    [
      [shared, shared],
      [{ x: 1 }, { x: 1 }]
    ],
    [{ list: [1n, () => 1] }, { list: ['1n', '[function ]'] }],
    [thrower(new Error('no')), '[threw: no]'],
    [thrower(revoked.proxy), '[threw]'],
    [thrower(null), '[threw: null]'],
    [revoked.proxy, /^\[threw: .*proxy/],
    [deep, /./],
    [new Uint8Array(1_000_000), '[Uint8Array of 1000000 bytes]'],
    [
      [Object(1), Object('a')],
      [1, 'a']
    ],
    [{ toJSON: () => undefined }, null],
    [Object.assign(new Error('odd'), { stack: 7 }), 'odd']
  ]
}

t.test('a field that can not be read costs no other field of its line', async t => {
  for (const [value, text] of oddValues()) {
    const fields = JSON.parse(formatFields({ before: 1, value, after: 'x' }))
    t.match(fields, { before: 1, value: text, after: 'x' })
    const { printed, log } = lines('debug')
    log.info('A thing happened', { before: 1, value, after: 'x' })
    t.match(printed[0], / before=1 value=.* after=x$/)
  }
})

t.test('a getter among the fields, and fields that are none, are survived', async t => {
  const getter = {
    a: 1,
    get b(): unknown {
      throw new Error('no')
    },
    c: 3
  }
  t.same(JSON.parse(formatFields(getter)), { a: 1, b: '[threw: no]', c: 3 })
  t.same(JSON.parse(formatFields({ a: 1, b: 1 }, { b: 2, c: undefined })), { a: 1, b: 2, 'fields.b': 1 })
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  t.match(JSON.parse(formatFields(revoked.proxy, { a: 1 })), { a: 1, fields: /^\[threw: / })
  t.same(JSON.parse(formatFields(7)), { fields: 7 })
  t.match(JSON.parse(formatFields(new TypeError('given as the fields'))), { error: /^TypeError: given/ })
  const { printed, log } = lines('debug')
  log.info(Symbol('s') as unknown as string, [1] as never)
  log.info({ a: 1n } as unknown as string)
  matchRows(t, printed, [/INFO {2}"Symbol\(s\)" fields=\[1\]$/, /INFO {2}\{"a":"1n"\}$/])
})

t.test('no text can begin a line, colour a terminal or turn the direction of what follows', async t => {
  const forged = '\r\n1970-01-01T00:00:00.000Z ERROR Forged \x1b[31m\x9b\u2028\u2029\u202e\u2066\x07\x7f'
  const { printed, log } = lines('debug')
  const error = new Error(forged)
  log.info(forged, { text: forged, [forged]: 1, nested: { [forged]: forged }, error })
  log.info('From a worker', JSON.parse(formatFields({ error, text: forged })))
  for (const line of printed) {
    const [first, ...others] = line.split('\n')
    t.match(first, /^1970-01-01T00:00:00.000Z INFO {2}/)
    for (const other of others) t.match(other, /^ {4}/, 'of a stack, and indented')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left
    t.notMatch(line.replaceAll('\n', ''), /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/)
  }
  t.match(printed[0], 'INFO  \\r\\n1970-01-01T00:00:00.000Z ERROR Forged \\u001b[31m\\u009b\\u2028')
  t.equal(printed[0]!.split(/\n {8}at /).length, error.stack!.split(/\n {4}at /).length, 'the stack is whole')
})

t.test('a line has an end', async t => {
  const { printed, log } = lines('debug')
  log.info('Long', { text: 'x'.repeat(1_000_000) })
  t.match(printed[0]!.slice(-100), /xxx… and \d+ characters more$/)
  t.ok(printed[0]!.length < maxLineLength + 100)
})

t.test('what the gateway says by its own names wins, and a field of such a name is kept under another', t => {
  const given = { route: 'forged', requestId: 7, worker: 9, x: 1 }
  t.same(JSON.parse(formatFields(given, { route: 'a.b', requestId: undefined })), {
    route: 'a.b',
    'fields.route': 'forged',
    'fields.requestId': 7,
    'fields.worker': 9,
    x: 1
  })
  t.end()
})

t.test('no value is looked at beyond the budget of its line', t => {
  let looks = 0
  const looked = {
    toJSON() {
      looks++
      return 1
    }
  }
  let tree: unknown = looked
  for (let level = 0; level < 60; level++) tree = { left: tree, right: tree }
  const names = Array.from({ length: 50_000 }, (_, index) => `key${index}`)
  const wide = Object.fromEntries(names.map(name => [name, looked]))
  const large = {
    tree,
    list: Array(5_000_000).fill(looked),
    sparse: Object.assign([], { length: 2 ** 32 - 1 }),
    wide,
    lists: Array(1_000).fill(wide),
    text: 'x'.repeat(5_000_000),
    texts: Array(10_000).fill('\n'.repeat(40_000)),
    bytes: new Uint8Array(5_000_000)
  }
  const many = Object.fromEntries(names.map(name => [name, tree]))
  const { printed, log } = lines('debug')
  for (const fields of [large, many, wide, ...Object.values(large)] as Record<string, unknown>[]) {
    looks = 0
    const text = formatFields(fields, { route: 'a.b' })
    t.equal(JSON.parse(text).route, 'a.b')
    t.ok(text.length <= 49_152 + 100, `${text.length} characters`)
    t.ok(looks <= 10_000, `${looks} looks`)
    looks = 0
    log.info('Large', fields)
    t.ok(printed.at(-1)!.length < maxLineLength + 100)
    t.ok(looks <= 10_000, `${looks} looks`)
  }
  t.end()
})
