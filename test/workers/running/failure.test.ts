/** What a handler's error becomes for the client. */
import t from 'tap'
import { errors, GatewayError } from '../../../shared/errors.js'
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
