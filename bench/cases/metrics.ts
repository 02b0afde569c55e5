/** The cost of the metrics: our server with an internal port, beside the same one without. */
import { type FloodInit, flood } from '../work/flood.js'
import type { Case } from './case.js'
import { atLeast } from './goal.js'

const asked: FloodInit = {
  sockets: 50,
  inFlight: 16,
  route: 'counter.add',
  bodyBytes: 64,
  isTimed: false,
  check: 'counted'
}

const file = 'servers/gateway'

export const metricsCases: readonly Case[] = [
  {
    name: 'metrics',
    unit: 'requests/s',
    better: 'more',
    ours: { name: 'gateway with metrics', file, args: ['{"internalPort":0}'], work: flood(asked) },
    beside: [{ floor: { name: 'without metrics', file, work: flood(asked) }, goals: [atLeast(0.97)] }]
  }
]
