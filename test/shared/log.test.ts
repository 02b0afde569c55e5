import t from 'tap'
import { createTextLogger } from '../../shared/log.js'

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

t.test('a text that a client chose can not look like a line of the log, nor speak to a terminal', async t => {
  const { printed, log } = lines('debug')
  const forged = '\u001b[31mx\r\n1970-01-01T00:00:00.000Z ERROR forged'
  log.info('m', { uid: forged })
  t.notOk(/^1970.*forged/m.test(printed[0]!.slice(1)))
  t.notOk(printed[0]!.includes('\u001b') || printed[0]!.includes('\r'))
})

t.test('a field that is no JSON is printed all the same', async t => {
  const { printed, log } = lines('debug')
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  log.info('m', { big: 1n, circle })
  t.match(printed[0], /big=1 circle=\[object Object\]/)
})
