import t from 'tap'
import { redactBody } from '../../../gateway/telemetry/redact.js'

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('latin1')

t.test('what is named like a secret, or looks like one, is hidden at any depth', async t => {
  const secret = 'xyzzy'
  const body = {
    password: secret,
    newPassword: { a: secret },
    accessToken: secret,
    api_key: secret,
    Authorization: secret,
    sessionCookie: [secret],
    deep: [{ refresh_token: secret, name: 'Ann' }],
    note: 'eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOiJhIn0.xyzzy',
    header: `Bearer ${secret}`
  }
  const shown = redactBody(bytes(body))
  t.notMatch(JSON.stringify(shown), /xyzzy/)
  t.match(shown, { password: '[redacted]', deep: [{ refresh_token: '[redacted]', name: 'Ann' }] })
})

t.test('the rows of a Map in a rich body are hidden by their keys', async t => {
  const rows = [
    ['password', 'xyzzy'],
    ['name', 'Ann']
  ]
  const body = { json: { a: rows }, meta: { values: { a: ['map'] }, v: 1 } }
  t.same((redactBody(bytes(body)) as { json: unknown }).json, {
    a: [
      ['password', '[redacted]'],
      ['name', 'Ann']
    ]
  })
})

t.test('everything else is shown as it is', async t => {
  for (const body of [
    { points: 3, passed: true, spin: 1, text: 'größer 🎲' },
    [1, [2]],
    ['password', 'name'],
    'text',
    7,
    null,
    false
  ])
    t.same(redactBody(bytes(body)), body)
  t.equal(redactBody(''), undefined)
})

t.test('a body that is gzipped, long, deep or no JSON is survived', async t => {
  t.equal(redactBody('abc', true), '[gzipped, 3 bytes]')
  t.equal(redactBody(bytes('x'.repeat(20_000))), '[20002 bytes]')
  t.equal(redactBody('{"password":"xyzzy"'), '[not JSON, 19 bytes]')
  t.equal(redactBody('\xff'), '[not JSON, 1 bytes]')
  t.match(JSON.stringify(redactBody('['.repeat(8_000) + ']'.repeat(8_000))), '[deeper]')
  t.same(Object.keys(redactBody('{"__proto__":1}') as object), ['__proto__'])
})
