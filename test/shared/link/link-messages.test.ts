/** The two messages of the link, outbox and inbox: items are read as they were written, in order. */
import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import type { EventText } from '../../../shared/events/event.js'
import { Inbox, type InboxReader, readInbox } from '../../../shared/link/inbox.js'
import {
  type EventReader,
  type OperationHead,
  type OperationReader,
  type OutcomeReader,
  outboxKinds
} from '../../../shared/link/outbox.js'
import { readOutbox } from '../../../shared/link/outbox-reader.js'
import { Outbox } from '../../../shared/link/outbox-writer.js'

type Call = readonly [method: string, ...args: unknown[]]

/** Records each call, with a copy of its arguments. */
function recorder<Face extends object>(calls: Call[]): Face {
  return new Proxy({} as Face, {
    get:
      (_target, method) =>
      (...args: unknown[]) =>
        calls.push([String(method), ...structuredClone(args)])
  })
}

const anyText = fc.string()
/** What may be a uid, or the name of a channel. */
const aName = fc.string({ minLength: 1 })
/** What JSON brings back as it was. */
const jsonData = fc.jsonValue().map(value => JSON.parse(JSON.stringify(value)))
const anyError = fc.oneof(
  fc.record({ code: anyText, message: anyText }, { noNullPrototype: true }),
  fc.record({ code: anyText, message: anyText, data: jsonData }, { noNullPrototype: true })
)
const refusal = fc.record({ code: anyText, message: anyText }, { noNullPrototype: true })
// Only a few different ones, so that consecutive operations often have the same.
const head: fc.Arbitrary<OperationHead> = fc.record(
  {
    rid: fc.integer({ min: 0, max: 2 }),
    viewId: fc.integer({ min: -2, max: 2 }),
    ack: fc.nat(),
    frontendId: fc.constantFrom('gateway-1', 'gateway-2'),
    sid: fc.integer({ min: 1, max: 2 })
  },
  { noNullPrototype: true }
)
const userHead = fc.record({ rid: fc.nat(), ack: fc.nat(), frontendId: anyText }, { noNullPrototype: true })

const event = fc.record(
  {
    name: aName.filter(name => !name.startsWith('$')),
    body: anyText,
    rich: anyText,
    richOnly: fc.boolean(),
    delivery: fc.integer({ min: 0, max: 2 }),
    key: anyText
  },
  { noNullPrototype: true }
)

const outboxCalls: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(fc.constant('reply'), fc.nat(), anyText),
  fc.tuple(fc.constant('failed'), fc.nat(), anyError),
  fc.tuple(fc.constant('slotDone'), fc.nat()),
  fc.tuple(fc.constantFrom('awaitOperations', 'goOn'), fc.nat()),
  fc.tuple(fc.constant('ready'), fc.nat(), fc.nat()),
  fc.tuple(fc.constant('log'), fc.constantFrom('info', 'warn'), anyText, anyText),
  fc.tuple(fc.constant('fatal'), fc.nat(), anyText, anyText, anyText),
  fc.tuple(fc.constant('push'), head, anyText, anyText),
  fc.tuple(fc.constant('pushAll'), head, anyText),
  fc.tuple(fc.constant('bind'), head, aName),
  fc.tuple(fc.constant('unbind'), head, aName),
  fc.tuple(fc.constant('update'), head, anyText, anyText, anyText),
  fc.tuple(fc.constant('commit'), head, anyText, fc.nat()),
  fc.tuple(fc.constant('setResumeWindow'), head, fc.integer({ min: -1 })),
  fc.tuple(fc.constant('read'), head),
  fc.tuple(fc.constant('readByUid'), userHead, aName),
  fc.tuple(fc.constant('kick'), head, fc.option(anyText)),
  fc.tuple(fc.constant('kickByUid'), userHead, aName, fc.option(anyText)),
  fc.tuple(fc.constant('send'), head, event),
  fc.tuple(fc.constant('sendToUser'), userHead, aName, event, anyText),
  fc.tuple(fc.constant('broadcast'), userHead, fc.integer({ min: 0, max: 1 }), event, anyText),
  fc.tuple(fc.constant('sendToUsers'), userHead, anyText, event),
  fc.tuple(fc.constant('join'), head, aName),
  fc.tuple(fc.constant('leave'), head, aName),
  fc.tuple(fc.constant('joinUser'), userHead, aName, aName),
  fc.tuple(fc.constant('leaveUser'), userHead, aName, aName),
  fc.tuple(fc.constant('sessionsInChannel'), userHead, aName, aName),
  fc.tuple(fc.constant('sendToChannel'), userHead, aName, event, anyText),
  fc.tuple(fc.constant('members'), userHead, aName, fc.nat(), fc.nat()),
  fc.tuple(fc.constant('channelSize'), userHead, aName),
  fc.tuple(fc.constant('destroyChannel'), userHead, aName),
  fc.tuple(fc.constant('refused'), fc.nat(), anyText, anyText, anyText, refusal)
)

