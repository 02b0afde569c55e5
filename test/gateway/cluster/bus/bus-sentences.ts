/** What holds of every bus, as tests: LocalBus and NatsBus say the same. */
import type { Test } from 'tap'
import type { Bus, LogInit } from '../../../../gateway/cluster/bus/bus.js'
import { until } from '../../../helpers/until.js'

/** Where the buses of one test meet. */
export interface BusBed {
  join(name: string): Promise<Bus>
  /** Lets the entries of this test's logs grow older. */
  pass(ms: number): Promise<void>
  /** Messages of the errors that were logged. */
  readonly errors: readonly string[]
  /** Lets all buses lose their connection, and have it again. */
  interrupt(): Promise<void>
  resume(): Promise<void>
}

/** Names that no other test of this process has. */
let serial = 0
const subjectOf = (name: string) => `sp.test.${name}-${++serial}`
const logOf = (maxAge = 0): LogInit => ({ name: `sp-test-${++serial}`, maxAge })

/** Waits until an answer is as expected. Servers of NATS that lost one elect a leader anew for some 10 s. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean
): Promise<T> {
  const end = performance.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (isRight(answer)) return answer
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

/** Collects texts that arrive at a subject. */
function listen(bus: Bus, subject: string): string[] {
  const texts: string[] = []
  bus.subscribe(subject, bytes => texts.push(bytes.toString()))
  return texts
}

/** Waits until what one bus says on a subject is heard by another: a new subscription takes a while. */
async function expectHeard(from: Bus, to: Bus, subject: string): Promise<void> {
  let isHeard = false
  const subscription = to.subscribe(subject, () => {
    isHeard = true
  })
  await until('the other bus hears', () => {
    from.publish(subject, Buffer.from('hello'))
    return isHeard
  })
  subscription.end()
}

