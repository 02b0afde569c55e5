import t from 'tap'
import { subjectsOf } from '../../../../gateway/cluster/bus/subjects.js'
import { formatHello, type Hello, parseHello } from '../../../../gateway/cluster/members/hello.js'
import { longestFrontendId } from '../../../../gateway/options/cluster-options.js'
import { longLease, noLoad, TestCluster } from '../../../helpers/members.js'
import { until } from '../../../helpers/until.js'

/** Returns what was told of others. Where time is short, the own lease may lapse and be back meanwhile. */
function ofOthers(told: readonly string[]): string[] {
  return told.filter(each => /^(joined|left) /.test(each))
}

/** What the log says of gateways that are gone. */
function linesOfEnds({ lines }: TestCluster): string[] {
  return lines.filter(line => /: Gateway (left|was lost)/.test(line))
}

t.test('gateways that join know each other, with their states and loads', async t => {
  const cluster = new TestCluster(t, longLease)
  const a = await cluster.join('a')
  const load = { connections: 3, sessions: 2, queueDelay: 1, eventLoopDelay: 4, heapUsed: 5 }
  const b = await cluster.join('b', { load: () => load, version: '2.0.0', protocol: { least: 1, most: 3 } })
  await until('a has heard b', () => a.members.others.length === 1)
  const [seen] = a.members.others
  t.match(seen, { frontendId: 'b', start: b.members.start, state: 'up', version: '2.0.0', protocol: 1, load })
  t.same(
    b.members.others.map(({ frontendId }) => frontendId),
    ['a']
  )
  b.members.drain()
  await until('a has heard of the drain', () => a.members.others[0]?.state === 'draining')
  await b.members.leave()
  await until('a has heard of the end', () => a.members.others.length === 0)
  t.same(ofOthers(a.told), ['joined b', 'left b'])
  t.same(linesOfEnds(cluster), ['a: Gateway left the cluster'])
  t.equal(await a.members.isDead(b.members.start), true, 'nobody waits for the lease of one that has left')
})

t.test('a start number is never used again, not even by a log that was made anew', async t => {
  const cluster = new TestCluster(t, longLease)
  const starts = new Set<number>()
  const first = await cluster.join('a')
  starts.add(first.members.start)
  for (const name of ['b', 'c']) starts.add((await cluster.join(name)).members.start)
  cluster.network.wipe()
  for (const name of ['d', 'e']) starts.add((await cluster.join(name)).members.start)
  t.equal(starts.size, 5)
})

t.test(
  'nor is that of a killed gateway, by a successor that knows nothing, if another has known it',
  async t => {
    const cluster = new TestCluster(t, 300)
    const a = await cluster.join('a')
    // More starts than the time since the log was made allows for.
    for (const name of ['c', 'd', 'e']) await (await cluster.join(name)).members.leave()
    const b = await cluster.join('b')
    const { start } = b.members
    await until('a has heard b', () => a.members.others.some(other => other.start === start))
    cluster.network.cutOff('b')
    cluster.network.wipe()
    const next = await cluster.join('b', { busName: 'second' })
    t.ok(next.members.start > start, `${next.members.start} after ${start}`)
  }
)

t.test('a hello with a number that no log of the cluster has come to keeps nobody out', async t => {
  const cluster = new TestCluster(t, longLease)
  const a = await cluster.join('a')
  const bus = cluster.network.join('stranger')
  t.teardown(() => bus.close())
  const hello: Hello = {
    ...{
      frontendId: 'x',
      start: 2_000_000,
      state: 'up',
      version: '9.0.0',
      protocol: { least: 98, most: 99 }
    },
    renewal: 0,
    load: noLoad,
    alike: {},
    greets: false
  }
  bus.publish(subjectsOf('test').hello, formatHello(hello))
  await until('a has heard it', () => a.members.strangers.incompatible !== undefined)
  const b = await cluster.join('b')
  t.equal(b.members.start, a.members.start + 1)
})

t.test('a gateway that was ended on purpose has a successor by its name at once', async t => {
  const cluster = new TestCluster(t, longLease)
  const a = await cluster.join('a')
  const { start } = a.members
  await a.members.leave()
  const next = await cluster.join('a')
  t.ok(next.members.start > start)
})

