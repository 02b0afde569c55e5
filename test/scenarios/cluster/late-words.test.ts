/** Sessions on their way, when a word about them is late, or lost with a link or with a gateway. */
import t from 'tap'
import type { Gateway } from '../../../gateway/index.js'
import { HeldMoves } from '../../helpers/cluster/held-moves.js'
import { until } from '../../helpers/until.js'

t.test('one that comes back before the loss of a link lets it know where it was is there once', async t => {
  for (const third of ['quick', 'slow']) {
    const held = await HeldMoves.start(t)
    const [a, b] = held.gateways as [Gateway, Gateway]
    const { address, client, hits, goTo } = await held.join(t, a, third, ['here'])
    held.blockAt('ba', 'settle taken')
    goTo(b)
    await until('b has it', () => b.sessions.get(address.sid)?.isConnected === true)
    await held.loseLink(1, 0)
    held.release()
    if (third === 'slow') held.block('ca', 'cb')
    t.equal(a.metrics().sessionsInTransit, 1, 'a has not heard that it was taken')
    goTo(a)
    t.equal(await client.request('player.where'), 'a')
    t.equal(a.metrics().sessionsInTransit, 0, 'it is decided where it was')
    t.equal(a.channel('here').size, 1)
    t.equal(a.send(address, 'hit', 'address') + a.send(address.uid, 'hit', 'user'), 2)
    a.channel('here').broadcast('hit', 'channel')
    await until('all has come', () => hits.length === 3)
    t.same(hits, ['address', 'user', 'channel'])
    a.sessions.kick(address.uid, 'enough')
    await until('it has ended', () => client.state === 'closed')
    held.release()
    for (const { sessions } of [a, b])
      t.same([sessions.getSessionsCount(), sessions.getByUid(address.uid).length], [0, 0])
    t.equal(await a.channel('here').asize(), 0)
  }
})

t.test(
  'a session that has moved on lives on if the gateway between is lost before it could tell',
  async t => {
    for (const told of ['at once', 'late']) {
      const held = await HeldMoves.start(t, { leaseTtl: 1_000, singleSession: 'kick' })
      const [a, b, c] = held.gateways as [Gateway, Gateway, Gateway]
      const { address, client, hits, goTo } = await held.join(t, a, told, ['here'])
      const { sid } = address
      const ended: number[] = []
      for (const { sessions } of [a, b, c]) sessions.on('closed', session => ended.push(session.id))
      held.blockAt('ba', 'settle taken')
      goTo(b)
      await until('b has it', () => b.sessions.get(sid)?.isConnected === true)
      if (told === 'late') held.block('ca')
      goTo(c)
      await until('c has it', () => c.sessions.get(sid)?.isConnected === true)
      await until('c has said so', () => held.hasSaid('ca', 'moved come'))
      a.channel('joined').join(a.sessions.getByUid(told)[0]!)
      a.send(address, 'hit', 'on its way')
      held.network.cutOff('b')
      await until('b is over', () => [a, c].every(({ cluster }) => cluster!.peers().length === 1))
      t.equal(a.metrics().sessionsInTransit, 1)
      held.release('ca')
      await until('a knows where it is', () => a.metrics().sessionsInTransit === 0)
      t.same(ended, [], 'it has not ended')
      t.equal(await client.request('player.where'), 'c')
      t.equal(await a.asend(address, 'hit', 'address'), 1)
      t.equal(await a.asend(told, 'hit', 'user'), 1)
      await until('all has come', () => hits.length === 3)
      t.same(hits, ['on its way', 'address', 'user'])
      t.equal(c.channel('joined').size, 1)
      await until('its user is claimed there only', () => a.metrics().claimsHeld === 0)
      t.equal(c.metrics().claimsHeld, 1)
      goTo(a)
      await until('it is back', () => a.sessions.get(sid)?.isConnected === true)
      a.send(told, 'hit', 'back')
      await until('it is reached', () => hits.at(-1) === 'back')
      client.close()
      await until('it ends once', () => ended.length > 0)
      t.same(ended, [sid])
    }
  }
)

