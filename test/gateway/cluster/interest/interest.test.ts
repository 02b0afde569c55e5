/** Holds the table of interest: what each gateway knows of the names of the others, and when. */
import fc from 'fast-check'
import t from 'tap'
import type { Link } from '../../../../gateway/cluster/link/links.js'
import { createRandom } from '../../../fuzz/inputs.js'
import { type InterestedGateway, InterestedGateways } from '../../../helpers/interested-gateways.js'

type Three = [InterestedGateway, InterestedGateway, InterestedGateway]

const ids = (links: readonly Link[]) => links.map(({ frontendId }) => frontendId).sort()

t.test('a gateway knows which others have sessions of a user, or members of a channel', async t => {
  const all = new InterestedGateways()
  const [a, b, c] = all.link(['a', 'b', 'c']) as Three
  t.same(ids(a.interest.ofUser('ann')), [])
  b.users.add('ann')
  c.channels.add('ann')
  c.users.add('ben')
  b.users.add('ben')
  a.users.add('own')
  all.time.pass(2)
  t.same(ids(a.interest.ofUser('ann')), ['b'])
  t.same(ids(a.interest.ofChannel('ann')), ['c'])
  t.same(ids(a.interest.ofUser('ben')), ['b', 'c'])
  t.same(ids(a.interest.ofUser('own')), [], 'the own are no others')
  t.equal(a.metrics.read().interestNames, 3)
  b.users.remove('ben')
  all.time.pass(2)
  t.same(ids(a.interest.ofUser('ben')), ['c'])
})

t.test('until all names of a gateway have come, it is said to have each', async t => {
  const all = new InterestedGateways()
  const a = all.make('a')
  const b = all.make('b')
  for (let n = 0; n < 5_000; n++) b.users.add(`user ${n}`)
  a.links.add({ frontendId: 'b', start: b.start })
  t.same(ids(a.interest.ofUser('nobody')), ['b'])
  all.network.fault = () => ({ delay: 20 })
  b.links.add({ frontendId: 'a', start: a.start })
  b.users.remove('user 4999')
  b.users.remove('user 0')
  all.time.pass(15)
  t.same(ids(a.interest.ofUser('nobody')), ['b'])
  all.time.pass(50)
  t.same(ids(a.interest.ofUser('nobody')), [])
  t.same(ids(a.interest.ofUser('user 1')), ['b'])
  t.same(ids(a.interest.ofUser('user 0')), [])
  t.same(ids(a.interest.ofUser('user 4999')), [])
  t.equal(a.metrics.read().interestNames, 4_998)
})

t.test(
  'somebody under a name that is kept for one who has moved is told to gateways that came since',
  async t => {
    const all = new InterestedGateways()
    const [a] = all.link(['a', 'b']) as unknown as [InterestedGateway]
    a.channels.add('room')
    all.time.pass(2)
    a.interest.keep('channel', 'room')
    a.channels.remove('room')
    all.time.pass(2)
    const c = all.make('c')
    a.links.add({ frontendId: 'c', start: c.start })
    c.links.add({ frontendId: 'a', start: a.start })
    all.time.pass(50)
    a.channels.add('room')
    all.time.pass(50)
    a.interest.unkeep('channel', 'room')
    all.time.pass(50)
    t.same(ids(c.interest.ofChannel('room')), ['a'])
    a.channels.remove('room')
    all.time.pass(50)
    t.same(ids(c.interest.ofChannel('room')), [])
  }
)

t.test('many names leave in slices, each in a turn of its own', async t => {
  const all = new InterestedGateways()
  const a = all.make('a')
  const b = all.make('b')
  for (let n = 0; n < 20_000; n++) b.users.add(`user ${n}`)
  a.links.add({ frontendId: 'b', start: b.start })
  let longest = 0
  all.network.fault = ({ from, bytes }) => {
    if (from === 'b') longest = Math.max(longest, bytes!.length)
    return undefined
  }
  b.links.add({ frontendId: 'a', start: a.start })
  all.time.pass(20)
  t.equal(a.metrics.read().interestNames, 20_000)
  t.ok(longest < 64_000, `the longest message has ${longest} bytes`)
})

t.test('a gateway that is gone has nobody, and one that is back is asked for all', async t => {
  const all = new InterestedGateways()
  const [a, b, c] = all.link(['a', 'b', 'c']) as Three
  b.users.add('ann')
  c.users.add('ann')
  b.users.add('ben')
  all.time.pass(5)
  a.links.remove(b.start)
  t.same(ids(a.interest.ofUser('ann')), ['c'])
  t.same(ids(a.interest.ofUser('ben')), [])
  t.equal(a.metrics.read().interestNames, 1)
  const again = all.make('b')
  again.users.add('ben')
  a.links.add({ frontendId: 'b', start: again.start })
  again.links.add({ frontendId: 'a', start: a.start })
  all.time.pass(10)
  t.same(ids(a.interest.ofUser('ann')), ['c'])
  t.same(ids(a.interest.ofUser('ben')), ['b'])
})

