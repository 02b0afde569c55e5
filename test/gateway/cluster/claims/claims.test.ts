import t from 'tap'
import { logsOf } from '../../../../gateway/cluster/bus/subjects.js'
import { type ClaimName, formatClaimName, logIndexOf } from '../../../../gateway/cluster/claims/claim.js'
import { parseAnswer, parseQuestion } from '../../../../gateway/cluster/claims/questions.js'
import type { GatewayError } from '../../../../shared/errors.js'
import { createClaimants, type TestClaimant } from '../../../helpers/claims.js'
import { until } from '../../../helpers/until.js'

function countBound(claimants: readonly TestClaimant[], uid: string): number {
  return claimants.flatMap(({ bound }) => [...bound.values()]).filter(each => each === uid).length
}

function codesOf(results: readonly (number | GatewayError)[]): string[] {
  return results.map(result => (typeof result === 'number' ? 'bound' : result.code)).sort()
}

t.test('reject: a user who is bound elsewhere is refused, until the session ends', async t => {
  const { claimants } = await createClaimants(t, { mode: 'reject', names: ['a', 'b'] })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  const sid = await a.bind('red')
  t.same(codesOf([await b.bind('red')]), ['SINGLE_SESSION'])
  t.same(codesOf([await a.bind('red')]), ['SINGLE_SESSION'], 'nor twice in the same gateway')
  t.same(codesOf([await b.bind('blue')]), ['bound'])
  a.end(sid as number)
  t.same(codesOf([await b.bind('red')]), ['bound'])
  t.match(b.member.metrics.read(), { claimsWon: 2, claimsLost: 1, claimsAsked: 1, claimsHeld: 2 })
})

t.test('reject: a session whose client is away makes room', async t => {
  const { claimants } = await createClaimants(t, { mode: 'reject', names: ['a', 'b'] })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  a.away.add((await a.bind('red')) as number)
  t.same(codesOf([await b.bind('red')]), ['bound'])
  t.equal(a.bound.size, 0)
})

t.test('kick: a user who comes elsewhere ends their session here', async t => {
  const { claimants } = await createClaimants(t, { mode: 'kick', names: ['a', 'b'] })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  await a.bind('red')
  t.same(codesOf([await b.bind('red')]), ['bound'])
  t.equal(a.bound.size, 0)
  t.same(codesOf([await b.bind('red')]), ['bound'], 'in the same gateway too')
  t.equal(b.bound.size, 1)
})

for (const mode of ['reject', 'kick'] as const)
  t.test(`${mode}: of many that race for a user exactly one has them`, async t => {
    const { claimants, network } = await createClaimants(t, { mode, names: ['a', 'b', 'c'] })
    const random = seeded(mode.length)
    network.fault = ({ kind }) =>
      kind !== 'message' && random() < 0.3 ? { delay: Math.floor(random() * 4) } : undefined
    for (let round = 0; round < 30; round++) {
      const uid = `user ${round}`
      const isHeld = random() < 0.4
      if (isHeld) await claimants[round % 3]!.bind(uid)
      const results = await Promise.all([...claimants, claimants[0]!].map(claimant => claimant.bind(uid)))
      t.equal(countBound(claimants, uid), 1, `${mode} ${round} ${codesOf(results)}`)
      if (mode === 'reject')
        t.equal(results.filter(result => typeof result === 'number').length, isHeld ? 0 : 1)
    }
  })

t.test('without a lease, or without an answer of the logs, a user is not had', async t => {
  const { claimants, network } = await createClaimants(t, { mode: 'kick', names: ['a'], leaseTtl: 800 })
  const a = claimants[0]!
  network.fault = ({ kind, to }) => (kind === 'append' && to.includes('claims') ? 'dropAnswer' : undefined)
  t.match(await a.bind('red'), {
    code: 'CLUSTER_UNAVAILABLE',
    message: /the user "red".*log of claims gives no/
  })
  network.fault = () => undefined
  t.same(codesOf([await a.bind('red')]), ['bound'], 'what a lost answer left behind keeps nobody out')
  network.setDown()
  await until('the lease is over', () => !a.member.members.hasLease)
  t.match(await a.bind('blue'), { code: 'CLUSTER_UNAVAILABLE' })
})

t.test('the claim of a killed gateway is had when its lease is over', async t => {
  const { claimants, network } = await createClaimants(t, {
    mode: 'reject',
    names: ['a', 'b'],
    leaseTtl: 800
  })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  await a.bind('red')
  network.cutOff('a')
  t.same(codesOf([await b.bind('red')]), ['bound'])
  t.equal(a.member.members.hasLease, false)
})