t.test('a second process with a name that lives waits for its lease, then fails', async t => {
  const cluster = new TestCluster(t, 300)
  const a = await cluster.join('a')
  await t.rejects(cluster.join('a', { busName: 'second' }), { code: 'FRONTEND_TAKEN' })
  t.equal(a.members.hasLease, true)
})

t.test('a process with the name of one that was killed is in when its lease is over', async t => {
  const cluster = new TestCluster(t, 300)
  const a = await cluster.join('a')
  const b = await cluster.join('b')
  await until('b has heard a', () => b.members.others.length === 1)
  cluster.network.cutOff('a')
  const next = await cluster.join('a', { busName: 'second' })
  t.equal(a.members.hasLease, false, 'no two hold the name at once')
  await until('b has heard the successor', () => b.members.others[0]?.start === next.members.start)
  t.same(ofOthers(b.told).slice(-2), ['left a', 'joined a'])
})

t.test(
  'a process with the name of one that was killed is not refused because the death is seen late',
  async t => {
    const cluster = new TestCluster(t, 500)
    const a = await cluster.join('a')
    await until('the lease was renewed', () => a.members.renewal > 1)
    cluster.network.cutOff('a')
    const joined = cluster.join('a', { busName: 'second' })
    await until('the lease is over', () => !a.members.hasLease)
    // All starts have their whole time anew, since the bus was away.
    cluster.network.setDown('second')
    cluster.network.setUp('second')
    t.ok((await joined).members.start > a.members.start)
  }
)

t.test('nor because the bus goes away again and again', async t => {
  const cluster = new TestCluster(t, 1_000)
  const a = await cluster.join('a')
  await until('the lease was renewed', () => a.members.renewal > 1)
  cluster.network.cutOff('a')
  let [looks, passed] = [0, 0]
  cluster.network.fault = ({ from }) => {
    if (from === 'second') looks++
    return undefined
  }
  const joined = cluster.join('a', { busName: 'second', monotonic: () => performance.now() + passed })
  const looksAgain = async () => {
    const before = looks
    await until('it has looked for the other', () => looks > before + 8)
  }
  // Each time nearly a lease, and in all more than it waits for one that does not renew.
  for (let outage = 0; outage < 5; outage++) {
    await looksAgain()
    passed += 750
    cluster.network.setDown('second')
    cluster.network.setUp('second')
  }
  t.ok((await joined).members.start > a.members.start)
})

for (const [end, what] of [
  ['leave', 'ends'],
  ['crash', 'is killed']
] as const)
  t.test(
    `a process that waits for one of its name, and has heard it, is in once that one ${what}`,
    async t => {
      const cluster = new TestCluster(t, end === 'leave' ? longLease : 500)
      const a = await cluster.join('a')
      const joined = cluster.join('a', { busName: 'second' })
      await until('it has heard the other', () => /same frontendId/.test(cluster.lines.join('\n')))
      if (end === 'leave') await a.members.leave()
      else cluster.network.cutOff('a')
      t.ok((await joined).members.start > a.members.start)
    }
  )

t.test(
  'a gateway that speaks no common version of the protocol and has left keeps no newcomer out',
  async t => {
    const cluster = new TestCluster(t, 2_000)
    await cluster.join('a')
    cluster.network.cutOff('a')
    const joined = cluster.join('a', { busName: 'second', protocol: { least: 1, most: 2 } })
    const other = await cluster.join('b', { protocol: { least: 3, most: 4 } })
    await until('it has heard the other', () => /Gateway ignored/.test(cluster.lines.join('\n')))
    await other.members.leave()
    t.equal((await joined).members.frontendId, 'a')
  }
)

t.test('one that leaves while it still looks for others of its name stays away', async t => {
  const cluster = new TestCluster(t, longLease)
  const bus = cluster.network.join('listener')
  t.teardown(() => bus.close())
  const heard: string[] = []
  bus.subscribe(subjectsOf('test').hello, bytes => heard.push(parseHello(bytes)!.frontendId))
  const giveUp = new AbortController()
  // The look for earlier starts of the name takes a while, in which the join is given up.
  cluster.network.fault = ({ kind, to, subject }) => {
    if (kind !== 'first' || !to.endsWith('-starts') || subject === '') return undefined
    setTimeout(() => giveUp.abort(), 5)
    return { delay: 30 }
  }
  await t.rejects(cluster.join('a', { signal: giveUp.signal }), { code: 'CLOSING' })
  cluster.network.fault = () => undefined
  await cluster.join('b')
  await until('another one is heard', () => heard.includes('b'))
  t.notOk(heard.includes('a'))
})

