/** Members of a cluster within one process, on a LocalNetwork, for unit tests. */
import type { Test } from 'tap'
import type { LocalBus } from '../../gateway/cluster/bus/local-bus.js'
import { LocalNetwork } from '../../gateway/cluster/bus/local-network.js'
import { createMembers } from '../../gateway/cluster/members/create-members.js'
import type { Members } from '../../gateway/cluster/members/members.js'
import type { MembersInit } from '../../gateway/cluster/members/members-init.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'

export interface TestMember {
  readonly bus: LocalBus
  readonly members: Members
  readonly metrics: Metrics
  /** What the listener was told, as texts. */
  readonly told: string[]
}

export const noLoad = { connections: 0, sessions: 0, queueDelay: 0, eventLoopDelay: 0, heapUsed: 0 }

/** Milliseconds of a lease in tests that don't wait for its end. */
export const longLease = 60_000

/** A network whose members leave at the end of the test. */
export class TestCluster {
  readonly network = new LocalNetwork()
  readonly lines: string[] = []
  readonly leaseTtl: number
  readonly #t: Test

  constructor(t: Test, leaseTtl: number) {
    this.#t = t
    this.leaseTtl = leaseTtl
  }

  /** `bus`: the name of the bus, if it is not that of the gateway. */
  async join(
    frontendId: string,
    init: Partial<MembersInit> & { busName?: string } = {}
  ): Promise<TestMember> {
    const { busName, ...rest } = init
    const bus = this.network.join(busName ?? frontendId)
    const metrics = new Metrics()
    const line = (text: string) => this.lines.push(`${frontendId}: ${text}`)
    const members = await createMembers({
      bus,
      cluster: 'test',
      frontendId,
      version: '1.0.0',
      protocol: { least: 1, most: 1 },
      leaseTtl: this.leaseTtl,
      load: () => noLoad,
      alike: {},
      metrics,
      log: { debug: line, info: line, warn: line, error: line },
      monotonic: () => performance.now(),
      ...rest
    }).catch(async error => {
      await bus.close()
      throw error
    })
    this.#t.teardown(async () => {
      this.network.heal()
      await members.leave()
      await bus.close()
    })
    const told: string[] = []
    members.watch({
      joined: ({ frontendId }) => told.push(`joined ${frontendId}`),
      left: (_, frontendId) => told.push(`left ${frontendId}`),
      stateChanged: isDegraded => told.push(isDegraded ? 'degraded' : 'well'),
      restarted: () => told.push('restarted')
    })
    return { bus, members, metrics, told }
  }
}
