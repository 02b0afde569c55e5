/** Holds what links do between gateways: order, batches, acks, the window, pieces, ages and ends. */
import t from 'tap'
import { encodeText } from '../../../../gateway/cluster/link/batch-text.js'
import type { Item, Link } from '../../../../gateway/cluster/link/links.js'
import { linkVersions } from '../../../../gateway/cluster/link/messages.js'
import type { OperationHead } from '../../../../shared/link/outbox.js'
import { type LinkedGateway, LinkedGateways, testSubjects } from '../../../helpers/linked-gateways.js'

const head: OperationHead = { rid: 1, viewId: 2, ack: 3, frontendId: 'b', sid: 4 }

/** Lists the frames of a kind that a gateway takes in. */
function listen({ links }: LinkedGateway, kind: Parameters<typeof links.read>[0] = 'moved') {
  const taken: { readonly from: string; readonly items: readonly Item[]; readonly age: number }[] = []
  links.read(kind, (from, items, age) => taken.push({ from: from.frontendId, items, age }))
  return taken
}

/** Returns how many messages a gateway sends meanwhile. */
function countMessages({ network }: LinkedGateways, from: LinkedGateway, run: () => void): number {
  let count = 0
  network.fault = attempt => {
    if (attempt.kind === 'message' && attempt.from === from.name) count++
    return undefined
  }
  run()
  network.fault = () => undefined
  return count
}

t.test('what is written in one turn leaves as one message, in order', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const moved = listen(b)
  const outbox = listen(b, 'outbox')
  const inbox = listen(b, 'inbox')
  const count = countMessages(all, a, () => {
    const link = a.to(b)
    link.outbox.push(head, 'key', 'value')
    link.flushSoon()
    link.outbox.push(head, 'key', 'later')
    link.flushSoon()
    link.inbox.acked(7, '')
    link.flushSoon()
    link.send('moved', [1, 'one', null])
    link.send('moved', [2])
    all.time.pass(2)
  })
  t.equal(count, 1)
  t.same(outbox[0]?.items, [17, 1, 2, 'b', 4, 6, 3, 'key', 'value', 6, 3, 'key', 'later'])
  t.same(inbox[0]?.items, [3, 7, 7])
  t.same(
    moved.map(({ items }) => items),
    [[1, 'one', null], [2]]
  )
})

t.test('much leaves at once, without waiting for the end of the turn', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  t.equal(
    countMessages(all, a, () => {
      for (let n = 0; n < 10; n++) {
        a.to(b).outbox.push(head, 'key', 'x'.repeat(10_000))
        a.to(b).flushSoon(10_000)
      }
    }),
    2,
    'two of 50,000 characters'
  )
})

t.test('each text and number arrives as it was', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  const lists: Item[][] = [
    ['', 'plain', 'ÿ\0ß', '5:five;~', null, 0, 1, 2 ** 53 - 1, -7, 0.5, -1.5e-9, 1e300],
    ['two bytes: ж', '\ud800', '😀'.repeat(20), Number.NaN, Number.POSITIVE_INFINITY],
    []
  ]
  for (const items of lists) {
    a.to(b).send('moved', items)
    all.time.pass(2)
  }
  t.same(
    taken.map(({ items }) => items),
    lists
  )
})

t.test('a frame that is too long for a message arrives whole, and in order with others', async t => {
  for (const letter of ['x', 'ж']) {
    const all = new LinkedGateways()
    const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
    const taken = listen(b)
    const long = letter.repeat(3_000_000)
    a.to(b).send('moved', [1])
    a.to(b).send('moved', [long])
    a.to(b).send('moved', [3])
    all.time.pass(200)
    t.equal(taken.length, 3)
    t.ok(taken[1]?.items[0] === long)
    t.same([taken[0]?.items, taken[2]?.items], [[1], [3]])
  }
})

