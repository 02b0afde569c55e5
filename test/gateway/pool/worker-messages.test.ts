/**
 * The check of a worker's messages. One that can't be read ends the worker; an item that can't be applied
 * fails alone.
 */
import t from 'tap'
import { WorkerMessages } from '../../../gateway/pool/worker-messages.js'
import { figureNames } from '../../../shared/figures/thread-figures.js'
import type { Hello } from '../../../shared/link/hello.js'
import type { EventReader, OperationReader, OutcomeReader } from '../../../shared/link/outbox.js'
import { outboxKinds } from '../../../shared/link/outbox.js'
import { startCore, tick } from '../../helpers/core.js'
import { HeldTime } from '../../helpers/held-time.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

/**
 * Creates the check, and keeps what passes it, in order. `onItem` is called with each item's slot or text, or
 * a hello.
 */
function build(onItem: (item: unknown) => void = () => {}) {
  const seen: unknown[] = []
  const reader = new Proxy(
    {},
    {
      get:
        (_reader, name) =>
        (...fields: unknown[]) => {
          seen.push(name === 'slotDone' ? fields[0] : name)
          onItem(fields[0])
        }
    }
  ) as OutcomeReader & OperationReader & EventReader
  const messages = new WorkerMessages({
    outcomes: reader,
    operations: reader,
    events: reader,
    onHello: (hello: Hello) => {
      seen.push(hello.kind)
      onItem(hello)
    },
    onApplied: () => seen.push('applied'),
    onFailure: (error, { item }) => seen.push(`${item} failed: ${(error as Error).message}`),
    onInspector: ({ at }) => seen.push(`inspector ${at}`),
    onStep: what => seen.push(`step ${what}`),
    onFigures: ({ busy }) => seen.push(`figures ${busy}`),
    onUnreadable: what => seen.push(`unreadable: ${what}`)
  })
  return { messages, seen }
}

const figures = Object.fromEntries(figureNames.map(name => [name, 1]))

const { slotDone, push, log, ready, origin } = outboxKinds

