/** Claims over a log that hides entries: whose removal is whose, and the net under those that are held. */
import t, { type Test } from 'tap'
import { logsOf } from '../../../../gateway/cluster/bus/subjects.js'
import { logIndexOf } from '../../../../gateway/cluster/claims/claim.js'
import { Removals } from '../../../../gateway/cluster/claims/removals.js'
import type { GatewayError } from '../../../../shared/errors.js'
import { type ClaimantsInit, createClaimants, type TestClaimant } from '../../../helpers/claims.js'
import { until } from '../../../helpers/until.js'

function outcome(result: number | GatewayError): string {
  return typeof result === 'number' ? 'bound' : result.code
}

function logOf(uid: string): string {
  return logsOf('test').claims(logIndexOf(uid))
}

/** Returns claimants that know who of them has bound a user. All know each other. */
async function createInterested(t: Test, init: Pick<ClaimantsInit, 'mode' | 'leaseTtl'>) {
  const created = await createClaimants(t, { ...init, names: ['a', 'b', 'c'] })
  const { claimants, network } = created
  for (const claimant of claimants)
    claimant.claims.interestedIn = uid =>
      claimants
        .filter(each => each !== claimant && [...each.bound.values()].includes(uid))
        .map(({ member }) => member.members.start)
  const haveJoined = () => claimants.every(({ member }) => member.members.others.length === 2)
  await until('all know each other', haveJoined)
  const [a, b, c] = claimants as [TestClaimant, TestClaimant, TestClaimant]
  /** Hides the entries that are in the log now, and no later ones. */
  const hideAll = async (uid: string) => {
    const last = await a.member.bus.append(logOf(uid), uid, Buffer.from('none'))
    network.hides = (key, { number }) => key === uid && number <= last!
  }
  return { ...created, a, b, c, hideAll }
}

t.test('reject: a claim that the log hides is found by those that have somebody under the user', async t => {
  const { a, b, hideAll } = await createInterested(t, { mode: 'reject' })
  const sid = await a.bind('red')
  await hideAll('red')
  t.equal(outcome(await b.bind('red')), 'SINGLE_SESSION')
  t.equal(outcome(await a.bind('red')), 'SINGLE_SESSION', 'in the same gateway too')
  t.same([...a.bound], [[sid, 'red']])
  a.away.add(sid as number)
  t.equal(outcome(await b.bind('red')), 'bound', 'a client that is away makes room')
  t.equal(a.bound.size, 0)
})

t.test('kick: a claim that the log hides ends for the one that comes', async t => {
  const { a, b, hideAll } = await createInterested(t, { mode: 'kick' })
  await a.bind('red')
  await hideAll('red')
  t.equal(outcome(await b.bind('red')), 'bound')
  t.same([a.bound.size, b.bound.size], [0, 1])
  await hideAll('red')
  t.equal(outcome(await b.bind('red')), 'bound', 'in the same gateway too')
  t.equal(b.bound.size, 1)
})

t.test('a hidden claim of a killed gateway keeps nobody out for longer than its lease', async t => {
  const { a, b, network, hideAll } = await createInterested(t, { mode: 'reject', leaseTtl: 1_500 })
  await a.bind('red')
  await hideAll('red')
  network.cutOff('a')
  t.equal(outcome(await b.bind('red')), 'bound')
  t.equal(a.member.members.hasLease, false)
})

t.test('of two that are bound, and that the log hides, the audit leaves one', async t => {
  const { a, b, hideAll } = await createInterested(t, { mode: 'reject' })
  await a.bind('red')
  await hideAll('red')
  const { interestedIn } = b.claims
  b.claims.interestedIn = () => []
  t.equal(outcome(await b.bind('red')), 'bound', 'so without the net')
  b.claims.interestedIn = interestedIn
  await hideAll('red')
  const isOne = () => a.bound.size + b.bound.size === 1
  await until('one has gone', () => isOne() && a.claims.unsecured + b.claims.unsecured === 0)
})

