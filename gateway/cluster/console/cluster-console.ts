/** A gateway's part in the consoles of its cluster: it asks the others, and answers them. */
import type { OtherGateways } from '../../console/other-gateways.js'
import type { Subscription } from '../bus/bus.js'
import { subjectsOf } from '../bus/subjects.js'
import { FarGateways, type FarGatewaysInit } from './far-gateways.js'
import { LookedAt, type LookedAtInit } from './looked-at.js'

export interface ClusterConsoleInit
  extends Omit<FarGatewaysInit, 'subjectOf'>,
    Omit<LookedAtInit, 'bus' | 'subject'> {}

export interface ClusterConsole extends Subscription {
  readonly others: OtherGateways
}

/** Begins to answer the consoles of other gateways. */
export function createClusterConsole(init: ClusterConsoleInit): ClusterConsole {
  const { name, membership } = init
  const { look: subjectOf } = subjectsOf(name)
  let state: 'open' | 'ended' = 'open'
  let lookedAt = new LookedAt({ ...init, subject: subjectOf(membership.start) })
  membership.watch({
    restarted: start => {
      if (state === 'ended') return
      lookedAt.close()
      lookedAt = new LookedAt({ ...init, subject: subjectOf(start) })
    }
  })
  return {
    others: new FarGateways({ ...init, subjectOf }),
    end: () => {
      state = 'ended'
      lookedAt.close()
    }
  }
}
