/** What BackendSessionService takes for a session, and what it refuses. */
import t from 'tap'
import { createLinkPair, frontendId } from '../../helpers/link-pair.js'

t.test('what names no one session, and what is no function, is refused before anything is asked', async t => {
  const { open, copy, service, messenger } = createLinkPair(t)
  const session = open()
  const own = copy(session)
  const { sid } = session
  const wrongSids: unknown[] = [{}, [], undefined, null, 1.5, Number.NaN, true]
  for (const wrong of wrongSids) {
    const message = /^Expected sid to be a session's number, got /
    await t.rejects(service.aget(frontendId, wrong as number), message)
    await t.rejects(service.akickBySid(frontendId, wrong as number), message)
    await t.rejects(service.apush(frontendId, wrong as number, 'n', 1), message)
    await t.rejects(service.abind(frontendId, wrong as number, 'red'), message)
  }
  const unknown = { code: 'FRONTEND_UNKNOWN' }
  await t.rejects(service.aget('*', sid), unknown)
  await t.rejects(service.akickBySid('*', sid), unknown)
  await t.rejects(service.apush('*', sid, 'n', 1), unknown)
  await t.rejects(service.apushAll('*', sid, { n: 1 }), unknown)
  await t.rejects(service.abind('*', sid, 'red'), unknown)
  await t.rejects(service.aunbind('*', sid, 'red'), unknown)
  t.throws(() => service.create({ frontendId: '*', id: sid }), unknown)
  t.throws(() => messenger().send({ frontendId: '*', sid }, 'e'), unknown)
  t.same(await service.agetByUid('*', 'red'), [])
  for (const wrong of [undefined, 5, 'x'])
    await t.rejects(own.aupdate('n', wrong as never), /^Expected change to be a function, got /)
  t.equal(session.version, 0)
  t.equal(session.uid, null)
})

t.test('the number of a session may be a text, as it is in Pinus', async t => {
  const { open, service } = createLinkPair(t)
  const session = open()
  const sid = `${session.sid}`
  t.equal((await service.aget(frontendId, sid))?.id, session.sid)
  await service.abind(frontendId, sid, 'red')
  t.equal(session.uid, 'red')
  await service.aunbind(frontendId, sid, 'red')
  t.equal(session.uid, null)
  await service.apush(frontendId, sid, 'a', 1)
  await service.apushAll(frontendId, sid, { b: 2 })
  t.same({ ...session.settings }, { a: 1, b: 2 })
  await new Promise<void>(resolve => service.push(frontendId, sid, 'a', 3, () => resolve()))
  await new Promise<void>(resolve => service.pushAll(frontendId, sid, { b: 4 }, () => resolve()))
  t.same({ ...session.settings }, { a: 3, b: 4 })
  await new Promise<void>(resolve => service.bind(frontendId, sid, 'red', () => resolve()))
  t.equal(session.uid, 'red')
  await new Promise<void>(resolve => service.unbind(frontendId, sid, 'red', () => resolve()))
  await service.akickBySid(frontendId, sid)
  t.equal(session.isOpen, false)
})
