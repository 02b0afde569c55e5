/**
 * Cases about latency, with open loops. Requests come at random times, also more of them than the server can
 * handle.
 */
import { availableParallelism } from 'node:os'
import { atLoad } from '../work/open-loop.js'
import { overload } from '../work/overload.js'
import { slowNeighbour } from '../work/slow-neighbour.js'
import type { Case } from './case.js'
import { atLeast, atMost } from './goal.js'

const workers = availableParallelism()
const args = [JSON.stringify({ workers })]

const latencyAtLoad: Case = {
  name: 'latency-at-load',
  unit: 'µs, p99',
  better: 'less',
  ours: {
    name: 'gateway',
    file: 'servers/gateway',
    args,
    work: atLoad({ sockets: 200, route: 'counter.add', bodyBytes: 64, share: 0.5 })
  },
  beside: [{ goals: [atMost(5_000, 'p99')] }]
}

const besideSlow: Case = {
  name: 'slow-neighbour',
  unit: 'µs, p99',
  better: 'less',
  ours: {
    name: 'gateway',
    file: 'servers/gateway',
    args,
    work: slowNeighbour({
      // With 1,000 sockets, two requests of one session rarely overlap. Such requests would run one after the
      // other even if other workers are idle.
      sockets: 1_000,
      route: 'counter.add',
      heavy: { route: 'burn.twenty', share: 0.1, millis: 20 },
      bodyBytes: 64,
      share: 0.3,
      workers
    })
  },
  beside: [{ floor: 'an ideal queue', goals: [atMost(1.5)] }]
}

/** The gateway's option `maxQueueDelay`, in milliseconds. */
const maxQueueDelay = 500

const tooMany: Case = {
  name: 'overload',
  unit: 'requests/s',
  better: 'more',
  ours: {
    name: 'gateway',
    file: 'servers/gateway',
    // One worker only, because the gateway and the load need the rest of two cores.
    // Requests are refused on purpose, which the log would tell.
    args: [JSON.stringify({ workers: 1, maxQueueDelay, logLevel: 'error' })],
    work: overload({ sockets: 500, route: 'burn.two', bodyBytes: 64, times: 3, calm: 0.3, maxQueueDelay })
  },
  beside: [
    {
      floor: 'the capacity',
      goals: [atLeast(0.9), atMost(2 * maxQueueDelay * 1000, 'p99'), atMost(1.1, 'memoryGrowth')]
    }
  ]
}

export const latencyCases: readonly Case[] = [latencyAtLoad, besideSlow, tooMany]
