/**
 * Links against a model: four gateways send frames to each other while messages are lost, doubled, delayed
 * and cut off, buses go away, frames are refused and gateways start anew. What a link takes in must be what
 * the other end has written to it, each frame once and in order, and all of it if both its ends live on.
 */
import fc from 'fast-check'
import t from 'tap'
import type { Link } from '../../gateway/cluster/link/links.js'
import { createRandom } from '../fuzz/inputs.js'
import { type LinkedGateway, LinkedGateways, testSubjects } from '../helpers/linked-gateways.js'

type Move =
  | { readonly do: 'send'; readonly from: number; readonly to: number; readonly frames: number }
  | { readonly do: 'send long'; readonly from: number; readonly to: number }
  | { readonly do: 'send all'; readonly from: number; readonly frames: number }
  | { readonly do: 'send bad'; readonly from: number; readonly to: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'faults'; readonly drop: number; readonly double: number; readonly delay: number }
  | { readonly do: 'partition'; readonly from: number; readonly to: number }
  | { readonly do: 'down' | 'up' | 'cut off' | 'restart'; readonly who: number }
  | { readonly do: 'heal' }

const gateway = fc.nat(3)
const pair = fc
  .tuple(gateway, fc.integer({ min: 1, max: 3 }))
  .map(([from, step]) => ({ from, to: (from + step) % 4 }))
const per = (most: number) => fc.integer({ min: 0, max: most }).map(each => each / 100)

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .tuple(pair, fc.integer({ min: 1, max: 12 }))
        .map(([{ from, to }, frames]): Move => ({ do: 'send', from, to, frames }))
    },
    {
      weight: 6,
      arbitrary: fc
        .tuple(gateway, fc.integer({ min: 1, max: 5 }))
        .map(([from, frames]): Move => ({ do: 'send all', from, frames }))
    },
    { weight: 1, arbitrary: pair.map(({ from, to }): Move => ({ do: 'send long', from, to })) },
    { weight: 1, arbitrary: pair.map(({ from, to }): Move => ({ do: 'send bad', from, to })) },
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 40 }).map((ms): Move => ({ do: 'wait', ms })) },
    { weight: 2, arbitrary: fc.integer({ min: 50, max: 2_500 }).map((ms): Move => ({ do: 'wait', ms })) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(per(50), per(50), per(50))
        .map(([drop, double, delay]): Move => ({ do: 'faults', drop, double, delay }))
    },
    { weight: 1, arbitrary: pair.map(({ from, to }): Move => ({ do: 'partition', from, to })) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom('down' as const, 'up' as const, 'cut off' as const), gateway)
        .map(([what, who]): Move => ({ do: what, who }))
    },
    { weight: 1, arbitrary: gateway.map((who): Move => ({ do: 'restart', who })) },
    { weight: 2, arbitrary: fc.constant<Move>({ do: 'heal' }) }
  ),
  { minLength: 1, maxLength: 60 }
)

const names = ['a', 'b', 'c', 'd'] as const
const limits = { window: 20_000, queueBytes: 100_000 }

/** What was written to a link of one end, by its number in this run. */
interface Written {
  readonly link: Link
  /** The numbers of the frames. A frame for all has the same number in each link. */
  readonly frames: number[]
  hasBad: boolean
  /** Frames that were written before, and what became of them, for each call of `whenTakenIn`. */
  readonly waits: { readonly count: number; told: boolean | undefined }[]
}

class Run {
  readonly #all = new LinkedGateways()
  readonly #gateways: LinkedGateway[] = []
  readonly #written: Written[] = []
  readonly #numbers = new Map<Link, number>()
  /** How many frames were taken in of each link, by its number, and at which link they came in. */
  readonly #taken: number[] = []
  readonly #takenAt: Link[] = []
  /** The link of each frame, by the frame's number and the start that gets it. */
  readonly #owners = new Map<string, number>()
  #lastFrame = 0
  readonly #random: () => number
  frames = 0
  /** Messages that went to all. */
  shared = 0

  constructor(seed: number) {
    this.#random = createRandom(seed)
    for (const name of names) this.#gateways.push(this.#start(name))
    this.#introduce()
  }