t.test('the default name is refused in a cluster', async t => {
  const cluster = new TestCluster(t, longLease)
  await t.rejects(cluster.join('gateway-1'), {
    code: 'OPTION_INVALID',
    message: /frontendId to be a name that no other gateway of the cluster has, got the default, "gateway-1"/
  })
})

t.test('a newcomer that speaks no common version of the protocol does not join', async t => {
  const cluster = new TestCluster(t, longLease)
  const a = await cluster.join('a', { protocol: { least: 3, most: 4 }, version: '3.0.0' })
  await t.rejects(cluster.join('b', { protocol: { least: 1, most: 2 } }), {
    code: 'CLUSTER_INCOMPATIBLE',
    message: /"a" of version 3.0.0 speaks versions 3 to 4 of the protocol between gateways, this one 1 to 2/
  })
  t.same(a.members.others, [])
})

t.test('gateways whose options do not go together are told so, and no others', async t => {
  const cluster = new TestCluster(t, longLease)
  const alike = { singleSession: 'kick', replicate: 'async', park: 'true' }
  const a = await cluster.join('a', { alike })
  await cluster.join('b', { alike })
  await cluster.join('old')
  await until('a has heard both', () => a.members.others.length === 2)
  const warned = () => cluster.lines.filter(line => line.includes('has another')).sort()
  t.same(warned(), [])
  await cluster.join('c', { alike: { ...alike, singleSession: 'off', park: 'false' } })
  await until('all three have said so', () => warned().length === 8)
  const texts = [
    'park: until all have the same, the end of one gateway ends sessions that others would have kept',
    'singleSession: until all have the same, a user may have two sessions'
  ]
  for (const text of texts)
    t.same(
      warned().filter(line => line.includes(text)),
      ['a', 'b', 'c', 'c'].map(name => `${name}: Gateway has another ${text}`)
    )
})

t.test('whatever a hello says of such options is read without harm', t => {
  const text = String(
    formatHello({
      frontendId: 'x',
      start: 1,
      state: 'up',
      version: '1.0.0',
      protocol: { least: 1, most: 1 },
      renewal: 0,
      load: noLoad,
      alike: { park: 'true' },
      greets: false
    })
  )
  const read = (more: object) => parseHello(Buffer.from(JSON.stringify({ ...JSON.parse(text), ...more })))
  t.same(read({})?.alike, { park: 'true' })
  for (const value of [1, null, {}, ['kick'], 'x'.repeat(33)])
    t.same(read({ singleSession: value, other: 'kick' })?.alike, { park: 'true' })
  t.end()
})

t.test('a newcomer that draws the number of a dead start takes the next one without a word', async t => {
  const cluster = new TestCluster(t, 300)
  const a = await cluster.join('a')
  const b = await cluster.join('b')
  await until('b has heard a', () => b.members.others.length === 1)
  cluster.network.wipe()
  cluster.network.cutOff('a')
  await until('a is dead', () => b.members.others.length === 0)
  const c = await cluster.join('c')
  t.ok(c.members.start > b.members.start && c.members.start > a.members.start)
  t.same(
    cluster.lines.filter(line => line.startsWith('c: The lease')),
    []
  )
})

t.test('without logs the first start fails with a code', async t => {
  const cluster = new TestCluster(t, 100)
  cluster.network.fault = ({ kind }) => (kind === 'append' ? 'drop' : undefined)
  await t.rejects(cluster.join('a'), { code: 'CLUSTER_UNAVAILABLE' })
})

