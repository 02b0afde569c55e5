/** Operations that wait until it is decided where their session is. */
import t, { type Test } from 'tap'
import type { Asker, PeerRelay } from '../../../../gateway/cluster/relays/peer-relay.js'
import { Relaying, type RelayingInit } from '../../../../gateway/cluster/routing/relaying.js'
import { Undecided } from '../../../../gateway/cluster/routing/undecided.js'
import { errors } from '../../../../shared/errors.js'

function create(t: Test, timeout = 60_000) {
  const time = { now: 0 }
  const told: string[] = []
  const undecided = new Undecided({ frontendId: 'a', timeout, monotonic: () => time.now })
  const sids = new Set<number>()
  // What waits at the end of the test would be looked at for ever, beside other tests.
  t.teardown(() => {
    for (const sid of sids) undecided.decided(sid)
  })
  const add = (sid: number, operation: string, characters = 0) => {
    sids.add(sid)
    undecided.add(sid, {
      operation,
      characters,
      run: waited => told.push(waited > 0 ? `${operation} after ${waited}` : operation),
      fail: ({ code }) => told.push(`${operation} ${code}`)
    })
  }
  return { undecided, told, add, time }
}

t.test('operations run in order once their session is decided, and only those', t => {
  const { undecided, told, add } = create(t)
  for (const [sid, operation] of [
    [1, 'first'],
    [2, 'other'],
    [1, 'second']
  ] as const)
    add(sid, operation)
  t.same([undecided.has(1), undecided.has(3)], [true, false])
  undecided.decided(1)
  t.same(told, ['first', 'second'])
  undecided.decided(1)
  undecided.decided(2)
  t.same(told, ['first', 'second', 'other'])
  t.same([undecided.has(1), undecided.has(2)], [false, false])
  t.end()
})

t.test('an operation that waits for longer than clusterTimeout ends, and does not run later', async t => {
  const { undecided, told, add, time } = create(t, 300)
  add(1, 'late')
  time.now = 200
  add(1, 'in time')
  time.now = 300
  while (told.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  undecided.decided(1)
  t.same(told, ['late CLUSTER_TIMEOUT', 'in time after 100'])
})

t.test('what waits is bounded over all sessions, and gets room again', t => {
  const { undecided, add } = create(t)
  for (let sid = 1; sid <= 15; sid++) add(sid, 'push', 1_048_576)
  t.equal(undecided.judge('push', 1_000), undefined)
  t.match(undecided.judge('push', 1_048_576), { code: 'CLUSTER_UNAVAILABLE' })
  undecided.decided(7)
  t.equal(undecided.judge('push', 1_048_576), undefined)
  t.end()
})

t.test('one that throws when it is done fails alone', t => {
  const { undecided, told, add } = create(t)
  const acks = {
    refuseEnded: () => false,
    fail: (operation: string, { ack }: { ack: number }, error: Error) =>
      told.push(`${operation} ${ack} failed: ${error.message}`),
    sendSoon: () => told.push('sent')
  }
  const relaying = new Relaying({ acks, undecided } as unknown as RelayingInit)
  const head = { rid: 1, viewId: 0, ack: 7, frontendId: 'a', sid: 1 }
  relaying.wait('push', head, () => {
    throw new Error('broken')
  })
  add(1, 'next')
  undecided.decided(1)
  t.same(told, ['push 7 failed: broken', 'sent', 'next'])
  t.end()
})

t.test('one that was begun here is never said not to have been done', t => {
  const told: string[] = []
  const answers = {
    refused: (ack: number, { code }: { code: string }) => told.push(`${ack} ${code}`),
    acked: (ack: number) => told.push(`${ack} done`)
  }
  const acks = { refuseEnded: () => false, viewIdOf: () => 0, sendSoon() {} }
  const relaying = new Relaying({ acks, inbox: answers, timeout: 300 } as unknown as RelayingInit)
  const askers: Asker[] = []
  const to = {
    frontendId: 'b',
    judge: () => undefined,
    expect: (_name: string, asker: Asker) => askers.push(asker),
    written() {}
  } as unknown as PeerRelay
  const head = { rid: 1, viewId: 0, ack: 7, frontendId: 'a', sid: 1 }
  relaying.relay('join', head, to, () => {}, { isBegun: true })
  relaying.relay('join', head, to, () => {})
  const [begun, other] = askers as [Asker, Asker]
  const late = errors.clusterUnavailable('join', 'it came late')
  begun.failed(7, late, '', to)
  begun.failed(8, errors.sessionNotFound(1), '', to)
  begun.answered(9, '', to)
  other.failed(10, late, '', to)
  t.same(told, ['7 CLUSTER_TIMEOUT', '8 SESSION_NOT_FOUND', '9 done', '10 CLUSTER_UNAVAILABLE'])
  t.end()
})
