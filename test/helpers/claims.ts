/** Claims of gateways within one process, on a LocalNetwork, with sessions that a test holds by itself. */
import type { Test } from 'tap'
import { ClusterClaims } from '../../gateway/cluster/claims/cluster-claims.js'
import { type ClaimMode, questionsVersion } from '../../gateway/cluster/claims/questions.js'
import type { GatewayError } from '../../shared/errors.js'
import { TestCluster, type TestMember } from './members.js'

/** A gateway with claims, and the sessions that it has bound. */
export class TestClaimant {
  readonly claims: ClusterClaims
  readonly member: TestMember
  /** The uids of bound sessions. */
  readonly bound = new Map<number, string>()
  /** Sessions whose client is away. */
  readonly away = new Set<number>()
  #lastSid = 0

  constructor(member: TestMember, mode: ClaimMode, leaseTtl: number, claimTimeout: number) {
    this.member = member
    this.claims = new ClusterClaims({
      bus: member.bus,
      cluster: 'test',
      members: member.members,
      mode,
      leaseTtl,
      claimTimeout,
      metrics: member.metrics,
      log: { debug() {}, info() {}, warn() {}, error: (...line) => console.error(...line) },
      monotonic: () => performance.now(),
      sessions: {
        giveUp: (uid, sid, how) => {
          if (this.bound.get(sid) !== uid) return true
          if (how === 'reject' && !this.away.has(sid)) return false
          this.end(sid)
          return true
        }
      }
    })
  }

  /** Binds a new session. Resolves to its number, or to the error. */
  async bind(uid: string): Promise<number | GatewayError> {
    const sid = ++this.#lastSid
    const error = await this.claims.claim(uid, sid)
    if (error !== undefined) return error
    if (!this.claims.isHeld(uid, sid)) throw new Error('lost in the moment between')
    this.bound.set(sid, uid)
    return sid
  }

  /** Ends a session. */
  end(sid: number): void {
    const uid = this.bound.get(sid)
    this.bound.delete(sid)
    if (uid !== undefined) this.claims.release(uid, sid)
  }
}

export interface ClaimantsInit {
  readonly mode: ClaimMode
  readonly names: readonly string[]
  readonly leaseTtl?: number
  readonly claimTimeout?: number
}

export async function createClaimants(t: Test, init: ClaimantsInit) {
  const { mode, names, leaseTtl = 60_000, claimTimeout = 10_000 } = init
  const cluster = new TestCluster(t, leaseTtl)
  const join = async (name: string) => {
    const member = await cluster.join(name, { claimsVersion: questionsVersion })
    const claimant = new TestClaimant(member, mode, leaseTtl, claimTimeout)
    await claimant.claims.open()
    t.teardown(() => claimant.claims.close())
    return claimant
  }
  const claimants = await Promise.all(names.map(join))
  return { cluster, network: cluster.network, claimants, join }
}