t.test('a name is known once all others have it', async t => {
  const all = new InterestedGateways()
  const [a, b, c] = all.link(['a', 'b', 'c']) as Three
  const told: string[] = []
  a.channels.add('x')
  a.interest.whenKnown('channel', 'x', () => told.push(ids(b.interest.ofChannel('x')).join()))
  a.interest.whenKnown('channel', 'x', () => told.push(ids(c.interest.ofChannel('x')).join()))
  t.same(told, [])
  all.time.pass(10)
  t.same(told, ['a', 'a'])
  a.interest.whenKnown('channel', 'x', () => told.push('at once'))
  t.same(told, ['a', 'a', 'at once'])
  a.interest.whenKnown('user', 'x', () => told.push('as is one without news'))
  t.equal(told.length, 4)
})

t.test('a gateway that gives no answer is waited for 100 ms, and then not at all', async t => {
  const all = new InterestedGateways()
  const [a] = all.link(['a', 'b', 'c']) as Three
  all.network.cutOff('c')
  const told: number[] = []
  const add = (name: string) => {
    const since = all.time.monotonic()
    a.users.add(name)
    a.interest.whenKnown('user', name, () => told.push(Math.round(all.time.monotonic() - since)))
  }
  add('ann')
  all.time.pass(150)
  add('ben')
  all.time.pass(10)
  t.equal(told[0], 100)
  t.ok(told[1]! < 10)
  a.links.remove(a.links.find('b')!.start)
  a.links.remove(a.links.find('c')!.start)
  add('cid')
  t.equal(told[2], 0, 'nor without others')
})

t.test('an awaited name ends its wait when the link ends', async t => {
  const all = new InterestedGateways()
  const [a, b] = all.link(['a', 'b']) as Three
  let told = 0
  a.users.add('ann')
  a.interest.whenKnown('user', 'ann', () => told++)
  a.links.remove(b.start)
  all.time.pass(1)
  t.equal(told, 1)
  all.time.pass(500)
  t.equal(told, 1)
})

t.test('a name that an operation is about to bring about counts as there', async t => {
  const all = new InterestedGateways()
  const [a, b] = all.link(['a', 'b']) as Three
  a.interest.expect(a.to(b), 'channel', 'x')
  t.same(ids(a.interest.ofChannel('x')), ['b'])
  t.same(ids(a.interest.ofUser('x')), [])
  b.channels.add('x')
  all.time.pass(10)
  b.channels.remove('x')
  all.time.pass(10)
  t.same(ids(a.interest.ofChannel('x')), ['b'], 'a delta from before the operation may come behind it')
  all.time.pass(30_000)
  t.same(ids(a.interest.ofChannel('x')), [])
})

t.test('more gateways than the table has bits are said to have all names', async t => {
  const all = new InterestedGateways()
  const names = Array.from({ length: 36 }, (_, n) => `g${n}`)
  const gateways = all.link(names)
  const [first] = gateways as Three
  gateways[1]!.users.add('ann')
  gateways[32]!.users.add('ann')
  all.time.pass(10)
  t.same(ids(first.interest.ofUser('ann')), ['g1', 'g32', 'g33', 'g34', 'g35'])
  first.links.remove(gateways[33]!.start)
  first.links.remove(gateways[2]!.start)
  t.same(ids(first.interest.ofUser('ann')), ['g1', 'g32', 'g34', 'g35'])
})

t.test('unreadable interest ends the link', async t => {
  for (const items of [
    [0, 1, 'seven chars'],
    [1, 7],
    [0, 1]
  ]) {
    const all = new InterestedGateways()
    const [a, b] = all.link(['a', 'b']) as Three
    a.to(b).send('interest', items)
    all.time.pass(10)
    t.same(b.changes, ['+a', '-a', '+a'])
  }
})

type Move =
  | {
      readonly do: 'add' | 'remove' | 'keep' | 'unkeep'
      readonly who: number
      readonly isUser: boolean
      readonly name: number
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'lose'; readonly share: number }
  | { readonly do: 'crash' | 'join' | 'cut off' | 'break'; readonly who: number }
  | { readonly do: 'heal' }