export function testBus(t: Test, name: string, makeBed: (t: Test) => Promise<BusBed>): void {
  t.test(`${name}: a message reaches all other buses that listen to its subject, in order`, async t => {
    const { join } = await makeBed(t)
    const [a, b, c] = [await join('a'), await join('b'), await join('c')]
    t.equal(a.isUp, true)
    const subject = subjectOf('order')
    const heard = [listen(b, subject), listen(c, subject)]
    const own = listen(a, subject)
    const other = listen(b, subjectOf('order'))
    await expectHeard(a, b, subject)
    await expectHeard(a, c, subject)
    for (let index = 0; index < 500; index++) a.publish(subject, Buffer.from(`${index}`))
    for (const texts of heard) {
      await until('all have arrived', () => texts.at(-1) === '499')
      t.same(
        texts.filter(text => text !== 'hello'),
        Array.from({ length: 500 }, (_, index) => `${index}`)
      )
    }
    t.same(own, [], 'not the sender')
    t.same(other, [])
  })

  t.test(`${name}: .* at the end of a subject stands for one more word`, async t => {
    const { join } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const subject = subjectOf('word')
    const heard = listen(b, `${subject}.*`)
    await expectHeard(a, b, `${subject}.1`)
    a.publish(`${subject}.1.2`, Buffer.from('deeper'))
    a.publish(subject, Buffer.from('higher'))
    a.publish(`${subject}.2`, Buffer.from('last'))
    await until('the last has arrived', () => heard.includes('last'))
    t.same(
      heard.filter(text => text !== 'hello'),
      ['last']
    )
  })

  t.test(`${name}: an ended subscription hears nothing, and another of the subject goes on`, async t => {
    const { join } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const subject = subjectOf('end')
    const ended: string[] = []
    const subscription = b.subscribe(subject, bytes => ended.push(bytes.toString()))
    const heard = listen(b, subject)
    await expectHeard(a, b, subject)
    subscription.end()
    a.publish(subject, Buffer.from('after'))
    await until('the other has heard', () => heard.includes('after'))
    t.notOk(ended.includes('after'))
    subscription.end()
  })

  t.test(`${name}: a listener that throws is logged, and the messages behind arrive`, async t => {
    const { join, errors } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const subject = subjectOf('throw')
    await expectHeard(a, b, subject)
    const heard: string[] = []
    b.subscribe(subject, bytes => {
      heard.push(bytes.toString())
      if (heard.at(-1) === '1') throw new Error('out of order')
    })
    await expectHeard(a, b, subject)
    for (const text of ['1', '2', '3']) a.publish(subject, Buffer.from(text))
    await until('the last has arrived', () => heard.includes('3'))
    t.same(
      heard.filter(text => text !== 'hello'),
      ['1', '2', '3']
    )
    t.same(errors, ['A message between gateways has failed'])
  })

  t.test(`${name}: who asks gets the answer`, async t => {
    const { join } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const subject = subjectOf('ask')
    b.subscribe(subject, (bytes, reply) => {
      if (reply !== undefined) b.publish(reply, Buffer.from(`${bytes}?`))
    })
    await expectHeard(a, b, subject)
    const answers = await Promise.all([1, 2, 3].map(each => a.ask(subject, Buffer.from(`${each}`), 5_000)))
    t.same(answers.map(String), ['1?', '2?', '3?'])
  })

  t.test(`${name}: who asks where nobody listens, or nobody answers, gets undefined`, async t => {
    const { join } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    t.equal(await a.ask(subjectOf('nobody'), Buffer.from('?'), 60_000), undefined, 'at once')
    const subject = subjectOf('silent')
    b.subscribe(subject, () => {})
    await expectHeard(a, b, subject)
    t.equal(await a.ask(subject, Buffer.from('?'), 20), undefined)
  })

  t.test(`${name}: an entry is found by its key, the first one from a number on`, async t => {
    const { join } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const log = logOf()
    await Promise.all([a.makeLog(log), b.makeLog(log)])
    const { name } = log
    const key = 'Jürgen * > . 名'
    t.equal(await a.first(name, key), null)
    t.equal(await a.append(name, key, Buffer.from([1, 255])), 1)
    t.equal(await b.append(name, '', Buffer.from('empty key')), 2)
    t.equal(await b.append(name, key, Buffer.from('third')), 3)
    t.same(await b.first(name, key), { number: 1, bytes: Buffer.from([1, 255]) })
    t.same(await b.first(name, ''), { number: 2, bytes: Buffer.from('empty key') })
    t.same(await a.first(name, key, 2), { number: 3, bytes: Buffer.from('third') })
    t.equal(await a.first(name, key, 4), null)
    t.equal(await a.first(name, 'J'), null)
    const long = 'x'.repeat(10_000)
    t.equal(await a.append(name, long, Buffer.from('long')), 4)
    t.equal((await b.first(name, long))?.number, 4)
    t.equal(await b.first(name, `${long}y`), null)
  })

  t.test(`${name}: a removed entry is gone, and its number is not used again`, async t => {
    const { join } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const log = logOf()
    await Promise.all([a.makeLog(log), b.makeLog(log)])
    const { name } = log
    for (const text of ['1', '2', '3']) await a.append(name, 'key', Buffer.from(text))
    t.equal(await b.remove(name, 1), true)
    t.equal(await b.remove(name, 3), true)
    t.equal(await b.remove(name, 3), true, 'the bus has answered')
    t.equal((await a.first(name, 'key'))?.number, 2)
    t.equal(await a.first(name, 'key', 3), null)
    t.equal(await a.append(name, 'key', Buffer.from('4')), 4)
  })

  t.test(`${name}: entries are gone at their age`, async t => {
    const { join, pass } = await makeBed(t)
    const a = await join('a')
    const log = logOf(200)
    await a.makeLog(log)
    await a.append(log.name, 'old', Buffer.from('1'))
    await pass(150)
    await a.append(log.name, 'young', Buffer.from('2'))
    t.equal((await a.first(log.name, 'young'))?.number, 2)
    await pass(60)
    await eventually(
      'the old entry is gone',
      () => a.first(log.name, 'old'),
      entry => entry === null
    )
  })

  t.test(`${name}: a log is as it was made; another age is refused`, async t => {
    const { join } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const log = logOf(60_000)
    const before = Date.now() - 60_000
    await a.makeLog(log)
    await a.append(log.name, 'key', Buffer.from('1'))
    await b.makeLog(log)
    t.ok(await b.first(log.name, 'key'), 'it is not made again')
    const at = await b.madeAt(log.name)
    t.ok(Number.isInteger(at) && at! > before, `${at}`)
    t.equal(await a.madeAt(log.name), at)
    await t.rejects(b.makeLog({ ...log, maxAge: 30_000 }), { message: /60000 ms, not of 30000 ms/ })
  })

  t.test(`${name}: a log that nobody made gives no answer`, async t => {
    const { join } = await makeBed(t)
    const a = await join('a')
    const { name } = logOf()
    t.equal(await a.append(name, 'key', Buffer.from('1')), undefined)
    t.equal(await a.first(name, 'key'), undefined)
    t.equal(await a.madeAt(name), undefined)
    t.equal(await a.remove(name, 1), false)
  })

  t.test(`${name}: a message that is too long is logged, and the next one arrives`, async t => {
    const { join, errors } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const log = logOf()
    await a.makeLog(log)
    const subject = subjectOf('long')
    const lengths: number[] = []
    b.subscribe(subject, ({ length }) => lengths.push(length))
    await expectHeard(a, b, subject)
    const tooLong = Buffer.alloc(a.maxBytes + 1)
    a.publish(subject, tooLong)
    a.publish(subject, tooLong.subarray(1))
    t.equal(await a.ask(subject, tooLong, 60_000), undefined)
    t.equal(await a.append(log.name, 'key', tooLong), undefined)
    await until('the next has arrived', () => lengths.includes(a.maxBytes))
    t.notOk(lengths.includes(a.maxBytes + 1))
    t.same(errors, Array(3).fill('A message between gateways is too long'))
  })

  t.test(`${name}: while it is down nothing is kept, and what waits gets no answer`, async t => {
    const { join, interrupt, resume } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const log = logOf()
    await a.makeLog(log)
    t.equal(await a.append(log.name, 'key', Buffer.from('before')), 1)
    const states: boolean[] = []
    a.onState(isUp => states.push(isUp))
    const subject = subjectOf('down')
    const heard = listen(b, subject)
    b.subscribe(`${subject}.ask`, () => {})
    await expectHeard(a, b, subject)
    await expectHeard(a, b, `${subject}.ask`)
    const waiting = a.ask(`${subject}.ask`, Buffer.from('?'), 60_000)
    await interrupt()
    await until('both are down', () => !a.isUp && !b.isUp)
    t.equal(await waiting, undefined)
    a.publish(subject, Buffer.from('lost'))
    t.equal(await a.append(log.name, 'key', Buffer.from('not there')), undefined)
    t.equal(await a.first(log.name, 'key'), undefined)
    t.equal(await a.madeAt(log.name), undefined)
    t.equal(await a.remove(log.name, 1), false)
    t.equal(await a.ask(subject, Buffer.from('?'), 60_000), undefined)
    await resume()
    await until('both are up', () => a.isUp && b.isUp)
    t.same(states, [false, true])
    await expectHeard(a, b, subject)
    t.notOk(heard.includes('lost'))
    const first = await eventually(
      'the log answers',
      () => a.first(log.name, 'key'),
      entry => entry !== undefined
    )
    t.equal(`${first?.bytes}`, 'before')
    t.equal(await a.first(log.name, 'key', 2), null)
  })

  t.test(`${name}: a closed bus is down for good, and says nothing`, async t => {
    const { join } = await makeBed(t)
    const [a, b] = [await join('a'), await join('b')]
    const subject = subjectOf('closed')
    const heard = listen(a, subject)
    b.subscribe(subject, () => {})
    await expectHeard(b, a, subject)
    const states: boolean[] = []
    a.onState(isUp => states.push(isUp))
    const waiting = a.ask(subject, Buffer.from('?'), 60_000)
    await a.close()
    await a.close()
    t.equal(a.isUp, false)
    t.same(states, [false])
    t.equal(await waiting, undefined)
    a.publish(subject, Buffer.from('?'))
    a.subscribe(subject, () => {}).end()
    t.equal(await a.ask(subject, Buffer.from('?'), 60_000), undefined)
    t.equal(await a.append('sp-test', 'key', Buffer.from('?')), undefined)
    await t.rejects(a.makeLog(logOf()))
    const { length } = heard
    b.publish(subject, Buffer.from('after'))
    t.equal(heard.length, length)
  })
}
