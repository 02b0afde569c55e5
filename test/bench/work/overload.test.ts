import t from 'tap'
import type { FloodResult, OverloadResult } from '../../../bench/load/load.js'
import { overload } from '../../../bench/work/overload.js'
import { matchRows } from '../../helpers/match-rows.js'
import { createRacer, createRound } from './fakes.js'

const flood: FloodResult = { replies: 1_000, seconds: 2, cpuShare: 0.4, p50: 100, p99: 200 }
const result: OverloadResult = {
  accepted: 4_800,
  refused: 10_200,
  recovered: 300,
  seconds: 10,
  cpuShare: 0.3,
  p50: 150_000,
  p99: 300_000,
  lateP99: 150,
  calm: { requests: 150, refused: 0, p99: 4_000 }
}

const work = overload({
  sockets: 500,
  route: 'burn.two',
  bodyBytes: 64,
  times: 3,
  calm: 0.3,
  maxQueueDelay: 200
})

t.test('first a closed loop of few sockets, then three times that, then a part of it', async t => {
  const fake = createRound({ flood, overload: result })
  const measured = await work.run(createRacer({ port: 7, results: [1.02] }), fake.round)
  matchRows(t, fake.asked, [
    { kind: 'flood', sockets: 8, inFlight: 1, route: 'burn.two' },
    { kind: 'overload', port: 7, sockets: 500, rate: 1_500, calmRate: 150, seconds: 10, route: 'burn.two' }
  ])
  t.match(measured, {
    value: 480,
    floor: 500,
    rate: 1_500,
    p50: 150_000,
    p99: 300_000,
    lateP99: 150,
    memoryGrowth: 1.02
  })
  const longer = createRound({ flood, overload: { ...result, recovered: 2 * 5_250 + 300 } })
  const other = await work.run(createRacer({ port: 7, results: [1.02] }), longer.round)
  const ratio = measured.cost!.process / other.cost!.process
  t.equal(Math.round(ratio * 1_000), 3_000, 'the requests of the recovery have their part of the cost')
})

t.test('it ends with an error if not all is as before when it is over', async t => {
  const refused = { ...result, calm: { requests: 150, refused: 3, p99: 4_000 } }
  await t.rejects(work.run(createRacer(), createRound({ flood, overload: refused }).round), {
    message: '2 s after the overload 3 of 150 requests were refused'
  })
  const slow = { ...result, calm: { requests: 150, refused: 0, p99: 250_000 } }
  await t.rejects(work.run(createRacer(), createRound({ flood, overload: slow }).round), {
    message: '2 s after the overload p99 was 250000 µs'
  })
})
