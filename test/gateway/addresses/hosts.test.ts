import t from 'tap'
import { Hosts } from '../../../gateway/addresses/hosts.js'

const loopback = [
  'localhost',
  'LOCALHOST:3010',
  'a.localhost',
  'localhost.',
  '127.0.0.1',
  '127.1.2.3:1',
  '[::1]:3010'
]
const others = [
  'evil.example',
  'localhost.evil.example',
  'evillocalhost',
  '192.0.2.1:3010',
  '[2001:db8::1]',
  '',
  'a b',
  'localhost/x',
  'u@localhost'
]

t.test(
  'by default a gateway on a loopback address is served under loopback names, and any other under all',
  async t => {
    for (const listensOn of ['127.0.0.1', 'localhost', '::1', '127.0.0.2']) {
      const hosts = new Hosts('auto', listensOn)
      for (const host of loopback) t.equal(hosts.serves(host), true, host)
      for (const host of others) t.equal(hosts.serves(host), false, host)
      t.equal(hosts.serves(undefined), true, 'which no browser sends')
    }
    for (const listensOn of ['0.0.0.0', '::', '192.0.2.1', 'game.example'])
      for (const host of [...loopback, ...others])
        t.equal(new Hosts('auto', listensOn).serves(host), true, host)
  }
)

t.test('names can be listed, and are compared without their ports', async t => {
  const hosts = new Hosts('Game.example, 2001:db8::1, [2001:db8::2],192.0.2.1', '127.0.0.1')
  for (const host of [
    'game.example',
    'GAME.example:443',
    'game.example.',
    '[2001:db8:0::1]:1',
    '[2001:db8::2]',
    '192.0.2.1'
  ])
    t.equal(hosts.serves(host), true, host)
  for (const host of ['www.game.example', 'localhost', '192.0.2.2']) t.equal(hosts.serves(host), false, host)
  t.equal(new Hosts('loopback,game.example', '::').serves('localhost:3010'), true)
  t.equal(new Hosts('*', '127.0.0.1').serves('evil.example'), true)
})

t.test('what can be no name is refused', async t => {
  for (const entry of [
    'game.example:443',
    'https://game.example',
    'a b',
    'a/b',
    '2001:db8',
    '*.game.example'
  ])
    t.throws(
      () => new Hosts(`loopback,${entry}`, '::'),
      { code: 'OPTION_INVALID', message: `got ${JSON.stringify(entry)}` },
      entry
    )
})
