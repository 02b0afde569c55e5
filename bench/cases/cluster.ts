/** Cases about several gateways, in processes of their own, on one nats-server. */
import type { ClusterInit } from '../servers/cluster.js'
import { type FarInit, far } from '../work/far.js'
import { names } from '../work/names.js'
import type { Case, Contender } from './case.js'
import { atMost } from './goal.js'

function cluster(name: string, init: ClusterInit, asked: FarInit): Contender {
  return { name, file: 'servers/cluster', args: [JSON.stringify(init)], work: far(asked) }
}

/** Pushes to a session of another gateway; the CPU is that of both gateways and of NATS. */
function relayed(waiting: number, most: number): Case {
  const asked: FarInit = { route: 'far.push', waiting }
  return {
    name: 'relay-push',
    detail: `${waiting.toLocaleString('en-US')} waiting`,
    unit: 'pushes/s',
    better: 'more',
    ours: cluster('two gateways', { gateways: 2 }, asked),
    beside: [
      {
        floor: cluster('one gateway', { gateways: 1, isAlone: true }, asked),
        goals: [atMost(most, 'cpuRatio')]
      }
    ]
  }
}

const alone: Case = {
  name: 'relay-alone',
  unit: 'µs, p50',
  better: 'less',
  ours: cluster('two gateways', { gateways: 2 }, { route: 'far.alone' }),
  beside: [
    {
      floor: { name: 'a request of NATS', file: 'floors/nats', work: far({ route: 'far.alone' }) },
      goals: [atMost(1.6, 'p50Ratio')]
    }
  ]
}

/** Pushes to a session of the own gateway, which NATS has when the push is answered. */
const through: Case = {
  name: 'replicate-push',
  unit: 'µs, p50',
  better: 'less',
  ours: cluster('through', { gateways: 1, replicate: 'through' }, { route: 'far.alone' }),
  beside: [
    { floor: cluster('none', { gateways: 1, replicate: 'none' }, { route: 'far.alone' }) },
    { floor: { name: 'a request of NATS', file: 'floors/nats', work: far({ route: 'far.alone' }) } }
  ]
}

const gateways = 8

/** Broadcasts to one session in each gateway, counted. */
const broadcast: Case = {
  name: 'cluster-broadcast',
  detail: `${gateways} gateways`,
  unit: 'broadcasts/s',
  better: 'more',
  ours: cluster('gateways', { gateways }, { route: 'far.broadcast', waiting: 16, members: gateways }),
  beside: [
    {
      floor: cluster(
        'one gateway',
        { gateways: 1, isAlone: true },
        { route: 'far.broadcast', waiting: 16, members: gateways }
      )
    }
  ]
}

const nameCount = 1_000_000

/** What each gateway knows of the users and channels of all others. */
const interest: Case = {
  name: 'interest',
  detail: '1,000,000 names',
  unit: 'bytes/name',
  better: 'less',
  ours: { name: 'the table', file: 'servers/interest', work: names(nameCount) },
  beside: [
    {
      floor: { name: 'a Map of texts', file: 'servers/interest', args: ['map'], work: names(nameCount) },
      goals: [atMost(30, 'ours')]
    }
  ]
}

export const clusterCases: readonly Case[] = [
  relayed(64, 5),
  relayed(256, 3),
  relayed(1024, 2.2),
  alone,
  through,
  broadcast,
  interest
]