t.test(
  'no message is longer than the bus takes, and what is written to an ended link is forgotten',
  async t => {
    const all = new LinkedGateways()
    const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
    const taken = listen(b)
    Object.assign(a.bus, { maxBytes: 65_536 })
    const lengths: number[] = []
    all.network.fault = ({ from, bytes }) => {
      if (from === 'a') lengths.push(bytes!.length)
      return undefined
    }
    for (const length of [300_000, 40_000, 30_000, 20_000, 1]) a.to(b).send('moved', ['ж'.repeat(length)])
    all.time.pass(100)
    t.same(
      taken.map(({ items }) => String(items[0]).length),
      [300_000, 40_000, 30_000, 20_000, 1]
    )
    t.ok(Math.max(...lengths) <= 65_536, `${Math.max(...lengths)} bytes`)
    const link = a.to(b)
    a.links.remove(b.start)
    link.outbox.push(head, 'key', 'value')
    link.flushSoon()
    t.ok(link.outbox.isEmpty)
  }
)

t.test(
  'what more than half of the gateways get is one message to all, and in order with the rest',
  async t => {
    const all = new LinkedGateways()
    const gateways = all.link(['a', 'b', 'c', 'd', 'e'])
    const [a, ...others] = gateways as [LinkedGateway, ...LinkedGateway[]]
    const taken = others.map(other => listen(other))
    const subjects: string[] = []
    all.network.fault = ({ from, to, subject }) => {
      if (from === 'a') subjects.push(`${subject === testSubjects.all ? 'all' : 'own'} ${to}`)
      return undefined
    }
    const toAll = (item: Item, count = 4) => {
      for (const other of others.slice(0, count)) a.to(other).send('moved', [item])
      all.time.pass(1)
    }
    a.to(others[0]!).send('moved', ['own'])
    all.time.pass(1)
    toAll('first')
    t.same(subjects, ['own b', 'all b', 'all c', 'all d', 'all e'])
    a.to(others[1]!).send('moved', ['c only'])
    toAll('second')
    toAll('third', 3)
    t.same(
      subjects.slice(5).sort(),
      [
        ...['all b', 'all b', 'all c', 'all d', 'all d', 'all e', 'all e'],
        // With frames of its own, a link has a batch of its own.
        ...['all c', 'own c']
      ].sort()
    )
    subjects.length = 0
    toAll('of two', 2)
    t.same(subjects, ['own b', 'own c'], 'less than half')
    all.time.pass(20)
    t.same(
      taken.map(list => list.map(({ items }) => items[0])),
      [
        ['own', 'first', 'second', 'third', 'of two'],
        ['first', 'c only', 'second', 'third', 'of two'],
        ['first', 'second', 'third'],
        ['first', 'second']
      ]
    )
    for (const other of others) t.equal(a.to(other).figures().unackedBytes, 0)
  }
)

t.test('acks wait for a batch to ride on, for 3 ms or 8 batches', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const acks = countMessages(all, b, () => {
    a.to(b).send('moved', [1])
    all.time.pass(2)
  })
  t.equal(acks, 0)
  t.ok(a.to(b).figures().unackedBytes > 0)
  t.equal(
    countMessages(all, b, () => all.time.pass(2)),
    1
  )
  t.equal(a.to(b).figures().unackedBytes, 0)
  const many = countMessages(all, b, () => {
    for (let n = 0; n < 16; n++) {
      a.to(b).send('moved', ['x'.repeat(50_000)])
      all.time.pass(0.1)
    }
  })
  t.equal(many, 2)
  const ridden = countMessages(all, b, () => {
    a.to(b).send('moved', [1])
    all.time.pass(1)
    b.to(a).send('moved', [1])
    all.time.pass(10)
  })
  t.equal(ridden, 1)
})