t.test('one that is to end while it is on its way ends, wherever it has gone on to meanwhile', async t => {
  for (const isThere of [true, false]) {
    const held = await HeldMoves.start(t)
    const [a, b, c] = held.gateways as [Gateway, Gateway, Gateway]
    const witness = await held.join(t, b, 'witness', [])
    const uid = isThere ? 'has moved on' : 'is moving on'
    const { address, client, goTo } = await held.join(t, a, uid, ['here'])
    held.blockAt('ba', 'settle taken')
    goTo(b)
    await until('b has it', () => b.sessions.get(address.sid)?.isConnected === true)
    await until('b has said so', () => held.hasSaid('ba', 'settle taken'))
    held.block('ca')
    if (!isThere) held.blockAt('cb', 'settle taken')
    goTo(c)
    await until('c has it', () => c.metrics().sessionsMovedIn === 1)
    if (isThere) await until('b knows', () => b.metrics().sessionsInTransit === 0)
    // Nothing else tells the others: a knows of nobody there who has the user.
    a.sessions.kick(uid, 'enough')
    held.release('ba')
    await until('a knows that it has gone', () => a.metrics().sessionsInTransit === 0)
    await a.asend(witness.address, 'hit', 'behind it')
    t.equal(b.metrics().sessionsInTransit, isThere ? 0 : 1)
    held.release()
    await until('its client is told', () => client.state === 'closed')
    for (const { sessions } of held.gateways) t.equal(sessions.getByUid(uid).length, 0)
  }
})

t.test(
  'a new link that tells where a session is, before it is known to have gone, is not forgotten',
  async t => {
    const held = await HeldMoves.start(t)
    const [a, b, c] = held.gateways as [Gateway, Gateway, Gateway]
    const witness = await held.join(t, a, 'witness', [])
    const { address, hits, goTo } = await held.join(t, a, 'red', ['here'])
    held.blockAt('ba', 'settle taken')
    goTo(b)
    await until('b has it', () => b.sessions.get(address.sid)?.isConnected === true)
    goTo(c)
    await until('c has it', () => c.sessions.get(address.sid)?.isConnected === true)
    await until('c has said so', () => held.hasSaid('ca', 'moved come'))
    await held.loseLink(2, 0)
    await until('there is a new link', () => a.metrics().clusterPeers === 2 && c.metrics().clusterPeers === 2)
    t.equal(await c.asend(witness.address, 'hit', 'behind it'), 1)
    held.release()
    await until('a knows that it has gone', () => a.metrics().sessionsInTransit === 0)
    t.equal(await a.asend('red', 'hit', 'user'), 1)
    t.equal(await a.asend(address, 'hit', 'address'), 1)
    await until('both have come', () => hits.length === 2)
    t.same(hits, ['user', 'address'])
  }
)

t.test('events that are sent after a session are counted if they are lost with the link', async t => {
  const held = await HeldMoves.start(t, {}, ['a', 'b'])
  const [a, b] = held.gateways as [Gateway, Gateway]
  const { address, hits, goTo } = await held.join(t, a, 'red', ['here'])
  held.blockAt('ba', 'settle taken')
  goTo(b)
  await until('b has it', () => b.sessions.get(address.sid)?.isConnected === true)
  for (const to of [address, 'red', 'red']) t.equal(a.send(to, 'hit', 'late'), 1)
  held.block('ab')
  held.release('ba')
  await until('a knows that it has gone', () => a.metrics().sessionsInTransit === 0)
  await held.loseLink(0, 1)
  held.release()
  await until('they are counted', () => a.metrics().clusterEventsLost === 3)
  await until('there is a new link', () => a.metrics().clusterPeers === 1 && b.metrics().clusterPeers === 1)
  t.equal(await a.asend(address, 'hit', 'after'), 1)
  await until('it has come', () => hits.length > 0)
  t.same(hits, ['after'])
})
