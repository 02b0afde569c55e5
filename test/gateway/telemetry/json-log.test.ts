import t from 'tap'
import { createJsonLogger } from '../../../gateway/telemetry/json-log.js'
import { maxLineLength } from '../../../shared/text/text-line.js'

function open(level: 'trace' | 'warn' | 'silent' = 'trace') {
  const printed: string[] = []
  const log = createJsonLogger(
    level,
    line => printed.push(line),
    () => 0
  )
  return { log, printed, last: () => JSON.parse(printed.at(-1)!) as Record<string, unknown> }
}

t.test('a line is one JSON object with its time, its level, its message and its fields', async t => {
  const { log, printed } = open()
  log.info('A thing happened', { route: 'score.add', sid: 7, none: undefined, list: [1, { a: null }] })
  t.same(printed, [
    '{"level":"info","time":"1970-01-01T00:00:00.000Z","route":"score.add","sid":7,"list":[1,{"a":null}],"msg":"A thing happened"}'
  ])
  log.trace('100 %s %d %%')
  t.match(JSON.parse(printed[1]!), { level: 'trace', msg: '100 %s %d %%' }, 'nothing is filled in')
})

t.test('lines below the level are not printed', async t => {
  const { log, printed } = open('warn')
  for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) log[level]('A line')
  t.same(
    printed.map(line => JSON.parse(line).level),
    ['warn', 'error']
  )
  const silent = open('silent')
  silent.log.error('A line')
  t.same(silent.printed, [])
})

t.test('a field can not pass for the level, the time or the message of its line', async t => {
  const { log, last, printed } = open()
  log.warn('True', { level: 'error', time: 'never', msg: 'Forged', err: { message: 'x' }, pid: 1 })
  t.match(last(), { level: 'warn', msg: 'True', 'fields.level': 'error', 'fields.time': 'never', pid: 1 })
  t.match(last(), { 'fields.msg': 'Forged', err: { message: 'x' } })
  t.equal(printed[0]!.match(/"level":/g)!.length, 1)
})

t.test('no text begins a line, colours a terminal or turns the direction of what follows', async t => {
  const { log, last, printed } = open()
  const forged = '\r\n{"level":"error"} \x1b[31m\x9b\u2028\u2029\u202e\u2066\x07\x7f'
  log.info(forged, { text: forged, [forged]: 1, error: new Error(forged) })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left
  t.notMatch(printed[0], /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/)
  t.match(last(), { msg: forged, text: forged, [forged]: 1 }, 'and all of it is there')
})

t.test('whatever is logged, a line is written, valid and bounded', async t => {
  const { log, last, printed } = open()
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const odd: unknown[] = [
    { a: 1n, b: Number.NaN, c: () => 1, d: circle, e: revoked.proxy },
    revoked.proxy,
    [1],
    'text',
    null,
    { text: 'x'.repeat(1_000_000) },
    { text: '\u202e'.repeat(60_000) },
    Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`\u202e${i}`, '\u202e'.repeat(20)])),
    { toJSON: () => 'mine' },
    JSON.parse('{"__proto__":{"level":"error"}}')
  ]
  for (const fields of odd) {
    log.info('\u202e'.repeat(100_000), fields as never)
    t.equal(last()['level'], 'info')
    t.ok(printed.at(-1)!.length <= maxLineLength, `${printed.at(-1)!.length} characters`)
  }
})
