/** Questions for one session: by several connections of its client, and by secrets of before and now. */
import t from 'tap'
import { MovedTable } from '../../../../gateway/cluster/cuts/moved-table.js'
import type { Item, Link } from '../../../../gateway/cluster/link/links.js'
import { Taker, type TakerInit } from '../../../../gateway/cluster/moves/taker.js'
import { hashSecret } from '../../../../gateway/resume/resume-secrets.js'
import { VirtualTime } from '../../../helpers/virtual-time.js'

/** A token of the session with the number 5, which began at the start 0. */
const tokenOf = (secret: string) => `5.${secret.padEnd(22, 'x')}`
const point = (secret: string) => ({ token: tokenOf(secret), epoch: '', received: 0 })

function create(init: Partial<TakerInit> = {}) {
  const asked: Item[][] = []
  const link = {
    isOpen: true,
    start: 0,
    piecesTaken: 0,
    send: (_kind: string, items: Item[]) => asked.push(items)
  } as unknown as Link
  const taker = new Taker({
    links: { ofStart: () => link, all: [link] },
    moved: new MovedTable(),
    stock: { has: () => false, isLeaving: () => false, adopt: () => false },
    timing: new VirtualTime().timing,
    ownStart: () => 7,
    mayLive: () => true,
    isKeeping: false,
    findLost: async () => ({ kind: 'gone' }),
    arrived: () => {},
    failed: () => {},
    ...init
  })
  const answer = (word: string, ...rest: Item[]) => taker.answered(link, [asked.at(-1)![0]!, word, ...rest])
  return { taker, asked, answer, link }
}

t.test('a connection with a newer secret is not told what the one before it was', async t => {
  const { taker, asked, answer } = create()
  const older = taker.take(point('older'), null)
  const same = taker.take(point('older'), null)
  const newer = taker.take(point('newer'), null)
  t.same(
    asked.map(([, , hash]) => hash),
    [hashSecret(tokenOf('older'))],
    'one is asked at a time'
  )
  answer('gone', '')
  t.same(await Promise.all([older, same]), [{ kind: 'gone' }, { kind: 'gone' }])
  t.same(asked.map(([, , hash]) => hash).at(-1), hashSecret(tokenOf('newer')))
  answer('ended', 4500, 'kicked')
  t.same(await newer, { kind: 'ended', farewell: { code: 4500, kickReason: 'kicked' } })
  t.equal(asked.length, 2)
})

/** A taker whose store has what is lost. `sought`: what it was asked for. */
function createKeeping(moved = new MovedTable()) {
  const sought: unknown[] = []
  const findLost: TakerInit['findLost'] = async ({ sid }, notAt) => {
    sought.push([sid, notAt])
    return { kind: 'here' }
  }
  return { ...create({ moved, isKeeping: true, findLost }), sought }
}

t.test('what the gateway where it began has not got is looked for in the store', async t => {
  const { taker, answer, sought } = createKeeping()
  const taken = taker.take(point('lost'), null)
  answer('gone', '')
  t.same(await taken, { kind: 'here' })
  t.same(sought, [[5, 0]])
})

t.test('so is one that a search has found at a gateway that has not got it', async t => {
  const moved = new MovedTable()
  moved.guess(5, 0)
  const { taker, answer, sought } = createKeeping(moved)
  const taken = taker.take(point('lost'), null)
  answer('gone', '')
  t.same(await taken, { kind: 'here' })
  t.same([sought, moved.find(5)], [[[5, 0]], undefined])
  moved.set(5, 0, 1)
  const told = taker.take(point('lost'), null)
  answer('gone', '')
  t.same(await told, { kind: 'gone' }, 'a gateway that has told of it knows')
})

/** A taker that takes in what it is given, and how it answers a gateway in doubt. */
function createTaking() {
  const here = new Set<number>()
  const leaving = new Set<number>()
  const { taker, asked, answer } = create({
    stock: {
      has: sid => here.has(sid),
      isLeaving: sid => leaving.has(sid),
      adopt: ([sid], _from, taken) => {
        here.add(sid as number)
        taken()
        return true
      }
    }
  })
  const link = { isOpen: true, start: 0, send: (_kind: string, items: Item[]) => asked.push(items) }
  /** Takes a session by its first move. Returns the number of the take. */
  const take = async (sid: number) => {
    const taken = taker.take({ ...point('x'), token: `${sid.toString(36)}.${'x'.repeat(22)}` }, null)
    const tid = asked.at(-1)![0] as number
    answer('here', sid, 1, 0, sid)
    await taken
    return tid
  }
  const doubt = (tid: number, sid: number) => {
    taker.doubted(link as unknown as Link, tid, sid)
    return asked.at(-1)
  }
  const see = (sid: number, move: number, start = 0) =>
    taker.seen({ ...link, start } as unknown as Link, [sid, move])
  return { here, leaving, take, doubt, see }
}

t.test('a take is remembered, however many come behind it, until its gateway knows of it', async t => {
  const { here, take, doubt, see } = createTaking()
  const first = await take(1)
  for (let sid = 2; sid <= 10_002; sid++) {
    await take(sid)
    see(sid, 1)
  }
  here.clear()
  see(1, 0)
  see(1, 1, 4)
  t.same(doubt(first, 1), ['taken', first, 1], 'it has moved on, and its gateway has not told')
  see(1, 1)
  t.same(doubt(first, 1), ['refused', first, 1])
})

t.test('a session that is here, or on its way from here, is not given back', async t => {
  const { here, leaving, doubt } = createTaking()
  here.add(1)
  leaving.add(2)
  t.same(doubt(7, 1), ['taken', 7, 1])
  t.same(doubt(8, 2), ['taken', 8, 2])
  t.same(doubt(9, 3), ['refused', 9, 3])
})

t.test('a session that takes long to come is waited for while pieces come, but not for ever', async t => {
  const time = new VirtualTime()
  const failed: unknown[] = []
  const { taker, link } = create({ timing: time.timing, failed: (_sid, _from, why) => failed.push(why) })
  const settled: unknown[] = []
  const take = () => void taker.take(point('large'), null).then(taken => settled.push(taken))
  const comes = link as { piecesTaken: number }
  take()
  for (let n = 0; n < 3; n++) {
    comes.piecesTaken++
    time.pass(3_000)
  }
  t.same(failed, [])
  time.pass(3_000)
  t.same(failed, ['no answer within 12000 ms'], 'nothing has come for 3 s')
  await new Promise(resolve => setImmediate(resolve))
  t.same(settled, [{ kind: 'again', ms: 250 }])
  take()
  for (let n = 0; n < 10; n++) {
    comes.piecesTaken++
    time.pass(3_000)
  }
  t.same(failed.slice(1), ['no answer within 30000 ms'])
})
