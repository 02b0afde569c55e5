import t from 'tap'
import type { FloodResult, OpenLoopResult } from '../../../bench/load/load.js'
import { atLoad } from '../../../bench/work/open-loop.js'
import { createRacer, createRound } from './fakes.js'

const flood: FloodResult = { replies: 20_000, seconds: 2, cpuShare: 0.4, p50: 100, p99: 200 }
const openLoop: OpenLoopResult = {
  requests: 10_000,
  seconds: 2,
  cpuShare: 0.3,
  p50: 300,
  p99: 4_000,
  lateP99: 150,
  heavyValues: []
}

const asked = { sockets: 200, route: 'counter.add', bodyBytes: 64 }

t.test('at load: first a closed loop over the same sockets, then its share of what that came to', async t => {
  const fake = createRound({ flood, openLoop })
  await atLoad({ ...asked, share: 0.5 }).run(createRacer({ port: 7 }), fake.round)
  const common = { ...asked, port: 7, warmupSeconds: 0.5, seconds: 2 }
  t.same(fake.asked, [
    { ...common, kind: 'flood', inFlight: 1, check: 'counted' },
    { ...common, kind: 'open-loop', rate: 5_000, seed: 1 }
  ])
})

t.test('at load: told are latencies, the rate, the lateness, and what a request costs', async t => {
  const { round } = createRound({ flood, openLoop })
  t.same(await atLoad({ ...asked, share: 0.5 }).run(createRacer(), round), {
    value: 4_000,
    rate: 5_000,
    p50: 300,
    p99: 4_000,
    lateP99: 150,
    loadCpu: 0.3,
    cost: { process: 50, gateway: 20, workers: undefined, wait: 10 }
  })
})

t.test('each round has other arrivals, and all contenders the same', async t => {
  const fake = createRound({ flood, openLoop })
  const work = atLoad({ ...asked, share: 0.5 })
  const [one, other] = [createRacer(), createRacer()]
  for (const racer of [one, other, other, one, one]) await work.run(racer, fake.round)
  t.same(
    fake.asked.flatMap(question => (question.kind === 'open-loop' ? question.seed : [])),
    [1, 1, 2, 2, 3]
  )
})