t.test('a gateway without its bus is degraded, and well again with the same start', async t => {
  const cluster = new TestCluster(t, 300)
  const a = await cluster.join('a')
  const { start } = a.members
  cluster.network.setDown()
  await until('the lease has lapsed', () => !a.members.hasLease)
  t.equal(a.members.isDegraded, true)
  await until('the lapse is counted', () => a.metrics.read().leasesLost === 1)
  cluster.network.heal()
  await until('it is well', () => !a.members.isDegraded)
  t.equal(a.members.start, start, 'nobody needed its death')
  t.same(a.told, ['degraded', 'well'])
  t.equal(a.metrics.read().leasesLost, 1, 'once')
})

t.test('a gateway whose logs give no answer is degraded when its lease ends', async t => {
  const cluster = new TestCluster(t, 300)
  const a = await cluster.join('a')
  cluster.network.areLogsDown = true
  await until('it is degraded', () => a.told.includes('degraded'))
  t.equal(a.members.hasLease, false)
  t.equal(a.metrics.read().leasesLost, 1)
  cluster.network.heal()
  await until('it is well', () => !a.members.isDegraded)
})

t.test('a gateway that was certified dead while it was cut off begins another start', async t => {
  const cluster = new TestCluster(t, 300)
  const [a, b] = [await cluster.join('a'), await cluster.join('b')]
  const { start } = a.members
  cluster.network.cutOff('a')
  await until('b has seen its death', () => b.told.includes('left a'))
  t.equal(a.members.hasLease, false)
  t.equal(await b.members.isDead(start), true)
  cluster.network.heal()
  await until('a has a new start', () => a.told.includes('restarted'))
  t.ok(a.members.start > start)
  t.equal(a.members.hasLease, true)
  await until('b has heard it', () => b.members.others[0]?.start === a.members.start)
  t.same(ofOthers(b.told), ['left a', 'joined a'], 'each is told once')
  t.ok(linesOfEnds(cluster).includes('b: Gateway was lost'), 'it did not leave')
})

t.test('an outage of the bus for all costs nobody their start', async t => {
  const cluster = new TestCluster(t, 300)
  const [a, b] = [await cluster.join('a'), await cluster.join('b')]
  const starts = [a.members.start, b.members.start]
  await until('both know each other', () => a.members.others.length + b.members.others.length === 2)
  cluster.network.setDown()
  await until('both leases have lapsed', () => !a.members.hasLease && !b.members.hasLease)
  cluster.network.setUp('b')
  t.equal(await b.members.isDead(a.members.start), false, 'a had no time to come back')
  cluster.network.heal()
  await until('both are well', () => !a.members.isDegraded && !b.members.isDegraded)
  t.same([a.members.start, b.members.start], starts)
})

t.test('a store that was wiped while a lease lasts costs no start; behind its end it does', async t => {
  const cluster = new TestCluster(t, 300)
  const a = await cluster.join('a')
  const { start } = a.members
  await until('the lease was renewed', () => a.members.renewal > 3)
  cluster.network.wipe()
  const { renewal } = a.members
  await until('the lease was renewed in the new log', () => a.members.renewal < renewal)
  t.equal(a.members.start, start)
  cluster.network.setDown()
  await until('the lease has lapsed', () => !a.members.hasLease)
  cluster.network.wipe()
  cluster.network.heal()
  await until('a has a new start', () => a.told.includes('restarted'))
  t.ok(a.members.start > start, 'a certificate may have been lost with the log')
})

t.test('a hello with the longest name that the options allow is read', t => {
  const hello: Hello = {
    ...{ frontendId: '\x01'.repeat(longestFrontendId), start: 1, state: 'up', version: '9.0.0' },
    protocol: { least: 98, most: 99 },
    renewal: 0,
    load: noLoad,
    alike: {},
    greets: false
  }
  t.equal(parseHello(formatHello(hello))?.frontendId, hello.frontendId)
  t.end()
})

t.test('a malformed hello does no harm', async t => {
  const cluster = new TestCluster(t, longLease)
  const a = await cluster.join('a')
  const stranger = cluster.network.join('stranger')
  const subject = `sp.${Buffer.from('test').toString('base64url')}.hello`
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"frontendId":1}',
    '{"frontendId":"x","start":-1}',
    'x'.repeat(9_000)
  ])
    stranger.publish(subject, Buffer.from(text))
  await cluster.join('b')
  await until('a has heard b', () => a.members.others.length === 1)
  t.same(ofOthers(a.told), ['joined b'])
})
