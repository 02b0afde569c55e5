/** Claims that stay until the user of a session that has gone is claimed where it went. */
import t from 'tap'
import type { Item, Link } from '../../../../gateway/cluster/link/links.js'
import { OwedClaims } from '../../../../gateway/cluster/moves/owed-claims.js'

/** A link that keeps what is sent. */
function linkTo(start: number) {
  const sent: (readonly Item[])[] = []
  const link = { start, isOpen: true, send: (_kind: string, items: readonly Item[]) => sent.push(items) }
  return { sent, link: link as unknown as Link & { isOpen: boolean } }
}

function create() {
  const released: [uid: string, sid: number][] = []
  const settled: (() => void)[] = []
  const owed = new OwedClaims({
    release: (uid, sid) => released.push([uid, sid]),
    whenSettled: (_uid, _sid, done) => settled.push(done)
  })
  return { owed, released, settled }
}

t.test('a claim is released once, by the word of the other gateway', t => {
  const { owed, released } = create()
  owed.add(7, 'red', linkTo(2).link)
  owed.add(8, null, linkTo(2).link)
  for (let n = 0; n < 2; n++) owed.secured(7)
  owed.secured(8)
  t.same(released, [['red', 7]])
  t.end()
})

t.test('a word that was lost with its link is asked for by the next one', t => {
  const { owed, released, settled } = create()
  const former = linkTo(2)
  const next = linkTo(2)
  owed.add(7, 'red', former.link)
  owed.linkUp(linkTo(3).link)
  owed.linkUp(next.link)
  t.same(next.sent, [['owed', 7, 'red']])
  t.same(released, [])
  // At the other gateway, which says it when it is so, and over a link that is there.
  const other = create()
  other.owed.tell(former.link, 7, 'red')
  former.link.isOpen = false
  other.owed.tell(next.link, 7, 'red')
  for (const done of other.settled) done()
  t.same([former.sent, next.sent.slice(1)], [[], [['secured', 7]]])
  t.equal(settled.length, 0)
  t.end()
})

t.test('a gateway that is over has no session any more', t => {
  const { owed, released } = create()
  owed.add(7, 'red', linkTo(2).link)
  owed.add(9, 'blue', linkTo(3).link)
  owed.gone(2)
  t.same(released, [['red', 7]])
  t.end()
})
