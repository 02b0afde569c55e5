import t from 'tap'
import { Reloads } from '../../gateway/reloads.js'

t.test('one runs at a time, and all who ask meanwhile share one more', async t => {
  const ends: (() => void)[] = []
  let running = 0
  const reloads = new Reloads(async () => {
    t.equal(++running, 1)
    await new Promise<void>(resolve => ends.push(resolve))
    running--
  })
  const pass = () => new Promise(resolve => setImmediate(resolve))
  const first = reloads.ask()
  await pass()
  const [second, third] = [reloads.ask(), reloads.ask()]
  t.equal(second, third)
  await pass()
  t.equal(ends.length, 1, 'the second waits')
  ends[0]!()
  await first
  await pass()
  t.equal(ends.length, 2)
  const fourth = reloads.ask()
  t.not(fourth, third, 'what has begun is too early for who asks now')
  ends[1]!()
  await third
  await pass()
  ends[2]!()
  await fourth
  t.equal(ends.length, 3)
})

t.test('one that fails tells those who asked for it, and the next one runs', async t => {
  const outcomes = [new Error('no'), undefined]
  const reloads = new Reloads(async () => {
    const error = outcomes.shift()
    if (error !== undefined) throw error
  })
  const first = reloads.ask()
  await Promise.resolve()
  const second = reloads.ask()
  await t.rejects(first, { message: 'no' })
  t.equal(reloads.hasFailed, true)
  await t.resolves(second)
  t.equal(reloads.hasFailed, false)
})
