/** The worker's end of a link: when its outbox leaves. */
import t from 'tap'
import { Link } from '../../../workers/operations/link.js'

const head = { rid: 0, viewId: 0, frontendId: 'gateway-1', sid: 1 }

t.test('an operation that could not be written waits for no answer, and delays no other', async t => {
  const posted: unknown[] = []
  const link = new Link({ on() {}, unref() {}, postMessage: message => posted.push(message) }, () => {})
  const fail = () => {
    throw new Error('no form')
  }
  for (let i = 0; i < 100; i++) t.throws(() => link.call(fail), /no form/)
  link.beginBatch()
  // As many as leave at once, if they are half of those that wait.
  const calls = Array.from({ length: 16 }, () => link.call(ack => link.outbox.read({ ...head, ack })))
  t.equal(posted.length, 1)
  link.refuseAll(new Error('over'))
  for (const call of calls) await t.rejects(call, /over/)
})
