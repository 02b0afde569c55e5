import t from 'tap'
import { AddressLimits } from '../../../gateway/addresses/address-limits.js'
import { createLogger } from '../../../shared/text/log.js'

const toNobody = { log: createLogger('silent', () => {}), monotonic: () => 0 }

t.test('an address has a limit of connections, and an IPv6 address shares it with its /64', async t => {
  const limits = new AddressLimits<string>({
    ...toNobody,
    maxConnectionsPerAddress: 2,
    maxConnectionsPerSecondPerAddress: 0
  })
  limits.add('2001:db8::1', 'a')
  t.equal(limits.judgeNumber('2001:db8::2'), undefined)
  limits.add('2001:db8::2', 'b')
  t.match(limits.judgeNumber('2001:db8::3'), { status: 429, retryAfter: 1_000 })
  t.same([...limits.of('2001:db8::9')], ['a', 'b'])
  t.equal(limits.judgeNumber('2001:db8:0:1::1'), undefined)
  limits.remove('2001:db8::1', 'a')
  limits.remove('2001:db8::1', 'a')
  t.equal(limits.judgeNumber('2001:db8::3'), undefined)
})

t.test('each address has a rate of its own, which recovers with the time', async t => {
  const limits = new AddressLimits<string>({
    ...toNobody,
    maxConnectionsPerAddress: 0,
    maxConnectionsPerSecondPerAddress: 3
  })
  const take = (address: string, now: number) => limits.judgeRate(address, now) === undefined
  const burst = Array.from({ length: 8 }, () => take('192.0.2.1', 0))
  t.same(burst, [true, true, true, true, true, true, false, false])
  t.equal(take('192.0.2.2', 0), true)
  t.equal(take('192.0.2.1', 400), true)
  t.equal(take('192.0.2.1', 401), false, 'also when others come in between')
  for (let now = 500; now < 8_000; now += 500) take('192.0.2.2', now)
  t.equal(take('192.0.2.1', 8_000), true)
})

t.test('an address that is refused stays refused, however many other addresses come', async t => {
  const limits = new AddressLimits<string>({
    ...toNobody,
    maxConnectionsPerAddress: 0,
    maxConnectionsPerSecondPerAddress: 1
  })
  const take = (address: string) => limits.judgeRate(address, 0) === undefined
  take('192.0.2.1')
  take('192.0.2.1')
  for (let i = 0; i < 60_000; i++) take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  t.equal(take('192.0.2.1'), false)
})
