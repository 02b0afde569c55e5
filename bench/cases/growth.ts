/** Cases about growth: the same handler for more and more active sockets, beside a bare `ws` echo. */
import { type FloodInit, flood } from '../work/flood.js'
import { longer, type Work } from '../work/work.js'
import type { Case } from './case.js'

/** Numbers of active sockets. */
export const growthSockets = [10, 100, 1_000, 5_000] as const

/** Requests in flight on each socket. */
export const growthInFlight = [1, 16] as const

/** Requests in flight in total above which a measurement takes longer: each waits for so many others. */
const many = 10_000
const longerForMany = 4

function growth(sockets: number, inFlight: number): Case {
  const asked: Omit<FloodInit, 'check'> = {
    sockets,
    inFlight,
    route: 'idiom.apush',
    bodyBytes: 64,
    isTimed: true
  }
  const flooded = (check: FloodInit['check']): Work =>
    longer(sockets * inFlight > many ? longerForMany : 1, flood({ ...asked, check }))
  return {
    name: `growth-${sockets}x${inFlight}`,
    unit: 'requests/s',
    better: 'more',
    ours: { name: 'gateway', file: 'servers/gateway', work: flooded('counted') },
    beside: [{ floor: { name: 'ws echo', file: 'floors/echo', work: flooded('ordered') } }]
  }
}

export const growthCases: readonly Case[] = growthInFlight.flatMap(inFlight =>
  growthSockets.map(sockets => growth(sockets, inFlight))
)
