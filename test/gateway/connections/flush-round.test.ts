import t from 'tap'
import { FlushRound } from '../../../gateway/connections/flush-round.js'
import { tick } from '../../helpers/core.js'

t.test('a flush that throws keeps no other client from its frames', async t => {
  const round = new FlushRound()
  const done: string[] = []
  const thrown = new Promise<unknown>(resolve => {
    process.once('uncaughtException', resolve)
  })
  round.add(() => done.push('first'))
  round.add(() => {
    throw new Error('thrown on purpose')
  })
  round.add(() => done.push('last'))
  t.match(await thrown, { message: 'thrown on purpose' })
  await tick()
  t.same(done, ['first', 'last'])
})

t.test('a late flush waits for the first round that brings nothing', async t => {
  const round = new FlushRound(() => 0)
  const done: string[] = []
  round.addLate(() => done.push('late'))
  await tick()
  for (const name of ['first', 'second', 'third']) {
    round.add(() => done.push(name))
    await tick()
  }
  t.same(done, ['first', 'second', 'third'])
  await tick()
  t.same(done, ['first', 'second', 'third', 'late'])
})

t.test('a late flush waits for a millisecond at most, however busy the event loop is', async t => {
  let now = 0
  const round = new FlushRound(() => now)
  const done: string[] = []
  round.addLate(() => done.push('late'))
  now = 0.5
  round.add(() => done.push('first'))
  await tick()
  t.same(done, ['first'])
  now = 1
  round.add(() => done.push('second'))
  await tick()
  t.same(done, ['first', 'second', 'late'])
})

t.test('a flush that throws keeps no late flush from its turn', async t => {
  const round = new FlushRound(() => 0)
  const done: string[] = []
  const thrown = new Promise<unknown>(resolve => {
    process.once('uncaughtException', resolve)
  })
  round.addLate(() => done.push('late'))
  round.add(() => {
    throw new Error('thrown on purpose')
  })
  t.match(await thrown, { message: 'thrown on purpose' })
  await tick()
  await tick()
  t.same(done, ['late'])
})
