import t from 'tap'
import { inCrowd } from '../../../bench/work/crowd.js'
import { memoryOfConnections } from '../../../bench/work/memory-of-connections.js'
import type { Work } from '../../../bench/work/work.js'
import { createRacer, createRound } from './fakes.js'

t.test('a crowd is there before the work begins, and has left when it is over', async t => {
  const { round, asked } = createRound({})
  const work: Work = {
    run: async () => ({ value: asked.length })
  }
  const crowd = inCrowd({ size: 900, first: 'session.login' }, work)
  t.same(await crowd.run(createRacer({ port: 7 }), round), { value: 1 }, 'the work itself comes in between')
  t.same(asked, [
    { kind: 'crowd', port: 7, first: 'session.login', size: 900 },
    { kind: 'crowd', port: 7, first: 'session.login', size: 0 }
  ])
})

t.test('the memory of connections is what all but the first have added to a fresh server', async t => {
  const { round, asked } = createRound({}, 101)
  let ended = 0
  const fresh = createRacer({ port: 8, results: [50_000_000, 51_000_000], onEnd: () => ended++ })
  const racer = createRacer({ port: 7, fresh, onEnd: () => t.fail('it is not ours to end') })
  t.same(await memoryOfConnections('session.login').run(racer, round), { value: 10_000 })
  t.same(
    asked,
    [1, 101, 0].map(size => ({ kind: 'crowd', port: 8, first: 'session.login', size }))
  )
  t.equal(ended, 1)
})

t.test('more connections than a process may have are refused before anything is started', async t => {
  const { round, asked } = createRound({}, 10 ** 9)
  const racer = createRacer()
  await t.rejects(memoryOfConnections('session.login').run(racer, round), { message: /by --connections$/ })
  const idle: Work = { run: () => Promise.reject(new Error('Nothing is to be measured')) }
  await t.rejects(inCrowd({ size: 10 ** 9, first: 'session.login' }, idle).run(racer, round), {
    message: /open files/
  })
  t.same(asked, [])
})
