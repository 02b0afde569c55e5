/** Clients that come back to a gateway while it waits to hand their session over to another. */
import t, { type Test } from 'tap'
import type { Gateway } from '../../../gateway/index.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { startMovers } from '../../helpers/cluster/movers.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

/** Has a client with a running request go from a to b, so that a waits for the end of the request. */
async function goAway(t: Test) {
  const { gateways, network, join } = await startMovers(t, ['a', 'b'], {}, fixture('handlers-returning'))
  const [a, b] = gateways as [Gateway, Gateway]
  const { client: helper } = await join(a)
  const over: unknown[] = []
  helper.on('over', sid => over.push(sid))
  const { client, proxy, goTo } = await join(a)
  const sid = (await client.request('player.login', { uid: 'red' })) as number
  const passed = client.request('player.pass')
  passed.catch(() => {})
  await until('the request runs', () => a.metrics().requestsRunning === 1)
  goTo(b)
  proxy.cut('reset')
  await until('b has asked for the session', () => {
    const { sessionsDetached, detachedSessions } = a.metrics()
    return sessionsDetached === 1 && detachedSessions === 0
  })
  /** Takes the client's connection to a gateway. */
  const lose = async (gateway: Gateway) => {
    proxy.isDown = true
    proxy.cut('reset')
    await until('the gateway has seen it', () => gateway.sessions.get(sid)?.isConnected === false)
  }
  /** Lets the running request end. */
  const open = () => helper.request('player.open')
  return { a, b, network, client, sid, proxy, passed, over, lose, open, goTo }
}

/** Has the client come back to a before its request has ended. */
async function turnBack(t: Test) {
  const gone = await goAway(t)
  const { a, proxy, sid, goTo } = gone
  goTo(a)
  proxy.cut('reset')
  await until('the client is back', () => a.sessions.get(sid)?.isConnected === true)
  return gone
}

t.test('one that has come back and is lost again takes part in the move, and a waits no more', async t => {
  const { a, b, lose, open } = await turnBack(t)
  await lose(a)
  t.equal(a.metrics().detachedSessions, 1, 'it is waited for meanwhile')
  await open()
  await until('b has the session', () => b.metrics().sessionsMovedIn === 1)
  await until('a knows', () => a.metrics().sessionsMovedOut === 1)
  t.match(a.metrics(), { detachedSessions: 0, detachedBytes: 0 })
  t.match(b.metrics(), { detachedSessions: 1 })
})

t.test('one that is lost again while its request runs for too long is waited for once', async t => {
  const { a, b, client, proxy, passed, lose, open } = await turnBack(t)
  let hasPeeked = false
  const peeked = client.request('player.peek').then(() => {
    hasPeeked = true
  })
  // On a busy machine the move may be given up before the request comes, which is not held then.
  await until('it is held, or not any more', () => hasPeeked || a.metrics().requestsWaiting === 1)
  await lose(a)
  await until('the move is given up', () => a.metrics().requestsWaiting === 0)
  t.match(a.metrics(), { detachedSessions: 1 })
  await open()
  t.equal(b.metrics().sessionsMovedIn, 0)
  proxy.isDown = false
  await Promise.all([passed, peeked])
  t.equal(client.state, 'open')
  t.match(a.metrics(), { detachedSessions: 0, detachedBytes: 0 })
})

t.test('the onClose of one that is kicked meanwhile runs, at once', async t => {
  const { a, sid, over, open } = await goAway(t)
  a.sessions.kick('red', 'enough')
  t.same(over, [], 'behind the request that runs')
  await open()
  await until('onClose has run', () => over.length === 1)
  t.same(over, [sid])
})

t.test('one that is kicked while away, before its first events have come, is told', async t => {
  const { a, b, network, client, sid, proxy, open, lose, goTo } = await goAway(t)
  b.sessions.on('movedIn', () => {
    network.fault = ({ from }) => (from === 'a' ? { delay: 300 } : undefined)
  })
  await open()
  await until('the client is there', () => b.sessions.get(sid)?.isConnected === true)
  await lose(b)
  b.sessions.kickBySessionId(sid, 'enough')
  network.fault = () => undefined
  goTo(a)
  proxy.isDown = false
  await until('it is told', () => client.state === 'closed')
  t.match(client.error, { data: { code: closeCodes.kicked } })
})