t.test('a gateway that was certified dead claims anew at heal: one session of each user is left', async t => {
  const { claimants, network } = await createClaimants(t, {
    mode: 'reject',
    names: ['a', 'b'],
    leaseTtl: 800
  })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  for (let user = 0; user < 100; user++) await a.bind(`user ${user}`)
  network.cutOff('a')
  await Promise.all(Array.from({ length: 50 }, (_, user) => b.bind(`user ${user}`)))
  t.equal(b.bound.size, 50)
  network.heal()
  await until('a has a new start', () => a.member.told.includes('restarted'))
  await until('all are decided', () => a.claims.unsecured === 0)
  t.equal(a.bound.size, 50)
  t.equal(b.bound.size, 50)
  for (let user = 0; user < 100; user++) t.equal(countBound([a, b], `user ${user}`), 1)
  await until('both have leases', () => a.member.members.hasLease && b.member.members.hasLease)
  t.same(codesOf([await b.bind('user 99')]), ['SINGLE_SESSION'], 'a holds under its new start')
})

t.test('an outage that nobody has noticed costs no claim', async t => {
  const { claimants, network } = await createClaimants(t, {
    mode: 'reject',
    names: ['a', 'b'],
    leaseTtl: 800
  })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  await a.bind('red')
  network.setDown()
  await until('the lease is over', () => !a.member.members.hasLease)
  network.heal()
  await until('both are well', () => a.member.members.hasLease && b.member.members.hasLease)
  t.same(codesOf([await b.bind('red')]), ['SINGLE_SESSION'])
})

t.test('claims are back after the store was wiped: at once at a reconnect, else by the audit', async t => {
  const { claimants, network } = await createClaimants(t, { mode: 'reject', names: ['a', 'b'] })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  const uids = Array.from({ length: 40 }, (_, user) => `user ${user}`)
  for (const uid of uids) await a.bind(uid)
  network.wipe()
  network.setDown()
  network.setUp()
  await until('a has begun to claim anew', () => a.claims.unsecured > 0)
  await until('all are claimed', () => a.claims.unsecured === 0)
  for (const uid of uids) t.same(codesOf([await b.bind(uid)]), ['SINGLE_SESSION'])
  for (const sid of [...a.bound.keys()].slice(1)) a.end(sid)
  network.wipe()
  const log = logsOf('test').claims(logIndexOf(uids[0]!))
  await until('the audit has claimed anew', () => (network.logOf(log)?.first(uids[0]!, 1) ?? null) !== null)
  t.same(codesOf([await b.bind(uids[0]!)]), ['SINGLE_SESSION'])
})

t.test('a user who was had by two because the log was lost has one session after the audit', async t => {
  const { claimants, network } = await createClaimants(t, { mode: 'reject', names: ['a', 'b'] })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  await a.bind('red')
  network.wipe()
  t.same(codesOf([await b.bind('red')]), ['bound'])
  await until('one has gone', () => countBound([a, b], 'red') === 1)
  t.equal(b.bound.size, 1, 'who holds it in the log that there is')
})

t.test('a claim moves with its session: others are refused all the time', async t => {
  const { claimants } = await createClaimants(t, { mode: 'reject', names: ['a', 'b', 'c'] })
  const [a, b, c] = claimants as [TestClaimant, TestClaimant, TestClaimant]
  const sid = (await a.bind('red')) as number
  const name = a.claims.moveOut('red', sid, b.member.members.start)!
  a.bound.delete(sid)
  const between = c.bind('red')
  b.bound.set(sid, 'red')
  t.equal(await b.claims.adopt('red', sid, name), undefined)
  a.claims.release('red', sid)
  t.same(codesOf([await between]), ['SINGLE_SESSION'])
  t.same(codesOf([await c.bind('red'), await a.bind('red')]), ['SINGLE_SESSION', 'SINGLE_SESSION'])
  b.end(sid)
  t.same(codesOf([await c.bind('red')]), ['bound'])
})

t.test('a claim that moves while the logs give no answer keeps others out until it is held', async t => {
  const { claimants, network } = await createClaimants(t, { mode: 'reject', names: ['a', 'b', 'c'] })
  const [a, b, c] = claimants as [TestClaimant, TestClaimant, TestClaimant]
  const sid = (await a.bind('red')) as number
  t.equal(a.claims.mayMove('red', sid), true)
  const name = a.claims.moveOut('red', sid, b.member.members.start)!
  a.bound.delete(sid)
  b.bound.set(sid, 'red')
  network.fault = ({ kind, to }) => (kind === 'append' && to.includes('claims') ? 'drop' : undefined)
  let isSettled = false
  const adopting = b.claims.adopt('red', sid, name)
  b.claims.whenSettled('red', sid, () => {
    isSettled = true
    a.claims.release('red', sid)
  })
  t.match(await adopting, { code: 'CLUSTER_UNAVAILABLE' })
  t.same([isSettled, b.claims.mayMove('red', sid)], [false, false])
  network.fault = () => undefined
  t.same(codesOf([await c.bind('red')]), ['SINGLE_SESSION'])
  await until('it is held', () => isSettled)
  t.equal(b.claims.mayMove('red', sid), true)
  t.same(codesOf([await c.bind('red')]), ['SINGLE_SESSION'])
})