  #start(name: string): LinkedGateway {
    const made = this.#all.make(name, limits)
    made.bus.subscribe(testSubjects.all, () => this.shared++)
    made.links.read('moved', (from, [frame, text]) => {
      if (text === 'bad') throw new Error('a bad frame')
      if (text !== 'x'.repeat(String(text).length)) throw new Error('a text that nobody wrote')
      this.#take(from, made.start, frame as number)
    })
    return made
  }

  #introduce(): void {
    for (const one of this.#gateways)
      for (const { name: frontendId, start } of this.#gateways)
        if (start !== one.start) one.links.add({ frontendId, start })
  }

  #take(from: Link, start: number, frame: number): void {
    const number = this.#owners.get(`${frame} ${start}`)
    if (number === undefined) return this.#fault(`${start} took in frame ${frame}, which is not for it`)
    const taken = this.#taken[number] ?? 0
    if (this.#written[number]!.frames[taken] !== frame)
      this.#fault(`link ${number} took in ${frame} behind ${taken} frames`)
    if (this.#takenAt[number] !== undefined && this.#takenAt[number] !== from)
      this.#fault(`link ${number} was taken in by two links`)
    this.#taken[number] = taken + 1
    this.#takenAt[number] = from
    this.frames++
  }

  /** Notes the first fault. To throw it would only end a link. */
  #fault(what: string): void {
    this.#first ??= what
  }

  #first: string | undefined

  #write(link: Link | undefined, text: string, frame = ++this.#lastFrame): void {
    if (link?.isOpen !== true) return
    let number = this.#numbers.get(link)
    if (number === undefined) {
      number = this.#written.push({ link, frames: [], hasBad: false, waits: [] }) - 1
      this.#numbers.set(link, number)
    }
    const written = this.#written[number]!
    if (text === 'bad') written.hasBad = true
    else written.frames.push(frame)
    this.#owners.set(`${frame} ${link.start}`, number)
    link.send('moved', [frame, text])
    if (this.#random() < 0.2) this.#wait(written, number)
  }

  #wait(written: Written, number: number): void {
    const { waits } = written
    const count = written.frames.length
    const wait: Written['waits'][number] = { count, told: undefined }
    waits.push(wait)
    written.link.whenTakenIn(isTakenIn => {
      if (wait.told !== undefined) this.#fault(`link ${number} told twice about ${count}`)
      wait.told = isTakenIn
      if (isTakenIn && (this.#taken[number] ?? 0) < count)
        this.#fault(`link ${number} told early of ${count}`)
    })
  }

  play(move: Move): void {
    const { network, time } = this.#all
    switch (move.do) {
      case 'send':
      case 'send long':
      case 'send bad': {
        const link = this.#gateways[move.from]!.links.ofStart(this.#gateways[move.to]!.start)
        if (move.do === 'send bad') return this.#write(link, 'bad')
        if (move.do === 'send long') return this.#write(link, 'x'.repeat(600_000))
        for (let n = 0; n < move.frames; n++)
          this.#write(link, 'x'.repeat(Math.floor(this.#random() * 3_000)))
        return
      }
      case 'send all':
        for (let n = 0; n < move.frames; n++) {
          const text = 'x'.repeat(Math.floor(this.#random() * 3_000))
          const frame = ++this.#lastFrame
          for (const { start } of this.#gateways)
            this.#write(this.#gateways[move.from]!.links.ofStart(start), text, frame)
          if (this.#random() < 0.5) time.pass(0)
        }
        return
      case 'wait':
        return time.pass(move.ms)
      case 'faults':
        network.fault = () => {
          const number = this.#random()
          if (number < move.drop) return 'drop'
          if (number < move.drop + move.double) return 'double'
          return this.#random() < move.delay ? { delay: Math.floor(this.#random() * 300) } : undefined
        }
        return
      case 'partition':
        return network.partition([names[move.from]!], [names[move.to]!])
      case 'down':
        return network.setDown(names[move.who])
      case 'up':
        return network.setUp(names[move.who])
      case 'cut off':
        return network.cutOff(names[move.who]!)
      case 'restart':
        return this.#restart(move.who)
      case 'heal':
        network.fault = () => undefined
        return network.heal()
    }
  }

  #restart(who: number): void {
    const old = this.#gateways[who]!
    void old.bus.close()
    old.links.begin(0)
    this.#gateways[who] = this.#start(old.name)
    const tell = () => {
      for (const { links } of this.#gateways) links.remove(old.start)
      this.#introduce()
    }
    // The new start knows of the others before, or behind, them.
    if (this.#random() < 0.5) tell()
    else this.#all.time.schedule(this.#random() * 500, tell)
  }

  finish(): void {
    this.play({ do: 'heal' })
    this.#all.time.pass(30_000)
    for (const [number, { link, frames, hasBad, waits }] of this.#written.entries()) {
      const count = frames.length
      const taken = this.#taken[number] ?? 0
      if (taken > count) this.#fault(`link ${number} took in ${taken} of ${count}`)
      if (link.isOpen && taken < count) this.#fault(`link ${number} lost ${count - taken} of ${count}`)
      if (link.isOpen && hasBad) this.#fault(`link ${number} is open, and has a bad frame`)
      if (waits.some(({ told }) => told === undefined)) this.#fault(`link ${number} has not told its end`)
      if (link.isOpen && waits.some(({ told }) => told !== true))
        this.#fault(`link ${number} told too little`)
    }
    this.#tryAll()
    for (const { links } of this.#gateways) void links.close(0)
    this.#all.time.pass(60_000)
    if (this.#all.time.waiting > 0) this.#fault(`${this.#all.time.waiting} timers are left`)
    if (this.#first !== undefined) throw new Error(this.#first)
  }

  /** Whatever has been, each gateway reaches each other one. */
  #tryAll(): void {
    for (const one of this.#gateways) {
      for (const { start } of this.#gateways) {
        if (start === one.start) continue
        const link = one.links.ofStart(start)
        if (link === undefined) {
          this.#fault(`${one.start} has no link to ${start}`)
          continue
        }
        this.#write(link, 'x')
        this.#all.time.pass(10)
        const number = this.#numbers.get(link)!
        if (this.#taken[number] !== this.#written[number]!.frames.length)
          this.#fault(`${one.start} does not reach ${start}`)
        const { queueBytes, unackedBytes } = link.figures()
        if (queueBytes + unackedBytes > 0) this.#fault(`${one.start} has no ack of ${start}`)
      }
    }
  }
}

t.test('each frame arrives once and in order, or its link ends', async t => {
  let frames = 0
  let shared = 0
  const runs = Number(process.env['LINK_RUNS'] ?? 300)
  fc.assert(
    fc.property(fc.nat(), moves, (seed, list) => {
      const run = new Run(seed)
      for (const move of list) run.play(move)
      run.finish()
      frames += run.frames
      shared += run.shared
    }),
    { numRuns: runs }
  )
  t.ok(frames > 10 * runs, `${frames} frames in ${runs} runs`)
  t.ok(shared > runs, `${shared} messages that went to all have arrived`)
})
