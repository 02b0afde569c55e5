/** How messages describe wrong values. */
import t from 'tap'
import { describeValue } from '../../shared/text/described.js'
import { codeOf, describeThrown, messageOf } from '../../shared/text/thrown.js'

function refuse(): never {
  throw new Error('not to be looked at')
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

t.test('a value is shown short, with its type', async t => {
  t.equal(describeValue(undefined), 'undefined')
  t.equal(describeValue(''), "'' (empty)")
  t.equal(describeValue('x'.repeat(50)), `"${'x'.repeat(40)}…" (string)`)
  t.equal(describeValue([]), 'an array')
  t.equal(describeValue(1n), '1 (bigint)')
  t.equal(describeValue(Symbol('a\nb')), 'Symbol(a b) (symbol)')
  const written = Object.assign(() => {}, { toString: () => 'async body => {\r\n\treturn body\n}' })
  t.equal(describeValue(written), 'async body => { return body } (function)')
})

t.test('neither a wrong value nor what was thrown can throw when it is described', async t => {
  const proxy = new Proxy(new Error('odd'), { get: refuse, getPrototypeOf: refuse, ownKeys: refuse })
  const odd = [
    revoked(),
    proxy,
    Object.assign(() => {}, { toString: refuse }),
    Object.assign(new Error('odd'), { stack: undefined, name: { toString: refuse } }),
    Object.create(null),
    Object.defineProperty({}, 'code', { get: refuse })
  ]
  for (const value of odd) {
    for (const describe of [describeValue, describeThrown, messageOf, codeOf])
      t.type(describe(value), 'string')
  }
})

t.test('what was thrown is told by its stack, by its text, and no longer than a log can hold', async t => {
  t.match(describeThrown(new TypeError('no')), /^TypeError: no\n {4}at /)
  t.equal(describeThrown('a text'), 'a text')
  t.equal(describeThrown(undefined), 'undefined')
  t.equal(describeThrown({ code: 1 }), '{"code":1}')
  t.equal(messageOf(Object.assign(new Error(), { message: Symbol('odd') })), 'Symbol(odd)')
  t.ok(describeThrown('x'.repeat(1_000_000)).length < 20_000)
})