t.test('who waits is told when the other end has taken in all that was written', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  const told: (number | boolean)[] = []
  a.to(b).whenTakenIn(isTakenIn => told.push(isTakenIn))
  t.same(told, [true], 'at once, if there is nothing')
  a.to(b).send('moved', [1])
  a.to(b).whenTakenIn(isTakenIn => told.push(isTakenIn, taken.length))
  t.same(told, [true])
  all.time.pass(10)
  t.same(told, [true, true, 1])
  const link = a.to(b)
  link.send('moved', [2])
  link.whenTakenIn(isTakenIn => told.push(isTakenIn))
  a.links.remove(b.start)
  t.same(told, [true, true, 1, false], 'the link has ended')
  link.whenTakenIn(isTakenIn => told.push(isTakenIn))
  t.same(told, [true, true, 1, false, false])
})

t.test('a peer that takes nothing in costs its window and its queue, and then has no room', async t => {
  const all = new LinkedGateways()
  const limits = { window: 100_000, queueBytes: 200_000 }
  const [a, b, c] = all.link(['a', 'b', 'c'], limits) as [LinkedGateway, LinkedGateway, LinkedGateway]
  const atB = listen(b)
  const atC = listen(c)
  all.network.cutOff('b')
  let sent = 0
  while (a.to(b).hasRoom) {
    a.to(b).send('moved', [sent, 'x'.repeat(10_000)])
    a.to(c).send('moved', [sent])
    sent++
    all.time.pass(1)
  }
  t.ok(sent >= 29 && sent <= 31, `${sent} frames of 10,000 bytes`)
  const { queueBytes, unackedBytes } = a.to(b).figures()
  t.ok(unackedBytes <= 100_000 && queueBytes >= 200_000)
  t.equal(a.metrics.read().clusterQueueBytes, queueBytes)
  t.equal(atC.length, sent, 'others get theirs')
  all.time.pass(3_000)
  t.ok(a.metrics.read().clusterLag >= 3_000)
  t.equal(atB.length, 0)
  all.network.heal()
  all.time.pass(3_000)
  t.same(
    atB.map(({ items }) => items[0]),
    Array.from({ length: sent }, (_, n) => n)
  )
  t.ok(a.to(b).hasRoom)
  t.equal(a.metrics.read().clusterLag, 0)
})

t.test('what can not be refused costs 64 MiB more, and beyond that the link ends', async t => {
  const all = new LinkedGateways()
  const limits = { window: 100_000, queueBytes: 200_000 }
  const [a, b] = all.link(['a', 'b'], limits) as [LinkedGateway, LinkedGateway]
  all.network.cutOff('b')
  const most = 200_000 + 64 * 2 ** 20
  let waiting = 0
  for (const link = a.to(b); link.isOpen; waiting = Math.max(waiting, link.figures().queueBytes))
    link.send('moved', ['x'.repeat(400_000)])
  t.ok(waiting > most - 500_000 && waiting <= most, `${waiting} bytes`)
  t.same(
    a.lines.map(({ message }) => message),
    ['Too much waits for another gateway: the link to it ends']
  )
})

t.test('sessions go while most of the queue is free, and one that goes alone if it is full', async t => {
  const MiB = 2 ** 20
  for (const [queueBytes, most] of [
    [1, 8] as const,
    [16, 8] as const,
    [24, 12] as const,
    [256, 32] as const
  ]) {
    const all = new LinkedGateways()
    const [a, b] = all.link(['a', 'b'], { window: 100_000, queueBytes: queueBytes * MiB }) as [
      LinkedGateway,
      LinkedGateway
    ]
    all.network.cutOff('b')
    const link = a.to(b)
    const fill = (bytes: number) => {
      while (link.figures().queueBytes <= bytes) link.send('moved', ['x'.repeat(50_000)])
    }
    t.same([link.roomToMove(false), link.roomToMove(true)], [most * MiB, most * MiB])
    fill(Math.min(queueBytes / 4, 8) * MiB)
    t.same([link.roomToMove(false), link.roomToMove(true)], [0, most * MiB])
    fill(queueBytes * MiB)
    t.same([link.hasRoom, link.roomToMove(true)], [false, most * MiB])
    fill((queueBytes + 8) * MiB)
    t.equal(link.roomToMove(true), 0)
    t.ok(link.isOpen)
  }
})

