import t, { type Test } from 'tap'
import { LocalNetwork } from '../../../../gateway/cluster/bus/local-network.js'
import { Deaths } from '../../../../gateway/cluster/leases/deaths.js'
import { Lease } from '../../../../gateway/cluster/leases/lease.js'
import { LeaseLog } from '../../../../gateway/cluster/leases/lease-log.js'

const ttl = 1_000
const start = 7

/** A lease and another gateway that may judge it, on a clock that a test moves. */
async function createPair(t: Test) {
  const network = new LocalNetwork()
  const [own, other] = [network.join('own'), network.join('other')]
  t.teardown(() => Promise.all([own.close(), other.close()]))
  const time = { now: 0 }
  const monotonic = () => time.now
  const log = new LeaseLog(own, 'leases')
  const otherLog = new LeaseLog(other, 'leases')
  await log.make()
  await otherLog.make()
  const madeAt = (await log.madeAt())!
  const lease = new Lease({ start, log, madeAt, ttl, monotonic })
  const deaths = new Deaths({ log: otherLog, ttl, monotonic })
  return { network, time, lease, deaths, log, otherLog }
}

t.test('a lease lasts from before its renewal was sent, less what clocks may differ in', async t => {
  const { network, time, lease } = await createPair(t)
  network.fault = ({ kind }) => {
    if (kind === 'append') time.now = 100
    return undefined
  }
  t.equal(await lease.renew(), 'counts')
  t.equal(lease.left, 850)
  time.now = 949
  t.equal(lease.isGood, true)
  time.now = 950
  t.equal(lease.isGood, false)
})

t.test('a start is dead when its last renewal has stayed the last for a whole lease', async t => {
  const { time, lease, deaths } = await createPair(t)
  await lease.renew()
  t.equal(await deaths.isDead(start), false, 'it was seen just now')
  time.now = 900
  await lease.renew()
  time.now = 1_000
  t.equal(await deaths.isDead(start), false, 'it was renewed')
  time.now = 1_999
  t.equal(await deaths.isDead(start), false)
  t.equal(lease.isGood, false, 'the holder stops earlier')
  time.now = 2_000
  t.equal(await deaths.isDead(start), true)
  t.equal(await lease.renew(), 'dead')
  t.equal(await lease.renew(), 'dead', 'for ever')
})

t.test('a gateway with a shorter lease waits for the end of a longer one', async t => {
  const { time, lease, otherLog } = await createPair(t)
  const deaths = new Deaths({ log: otherLog, ttl: ttl / 5, monotonic: () => time.now })
  await lease.renew()
  t.equal(await deaths.isDead(start), false, 'it was seen just now')
  time.now = ttl - 1
  t.equal(await deaths.isDead(start), false, 'the lease says how long it lasts')
  time.now = ttl
  t.equal(await deaths.isDead(start), true)
})

t.test('a lease whose renewal came before the certificate is waited out', async t => {
  const { network, time, lease, deaths, otherLog } = await createPair(t)
  await lease.renew()
  await deaths.isDead(start)
  time.now = 1_000
  let certified: Promise<unknown> | undefined
  network.fault = ({ kind, from }) => {
    if (kind === 'append' && from === 'own')
      certified = Promise.resolve().then(() => otherLog.certify(start, 1))
    return undefined
  }
  t.equal(await lease.renew(), 'counts')
  await certified
  t.equal(await deaths.isDead(start), false, 'a renewal stands between the certificate and what it names')
  time.now = 1_999
  t.equal(await deaths.isDead(start), false, 'so the lease is waited out')
  time.now = 2_000
  t.equal(lease.isGood, false)
  t.equal(await deaths.isDead(start), true)
  t.equal(await lease.renew(), 'dead')
})

t.test('an outdated leader of the log makes nobody dead, and no renewal count', async t => {
  const { network, time, lease, deaths, log } = await createPair(t)
  await lease.renew()
  await deaths.isDead(start)
  time.now = 1_000
  const outdated = network.logOf('leases')!
  const first = outdated.first.bind(outdated)
  outdated.first = (key, from) => {
    const entry = first(key, from)
    return entry !== null && entry.number > 1 ? null : entry
  }
  t.equal(await lease.renew(), 'unanswered', 'the own entry was not seen')
  t.equal(await deaths.isDead(start), undefined, 'nor the own certificate')
  outdated.first = first
  t.equal((await log.read(start, 1))?.certificate?.last, 1)
  t.equal(await lease.renew(), 'dead')
})

t.test('a lost answer leaves a renewal that does not count, and the next one does', async t => {
  const { network, lease } = await createPair(t)
  network.fault = ({ kind }) => (kind === 'append' ? 'dropAnswer' : undefined)
  t.equal(await lease.renew(), 'unanswered')
  t.equal(lease.isGood, false)
  network.fault = () => undefined
  t.equal(await lease.renew(), 'counts')
})

t.test('a lease that lapsed and that nobody needed goes on', async t => {
  const { time, lease } = await createPair(t)
  await lease.renew()
  time.now = 5_000
  t.equal(await lease.renew(), 'counts')
  t.equal(lease.isGood, true)
})

t.test('old renewals are removed, and the last one that counted stays', async t => {
  const { lease, log } = await createPair(t)
  for (let times = 0; times < 5; times++) await lease.renew()
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
  t.same((await log.read(start, 1))?.renewals, [5])
  await lease.giveUp()
  t.match(await log.read(start, 1), { renewals: [5], certificate: { last: 5 } })
})