const who = fc.nat(3)
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc
        .tuple(
          fc.constantFrom('add' as const, 'remove' as const, 'keep' as const, 'unkeep' as const),
          who,
          fc.boolean(),
          fc.nat(7)
        )
        .map(([what, who, isUser, name]): Move => ({ do: what, who, isUser, name }))
    },
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }).map((ms): Move => ({ do: 'wait', ms })) },
    { weight: 2, arbitrary: fc.nat(60).map((share): Move => ({ do: 'lose', share: share / 100 })) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom('crash' as const, 'join' as const, 'cut off' as const, 'break' as const), who)
        .map(([what, who]): Move => ({ do: what, who }))
    },
    { weight: 2, arbitrary: fc.constant<Move>({ do: 'heal' }) }
  ),
  { minLength: 1, maxLength: 80 }
)

/** Plays moves with up to four gateways, and compares what each knows with what the others have. */
function play(list: readonly Move[], seed: number): number {
  const random = createRandom(seed)
  const all = new InterestedGateways()
  const gateways: (InterestedGateway | undefined)[] = all.link(['0', '1', '2'])
  gateways.push(undefined)
  const live = () => gateways.filter(each => each !== undefined)
  const introduce = () => {
    for (const one of live())
      for (const { name: frontendId, start } of live())
        if (start !== one.start) one.links.add({ frontendId, start })
  }
  const heal = () => {
    all.network.fault = () => undefined
    all.network.heal()
  }
  /** The names that each gateway keeps for a session that has moved. */
  const kept = new Map<InterestedGateway, Set<string>>()
  const isKept = (gateway: InterestedGateway, kind: 'users' | 'channels', name: number) =>
    kept.get(gateway)?.has(`${kind} ${name}`) === true
  const keep = (gateway: InterestedGateway, isUser: boolean, name: number, isKeeping: boolean) => {
    const names = kept.get(gateway) ?? new Set()
    kept.set(gateway, names)
    const key = `${isUser ? 'users' : 'channels'} ${name}`
    if (names.has(key) === isKeeping) return
    if (isKeeping) names.add(key)
    else names.delete(key)
    gateway.interest[isKeeping ? 'keep' : 'unkeep'](isUser ? 'user' : 'channel', `${name}`)
  }
  let compared = 0
  const compare = () => {
    for (const one of live()) {
      for (let name = 0; name < 8; name++) {
        const has = (kind: 'users' | 'channels') =>
          live()
            .filter(each => each !== one && (each[kind].all.has(`${name}`) || isKept(each, kind, name)))
            .map(each => each.name)
        const wanted = `${has('users')} ${has('channels')}`
        const { interest } = one
        const found = `${ids(interest.ofUser(`${name}`))} ${ids(interest.ofChannel(`${name}`))}`
        if (found !== wanted) throw new Error(`${one.name} knows ${found} of ${name}, where ${wanted} are`)
        compared++
      }
    }
  }
  for (const move of list) {
    switch (move.do) {
      case 'add':
      case 'remove':
        gateways[move.who]?.[move.isUser ? 'users' : 'channels'][move.do](`${move.name}`)
        break
      case 'keep':
      case 'unkeep': {
        const gateway = gateways[move.who]
        if (gateway !== undefined) keep(gateway, move.isUser, move.name, move.do === 'keep')
        break
      }
      case 'wait':
        all.time.pass(move.ms)
        break
      case 'lose':
        all.network.fault = () => {
          if (random() < move.share) return 'drop'
          return random() < 0.1 ? 'double' : undefined
        }
        break
      case 'cut off':
        all.network.cutOff(`${move.who}`)
        break
      case 'break': {
        // A link that ends at both ends, and begins anew.
        const one = gateways[move.who]
        one?.links.all[0]?.send('interest', [0, 1])
        break
      }
      case 'crash': {
        const one = gateways[move.who]
        gateways[move.who] = undefined
        if (one === undefined) break
        void one.bus.close()
        one.links.begin(0)
        for (const { links } of live()) links.remove(one.start)
        break
      }
      case 'join':
        gateways[move.who] ??= all.make(`${move.who}`)
        introduce()
        break
      case 'heal':
        heal()
        all.time.pass(5_000)
        compare()
    }
  }
  heal()
  all.time.pass(5_000)
  compare()
  return compared
}

t.test('whatever has been, each gateway knows what the others have', async t => {
  let compared = 0
  const runs = Number(process.env['INTEREST_RUNS'] ?? 400)
  fc.assert(
    fc.property(moves, fc.nat(), (list, seed) => {
      compared += play(list, seed)
    }),
    { numRuns: runs, includeErrorInReport: true }
  )
  t.ok(compared > 8 * runs, `${compared} names compared in ${runs} runs`)
})