t.test('while the bus is away all waits, and leaves when it is back', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  a.to(b).send('moved', [1])
  all.network.setDown()
  a.to(b).send('moved', [2])
  all.time.pass(5_000)
  t.equal(taken.length, 0)
  all.network.setUp()
  all.time.pass(10)
  t.same(
    taken.map(({ items }) => items),
    [[1], [2]]
  )
  t.ok(taken[0]!.age >= 5_000, 'and is as old as it is')
})

t.test('a gap is asked for, and counted at both ends', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  let drops = 1
  all.network.fault = ({ from }) => (from === 'a' && drops-- > 0 ? 'drop' : undefined)
  for (let n = 1; n <= 5; n++) {
    a.to(b).send('moved', [n])
    all.time.pass(1)
  }
  all.time.pass(5)
  t.same(
    taken.map(({ items }) => items[0]),
    [1, 2, 3, 4, 5]
  )
  t.equal(b.metrics.read().clusterGaps, 1)
  t.equal(b.to(a).figures().gaps, 1)
  t.ok(a.metrics.read().clusterResent >= 1)
  t.equal(a.to(b).figures().resent, a.metrics.read().clusterResent)
})

t.test('the age of a frame is told, whatever the clocks', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  a.to(b).send('moved', [1])
  all.time.pass(10)
  let delay = 0
  all.network.fault = () => (delay === 0 ? undefined : { delay })
  delay = 70
  a.to(b).send('moved', [2])
  all.time.pass(200)
  t.same(
    taken.map(({ age }) => age),
    [0, 70]
  )
})

t.test('what a gateway sent before it was known here is asked for', async t => {
  const all = new LinkedGateways()
  const a = all.make('a')
  const b = all.make('b')
  const taken = listen(b)
  a.links.add({ frontendId: 'b', start: b.start })
  a.to(b).send('moved', [1])
  all.time.pass(10)
  b.links.add({ frontendId: 'a', start: a.start })
  all.time.pass(10)
  t.same(
    taken.map(({ items }) => items),
    [[1]]
  )
})

t.test('a link ends with its start; the newest start has the name', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const old = a.to(b)
  const again = all.make('b')
  a.links.add({ frontendId: 'b', start: again.start })
  t.equal(a.links.find('b')?.start, again.start)
  a.links.remove(b.start)
  t.equal(old.isOpen, false)
  t.equal(old.hasRoom, false)
  old.send('moved', [1])
  old.flushSoon()
  t.same(
    a.links.all.map(({ start }) => start),
    [again.start]
  )
  t.same(a.changes, ['+b', '+b', '-b'])
  a.links.begin(100)
  t.same(a.links.all, [])
  t.same(a.changes, ['+b', '+b', '-b', '-b'], 'a new own start ends all')
})

t.test('a frame that its reader refuses ends the link at both ends, and the next begins', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken: Item[] = []
  b.links.read('moved', (_from, [item]) => {
    if (item === 'bad') throw new Error('Such a frame')
    taken.push(item!)
  })
  a.to(b).send('moved', [1])
  a.to(b).send('moved', ['bad'])
  const old = a.to(b)
  const told: boolean[] = []
  old.whenTakenIn(isTakenIn => told.push(isTakenIn))
  all.time.pass(10)
  t.same(told, [false])
  t.equal(old.isOpen, false)
  a.to(b).send('moved', [2])
  all.time.pass(10)
  t.same(taken, [1, 2])
  t.same(a.changes, ['+b', '-b', '+b'])
  t.same(b.changes, ['+a', '-a', '+a'])
  t.match(b.lines[0]?.message, /could not be taken in: the link to it ends/)
  t.match(b.lines[0]?.fields, { frontendId: 'a', error: { message: 'Such a frame' } })
})

