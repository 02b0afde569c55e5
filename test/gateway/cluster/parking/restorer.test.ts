/** One gateway only restores a session, however many its client comes to. */
import t from 'tap'
import { LocalNetwork } from '../../../../gateway/cluster/bus/local-network.js'
import { processTiming } from '../../../../gateway/cluster/link/link-host.js'
import type { Member } from '../../../../gateway/cluster/members/membership.js'
import {
  formatClaim,
  formatRelease,
  formatState,
  parseEntry
} from '../../../../gateway/cluster/parking/entries/parked-entry.js'
import { ParkedLog } from '../../../../gateway/cluster/parking/entries/parked-log.js'
import { type Found, Restorer, type RestorerInit } from '../../../../gateway/cluster/parking/restorer.js'
import { errors } from '../../../../shared/errors.js'
import { movableSession } from '../../../helpers/cluster/movable-session.js'
import { until } from '../../../helpers/until.js'

const [sid, dead] = [77, 1]
const wanted = { sid, hash: 'secret', uid: null }

const state = movableSession(sid)

const record = (generation = 0, endsAt = 0) =>
  formatState({ kind: 'record', start: dead, generation, endsAt, state })

async function open(record: Buffer) {
  const network = new LocalNetwork()
  const first = new ParkedLog(network.join('first'), 'c')
  await first.open()
  await first.append(sid, record)
  /** Returns a gateway, and the generations that it has restored. */
  const join = async (
    start: number,
    lives: (start: number) => boolean = start => start !== dead,
    init: Partial<RestorerInit> = {}
  ) => {
    const log = new ParkedLog(network.join(`g${start}`), 'c')
    await log.open()
    const restored: number[] = []
    const members = {
      start,
      hasLease: true,
      others: [10, 11, 12].filter(lives).map(start => ({ start }) as Member),
      isDead: async (other: number) => !lives(other)
    }
    const restorer = new Restorer({
      log,
      members,
      claimed: undefined,
      now: () => 1_000,
      after: processTiming.after,
      isOver: () => false,
      setBusy() {},
      restored() {},
      revive: (_entry, claim) => restored.push(claim) > 0,
      ...init
    })
    return { log, restorer, restored, members }
  }
  return { network, first, join }
}

t.test('an entry is the same after its way as bytes, and what nobody writes is none', async t => {
  t.match(parseEntry({ number: 4, bytes: record(3) }, sid), {
    kind: 'record',
    number: 4,
    generation: 3,
    state
  })
  for (const text of ['', 'x', '1;', '1;1;5;0;0;', '2;0;5;', '~~~'])
    t.equal(parseEntry({ number: 1, bytes: Buffer.from(text) }, sid), undefined)
})

t.test('a kick of the user behind its entry ends the session, and one before it does not', async t => {
  const { first, join } = await open(record())
  // What it waits for to tell the client again is over at once.
  const after: RestorerInit['after'] = (_ms, run) => processTiming.after(0, run)
  const { restorer, restored, log } = await join(10, undefined, { after })
  await first.appendKick('somebody else', 'no')
  await first.append(
    78,
    formatState({ kind: 'whole', start: dead, generation: 0, endsAt: 0, state: movableSession(78) })
  )
  await first.appendKick(state.session.uid ?? '', 'banned')
  t.same(await restorer.find(wanted), { kind: 'ended', farewell: { code: 4500, kickReason: 'banned' } })
  t.same(restored, [])
  while ((await log.read(sid))?.length !== 0);
  // The next session of the same user has its entry behind the kick.
  await first.append(sid, record())
  let next: Found = { kind: 'again', ms: 0 }
  while (next.kind === 'again') next = await restorer.find(wanted)
  t.same(next, { kind: 'here' })
  t.equal(restored.length, 1)
})

