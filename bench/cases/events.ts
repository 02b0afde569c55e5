/**
 * Cases about events and channels. They measure events from handlers to players, and clients that resume and
 * get the events that they missed.
 */
import type { GatewayOptions } from '../../gateway/index.js'
import { audience } from '../work/audience.js'
import { churn } from '../work/churn.js'
import { storm } from '../work/storm.js'
import { longer, type Work } from '../work/work.js'
import type { Case, Contender } from './case.js'
import { atLeast, atMost } from './goal.js'

function gateway(work: Work, options: Partial<GatewayOptions> = {}): Contender {
  return {
    name: 'gateway',
    file: 'servers/gateway',
    args: [JSON.stringify({ workers: 1, ...options })],
    work
  }
}

type Broadcast = 'text' | 'prepared' | 'written'

function floor(name: string, work: Work, broadcast: Broadcast = 'text'): Contender {
  return { name, file: 'floors/events', args: [broadcast], work }
}

const toMany = audience({
  receivers: 1_000,
  first: 'events.join',
  tick: 'events.ten',
  eventsPerTick: 10,
  inFlight: 2
})

const fanout: Case = {
  name: 'events-fanout',
  unit: 'events/s',
  better: 'more',
  ours: gateway(toMany),
  beside: [{ floor: floor('a loop of ws.send', toMany), goals: [atLeast(3)] }]
}

const steadily = longer(
  3,
  audience({
    receivers: 1_000,
    first: 'events.join',
    tick: 'events.one',
    eventsPerTick: 1,
    interval: 50
  })
)

/**
 * As many events as a game with 20 ticks a second sends. The rate is fixed, so CPU is compared. Each socket
 * gets one frame in a write, so nothing is saved by packing frames. A floor that needs 1.2 × our CPU is the
 * goal. The second floor is the least that any server can do: one write to each TCP socket.
 */
const steady: Case = {
  name: 'events-steady',
  unit: 'CPU µs for an event',
  better: 'less',
  ours: gateway(steadily),
  beside: [
    { floor: floor('ws.send of one prepared frame', steadily, 'prepared'), goals: [atMost(1 / 1.2)] },
    { floor: floor('a write of one frame to each TCP socket', steadily, 'written') }
  ]
}

const toOne = audience({
  receivers: 1,
  first: 'events.join',
  tick: 'events.hundred',
  eventsPerTick: 100,
  inFlight: 4
})

const single: Case = {
  name: 'events-single',
  unit: 'events/s',
  better: 'more',
  ours: gateway(toOne),
  beside: [{ floor: floor('a loop of ws.send', toOne), goals: [atLeast(1)] }]
}

const channelChurn: Case = {
  name: 'channel-churn',
  unit: 'joins/s',
  better: 'more',
  ours: gateway(churn(), { maxChannels: 1_000 }),
  beside: [{ goals: [atLeast(100_000, 'ours')] }]
}

const resume: Case = {
  name: 'resume',
  unit: 'clients/s',
  better: 'more',
  ours: gateway(storm({ first: 'session.login', missed: 10 })),
  beside: [
    {
      floor: {
        name: 'ws: new connections, a message each way',
        file: 'floors/idle',
        work: storm({ first: 'session.login', missed: 0 })
      },
      goals: [atLeast(0.5)]
    }
  ]
}

export const eventCases: readonly Case[] = [fanout, steady, single, channelChurn, resume]
