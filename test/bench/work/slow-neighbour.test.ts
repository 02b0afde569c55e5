import t from 'tap'
import { idealLatencies } from '../../../bench/figures/ideal-queue.js'
import { percentile } from '../../../bench/figures/percentile.js'
import type { FloodResult, OpenLoopResult } from '../../../bench/load/load.js'
import { arrivalsOf } from '../../../bench/load/open-loop.js'
import { slowNeighbour } from '../../../bench/work/slow-neighbour.js'
import { matchRows } from '../../helpers/match-rows.js'
import { createRacer, createRound } from './fakes.js'

// Two workers, 1,000 requests/s: each takes 2 ms of a worker.
const flood: FloodResult = { replies: 2_000, seconds: 2, cpuShare: 0.4, p50: 100, p99: 200 }

const asked = {
  sockets: 1_000,
  route: 'counter.add',
  heavy: { route: 'burn.twenty', share: 0.1, millis: 20 },
  bodyBytes: 64
}

const work = () => slowNeighbour({ ...asked, share: 0.3, workers: 2 })

function openLoopOf(heavyValues: readonly number[]): OpenLoopResult {
  return {
    requests: 1_500,
    seconds: 10,
    cpuShare: 0.1,
    p50: 500,
    p99: 30_000,
    lateP99: 90,
    heavyValues
  }
}

// A request takes 2 ms, and one in ten 20 ms more: 4 ms on average. So two workers can handle 500/s, 30 % of
// which is 150.
const expectedLoop = { ...asked, rate: 150, seed: 1, warmupSeconds: 0.5, seconds: 10 }

t.test('the rate is a share of what the workers can do of that mix, for five times as long', async t => {
  const fake = createRound({ flood, openLoop: openLoopOf([]) })
  await work().run(createRacer({ port: 7 }), fake.round)
  matchRows(t, fake.asked, [
    { kind: 'flood', sockets: 1_000, inFlight: 1, port: 7 },
    { ...expectedLoop, kind: 'open-loop', port: 7 }
  ])
})

t.test('the floor is p99 of the light requests in an ideal queue of the same arrivals and times', async t => {
  const arrivals = arrivalsOf(expectedLoop)
  // Each slow request took another time, as it replied.
  const heavyValues = arrivals.filter(({ isHeavy }) => isHeavy).map((_, i) => 20_000 + i * 100)
  const { round } = createRound({ flood, openLoop: openLoopOf(heavyValues) })
  const { value, floor } = await work().run(createRacer(), round)
  t.equal(value, 30_000)

  const left = [...heavyValues]
  const services = arrivals.map(({ isHeavy }) => (isHeavy ? 2 + left.shift()! / 1000 : 2))
  const latencies = idealLatencies(
    arrivals.map(({ at }, i) => ({ at, service: services[i]! })),
    2
  )
  const counted = latencies.filter((_, i) => arrivals[i]!.at >= 500 && !arrivals[i]!.isHeavy)
  t.equal(floor, percentile(counted, 0.99) * 1000)
  t.ok(floor! > 2_000, 'some wait')
})