t.test('nobody is asked about a user in whom no other gateway has an interest', async t => {
  const { a, b, network } = await createInterested(t, { mode: 'reject' })
  const asked: string[] = []
  network.fault = ({ kind, subject }) => {
    if (kind === 'message' && subject.includes('.ask.')) asked.push(subject)
    return undefined
  }
  for (let user = 0; user < 10; user++) await a.bind(`user ${user}`)
  t.same(asked, [])
  b.claims.interestedIn = () => [a.member.members.start]
  t.equal(outcome(await b.bind('red')), 'bound', 'one that may have the user and has not')
  t.equal(asked.length, 1)
})

t.test('a gateway that answers no questions about any claim is not asked', async t => {
  const { b, cluster } = await createInterested(t, { mode: 'reject' })
  const old = await cluster.join('old')
  await until('b has heard it', () => b.member.members.others.length === 3)
  b.claims.interestedIn = () => [old.members.start]
  t.equal(outcome(await b.bind('red')), 'bound')
  t.equal(b.member.metrics.read().claimsAsked, 0)
})

for (const mode of ['reject', 'kick'] as const)
  t.test(`${mode}: of many that race for a user, no two remove the same entry`, async t => {
    const { claimants, network } = await createInterested(t, { mode })
    const removed = new Map<string, number>()
    const numbers: string[] = []
    for (const { member } of claimants) {
      const { bus } = member
      const remove = bus.remove.bind(bus)
      bus.remove = (log, number) => {
        if (log.includes('claims')) {
          removed.set(`${log} ${number}`, (removed.get(`${log} ${number}`) ?? 0) + 1)
          numbers.push(`${member.members.frontendId} ${log} ${number}`)
        }
        return remove(log, number)
      }
    }
    network.fault = ({ kind }) => (kind === 'remove' ? { delay: 2 } : undefined)
    for (let round = 0; round < 10; round++) {
      const results = await Promise.all(
        [...claimants, ...claimants].map(claimant => claimant.bind(`user ${round}`))
      )
      t.ok(results.map(outcome).includes('bound'))
    }
    await until('the losers are removed', () => removed.size >= 50)
    t.same(
      [...removed].filter(([, times]) => times > 1),
      [],
      numbers.join('\n')
    )
  })

t.test('the entry of a dead start is removed by one of those that wait for it', async t => {
  const { a, b, c, network } = await createInterested(t, { mode: 'reject', leaseTtl: 500 })
  await a.bind('red')
  const removers: string[] = []
  network.fault = ({ kind, from, to }) => {
    if (kind === 'remove' && to === logOf('red')) removers.push(from)
    return kind === 'remove' ? { delay: 5 } : undefined
  }
  network.cutOff('a')
  const results = await Promise.all([b.bind('red'), c.bind('red')])
  t.same(results.map(outcome).sort(), ['SINGLE_SESSION', 'bound'])
  const loser = outcome(results[0]) === 'bound' ? 'c' : 'b'
  await until('the loser has removed its own', () => removers.includes(loser))
  t.same(removers.sort(), ['b', 'c'], 'one removes the entry of a')
})

t.test('an entry is removed once, until it is seen again, or the bus gives no answer', async t => {
  const removed: number[] = []
  let answers = true
  const removals = new Removals({
    remove: async (_, number) => {
      removed.push(number)
      return answers
    }
  })
  const before = removals.nextMoment()
  t.same(await Promise.all([removals.remove('x', 1), removals.remove('x', 1)]), [true, true])
  await removals.remove('x', 1)
  await removals.remove('x', 1, before)
  t.same(removed, [1], 'seen before it was removed')
  await removals.remove('x', 1, removals.nextMoment())
  t.same(removed, [1, 1], 'it came back')
  removals.noteAppended('x', 1)
  await removals.remove('x', 1)
  t.same(removed, [1, 1, 1], 'another entry, of a log that was made anew')
  answers = false
  t.equal(await removals.remove('x', 2), false)
  await removals.remove('x', 2)
  t.same(removed.slice(3), [2, 2])
  answers = true
  for (let number = 0; number < 3_000; number++) await removals.remove('y', number)
  t.ok(removals.size <= 2_000)
})
