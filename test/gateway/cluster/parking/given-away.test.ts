/** Records of sessions that went to a gateway which is over are released, and those of others are not. */
import t from 'tap'
import { LocalNetwork } from '../../../../gateway/cluster/bus/local-network.js'
import { formatClaim, formatState } from '../../../../gateway/cluster/parking/entries/parked-entry.js'
import { ParkedLog } from '../../../../gateway/cluster/parking/entries/parked-log.js'
import { GivenAway } from '../../../../gateway/cluster/parking/given-away.js'
import { movableSession } from '../../../helpers/cluster/movable-session.js'
import { until } from '../../../helpers/until.js'
import { VirtualTime } from '../../../helpers/virtual-time.js'

const [own, other, third] = [1, 2, 3]

async function begin() {
  const network = new LocalNetwork()
  const log = new ParkedLog(network.join('a'), 'c')
  await log.open()
  const time = new VirtualTime()
  const [here, busy] = [new Set<number>(), new Set<number>()]
  const given = new GivenAway({
    log,
    start: () => own,
    isHere: sid => here.has(sid),
    setBusy: (sid, isBusy) => void (isBusy ? busy.add(sid) : busy.delete(sid)),
    timing: time.timing,
    writtenWithin: 1_000
  })
  const write = (sid: number, start = own) =>
    log.append(
      sid,
      formatState({ kind: 'record', start, generation: 0, endsAt: 0, state: movableSession(sid) })
    )
  const kindsOf = async (sid: number) => (await log.read(sid))!.map(({ kind }) => kind)
  return { network, log, time, here, busy, given, write, kindsOf }
}

t.test('what went to a start is released when that is over, and nothing else', async t => {
  const { given, busy, write, kindsOf } = await begin()
  for (const sid of [10, 11, 12]) await write(sid)
  given.add(10, other)
  given.add(11, third)
  given.add(12, other)
  given.back(12)
  const over = given.over(other)
  t.same([...busy], [10], 'who asks for it is to ask again')
  await over
  t.same([...busy], [])
  t.same(await kindsOf(10), ['record', 'release'])
  t.same(await kindsOf(11), ['record'], 'its gateway lives')
  t.same(await kindsOf(12), ['record'], 'it has come back')
  given.forget(third)
  await given.over(third)
  t.same(await kindsOf(11), ['record'], 'its gateway had left by itself')
})

t.test('a session that is here, or of which there is nothing of this gateway, is not released', async t => {
  const { given, here, write, kindsOf, log } = await begin()
  await write(10)
  here.add(10)
  await write(11, other)
  await log.append(12, formatClaim(own))
  for (const sid of [10, 11, 12, 13]) given.add(sid, other)
  await given.over(other)
  t.same(await kindsOf(10), ['record'])
  t.same(await kindsOf(11), ['record'])
  t.same(await kindsOf(12), ['claim', 'release'], 'a claim names it too')
  t.same(await kindsOf(13), [])
})

t.test(
  'a release is tried until the store answers, and who restores the session here waits for it',
  async t => {
    const { given, network, time, busy, write, kindsOf } = await begin()
    await write(10)
    given.add(10, other)
    let attempts = 0
    network.fault = ({ kind }) => (kind === 'append' && attempts++ < 2 ? 'drop' : undefined)
    let isReleased = false
    void given.over(other)
    const released = given.whenReleased(10).then(() => (isReleased = true))
    await until('it has been released', () => {
      time.pass(300)
      return isReleased
    })
    await released
    t.same(await kindsOf(10), ['record', 'release'])
    t.equal(attempts, 3)
    t.same([...busy], [])
  }
)

t.test('many are released, each once, also one that is waited for out of turn', async t => {
  const { given, write, kindsOf } = await begin()
  const sids = Array.from({ length: 100 }, (_, n) => n + 1)
  for (const sid of sids) {
    await write(sid)
    given.add(sid, other)
  }
  const over = given.over(other)
  await given.whenReleased(99)
  t.same(await kindsOf(99), ['record', 'release'])
  await over
  for (const sid of sids) t.same(await kindsOf(sid), ['record', 'release'])
})

t.test('what another gateway has had for long is written by now, and forgotten', async t => {
  const { given, time, write, kindsOf } = await begin()
  for (const sid of [10, 11]) await write(sid)
  given.add(10, other)
  time.pass(600)
  given.add(11, other)
  time.pass(600)
  given.forgetWritten()
  await given.over(other)
  t.same(await kindsOf(10), ['record'])
  t.same(await kindsOf(11), ['record', 'release'])
})

t.test('a gateway that ends releases nothing more', async t => {
  const { given, write, kindsOf } = await begin()
  await write(10)
  given.add(10, other)
  given.close()
  await given.over(other)
  t.same(await kindsOf(10), ['record'])
})
