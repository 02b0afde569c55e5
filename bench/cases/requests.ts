/** Cases about requests, with closed loops: as many requests as the server can answer. */

import { type FloodInit, flood } from '../work/flood.js'
import type { Beside, Case, Contender } from './case.js'
import { atLeast, atMost, type Goal } from './goal.js'

interface RequestsInit {
  readonly sockets: number
  /** Requests in flight on each socket. */
  readonly inFlight: number
  readonly echoGoals?: readonly Goal[]
  readonly poolGoals?: readonly Goal[]
}

/** Creates a case in which each request adds one to its session's counter. The load checks the replies. */
function requests({ sockets, inFlight, echoGoals = [], poolGoals = [] }: RequestsInit): Case {
  const asked: Omit<FloodInit, 'check'> = {
    sockets,
    inFlight,
    route: 'counter.add',
    bodyBytes: 64,
    isTimed: sockets === 1 && inFlight === 1
  }
  const echo: Contender = {
    name: 'ws echo',
    file: 'floors/echo',
    work: flood({ ...asked, check: 'ordered' })
  }
  const poolRun: Contender = {
    name: 'pool.run per request',
    file: 'floors/pool-run',
    // This floor keeps neither the order of replies nor the counter, except with one request in flight.
    work: flood({ ...asked, check: inFlight === 1 ? 'counted' : 'any' })
  }
  const beside: Beside[] = [
    { floor: echo, goals: echoGoals },
    { floor: poolRun, goals: poolGoals }
  ]
  return {
    name: `requests-${sockets}x${inFlight}`,
    unit: 'requests/s',
    better: 'more',
    ours: { name: 'gateway', file: 'servers/gateway', work: flood({ ...asked, check: 'counted' }) },
    beside
  }
}

export const requestCases: readonly Case[] = [
  requests({ sockets: 50, inFlight: 16, echoGoals: [atLeast(2.5)], poolGoals: [atLeast(8)] }),
  requests({ sockets: 50, inFlight: 1, echoGoals: [atLeast(0.8)] }),
  requests({ sockets: 1, inFlight: 16, echoGoals: [atLeast(0.8)] }),
  requests({ sockets: 1, inFlight: 1, poolGoals: [atMost(1.25, 'p50Ratio')] })
]
