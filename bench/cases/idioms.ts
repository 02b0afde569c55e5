/** Cases about the ways in which games push, each beside a bare `ws` echo in the same run. */
import { type FloodInit, flood } from '../work/flood.js'
import type { Case, Contender } from './case.js'
import { atLeast, type Goal } from './goal.js'

/** The handlers of `handlers/idiom.ts`. */
const idioms = [
  'push',
  'callback',
  'apush',
  'all',
  'update',
  'commit',
  'send',
  'asend',
  'read',
  'timer'
] as const

type Idiom = (typeof idioms)[number]

/** Numbers of sockets, and of requests in flight on each. */
const loads = ['50x16', '50x1', '1x16', '1x1'] as const

type Load = (typeof loads)[number]

const goals: Partial<Record<`${Idiom}-${Load}`, readonly Goal[]>> = {
  'push-50x16': [atLeast(2.5)],
  'apush-50x16': [atLeast(1.8)],
  'apush-1x16': [atLeast(0.5)],
  'apush-50x1': [atLeast(0.65)]
}

function idiomCase(idiom: Idiom, load: Load): Case {
  const [sockets, inFlight] = load.split('x').map(Number) as [number, number]
  const asked: Omit<FloodInit, 'check'> = {
    sockets,
    inFlight,
    route: `idiom.${idiom}`,
    bodyBytes: 64,
    isTimed: sockets === 1 && inFlight === 1
  }
  const echo: Contender = {
    name: 'ws echo',
    file: 'floors/echo',
    work: flood({ ...asked, check: 'ordered' })
  }
  return {
    name: `idiom-${idiom}-${load}`,
    unit: 'requests/s',
    better: 'more',
    ours: { name: 'gateway', file: 'servers/gateway', work: flood({ ...asked, check: 'counted' }) },
    beside: [{ floor: echo, goals: goals[`${idiom}-${load}`] ?? [] }]
  }
}

export const idiomCases: readonly Case[] = loads.flatMap(load => idioms.map(idiom => idiomCase(idiom, load)))
