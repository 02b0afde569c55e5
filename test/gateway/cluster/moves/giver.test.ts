/** Sessions that several clients want at once, over a link with little room. */
import t from 'tap'
import { MovedTable } from '../../../../gateway/cluster/cuts/moved-table.js'
import type { Item, Link } from '../../../../gateway/cluster/link/links.js'
import { Giver } from '../../../../gateway/cluster/moves/giver.js'
import type { Release, Stock } from '../../../../gateway/cluster/moves/stock.js'
import { VirtualTime } from '../../../helpers/virtual-time.js'

/** A gateway with the sessions 1 to 1,000, and a link from which they are asked for. */
function create() {
  const time = new VirtualTime()
  const said: string[] = []
  const ended: unknown[] = []
  const failed: unknown[] = []
  const arrivals: (() => void)[] = []
  let room = 100
  const link = {
    isOpen: true,
    start: 2,
    frontendId: 'b',
    send: (_kind: string, [tid, word]: Item[]) => said.push(`${tid} ${word}`),
    roomToMove: () => room,
    whenTakenIn: (done: () => void) => arrivals.push(done)
  }
  /** Sessions whose requests run, each with what ends them. */
  const running = new Map<number, Promise<void>>()
  let size = 10
  const stock: Pick<Stock, 'has' | 'release' | 'end'> = {
    has: () => true,
    async release({ sid }, _to, left): Promise<Release> {
      await running.get(sid)
      if (left() === 0) return { kind: 'again', ms: 100 }
      if (size > left()) return { kind: 'tooLarge', bytes: size }
      room -= size
      return { kind: 'ready', items: [sid] }
    },
    end: (...how) => ended.push(how) > 0
  }
  const giver = new Giver({
    links: { ofStart: () => undefined },
    moved: new MovedTable(),
    stock: stock as Stock,
    cuts: { moveOf: () => 0, trailOf: () => [], heirsOf: () => [] },
    timing: time.timing,
    mayLive: () => true,
    mayHaveHeirs: () => false,
    failed: (...how) => failed.push(how),
    gone: () => {}
  })
  const ask = (...sids: number[]) => {
    for (const sid of sids) giver.asked(link as unknown as Link, [sid, sid, 'hash', null])
  }
  const pass = async (ms: number) => {
    for (let n = 0; n <= ms; n += 5) {
      for (let turns = 0; turns < 200; turns++) await Promise.resolve()
      time.pass(n === 0 ? 0 : 5)
    }
    for (let turns = 0; turns < 200; turns++) await Promise.resolve()
  }
  return {
    ...{ giver, link, said, ended, failed, arrivals, running, ask, pass },
    setRoom: (bytes: number) => (room = bytes),
    setSize: (bytes: number) => (size = bytes)
  }
}

const upTo = (most: number) => Array.from({ length: most }, (_, index) => index + 1)

t.test('sessions leave while the link has room, in the order in which they were asked for', async t => {
  const { said, ask, pass, setRoom } = create()
  ask(...upTo(25))
  await pass(0)
  t.same(
    said,
    upTo(10).map(sid => `${sid} here`)
  )
  setRoom(50)
  await pass(20)
  setRoom(1_000)
  await pass(20)
  t.same(
    said,
    upTo(25).map(sid => `${sid} here`)
  )
})

t.test('who waits for room in vain is told in time to ask again', async t => {
  const { giver, said, ask, pass, setRoom } = create()
  setRoom(0)
  ask(...upTo(20))
  await pass(740)
  t.same(said, [])
  await pass(60)
  t.same(
    said,
    upTo(20).map(sid => `${sid} again`)
  )
  t.notOk(giver.isBusy)
})

t.test('one that has a request running holds up no other, and does not go without room', async t => {
  const { said, running, ask, pass, setRoom } = create()
  let end = () => {}
  running.set(1, new Promise(resolve => (end = resolve)))
  ask(1, 2, 3)
  await pass(20)
  t.same(said, ['2 here', '3 here'])
  setRoom(0)
  end()
  await pass(20)
  t.same(said.slice(2), ['1 again'])
})

t.test('what is asked for over a link that ends meanwhile stays', async t => {
  const { giver, link, said, ask, pass, setRoom } = create()
  setRoom(0)
  ask(...upTo(3))
  await pass(50)
  link.isOpen = false
  setRoom(100)
  await pass(50)
  t.same([said, giver.isBusy], [[], false])
})

t.test('one that is too large for the link ends, and its client has a new one', async t => {
  const { giver, said, ended, failed, ask, pass, setSize } = create()
  setSize(101)
  ask(7)
  await pass(0)
  t.same(said, ['7 gone'])
  const why = '101 bytes are too many for a move'
  t.same(ended, [[7, 4506, `its client can't go on elsewhere: ${why}`, null]])
  t.same(failed, [[7, 'b', `it has ended: ${why}`]])
  t.notOk(giver.isBusy)
})

t.test('the link is asked for the room of a session that goes alone, until it has arrived', async t => {
  const { link, arrivals, ask, pass } = create()
  const alone: boolean[] = []
  link.roomToMove = (isAlone?: boolean) => {
    alone.push(isAlone!)
    return 100
  }
  ask(1)
  await pass(0)
  ask(2)
  await pass(0)
  t.same(alone.splice(0), [true, true, true, false, false, false])
  for (const done of arrivals) done()
  ask(3)
  await pass(0)
  t.same(alone, [true, true, true])
})
