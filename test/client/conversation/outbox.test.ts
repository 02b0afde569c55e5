import t from 'tap'
import type { ClientMessage } from '../../../client/conversation/message.js'
import { Outbox } from '../../../client/conversation/outbox.js'
import { messageKinds } from '../../../shared/wire/message.js'

/** Creates a message of as many bytes as its text has characters. */
const messageOf = (text: string): ClientMessage => ({
  kind: messageKinds.notify,
  id: 0,
  route: text,
  body: new Uint8Array(0),
  traceparent: undefined,
  size: text.length
})

/** Returns all messages that are to be written now. */
function write(outbox: Outbox): string[] {
  const written: string[] = []
  for (let next = outbox.next(); next !== undefined; next = outbox.next()) written.push(next.route)
  return written
}

t.test(
  'each message is written once to a socket, and again to the next until it is acknowledged',
  async t => {
    const outbox = new Outbox(100)
    for (const text of ['a', 'b', 'c']) outbox.add(messageOf(text))
    t.same([write(outbox), write(outbox)], [['a', 'b', 'c'], []])
    t.ok(outbox.acknowledge(1))
    outbox.add(messageOf('d'))
    outbox.rewind()
    t.same(write(outbox), ['b', 'c', 'd'])
    t.ok(outbox.acknowledge(4))
    t.equal(outbox.size, 0)
  }
)

t.test('an acknowledgement of what was never written can not be', async t => {
  const outbox = new Outbox(100)
  outbox.add(messageOf('a'))
  t.notOk(outbox.acknowledge(1))
  write(outbox)
  t.ok(outbox.acknowledge(1))
  t.notOk(outbox.acknowledge(2))
  t.ok(outbox.acknowledge(1), 'the same again says nothing new')
})

t.test('after a new socket, a message counts as gone only as far as it had been written to any', async t => {
  const outbox = new Outbox(100)
  outbox.add(messageOf('a'))
  write(outbox)
  outbox.add(messageOf('b'))
  outbox.rewind()
  t.ok(outbox.acknowledge(1), 'it came by the socket that was lost')
  t.same(write(outbox), ['b'])
})

t.test('what has never left can be taken out; what has left can not', async t => {
  const outbox = new Outbox(100)
  const [a, b] = [messageOf('a'), messageOf('b')]
  outbox.add(a)
  write(outbox)
  outbox.add(b)
  t.same([outbox.hasLeft(a), outbox.hasLeft(b)], [true, false])
  t.same([outbox.remove(a), outbox.remove(b)], [false, true])
  outbox.rewind()
  t.same(write(outbox), ['a'])
})

t.test('beyond its bytes it takes nothing more, and what is acknowledged makes room', async t => {
  const outbox = new Outbox(3)
  outbox.add(messageOf('abc'))
  t.throws(() => outbox.add(messageOf('d')), { code: 'OUTBOX_FULL', message: /3 bytes/ })
  write(outbox)
  outbox.acknowledge(1)
  outbox.add(messageOf('d'))
  t.equal(outbox.size, 1)
})
