/** Operations of handlers on sessions of other gateways, over a bus within this process. */
import t from 'tap'
import { createRoutedGateways, eventsOf } from '../../../helpers/routed-gateways.js'

t.test('a session of another gateway is read and changed as one of the own', async t => {
  const { all } = createRoutedGateways(t, ['a', 'b'])
  const [a, b] = all as [(typeof all)[0], (typeof all)[0]]
  const session = b.open()
  await a.service.apush('b', session.sid, 'score', 3)
  await a.service.apushAll('b', session.sid, { level: 2, name: 'é🎮' })
  await a.service.abind('b', session.sid, 'red')
  const found = await a.service.aget('b', session.sid)
  t.match(found?.export(), { id: session.sid, frontendId: 'b', uid: 'red' })
  t.same(found?.get('score'), 3)
  t.same(session.get('name'), 'é🎮')
  found?.set('level', 5)
  await found?.acommit()
  t.equal(session.get('level'), 5)
  const [byUid] = await a.service.agetByUid('b', 'red')
  t.equal(byUid?.id, session.sid)
  await found?.aunbind('red')
  t.equal(session.uid, null)
  await a.service.akickBySid('b', session.sid, 'enough')
  t.equal(session.isOpen, false)
  t.equal(await a.service.aget('b', session.sid), undefined)
  t.equal(a.routing.waiting, 0)
})

t.test('two gateways count one key up at once, and no step is lost', async t => {
  const { all } = createRoutedGateways(t, ['a', 'b', 'c'], { timeout: 10_000 })
  const [a, b, c] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]]
  const session = c.open()
  const count = async ({ service }: typeof a) => {
    const copy = (await service.aget<{ n: number }>('c', session.sid))!
    await Promise.all(Array.from({ length: 2_000 }, () => copy.aupdate('n', (n = 0) => n + 1)))
  }
  await Promise.all([count(a), count(b)])
  t.equal(session.get('n'), 4_000)
})

t.test('an event reaches a session of another gateway by its address', async t => {
  const { all } = createRoutedGateways(t, ['a', 'b'])
  const [a, b] = all as [(typeof all)[0], (typeof all)[0]]
  const session = b.open()
  const messenger = a.messenger()
  t.equal(await messenger.asend(b.address(session), 'said', { text: 'hi' }), 1)
  t.same(eventsOf(session), [['said', '{"text":"hi"}']])
})
