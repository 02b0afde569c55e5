/** The works of the cases about events: their questions, and the figures that they make of the answers. */
import t from 'tap'
import { audience } from '../../../bench/work/audience.js'
import { churn } from '../../../bench/work/churn.js'
import { stretch } from '../../../bench/work/stretch.js'
import { longer } from '../../../bench/work/work.js'
import { createRacer, createRound } from './fakes.js'

t.test('an audience: its value is events/s of all receivers, its cost that of one', async t => {
  const fake = createRound({ audience: { events: 40_000, seconds: 2, cpuShare: 0.3 } })
  const asked = { receivers: 4, first: 'events.join', tick: 'events.ten', eventsPerTick: 10, inFlight: 2 }
  t.same(await audience(asked).run(createRacer({ port: 7 }), fake.round), {
    value: 20_000,
    // Half a core and a fifth of one, for 20,000 events a second.
    cost: { process: 25, gateway: 10, workers: undefined, wait: 5 },
    loadCpu: 0.3
  })
  t.same(fake.asked, [{ ...asked, kind: 'audience', port: 7, warmupSeconds: 0.5, seconds: 2 }])
})

t.test('an audience at a fixed rate: its value is the CPU for an event', async t => {
  const fake = createRound({ audience: { events: 40_000, seconds: 2, cpuShare: 0.3 } })
  const asked = { receivers: 4, first: 'events.join', tick: 'events.one', eventsPerTick: 1, interval: 50 }
  t.match(await audience(asked).run(createRacer({ port: 7 }), fake.round), {
    value: 25,
    cost: { process: 25 }
  })
})

t.test('a longer work: its warm-up and its measurement are so many times as long', async t => {
  const asked: unknown[] = []
  const results = [
    { count: 1, seconds: 1.5 },
    { count: 1, seconds: 6 }
  ]
  const racer = createRacer({ results, onAsk: (_task, what) => asked.push(what) })
  await longer(3, stretch({})).run(racer, createRound({}).round)
  t.same(asked, [{ seconds: 1.5 }, { seconds: 6 }])
})

t.test('a churn: once to warm up, and then measured', async t => {
  const asked: unknown[] = []
  const racer = createRacer({
    results: [
      { count: 7, seconds: 0.5 },
      { count: 300_000, seconds: 2 }
    ],
    onAsk: (task, what) => asked.push([task, what])
  })
  t.same(await churn().run(racer, createRound({}).round), {
    value: 150_000,
    // 1,000 ms at half a core and a fifth of one, for 300,000 joins.
    cost: {
      process: 500_000 / 300_000,
      gateway: 200_000 / 300_000,
      workers: undefined,
      wait: 100_000 / 300_000
    }
  })
  t.same(asked, [
    ['churn', { seconds: 0.5 }],
    ['churn', { seconds: 2 }]
  ])
})
