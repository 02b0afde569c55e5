/** The numbers of moves of a session that was restored: they are greater than all that others may know. */
import t from 'tap'
import { Cuts } from '../../../../gateway/cluster/cuts/cuts.js'
import { MovedTable } from '../../../../gateway/cluster/cuts/moved-table.js'
import type { Item, Link } from '../../../../gateway/cluster/link/links.js'

const sid = 77

/** Gateways that hear each other's `moved` frames at once. */
function createGateway(start: number, has: () => boolean, now = 1_000_000) {
  const links: Link[] = []
  const moved = new MovedTable()
  const cuts = new Cuts({
    links: { all: links, ofStart: of => links.find(link => link.start === of) },
    moved,
    names: { keep() {}, unkeep() {}, expect() {}, tellNow() {} },
    ownStart: () => start,
    now: () => now,
    has,
    receiverOf: () => undefined,
    after: () => () => {},
    unordered() {},
    lost() {}
  })
  const read = (from: Link, [word, ...rest]: readonly Item[]) => {
    if (word === 'come') cuts.readCome(from, rest)
    if (word === 'here') cuts.readHere(from, rest)
    if (word === 'seen') cuts.readSeen(from, rest)
  }
  return { start, links, moved, cuts, read }
}

type Ends = ReturnType<typeof createGateway>

function connect(one: Ends, other: Ends): void {
  const send = (to: Ends, back: () => Link) => (_kind: string, items: readonly Item[]) =>
    to.read(back(), items)
  const there = { start: other.start, isOpen: true, send: send(other, () => here) } as unknown as Link
  const here = { start: one.start, isOpen: true, send: send(one, () => there) } as unknown as Link
  one.links.push(there)
  other.links.push(here)
}

t.test('a gateway that missed the last move before a crash finds a restored session', t => {
  let at = 2
  const [one, two, sender] = [2, 3, 4].map(start => createGateway(start, () => at === start)) as [
    Ends,
    Ends,
    Ends
  ]
  for (const [a, b] of [
    [one, two],
    [one, sender],
    [two, sender]
  ] as const)
    connect(a, b)
  // The sender has heard of the seventh move, and of no later one: that was to a gateway that has crashed.
  sender.moved.set(sid, two.start, 7)
  one.cuts.restored(sid)
  t.equal(sender.moved.find(sid), one.start)

  // It moves on: what the sender sends is for one of the two, and never for none.
  one.cuts.leaves(sid)
  at = 3
  two.cuts.came(sid, two.links.find(({ start }) => start === one.start)!, one.cuts.moveOf(sid) + 1, [])
  t.equal(sender.moved.find(sid), two.start)
  const ofSender = two.links.find(({ start }) => start === sender.start)!
  t.equal(two.cuts.of(ofSender).isLeftOut(sid), false)
  t.end()
})

t.test('a session is found that is restored twice, at last by a gateway whose clock is behind', t => {
  let at = 2
  const [ahead, behind, sender] = [2, 3, 4].map(start =>
    createGateway(start, () => at === start, start === 2 ? 9_000_000 : 1_000_000)
  ) as [Ends, Ends, Ends]
  for (const [a, b] of [
    [ahead, behind],
    [ahead, sender],
    [behind, sender]
  ] as const)
    connect(a, b)
  ahead.cuts.restored(sid)
  t.equal(sender.moved.find(sid), ahead.start)

  // The one that restores it knows that the first is over, and the sender does not yet.
  behind.moved.forget(ahead.start)
  at = 3
  behind.cuts.restored(sid)
  t.equal(sender.moved.find(sid), behind.start)
  sender.moved.forget(ahead.start)
  t.equal(sender.moved.find(sid), behind.start)
  t.end()
})
