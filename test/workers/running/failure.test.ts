/** What a handler's error becomes for the client. */
import t from 'tap'
import { errors, GatewayError } from '../../../shared/errors.js'
import { RequestError } from '../../../shared/request-error.js'
import { tellFailure } from '../../../workers/runtime/failure.js'
import { readText } from '../../helpers/sources.js'

const log = { debug() {}, info() {}, warn() {}, error() {} }

t.test('a refused operation that a handler did not catch reaches the client by its code', async t => {
  const reference = readText('docs/reference/errors.md')
  const [, section] = reference.split('\n## What an operation on a session fails with\n')
  const codes = [...section!.split('\n## ')[0]!.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code!)
  t.ok(codes.includes(errors.clusterUnavailable.code) && codes.includes(errors.conflict.code))
  for (const code of codes)
    t.same(tellFailure(new GatewayError({ code, message: 'it said why' }), log), {
      code,
      message: 'it said why'
    })
})

t.test('an error of the game with such a code is not passed on', async t => {
  const error = Object.assign(new Error('secret'), { code: errors.clusterTimeout.code })
  const { code, message } = tellFailure(error, log)
  t.equal(code, errors.internal.code)
  t.notMatch(message, /secret/)
})

t.test(
  'the data of a RequestError is passed on as plain JSON, or left out with a line of the log',
  async t => {
    const lines: unknown[] = []
    const noting = { ...log, error: (line: string) => void lines.push(line) }
    const circle: unknown[] = []
    circle.push(circle)
    for (const [what, data, arrives] of [
      ['what JSON has', { a: [1, 'x', null, true] }, { a: [1, 'x', null, true] }],
      ['null', null, null],
      ['a Date', { until: new Date(5) }, { until: '1970-01-01T00:00:00.005Z' }],
      ['NaN', [Number.NaN, Number.POSITIVE_INFINITY], [null, null]],
      ['undefined and functions', { a: undefined, b: () => {}, c: [undefined] }, { c: [null] }],
      ['a Map, a Set and an Error', [new Map([[1, 2]]), new Set([1]), new Error('x')], [{}, {}, {}]],
      ['a function alone', () => {}, undefined]
    ] as const) {
      t.strictSame(tellFailure(new RequestError('X', 'x', data), noting).data, arrives, what)
    }
    t.same(lines, [])
    for (const data of [{ left: 5n }, circle, 'x'.repeat(65_535)]) {
      t.strictSame(tellFailure(new RequestError('X', 'x', data), noting), { code: 'X', message: 'x' })
      t.equal(lines.pop(), 'A RequestError is sent in part')
    }
    t.strictSame(tellFailure(new RequestError('X', 'x', 'x'.repeat(65_534)), noting).data, 'x'.repeat(65_534))
  }
)
