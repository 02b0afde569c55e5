/** The cost of the console with 10,000 sessions: while an operator looks at it, and while nobody does. */
import { inCrowd } from '../work/crowd.js'
import { nobodyLooks, operator } from '../work/operator.js'
import { longer } from '../work/work.js'
import type { Case } from './case.js'
import { atMost } from './goal.js'

const crowd = { size: 10_000, first: 'session.login' }

const file = 'servers/gateway'
const token = 'token of the bench'
const args = [JSON.stringify({ internalPort: 0, consoleToken: token })]

const idle = inCrowd(crowd, longer(10, nobodyLooks()))

export const consoleCases: readonly Case[] = [
  {
    name: 'console-open',
    unit: '% of a core',
    better: 'less',
    // No user has this name, so that the search looks at all of them.
    ours: {
      name: 'gateway',
      file,
      args,
      work: inCrowd(crowd, longer(10, operator({ token, search: 'nobody' })))
    },
    beside: [{ goals: [atMost(2, 'ours')] }]
  },
  {
    name: 'console-closed',
    unit: '% of a core',
    better: 'less',
    ours: { name: 'gateway with console', file, args, work: idle },
    beside: [{ floor: { name: 'without console', file, work: idle } }]
  }
]