t.test('of gateways that want it at once, one gets it', async t => {
  for (let round = 0; round < 20; round++) {
    const { network, join } = await open(record())
    const gateways = await Promise.all([10, 11, 12].map(start => join(start)))
    let n = 0
    network.fault = () => ({ delay: (n++ * (round + 3)) % 4 })
    const found = await Promise.all(gateways.map(({ restorer }) => restorer.find(wanted)))
    const winners = gateways.filter(({ restored }) => restored.length > 0)
    t.ok(winners.length <= 1, `${winners.length} have it`)
    t.equal(found.filter(({ kind }) => kind === 'here').length, winners.length)
    t.equal(found.filter(({ kind }) => kind === 'gone').length, 0)
    // Whoever comes again gets it, or is told where it is, once what was in vain is withdrawn.
    let next: Found = { kind: 'again', ms: 0 }
    while (next.kind === 'again') {
      await new Promise(resolve => setImmediate(resolve))
      next = await gateways[0]!.restorer.find(wanted)
    }
    t.ok(next.kind === 'here' || next.kind === 'at', next.kind)
  }
})

t.test('a claim in vain is withdrawn until NATS answers, and others are told to ask again', async t => {
  const { network, join } = await open(record())
  const busy: boolean[] = []
  const { restorer, log } = await join(10, start => start !== dead, {
    claimed: {
      lastOneWins: true,
      judgeClaim: () => undefined,
      release() {},
      claimRestored: async () => errors.clusterUnavailable('a user', 'no answer')
    },
    setBusy: (_sid, isBusy) => busy.push(isBusy)
  })
  let drops = 2
  network.fault = ({ kind }) => (kind === 'remove' && drops-- > 0 ? 'drop' : undefined)
  t.match(await restorer.find(wanted), { kind: 'again' })
  t.match(await restorer.find(wanted), { kind: 'again' }, 'it makes no second claim meanwhile')
  t.same(busy, [true])
  await until('it is withdrawn', () => busy.length === 2)
  t.same(busy, [true, false])
  t.same(
    (await log.read(sid))?.map(({ kind }) => kind),
    ['record']
  )
  const other = await join(11)
  t.same(await other.restorer.find(wanted), { kind: 'here' })
})

t.test('the claim of a dead gateway keeps nobody out, that of another does', async t => {
  const { join } = await open(record())
  const first = await join(10)
  t.same(await first.restorer.find(wanted), { kind: 'here' })
  const second = await join(11)
  t.same(await second.restorer.find(wanted), { kind: 'at', start: 10 })
  const third = await join(12, () => false)
  t.same(await third.restorer.find(wanted), { kind: 'here' })
})

t.test('it is not restored for another secret, another user, or after its time', async t => {
  const { first, join } = await open(record())
  const { restorer } = await join(10)
  t.same(await restorer.find({ ...wanted, hash: 'other' }), { kind: 'gone' })
  t.same(await restorer.find({ ...wanted, uid: 'blue' }), { kind: 'gone' })
  t.same(await restorer.find({ ...wanted, sid: 78 }), { kind: 'gone' })
  await first.append(sid, record(0, 999))
  t.same(await restorer.find(wanted), { kind: 'gone' })
})

t.test('without a lease or an answer, the client is to ask again', async t => {
  const { network, join } = await open(record())
  const { restorer, members, restored } = await join(10)
  members.hasLease = false
  t.match(await restorer.find(wanted), { kind: 'again' })
  network.areLogsDown = true
  t.match(await restorer.find(wanted), { kind: 'again' })
  t.same(restored, [])
})

t.test('a record whose writer lives is restored once its writer has released the session', async t => {
  const { first, join } = await open(record())
  const lives = (start: number) => [10, 11, dead].includes(start)
  const { restorer, restored, members } = await join(10, lives)
  members.others.push({ start: dead } as Member)
  t.same(await restorer.find(wanted), { kind: 'at', start: dead })
  await first.append(sid, formatRelease(dead))
  t.same(await restorer.find(wanted), { kind: 'here' })
  t.equal(restored.length, 1)
})

t.test('whoever claims a session anew behind its release has it', async t => {
  const { first, join } = await open(record())
  const { restorer, restored, members } = await join(10)
  members.others.push({ start: dead } as Member)
  await first.append(sid, formatRelease(dead))
  await first.append(sid, formatClaim(dead))
  t.same(await restorer.find(wanted), { kind: 'at', start: dead })
  t.same(restored, [])
})
