/** Gateways of a test with links and a table of interest each. */
import { Interest } from '../../gateway/cluster/interest/interest.js'
import { type LinkedGateway, LinkedGateways, type LinkLimits } from './linked-gateways.js'
import { Names } from './names.js'

export interface InterestedGateway extends LinkedGateway {
  readonly users: Names
  readonly channels: Names
  readonly interest: Interest
}

export class InterestedGateways extends LinkedGateways {
  override make(name: string, limits?: LinkLimits): InterestedGateway {
    const made = super.make(name, limits)
    const users = new Names()
    const channels = new Names()
    const { links, metrics } = made
    const { monotonic } = this.time
    const { soon, after } = this.time.timing
    const interest = new Interest({ links, users, channels, soon, after, monotonic, metrics })
    return Object.assign(made, { users, channels, interest })
  }

  override link(names: readonly string[], limits?: LinkLimits): InterestedGateway[] {
    return super.link(names, limits) as InterestedGateway[]
  }
}