for (const [what, message, told] of [
  ['null', null, 'null'],
  ['nothing', undefined, 'undefined'],
  ['a text', 'ready', "'ready'"],
  ['a number', 7, '7'],
  ['an object', { kind: 'outbox' }, "{ kind: 'outbox' }"],
  ['a step without a name', { kind: 'step', what: 5 }, "{ kind: 'step', what: 5 }"],
  ['an inspector at a number', { kind: 'inspector', at: 9229 }, "{ kind: 'inspector', at: 9229 }"],
  ['figures without numbers', { kind: 'figures', figures: { busy: '1' } }, /^\{ kind: 'figures'/],
  ['figures of nothing', { kind: 'figures' }, "{ kind: 'figures' }"],
  [
    'figures with a number below 0',
    { kind: 'figures', figures: { ...figures, heapUsed: -1 } },
    /^\{ kind: 'figures'/
  ],
  [
    'figures with a number that is none',
    { kind: 'figures', figures: { ...figures, delayMax: Number.NaN } },
    /^\{ kind: 'figures'/
  ],
  ['a hello without its routes', { kind: 'hello', hooks: [], stops: false }, /^\{ kind: 'hello'/],
  [
    'a hello whose route is null',
    { kind: 'hello', routes: [null], hooks: [], stops: false, notes: [] },
    /routes: \[ null \]/
  ],
  ['a failure without its reason', { kind: 'failed', message: 5 }, /^\{ kind: 'failed'/],
  ['a text with line breaks', 'a\nb\u2028c\u001b[2J', /^'a\\nb\\u2028c\\x1B\[2J'$/],
  ['an endless text', 'x'.repeat(1e6), /^'x{199}…$/],
  ['an item that nobody writes', [99], 'an outbox with an item of kind 99, which nobody writes'],
  ['an item of no kind', [null], 'an outbox with null where a number belongs'],
  ['one that ends too early', [push, 1, 'key'], 'an outbox with undefined where a text belongs'],
  ['a number where a text belongs', [push, 1, 'key', 5], 'an outbox with 5 where a text belongs'],
  ['a slot between two others', [slotDone, 1.5], 'an outbox with 1.5 where an integer from 0 up belongs'],
  ['a slot below all', [slotDone, -1], 'an outbox with -1 where an integer from 0 up belongs'],
  ['an endless time', [ready, 1, Number.POSITIVE_INFINITY], /Infinity where an integer from 0 up belongs/],
  ['a view that is no number', [origin, 1, Number.NaN, 'g', 1], /NaN where an integer belongs/],
  [
    'a level of the log that there is none of',
    [log, '__proto__', '', '{}'],
    /where a level of the log belongs/
  ]
] as const) {
  t.test(`${what} is refused and told, and nothing behind it is applied`, async t => {
    const { messages, seen } = build()
    messages.receive([slotDone, 1])
    messages.receive(message)
    messages.receive([slotDone, 2])
    t.equal(seen.length, 3)
    t.same(seen.slice(0, 2), [1, 'applied'])
    t.match(String(seen[2]).replace('unreadable: ', ''), told)
  })
}

t.test('what stands before an item that can’t be read is applied', async t => {
  const { messages, seen } = build()
  messages.receive([slotDone, 1, slotDone, 2, 99, slotDone, 3])
  t.same(seen, [1, 2, 'unreadable: an outbox with an item of kind 99, which nobody writes'])
})

t.test(
  'a hello that throws while it is taken is as good as none, and nothing behind it is applied',
  async t => {
    const { messages, seen } = build(() => {
      throw new Error('no such route')
    })
    messages.receive({ kind: 'hello', routes: [], hooks: [], stops: false, notes: [] })
    messages.receive([slotDone, 1])
    t.same(seen, ['hello', "unreadable: a hello that can't be taken: no such route"])
  }
)

t.test('an item that throws while it is applied is told, and the rest is applied', async t => {
  const { messages, seen } = build(item => {
    if (item === 2) throw new Error('it does not work')
  })
  messages.receive([slotDone, 1, slotDone, 2, slotDone, 3])
  await countRounds(messages)
  t.same(
    seen.filter(each => each !== 'applied'),
    [1, 2, 'slotDone failed: it does not work', 3]
  )
})

/** Returns a message with an item for each slot. */
function listSlots(count: number): number[] {
  const message: number[] = []
  for (let slot = 1; slot <= count; slot++) message.push(slotDone, slot)
  return message
}

/** Waits until all is applied. Returns the number of rounds of the event loop that it took. */
async function countRounds(messages: WorkerMessages): Promise<number> {
  let rounds = 0
  let hasEnded = false
  messages.end(() => {
    hasEnded = true
  })
  for (; !hasEnded; rounds++) await tick()
  return rounds
}

t.test('a large message is applied in slices, in order, and others get through meanwhile', async t => {
  const items = 100_000
  const time = new HeldTime(t)
  const { messages, seen } = build(item => {
    // A thousand items take a millisecond, so the message takes 20 slices of 5 ms.
    if ((item as number) % 1_000 === 0) time.pass(1)
  })
  messages.receive(listSlots(items))
  t.ok(seen.length < items, 'not all of it at once')
  messages.receive([slotDone, items + 1])
  t.ok((await countRounds(messages)) >= 19, 'the event loop turned between slices')
  t.same(
    seen.filter(each => each !== 'applied'),
    Array.from({ length: items + 1 }, (_, index) => index + 1),
    'what came meanwhile comes behind it, and the end behind all'
  )
  t.ok(seen.filter(each => each === 'applied').length >= 20, 'acks leave with each slice')
  t.equal(messages.isBusy, false)
})

t.test('items that throw are applied in slices, too', async t => {
  const items = 100_000
  const time = new HeldTime(t)
  const { messages, seen } = build(item => {
    if ((item as number) % 1_000 === 0) time.pass(1)
    throw new Error('it does not work')
  })
  messages.receive(listSlots(items))
  t.ok((await countRounds(messages)) >= 19, 'the event loop turned between slices')
  t.equal(seen.filter(each => String(each).startsWith('slotDone failed')).length, items)
})

t.test('a failure of a request that the worker does not have ends it, and nothing else', async t => {
  const core = await startCore({ workers: 1 })
  t.teardown(() => core.close())
  const player = core.connect()
  core.request(player, 1)
  await tick()
  const worker = core.workers[0]!
  // Its data is no JSON, so that the item throws, and then its answer does.
  worker.outbox.failed(999_999, { code: 'A', message: 'b', data: 1 })
  const message = worker.outbox.take() as unknown[]
  message[message.length - 1] = 'no JSON'
  worker.send(message)
  t.ok(worker.hasEnded)
  await until('it is replaced', () => core.pool.up.length === 1)
  await until('its request is run again', () => {
    core.workers[1]!.runAll()
    return player.replies.length === 1
  })
})

t.test('an end that comes when all is applied is told at once', async t => {
  const { messages } = build()
  messages.receive([slotDone, 1])
  let hasEnded = false
  messages.end(() => {
    hasEnded = true
  })
  t.equal(hasEnded, true)
})

t.test('what comes out of an item that is being applied waits behind its message', async t => {
  const { messages, seen } = build(item => {
    if (item === 1) messages.receive([slotDone, 3])
  })
  messages.receive([slotDone, 1, slotDone, 2])
  t.same(seen, [1, 2, 'applied', 3, 'applied'])
})

/** Returns the head of an operation on a session. */
const head = (sid: number, ack: number) => ({ rid: 0, viewId: 0, ack, frontendId: 'g', sid })

t.test(
  'an operation that throws is answered with OPERATION_FAILED, and those behind it are applied',
  async t => {
    const core = await startCore({ workers: 1 })
    t.teardown(() => core.close())
    const [broken, other] = [core.connect(), core.connect()]
    broken.session.receiver!.event = () => {
      throw new Error('this socket does not work')
    }
    const worker = core.workers[0]!
    const event = { name: 'hi', body: '1', rich: '', richOnly: false, delivery: 0, key: '' } as const
    worker.outbox.send(head(broken.session.sid, 1), event)
    worker.outbox.push(head(other.session.sid, 2), 'hp', '7')
    worker.flush()
    // A slow machine may take a slice for the first one.
    await until('the second one is applied', () => other.session.textOf('hp') === '7')
    t.match(
      JSON.stringify(worker.inbox),
      /"OPERATION_FAILED","The gateway failed to apply send; its log has the cause"/
    )
    t.equal(core.pool.up.length, 1, 'its worker is not to blame')
  }
)

t.test('a reply that can’t be sent becomes an error reply, and those behind it are sent', async t => {
  const core = await startCore({ workers: 1 })
  t.teardown(() => core.close())
  const [broken, other] = [core.connect(), core.connect()]
  broken.session.receiver!.reply = () => {
    throw new Error('this reply can’t be written')
  }
  core.request(broken, 1)
  core.request(other, 2)
  await tick()
  core.workers[0]!.runAll()
  await until('both are answered', () => broken.replies.length + other.replies.length === 2)
  matchRows(t, broken.replies, [{ id: 1, error: { code: 'OPERATION_FAILED' } }])
  matchRows(t, other.replies, [{ id: 2, body: `${other.session.sid}:2` }])
  t.equal(core.requests.undecided, 0)
})

for (const [whose, ridOf] of [
  ['nobody’s request', () => 1e9],
  ['a request of another worker', (rid: number) => rid]
] as const) {
  t.test(`an outcome of ${whose} ends the worker that says it`, async t => {
    const core = await startCore({ workers: 2 })
    t.teardown(() => core.close())
    const asking = core.connect()
    core.request(asking, 1)
    await tick()
    const asked = core.workers.find(each => each.turns.length > 0)!
    const liar = core.workers.find(each => each !== asked)!
    liar.outbox.reply(ridOf(asked.turns[0]!.requests[0]!.rid), '"forged"')
    liar.flush()
    await until('it is replaced', () => core.workers.length === 3)
    asked.runAll()
    matchRows(t, asking.replies, [{ id: 1, body: `${asking.session.sid}:1` }])
  })
}

t.test('the figures of a worker are taken as they are', t => {
  const { messages, seen } = build()
  messages.receive({ kind: 'figures', figures: { ...figures, busy: 7 } })
  t.same(seen, ['figures 7'])
  t.end()
})