/** Calls the method that each call names. */
function replay(calls: readonly Call[], on: object): void {
  for (const [method, ...args] of calls)
    (on as Record<string, (...args: unknown[]) => void>)[method]!(...args)
}

t.test('each kind of item of an outbox is among those that these tests write', async t => {
  const written = new Set(fc.sample(outboxCalls, 5_000).map(([method]) => method))
  t.same([...written, 'origin'].sort(), Object.keys(outboxKinds).sort())
})

t.test('an outbox is read as it was written, however often it leaves in between', async () => {
  fc.assert(
    fc.property(fc.array(fc.array(outboxCalls, { maxLength: 20 }), { maxLength: 4 }), messages => {
      const outbox = new Outbox()
      for (const calls of messages) {
        replay(calls, outbox)
        const read: Call[] = []
        const message = structuredClone(outbox.take())
        readOutbox(
          message,
          recorder<OutcomeReader>(read),
          recorder<OperationReader>(read),
          recorder<EventReader>(read)
        )
        deepStrictEqual(read, calls)
        deepStrictEqual(outbox.isEmpty, true)
      }
    }),
    { numRuns: 300 }
  )
})

t.test('names as long as a worker lets pass are read, and no longer ones', async t => {
  const [sid, uids] = [
    { rid: 0, viewId: 0, ack: 0, frontendId: 'g', sid: 1 },
    { rid: 0, ack: 0, frontendId: 'g' }
  ]
  const event: EventText = { name: 'news', body: '', rich: '', richOnly: false, delivery: 0, key: '' }
  const [name, longer] = ['n'.repeat(256), 'n'.repeat(257)]
  const unreadable = { message: /^an outbox with .* where .* belongs$/ }
  const reads = (write: (outbox: Outbox) => void) => {
    const outbox = new Outbox()
    write(outbox)
    const [calls, message] = [[] as Call[], outbox.take()]
    const read = () => readOutbox(message, recorder(calls), recorder(calls), recorder(calls))
    return { read, calls }
  }
  const taken: ((outbox: Outbox, name: string) => void)[] = [
    (outbox, name) => outbox.push(sid, name, '{"json":1}'),
    (outbox, name) => outbox.update(sid, name, '{"json":1}', ''),
    (outbox, name) => outbox.bind(sid, name),
    (outbox, name) => outbox.unbind(sid, name),
    (outbox, name) => outbox.readByUid(uids, name),
    (outbox, name) => outbox.kickByUid(uids, name, null),
    (outbox, name) => outbox.sendToUser(uids, name, event, ''),
    (outbox, name) => outbox.join(sid, name),
    (outbox, name) => outbox.leave(sid, name),
    (outbox, name) => outbox.joinUser(uids, name, 'red'),
    (outbox, name) => outbox.joinUser(uids, 'room', name),
    (outbox, name) => outbox.leaveUser(uids, name, 'red'),
    (outbox, name) => outbox.leaveUser(uids, 'room', name),
    (outbox, name) => outbox.sendToChannel(uids, name, event, ''),
    (outbox, name) => outbox.members(uids, name, 0, 1),
    (outbox, name) => outbox.channelSize(uids, name),
    (outbox, name) => outbox.sessionsInChannel(uids, name, 'red'),
    (outbox, name) => outbox.sessionsInChannel(uids, 'room', name),
    (outbox, name) => outbox.destroyChannel(uids, name),
    (outbox, name) => outbox.send(sid, { ...event, key: name }),
    (outbox, name) => outbox.kick(sid, name.repeat(4))
  ]
  for (const write of taken) {
    const honest = reads(outbox => write(outbox, name))
    honest.read()
    const method = honest.calls[0]?.[0] ?? 'none'
    t.equal(honest.calls.length, 1, method)
    const hostile = reads(outbox => write(outbox, longer))
    t.throws(hostile.read, unreadable, method)
    t.same(hostile.calls, [])
  }
  const refused: [what: string, write: (outbox: Outbox) => void][] = [
    ['no uid', outbox => outbox.bind(sid, '')],
    ['no channel', outbox => outbox.join(sid, '')],
    ['an event of no name', outbox => outbox.send(sid, { ...event, name: '' })],
    ["an event of the gateway's own", outbox => outbox.send(sid, { ...event, name: '$kick' })],
    ['an event that fits into no frame', outbox => outbox.send(sid, { ...event, name: '€'.repeat(86) })],
    ['a delivery of no kind', outbox => outbox.send(sid, { ...event, delivery: 3 as never })],
    [
      'a gateway of no name that there can be',
      outbox => outbox.kick({ ...sid, frontendId: 'g'.repeat(4_097) }, null)
    ]
  ]
  for (const [what, write] of refused) t.throws(reads(write).read, unreadable, what)
})

