/** The two messages of the link, outbox and inbox: items are read as they were written, in order. */
import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
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
    name: anyText,
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
  fc.tuple(fc.constant('bind'), head, anyText),
  fc.tuple(fc.constant('unbind'), head, anyText),
  fc.tuple(fc.constant('update'), head, anyText, anyText, anyText),
  fc.tuple(fc.constant('commit'), head, anyText, fc.nat()),
  fc.tuple(fc.constant('setResumeWindow'), head, fc.integer({ min: -1 })),
  fc.tuple(fc.constant('read'), head),
  fc.tuple(fc.constant('readByUid'), userHead, anyText),
  fc.tuple(fc.constant('kick'), head, fc.option(anyText)),
  fc.tuple(fc.constant('kickByUid'), userHead, anyText, fc.option(anyText)),
  fc.tuple(fc.constant('send'), head, event),
  fc.tuple(fc.constant('sendToUser'), userHead, anyText, event, anyText),
  fc.tuple(fc.constant('broadcast'), userHead, fc.integer({ min: 0, max: 1 }), event, anyText),
  fc.tuple(fc.constant('sendToUsers'), userHead, anyText, event),
  fc.tuple(fc.constant('join'), head, anyText),
  fc.tuple(fc.constant('leave'), head, anyText),
  fc.tuple(fc.constant('joinUser'), userHead, anyText, anyText),
  fc.tuple(fc.constant('leaveUser'), userHead, anyText, anyText),
  fc.tuple(fc.constant('sessionsInChannel'), userHead, anyText, anyText),
  fc.tuple(fc.constant('sendToChannel'), userHead, anyText, event, anyText),
  fc.tuple(fc.constant('members'), userHead, anyText, fc.nat(), fc.nat()),
  fc.tuple(fc.constant('channelSize'), userHead, anyText),
  fc.tuple(fc.constant('destroyChannel'), userHead, anyText),
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
