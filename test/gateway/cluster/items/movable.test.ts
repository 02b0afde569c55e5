import fc from 'fast-check'
import t from 'tap'
import { type MovableSession, readSession, writeSession } from '../../../../gateway/cluster/items/movable.js'
import { formatItems, parseItems, UnreadableBatchError } from '../../../../gateway/cluster/link/batch-text.js'

const count = fc.nat(Number.MAX_SAFE_INTEGER)
const text = fc.string({ maxLength: 9, unit: 'binary' })
const textOrNull = fc.option(text)
const setting = fc.record({ text, version: count, route: textOrNull, at: count })
const keys = fc.array(fc.tuple(text, setting), { maxLength: 3 })

const session: fc.Arbitrary<MovableSession> = fc.record({
  session: fc.record({
    sid: count,
    uid: textOrNull,
    version: count,
    since: fc.double({ noNaN: true, noDefaultInfinity: true }).map(Math.abs),
    protocol: fc.constantFrom('json', 'pomelo'),
    resumeWindow: fc.option(count),
    settings: keys,
    deletions: keys,
    deletionsForgotten: count,
    channels: fc.array(text, { maxLength: 3 })
  }),
  receiver: fc.record({
    uid: textOrNull,
    epoch: text,
    form: fc.record({
      emptyBody: fc.constantFrom('', '{}'),
      errorFlag: fc.boolean(),
      rich: fc.boolean()
    }),
    address: fc.record({ ip: text, port: count }),
    received: count,
    given: count,
    dropped: fc.record({ code: count, reason: text, kickReason: textOrNull }),
    backlog: fc
      .record({
        gone: fc.nat(1_000_000),
        latestFloor: count,
        acknowledged: count,
        frames: fc.array(text, { maxLength: 3 }),
        latest: fc.array(fc.record({ key: text, frame: text, after: count }), { maxLength: 3 })
      })
      .map(backlog => ({ ...backlog, sent: backlog.gone + backlog.frames.length }))
  }),
  secrets: fc.record({
    held: fc.option(text, { nil: undefined }),
    offered: fc.array(text, { maxLength: 4 })
  }),
  requests: fc.array(
    fc.record({ route: text, id: count, flags: count, body: text, timeout: count, traceparent: textOrNull }),
    { maxLength: 3 }
  ),
  absence: fc.option(fc.record({ awayFor: count, untold: fc.array(text, { maxLength: 2 }) })),
  claim: fc.option(fc.record({ start: count, number: count }))
}) as fc.Arbitrary<MovableSession>

t.test('a session is the same after its way as text', async t => {
  const check = () =>
    fc.assert(
      fc.property(session, moved => {
        const there = readSession(parseItems(formatItems(writeSession(moved))))
        t.same(there, moved)
      }),
      { numRuns: 50 }
    )
  t.doesNotThrow(check)
})

t.test('whatever else comes is refused in words, and never taken for a session', async t => {
  const spoil = fc.record({
    at: fc.nat(60),
    item: fc.constantFrom<string | number | null>(null, -1, 'x', 1.5)
  })
  fc.assert(
    fc.property(
      session,
      fc.array(spoil, { minLength: 1, maxLength: 3 }),
      fc.nat(60),
      (moved, spoils, cut) => {
        const items = writeSession(moved)
        for (const { at, item } of spoils) if (at < items.length) items[at] = item
        for (const spoilt of [items, items.slice(0, cut)]) {
          try {
            readSession(spoilt)
          } catch (error) {
            if (!(error instanceof UnreadableBatchError)) throw error
          }
        }
      }
    ),
    { numRuns: 100 }
  )
  t.throws(() => readSession([]), { message: 'a session without a number at item 0' })
})