t.test('a claim whose session was not moved after all is taken back', async t => {
  const { claimants } = await createClaimants(t, { mode: 'reject', names: ['a', 'b', 'c'] })
  const [a, b, c] = claimants as [TestClaimant, TestClaimant, TestClaimant]
  const sid = (await a.bind('red')) as number
  t.ok(a.claims.moveOut('red', sid, b.member.members.start))
  a.claims.takeBack('red', sid)
  t.same(codesOf([await c.bind('red')]), ['SINGLE_SESSION'])
  await until('it is secured', () => a.claims.unsecured === 0)
  a.end(sid)
  t.same(codesOf([await c.bind('red')]), ['bound'])
})

t.test('a session that ends while its user is claimed leaves nothing behind', async t => {
  const { claimants } = await createClaimants(t, { mode: 'reject', names: ['a', 'b'] })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  const claimed = a.claims.claim('red', 7)
  a.claims.release('red', 7)
  t.match(await claimed, { code: 'SINGLE_SESSION' })
  t.equal(a.claims.isHeld('red', 7), false)
  t.same(codesOf([await b.bind('red')]), ['bound'])
  t.equal(a.member.metrics.read().claimsHeld, 0)
})

t.test('a claim whose entry the log hides has another name, and the hidden entry is gone', async t => {
  const { claimants } = await createClaimants(t, { mode: 'reject', names: ['a', 'b'] })
  const [a, b] = claimants as [TestClaimant, TestClaimant]
  const { bus } = a.member
  const first = bus.first.bind(bus)
  let looks = 0
  const seen: (string | undefined)[] = []
  bus.first = async (log, key, from) => {
    if (key === 'red' && ++looks === 1) return null
    const entry = await first(log, key, from)
    if (key === 'red') seen.push(entry?.bytes.toString())
    return entry
  }
  t.same(codesOf([await a.bind('red')]), ['bound'])
  t.not(seen[0], seen.at(-1), 'the hidden entry was before the one that is held')
  t.same(codesOf([await b.bind('red')]), ['SINGLE_SESSION'])
  t.equal(countBound([a, b], 'red'), 1)
})

t.test('a claim asked for twice by one session is one claim', async t => {
  const { claimants } = await createClaimants(t, { mode: 'reject', names: ['a'] })
  const a = claimants[0]!
  t.same(await Promise.all([a.claims.claim('red', 1), a.claims.claim('red', 1)]), [undefined, undefined])
  t.equal(await a.claims.claim('red', 1), undefined)
  t.equal(a.member.metrics.read().claimsHeld, 1)
})

t.test('questions and answers that no gateway writes are no questions and no answers', async t => {
  for (const text of ['', 'reject', 'take 1.2 red', 'kick 1 red', 'kick 1.2', 'kick 1.99999999999999999 x'])
    t.equal(parseQuestion(text), undefined, text)
  t.same(parseQuestion('kick 1.2 a b\nc'), {
    about: 'entry',
    mode: 'kick',
    name: { start: 1, number: 2 },
    uid: 'a b\nc'
  })
  for (const text of [
    'any',
    'any kick 1.2 x',
    'any take new 1.2 x',
    'any kick old 1.2 x',
    'any kick new 1 x'
  ])
    t.equal(parseQuestion(text), undefined, text)
  t.same(parseQuestion('any reject bound 1.2 new x'), {
    about: 'bound',
    mode: 'reject',
    name: { start: 1, number: 2 },
    uid: 'new x'
  })
  for (const text of ['', 'Held', 'moved', 'moved x', 'moved 1 2'])
    t.equal(parseAnswer(text), undefined, text)
})

t.test('users are spread over the logs as they always were', async t => {
  t.same(['', 'red', 'player-1', 'Łukasz', '42'].map(logIndexOf), [5, 12, 2, 14, 3])
  const counts = Array.from({ length: 16 }, () => 0)
  for (let user = 0; user < 16_000; user++) counts[logIndexOf(`user ${user}`)]!++
  t.ok(
    counts.every(count => count > 700 && count < 1_300),
    `${counts}`
  )
})

/** Random numbers that are the same in each run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

t.test('entries for nobody behind the former claim of a moved session do not keep it unsettled', async t => {
  const { claimants, network } = await createClaimants(t, {
    mode: 'reject',
    names: ['a', 'b', 'c', 'd'],
    leaseTtl: 1_500
  })
  const [a, b, c, d] = claimants as [TestClaimant, TestClaimant, TestClaimant, TestClaimant]
  const log = logsOf('test').claims(logIndexOf('red'))
  const append = (name: ClaimName) => b.member.bus.append(log, 'red', Buffer.from(formatClaimName(name)))
  const sid = (await a.bind('red')) as number
  const { start } = b.member.members
  const name = a.claims.moveOut('red', sid, start)!
  a.bound.delete(sid)
  await append(name)
  await append({ start, number: 4_711 })
  await append({ start: c.member.members.start, number: 4_712 })
  network.cutOff('c')
  b.bound.set(sid, 'red')
  t.equal(await b.claims.adopt('red', sid, name), undefined)
  t.equal(b.claims.mayMove('red', sid), true)
  a.claims.release('red', sid)
  t.same(codesOf([await d.bind('red')]), ['SINGLE_SESSION'])
  b.end(sid)
  t.same(codesOf([await d.bind('red')]), ['bound'])
})
