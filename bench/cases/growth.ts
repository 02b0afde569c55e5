/** Cases about growth: the same handler for more and more active sockets, beside a bare `ws` echo. */
import { type FloodInit, flood } from '../work/flood.js'
import type { Case } from './case.js'

/** Numbers of active sockets. */
export const growthSockets = [10, 100, 1_000, 5_000] as const

/** Requests in flight on each socket. */
export const growthInFlight = [1, 16] as const

function growth(sockets: number, inFlight: number): Case {
  const asked: Omit<FloodInit, 'check'> = {
    sockets,
    inFlight,
    route: 'idiom.apush',
    bodyBytes: 64,
    isTimed: true
  }
  return {
    name: `growth-${sockets}x${inFlight}`,
    unit: 'requests/s',
    better: 'more',
    ours: { name: 'gateway', file: 'servers/gateway', work: flood({ ...asked, check: 'counted' }) },
    beside: [{ floor: { name: 'ws echo', file: 'floors/echo', work: flood({ ...asked, check: 'ordered' }) } }]
  }
}

export const growthCases: readonly Case[] = growthInFlight.flatMap(inFlight =>
  growthSockets.map(sockets => growth(sockets, inFlight))
)
