import t from 'tap'
import { addressKey, normalizeAddress, readForwarded } from '../../../gateway/addresses/client-address.js'
import { sweptHeap } from '../../helpers/swept-heap.js'

t.test('an address has one spelling', async t => {
  for (const [text, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['', undefined],
    ['unknown', undefined],
    ['192.0.2', undefined],
    ['192.0.2.256', undefined],
    ['::1::', undefined]
  ] as const)
    t.equal(normalizeAddress(text), address, text)
})

t.test('IPv6 counts by its /64, IPv4 as it is', async t => {
  t.equal(addressKey('192.0.2.1'), '192.0.2.1')
  t.equal(addressKey('2001:db8::1'), '2001:db8:0:0::/64')
  t.equal(addressKey('2001:db8::ffff:1:2:3'), addressKey('2001:db8::1'))
  t.not(addressKey('2001:db8:0:1::1'), addressKey('2001:db8::1'))
  t.equal(addressKey('::1'), '0:0:0:0::/64')
  t.equal(addressKey(''), '')
})

t.test('of a list the entry counts that the outermost trusted proxy has written', async t => {
  const from = (list: string, proxies: number) => readForwarded({ 'x-forwarded-for': list }, proxies)
  t.equal(from('203.0.113.7', 1), '203.0.113.7')
  t.equal(from('198.51.100.1, 203.0.113.7', 1), '203.0.113.7')
  t.equal(from('198.51.100.1, 203.0.113.7, 10.0.0.1', 2), '203.0.113.7')
  t.equal(from('203.0.113.7', 2), '203.0.113.7', 'a proxy was passed by')
  t.equal(from(' , 203.0.113.7,,', 1), '203.0.113.7', 'what is empty is no entry')
  t.equal(from('', 1), undefined)
  t.equal(readForwarded({}, 1), undefined)
})

t.test('an entry of X-Forwarded-For may have a port, brackets and quotes', async t => {
  for (const [text, address] of [
    ['192.0.2.1:5555', '192.0.2.1'],
    ['"192.0.2.1:5555"', '192.0.2.1'],
    ['[2001:db8::1]:5555', '2001:db8::1'],
    ['"[2001:db8::1]"', '2001:db8::1'],
    ['[::ffff:192.0.2.1]:1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:_port', '192.0.2.1'],
    ['unknown', undefined],
    ['_hidden', undefined],
    ['[192.0.2.1]', undefined],
    ['[2001:db8::1', undefined],
    ['192.0.2.1:', undefined],
    ['192.0.2.1, x', undefined],
    ['<script>', undefined]
  ] as const)
    t.equal(readForwarded({ 'x-forwarded-for': text }, 1), address, text)
})

t.test('Forwarded is read as RFC 7239 has it, where there is no X-Forwarded-For', async t => {
  for (const [text, address] of [
    ['for=192.0.2.43', '192.0.2.43'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    ['by=203.0.113.43; for="192.0.2.60:80"', '192.0.2.60'],
    ['for=198.51.100.17, for=192.0.2.43', '192.0.2.43'],
    ['for="\\192.0.2.43"', '192.0.2.43'],
    ['for=192.0.2.43, proto=https', undefined],
    ['for=192.0.2.43, for=unknown', undefined],
    ['for=192.0.2.43, for="_gazonk"', undefined],
    ['for="a,b", for=192.0.2.43', '192.0.2.43'],
    ['for=192.0.2.43, for="1', undefined],
    ['for="1, for="[2001:db8::1]"', '2001:db8::1'],
    ['for', undefined],
    ['', undefined],
    [', ;,', undefined]
  ] as const)
    t.equal(readForwarded({ forwarded: text }, 1), address, text)
  const both = { forwarded: 'for=198.51.100.1', 'x-forwarded-for': '192.0.2.1' }
  t.equal(readForwarded(both, 1), '192.0.2.1', 'a client could have written the other one')
  t.equal(readForwarded({ forwarded: 'for=192.0.2.1, for=10.0.0.1' }, 2), '192.0.2.1')
})

t.test('what a stranger writes there costs no more than its length', async t => {
  // If the cost grew with the square of this length, the test would take hours.
  const length = 1_000_000
  for (const text of [' '.repeat(length), '"'.repeat(length), 'a'.repeat(length), '[:'.repeat(length / 2)])
    for (const name of ['forwarded', 'x-forwarded-for']) {
      t.equal(readForwarded({ [name]: `${text}x` }, 1), undefined)
      t.equal(readForwarded({ [name]: `for=a,${text}x` }, 1), undefined)
    }
})

t.test('an address does not keep the header in memory that it came in', async t => {
  const before = sweptHeap()
  const kept = Array.from({ length: 1_000 }, (_, n) => {
    const address = `192.168.100.${100 + (n % 100)}`
    const text = Buffer.from(`${'unknown, '.repeat(1_500)}${address}`, 'latin1').toString('latin1')
    const forwarded = readForwarded({ 'x-forwarded-for': text }, 1)
    t.equal(forwarded, address)
    return forwarded
  })
  const growth = sweptHeap() - before
  t.equal(kept.length, 1_000)
  t.ok(growth < 4 * 2 ** 20, `${growth} bytes`)
})

t.test('a client that writes half a Forwarded does not hide what the proxies add', async t => {
  const read = (forwarded: string, trustedProxies = 1) => readForwarded({ forwarded }, trustedProxies)
  t.equal(read('for="x, for=192.0.2.3'), '192.0.2.3')
  t.equal(read('for=192.0.2.9;x=", for=192.0.2.3'), '192.0.2.3')
  t.equal(read('x=", for="[2001:db8::3]:4711";by=192.0.2.1'), '2001:db8::3')
  t.equal(read('for="x, for=192.0.2.3, for=192.0.2.2', 2), '192.0.2.3')
  t.equal(read('for="x, for=192.0.2.9, for=192.0.2.3, for=192.0.2.2', 2), '192.0.2.3')
  t.equal(read('for="x'), undefined, 'no proxy has added anything')
  t.equal(read('for="x, for=192.0.2.3', 2), undefined)
  t.equal(read('for=192.0.2.3, for="x'), undefined, 'a proxy is not to be trusted that writes this')
})
