/**
 * A model of the handover: one session, three gateways, and clients that come to any of them. Messages
 * between gateways are late, links fail and come again, and the session is where one gateway says that it is.
 */
import fc from 'fast-check'
import t from 'tap'
import { MovedTable } from '../../../../gateway/cluster/cuts/moved-table.js'
import { sidBefore } from '../../../../gateway/cluster/leases/start-number.js'
import { UnreadableBatchError } from '../../../../gateway/cluster/link/batch-text.js'
import type { Link } from '../../../../gateway/cluster/link/links.js'
import { Giver } from '../../../../gateway/cluster/moves/giver.js'
import type { Release, Stock, Wanted } from '../../../../gateway/cluster/moves/stock.js'
import { Taker } from '../../../../gateway/cluster/moves/taker.js'
import type { Taken } from '../../../../gateway/resume/far-sessions.js'
import { type LinkedGateway, LinkedGateways } from '../../../helpers/linked-gateways.js'

const sid = sidBefore(1) + 1
const token = `${sid.toString(36)}.${'a'.repeat(22)}`

/** A word of `settle` that no gateway can read. */
const unreadable = 'what?'

/** The session of the model, in one gateway: nothing, here, or on its way. */
class ModelStock implements Stock {
  state: 'none' | 'here' | 'leaving' = 'none'
  /** Faulty: keeps a session that it has handed over. */
  copies = false
  count = 0

  has(): boolean {
    return this.state === 'here'
  }

  isLeaving(): boolean {
    return this.state === 'leaving'
  }

  async release(_wanted: Wanted): Promise<Release> {
    if (this.state !== 'here') return { kind: 'gone', reason: 'gone' }
    if (!this.copies) this.state = 'leaving'
    return { kind: 'ready', items: [sid, this.count] }
  }

  restore(): void {
    this.state = 'here'
  }

  lose(): void {
    this.state = 'none'
  }

  forget(): void {
    if (!this.copies) this.state = 'none'
  }

  adopt([, count]: readonly (string | number | null)[], _from: Link, taken: () => void): boolean {
    // Whether it may is for the taker to know: this replaces one that is here, or on its way.
    this.state = 'here'
    this.count = count as number
    taken()
    return true
  }

  end(): boolean {
    return true
  }
}

class ModelGateway {
  readonly stock = new ModelStock()
  readonly taker: Taker
  readonly giver: Giver
  failures = 0
  #move = 0

  constructor({ links, start }: LinkedGateway, { time }: LinkedGateways) {
    const { stock } = this
    const moved = new MovedTable()
    const [timing, mayLive, failed] = [time.timing, () => true, () => this.failures++]
    this.taker = new Taker({
      links,
      moved,
      stock,
      timing,
      mayLive,
      failed,
      ownStart: () => start,
      isKeeping: false,
      findLost: async () => ({ kind: 'gone' }),
      arrived: (_sid, _from, move) => {
        moved.clear(sid)
        this.#move = move
        for (const link of links.all) link.send('moved', ['here', sid, move])
      }
    })
    const cuts = { moveOf: () => this.#move, trailOf: () => [], heirsOf: () => [] }
    const [mayHaveHeirs, gone] = [() => false, () => {}]
    this.giver = new Giver({ links, moved, stock, cuts, timing, mayLive, mayHaveHeirs, failed, gone })
    links.read('take', (from, items) => this.giver.asked(from, items))
    links.read('export', (from, items) => this.taker.answered(from, items))
    links.read('settle', (from, [word, tid, of]) => {
      if (word === unreadable) throw new UnreadableBatchError('a word that ends the link')
      if (word === 'doubt') this.taker.doubted(from, tid as number, of as number)
      else this.giver.settled(from, word === 'taken', tid as number, of as number)
    })
    links.read('moved', (from: Link, [, , move]) => {
      if (stock.state === 'none') moved.set(sid, from.start, move as number)
    })
    links.watch({ linkDown: link => this.taker.linkDown(link) })
  }
}

async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve()
}

/**
 * A client that comes to a gateway. `before`, `behind`: the gateway is cut off, and misses nothing in the
 * end. `lost`: what it says after its question is lost with the link to where the session was.
 */
interface Step {
  readonly to: number
  readonly wait: number
  readonly fault: 'none' | 'before' | 'behind' | 'lost'
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    to: fc.nat(2),
    wait: fc.constantFrom(0, 1, 20, 500, 4_000),
    fault: fc.constantFrom<Step['fault'][]>('none', 'none', 'before', 'behind', 'lost')
  }),
  { minLength: 1, maxLength: 20 }
)

/** The client comes back to where its session was before that gateway knows that the session was taken. */
const backWhileUndecided: Step[] = [
  { to: 1, wait: 20, fault: 'lost' },
  { to: 0, wait: 20, fault: 'none' }
]

/** Runs the steps. Returns how many got the session, and how often it was in two places or nowhere. */
async function run(list: readonly Step[], copies = false) {
  const world = new LinkedGateways()
  const linked = world.link(['a', 'b', 'c'])
  const gateways = linked.map(each => new ModelGateway(each, world))
  gateways[0]!.stock.state = 'here'
  for (const { stock } of gateways) stock.copies = copies
  const pass = async (ms: number) => {
    const slice = Math.max(5, ms / 40)
    for (let left = ms; left >= 0; left -= slice) {
      world.time.pass(slice)
      await settle()
    }
  }
  const found = { taken: 0, doubled: 0, lost: 0 }
  const look = () => {
    const here = gateways.filter(({ stock }) => stock.state === 'here').length
    const leaving = gateways.filter(({ stock }) => stock.state === 'leaving').length
    if (here > 1) found.doubled++
    if (here + leaving === 0) found.lost++
  }
  await pass(100)
  const asked: Promise<Taken>[] = []
  for (const { to, wait, fault } of list) {
    const { taker, stock } = gateways[to]!
    const taking = linked[to]!
    const was = gateways.findIndex(({ stock: { state } }) => state === 'here')
    if (fault === 'before') world.network.cutOff(taking.name)
    if (!stock.has() && taker.mayHave(token)) asked.push(taker.take({ token, epoch: '', received: 0 }, null))
    if (fault === 'behind') {
      await pass(1)
      world.network.cutOff(taking.name)
    }
    if (fault === 'lost') {
      await pass(1)
      world.network.fault = ({ from }) => (from === taking.name ? 'drop' : undefined)
    }
    await pass(wait)
    world.network.heal()
    if (fault === 'lost') {
      if (was >= 0 && was !== to) linked[was]!.links.ofStart(taking.start)?.send('settle', [unreadable])
      world.network.fault = () => undefined
      // The link ends before what was lost is sent again.
      await pass(1)
    }
    look()
  }
  await pass(10_000)
  look()
  found.taken = (await Promise.all(asked)).filter(({ kind }) => kind === 'here').length
  return found
}

t.test('the session is in one gateway, whoever asks for it and whatever is late', async t => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(steps, async list => {
      const found = await run(list)
      taken += found.taken
      t.match(found, { doubled: 0, lost: 0 })
    }),
    { numRuns: 30, examples: [[backWhileUndecided]] }
  )
  t.ok(taken > 10, `${taken} moves`)
})

t.test('the model sees a gateway that copies in place of moving', async t => {
  const found = await run(
    [
      { to: 1, wait: 20, fault: 'none' },
      { to: 2, wait: 20, fault: 'none' }
    ],
    true
  )
  t.ok(found.doubled > 0)
})