t.test('two gateways that do not understand each other try again each second, not in a loop', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  b.links.read('moved', () => {
    throw new Error('No')
  })
  a.links.watch({ linkUp: link => link.send('moved', [1]) })
  a.to(b).send('moved', [1])
  all.time.pass(20_500)
  t.ok(b.lines.length >= 20 && b.lines.length <= 22, `${b.lines.length} links in 20 s`)
  t.equal(b.links.all.length, 0)
})

t.test('what is to run before the flush leaves with all that was written', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  t.equal(
    countMessages(all, a, () => {
      a.links.beforeFlush(() => a.to(b).send('moved', ['before']))
      a.to(b).send('moved', ['written'])
      all.time.pass(0)
      a.links.beforeFlush(() => a.to(b).send('moved', ['alone']))
      all.time.pass(0)
    }),
    2
  )
  all.time.pass(5)
  t.same(
    taken.map(({ items }) => items[0]),
    ['written', 'before', 'alone']
  )
})

t.test('the end of a link is told until the other end knows', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  b.links.read('moved', () => {
    throw new Error('No')
  })
  a.to(b).send('moved', [1])
  all.time.pass(1)
  all.network.cutOff('a')
  all.time.pass(10_000)
  all.network.heal()
  all.time.pass(2_000)
  t.same(a.changes, ['+b', '-b', '+b'])
  t.same(b.changes, ['+a', '-a', '+a'])
})

t.test('a kind of frame that nobody reads is skipped by its length', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  const bytes = encodeText(`1;0;${a.start};1;1;0;0;0;1000;88;4;!?#;3;3;5;6;`)
  b.bus.publish(testSubjects.link(a.start), bytes)
  const c = all.network.join('c')
  c.publish(testSubjects.link(b.start), encodeText(`1;0;${a.start};1;1;0;0;0;1000;88;4;!?#;3;4;5;6;`))
  all.time.pass(5)
  t.same(
    taken.map(({ items }) => items),
    [[5, 6]]
  )
})

t.test('when the links close, all that was written is taken in before', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  a.to(b).send('moved', [1])
  const closed = a.links.close(1_000)
  all.time.pass(10)
  await closed
  t.equal(taken.length, 1)
  t.same(a.links.all, [])
  b.to(a).send('moved', [2])
  const late = b.links.close(1_000)
  all.time.pass(1_000)
  await late
  t.same(b.links.all, [], 'or the time is over')
  all.time.pass(60_000)
  t.equal(all.time.waiting, 0, 'and nothing is left')
})

t.test('when the links close, all that was taken in is acked: no event counts as lost', async t => {
  const all = new LinkedGateways()
  const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
  const taken = listen(b)
  a.to(b).noteEvent()
  a.to(b).send('moved', [1])
  all.time.pass(1)
  t.equal(taken.length, 1)
  await b.links.close(1_000)
  all.time.pass(1)
  a.links.remove(b.start)
  t.equal(a.metrics.read().clusterEventsLost, 0)
})

t.test('events for a gateway that has left by itself are not lost: it had no session any more', async t => {
  for (const byItself of [false, true]) {
    const all = new LinkedGateways()
    const [a, b] = all.link(['a', 'b']) as [LinkedGateway, LinkedGateway]
    a.to(b).noteEvent()
    a.to(b).send('moved', [1])
    a.links.remove(b.start, byItself)
    t.equal(a.metrics.read().clusterEventsLost, byItself ? 0 : 1)
  }
})

t.test('two readers of one kind are a mistake', async t => {
  const { links } = new LinkedGateways().make('a')
  links.read('moved', () => {})
  t.throws(() => links.read('moved', () => {}), { message: 'Frames of the kind moved have a reader already' })
})

t.test('the links to add need a start of the own', async t => {
  const all = new LinkedGateways()
  const { links } = all.make('a')
  const seen: Link[] = []
  links.watch({ linkUp: link => seen.push(link) })
  links.add({ frontendId: 'b', start: 9 })
  links.add({ frontendId: 'b', start: 9 })
  t.equal(seen.length, 1, 'twice is once')
  t.equal(links.ofStart(9)?.version, linkVersions.most)
})
