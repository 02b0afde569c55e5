import t from 'tap'
import { Origins } from '../../../gateway/addresses/origins.js'

t.test('an origin can be added, and the oldest of very many is forgotten', async t => {
  const origins = new Origins('same')
  origins.add('http://127.0.0.1:3011')
  origins.add('no origin')
  t.equal(origins.allows('http://127.0.0.1:3011', 'game.example'), true)
  t.equal(origins.allows('http://127.0.0.1:3012', 'game.example'), false)
  for (let i = 0; i < 16; i++) origins.add(`http://localhost:${i + 1}`)
  t.equal(origins.allows('http://127.0.0.1:3011', 'game.example'), false)
  t.equal(origins.allows('http://localhost:16', 'game.example'), true)
})

t.test('`same` is the host that was asked for, whatever way its default port is written', async t => {
  const same = new Origins('same')
  for (const [origin, host] of [
    ['https://game.example', 'game.example'],
    ['https://game.example', 'game.example:443'],
    ['https://GAME.example', 'game.EXAMPLE'],
    ['http://game.example', 'game.example:80'],
    ['http://127.0.0.1:3010', '127.0.0.1:3010'],
    ['http://[::1]:3010', '[0:0::1]:3010'],
    [undefined, 'game.example'],
    [undefined, undefined]
  ] as const)
    t.equal(same.allows(origin, host), true, `${origin} at ${host}`)
  for (const [origin, host] of [
    ['https://game.example', 'game.example:3010'],
    ['http://game.example', 'game.example:443'],
    ['https://evil.example', 'game.example'],
    ['https://game.example.evil.example', 'game.example'],
    ['null', 'null'],
    ['null', undefined],
    ['what?', undefined],
    ['', undefined],
    ['', ''],
    ['file://', ''],
    ['chrome-extension://game.example', 'game.example'],
    ['https://game.example, https://evil.example', 'game.example'],
    ['https://game.example@evil.example', 'game.example@evil.example']
  ] as const)
    t.equal(same.allows(origin, host), false, `${origin} at ${host}`)
})

t.test('named origins are compared as URLs', async t => {
  const named = new Origins(
    'https://x.example/, HTTPS://Y.example:443, http://z.example:8080, capacitor://localhost'
  )
  for (const origin of [
    'https://x.example',
    'https://x.example:443',
    'https://y.example',
    'http://z.example:8080',
    'capacitor://localhost'
  ])
    t.equal(named.allows(origin, 'h'), true, origin)
  for (const origin of ['http://x.example', 'https://h', 'http://z.example', 'null', 'x.example'])
    t.equal(named.allows(origin, 'h'), false, origin)
})

t.test('a pattern, and what is the origin of no page, is refused, since it would never match', async t => {
  for (const entry of [
    'https://*.game.example',
    'capacitor://*',
    'ftp://game.example',
    'https://x.example/a'
  ])
    t.throws(
      () => new Origins(entry),
      { code: 'OPTION_INVALID', message: /no path and are no patterns, .* got "[^"]+"$/ },
      entry
    )
})

t.test('`null` and `*` are to be said, and what can be no origin is refused', async t => {
  t.equal(new Origins('same, null').allows('null', 'h'), true)
  t.equal(new Origins('null').allows('what?', 'h'), false)
  t.equal(new Origins('*').allows('what?', 'h'), true)
  for (const entry of [
    'game.example',
    'https://',
    'https://x.example/page',
    'wss://x.example',
    'https://u@x',
    'Same'
  ])
    t.throws(
      () => new Origins(`same,${entry}`),
      { code: 'OPTION_INVALID', message: `got ${JSON.stringify(entry)}` },
      entry
    )
  t.throws(() => new Origins('same,'), { code: 'OPTION_INVALID', message: /got ""$/ })
})
