/** Cases about pushes. Most begin in a worker, with no load from outside. */
import type { GatewayOptions } from '../../gateway/index.js'
import type { PortMessage } from '../floors/port-worker.js'
import type { Stretch } from '../servers/stretch.js'
import { flood } from '../work/flood.js'
import { stretch } from '../work/stretch.js'
import type { Case, Contender } from './case.js'
import { atLeast, atMost } from './goal.js'

type PushStretch = Omit<Stretch, 'seconds'>

/** A gateway whose handlers push by themselves, with one worker unless the options say otherwise. */
function gateway(name: string, asked: PushStretch, options: Partial<GatewayOptions> = {}): Contender {
  return {
    name,
    file: 'servers/gateway',
    args: [JSON.stringify({ workers: 1, ...options })],
    work: stretch(asked)
  }
}

function port(name: string, message: PortMessage, waiting = 1): Contender {
  return { name, file: 'floors/port', args: [message], work: stretch({ waiting }) }
}

function pipelined(waiting: number): Case {
  return {
    name: 'push-pipelined',
    detail: `${waiting.toLocaleString('en-US')} waiting`,
    unit: 'pushes/s',
    better: 'more',
    ours: gateway('gateway', { route: 'push.position', waiting }),
    beside: [{ floor: port('a message and an ack for each push', 'push', waiting), goals: [atLeast(3)] }]
  }
}

const roundTrip = port("the port's round trip", 'ping', 1)

/** Pushes that the gateway acks, one after the other. */
const sequential: Case = {
  name: 'push-sequential',
  unit: 'pushes/s',
  better: 'more',
  ours: gateway('gateway', { route: 'push.acked', waiting: 1 }),
  beside: [{ floor: roundTrip, goals: [atLeast(0.8)] }]
}

/** Pushes that the worker settles, one after the other. */
const settled: Case = {
  name: 'push-settled',
  unit: 'pushes/s',
  better: 'more',
  ours: gateway('gateway', { route: 'push.position', waiting: 1 }),
  beside: [{ floor: roundTrip }]
}

const unawaited: Case = {
  name: 'push-unawaited',
  unit: 'requests/s',
  better: 'more',
  ours: {
    name: 'gateway',
    file: 'servers/gateway',
    work: flood({ sockets: 50, inFlight: 16, route: 'push.ten', bodyBytes: 64, check: 'counted' })
  },
  beside: [
    {
      floor: {
        name: 'the handler without pushes',
        file: 'servers/gateway',
        work: flood({ sockets: 50, inFlight: 16, route: 'push.none', bodyBytes: 64, check: 'ordered' })
      },
      goals: [atMost(1.5, 'gatewayMicrosPerPush')]
    }
  ],
  pushesPerOperation: 10
}

/**
 * Pushes of a hundred keys at once, by `apushAll`. The floor of encoding does in one thread what no design
 * can do without: it encodes the same values by the same function, as one text, in the bytes that would cross
 * to the gateway. It sends nothing. The second floor posts that text over a port, and the main thread puts
 * each key into a Map: the least that has to be done to keep the values in another thread. The gateway and
 * the worker both count for ours, and so does the idle main thread for the first floor.
 */
const all: Case = {
  name: 'push-all',
  unit: 'keys/s',
  better: 'more',
  ours: gateway('gateway', { route: 'push.everything' }),
  beside: [
    { floor: gateway('the encoding alone', { route: 'push.encoded' }), goals: [atMost(1.3, 'cpuRatio')] },
    { floor: port('the encoding, and a port to a Map', 'texts'), goals: [atMost(1.3, 'cpuRatio')] },
    { floor: gateway('100 single pushes, unawaited', { route: 'push.singly' }) }
  ]
}

const rich: Case = {
  name: 'push-rich',
  unit: 'values/s',
  better: 'more',
  ours: gateway('gateway', { route: 'push.rich', waiting: 64 }),
  beside: [
    {
      floor: { name: 'superjson.stringify + parse', file: 'floors/superjson', work: stretch({}) },
      goals: [atLeast(0.7)]
    }
  ]
}

/** Creates the case in which `count` workers push at the same time. */
function workers(count: number): Case {
  const asked: PushStretch = { route: 'push.position', waiting: 64 }
  return {
    name: 'push-workers',
    detail: `${count} workers`,
    unit: 'pushes/s',
    better: 'more',
    ours: gateway('gateway', { ...asked, players: count }, { workers: count }),
    beside: [{ floor: gateway('1 worker', asked), goals: [atMost(1.2, 'gatewayRatio')] }]
  }
}

const valueSize: Case = {
  name: 'value-size',
  unit: 'pushes/s',
  better: 'more',
  ours: gateway(
    'gateway',
    { route: 'push.thousand', ballast: 1_000_000 },
    // Enough for the ballast and for the pushed values.
    { maxSettingsLength: 1_100_000 }
  ),
  beside: [{ floor: gateway('an empty session', { route: 'push.thousand' }), goals: [atLeast(0.9)] }]
}

export const pushCases: readonly Case[] = [
  pipelined(64),
  pipelined(256),
  pipelined(1024),
  sequential,
  settled,
  unawaited,
  all,
  rich,
  workers(2),
  workers(4),
  workers(8),
  valueSize
]
