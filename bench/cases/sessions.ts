/** Cases about the cost of open sessions: by their settings, by their number, and when they are idle. */

import { inCrowd } from '../work/crowd.js'
import { type FloodInit, flood } from '../work/flood.js'
import { memoryOfConnections } from '../work/memory-of-connections.js'
import type { Work } from '../work/work.js'
import type { Case, Contender } from './case.js'
import { atLeast, atMost } from './goal.js'

const counter = { route: 'counter.add', bodyBytes: 64, check: 'counted' } satisfies Partial<FloodInit>

const furnished: FloodInit = { ...counter, sockets: 500, inFlight: 4, first: 'session.furnish' }

const requests500x4: Case = {
  name: 'requests-500x4',
  unit: 'requests/s',
  better: 'more',
  ours: { name: 'gateway', file: 'servers/gateway', work: flood(furnished) },
  beside: [
    {
      floor: { name: 'ws echo', file: 'floors/echo', work: flood({ ...furnished, check: 'ordered' }) },
      goals: [atLeast(1.2)]
    }
  ]
}

const active = 100

/** Creates a case with `sessions` open sessions, of which a hundred send requests. */
function scaling(sessions: number): Case {
  const work = flood({ ...counter, sockets: active, inFlight: 8 })
  const gateway = (open: number, work: Work): Contender => ({
    name: `${open.toLocaleString('en-US')} sessions`,
    file: 'servers/gateway',
    work
  })
  const crowd = { size: sessions - active, first: 'session.login' }
  return {
    name: `sessions-scaling-${sessions}`,
    unit: 'requests/s',
    better: 'more',
    ours: gateway(sessions, inCrowd(crowd, work)),
    beside: [{ floor: gateway(active, work), goals: [atLeast(0.85)] }]
  }
}

const connections: Case = {
  name: 'connections',
  unit: 'bytes each',
  better: 'less',
  ours: { name: 'gateway', file: 'servers/gateway', work: memoryOfConnections('session.login') },
  beside: [
    {
      floor: { name: 'ws', file: 'floors/idle', work: memoryOfConnections('session.login') },
      goals: [atMost(1.6)]
    }
  ]
}

export const sessionCases: readonly Case[] = [requests500x4, connections, scaling(1_000), scaling(10_000)]