t.test('an inbox is read as it was written, rows of acks and what stands between them', async () => {
  const ack = fc.integer({ min: 1, max: 6 })
  const inboxCalls: fc.Arbitrary<Call> = fc.oneof(
    fc.tuple(fc.constant('acked'), ack, fc.constant('')),
    fc.tuple(fc.constant('acked'), ack, anyText),
    fc.tuple(fc.constant('refused'), ack, refusal, anyText),
    fc.tuple(fc.constant('aborted'), ack, fc.constantFrom('timeout', 'session closed', 'shutdown'))
  )
  fc.assert(
    fc.property(fc.array(fc.array(inboxCalls, { maxLength: 20 }), { maxLength: 4 }), messages => {
      const inbox = new Inbox()
      for (const calls of messages) {
        replay(calls, inbox)
        const read: Call[] = []
        readInbox(structuredClone(inbox.take()), recorder<InboxReader>(read))
        deepStrictEqual(read, calls)
        deepStrictEqual(inbox.isEmpty, true)
      }
    }),
    { numRuns: 300 }
  )
})

t.test('a thousand acks in a row take no more room than one', async t => {
  const inbox = new Inbox()
  for (let ack = 5; ack < 1_005; ack++) inbox.acked(ack, '')
  t.equal(inbox.take().length, 3)
})

t.test('what operations have in common is written once', async t => {
  const outbox = new Outbox()
  const lengths = [1, 2, 3].map(ack => {
    outbox.push({ rid: 7, viewId: 8, ack, frontendId: 'gateway-1', sid: 9 }, 'key', 'text')
    const message = outbox.take()
    for (let i = 0; i <= ack; i++)
      outbox.push({ rid: 7, viewId: 8, ack, frontendId: 'gateway-1', sid: 9 }, 'key', 'text')
    return outbox.take().length - message.length
  })
  t.same(lengths, [4, 8, 12])
})
