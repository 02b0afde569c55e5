/**
 * Claims by compare-and-set, as a store of keys on NATS offers it: what the cluster's claims do not do. They
 * ask first and certify deaths as the cluster's claims do, and race to show the difference.
 */
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import type { Bus } from '../../../gateway/cluster/bus/bus.js'
import { subjectsOf, tokenOf } from '../../../gateway/cluster/bus/subjects.js'
import { type ClaimName, formatClaimName, parseClaimName } from '../../../gateway/cluster/claims/claim.js'
import { Questions } from '../../../gateway/cluster/claims/questions.js'
import type { Members } from '../../../gateway/cluster/members/members.js'
import type { ClaimedSessions, UserClaims } from '../../../gateway/sessions/user-claims.js'
import { errors, type GatewayError } from '../../../shared/errors.js'

export interface CasClaimsInit {
  readonly bus: Bus
  readonly cluster: string
  readonly members: Members
  readonly sessions: ClaimedSessions
  readonly mode: 'reject' | 'kick'
  readonly claimTimeout: number
  readonly replicas: number
  readonly servers: string
}

const stream = 'cas'

interface Held {
  readonly name: ClaimName
  number: number
}

export class CasClaims implements UserClaims {
  readonly #init: CasClaimsInit
  readonly #client: NatsConnection
  readonly #questions: Questions
  readonly #held = new Map<string, Held>()
  #lastNumber = 0

  private constructor(init: CasClaimsInit, client: NatsConnection) {
    this.#init = init
    this.#client = client
    this.#questions = new Questions({
      bus: init.bus,
      subjects: subjectsOf(init.cluster),
      answerTime: 200,
      answer: ({ uid, name, mode }) => {
        const found = [...this.#held].find(
          ([key, held]) => key.endsWith(` ${uid}`) && held.name.number === name.number
        )
        if (found === undefined) return 'gone'
        if (found[1].number === 0) return 'pending'
        if (!init.sessions.giveUp(uid, Number(found[0].split(' ')[0]), mode)) return 'held'
        this.#held.delete(found[0])
        return 'gone'
      }
    })
  }

  static async open(init: CasClaimsInit): Promise<CasClaims> {
    const client = await connect({ servers: init.servers.split(','), maxReconnectAttempts: -1 })
    const config = {
      name: stream,
      subjects: [`${stream}.*`],
      num_replicas: init.replicas,
      max_msgs_per_subject: 1
    }
    await client.request(`$JS.API.STREAM.CREATE.${stream}`, JSON.stringify(config), { timeout: 10_000 })
    const claims = new CasClaims(init, client)
    claims.#questions.answerFor(init.members.start)
    init.members.watch({ restarted: start => claims.#questions.answerFor(start) })
    return claims
  }

  async claim(uid: string, sid: number): Promise<GatewayError | undefined> {
    const { members, claimTimeout } = this.#init
    const end = performance.now() + claimTimeout
    const name = { start: members.start, number: ++this.#lastNumber }
    const key = `${sid} ${uid}`
    this.#held.set(key, { name, number: 0 })
    const error = await this.#lead(uid, name, key, end)
    if (error !== undefined) this.#held.delete(key)
    return error
  }

  async #lead(uid: string, name: ClaimName, key: string, end: number): Promise<GatewayError | undefined> {
    const { members, mode } = this.#init
    let expected = 0
    while (performance.now() < end && members.hasLease && members.start === name.start) {
      const number = await this.#set(uid, name, expected)
      if (!members.hasLease || members.start !== name.start) break
      if (number !== undefined) {
        this.#held.get(key)!.number = number
        return undefined
      }
      const found = await this.#get(uid)
      if (found === undefined) continue
      expected = found.number
      if (found.name === undefined) continue
      const { start } = found.name
      const answer = await this.#questions.ask(start, { about: 'entry', mode, name: found.name, uid })
      const isFree = answer === 'gone' || (answer === undefined && (await members.isDead(start)) === true)
      if (answer === 'held') return errors.singleSession(uid)
      if (!isFree) expected = -1
    }
    return errors.clusterUnavailable('the user', 'in time')
  }

  isHeld(uid: string, sid: number): boolean {
    return this.#held.has(`${sid} ${uid}`)
  }

  release(uid: string, sid: number): void {
    const held = this.#held.get(`${sid} ${uid}`)
    this.#held.delete(`${sid} ${uid}`)
    if (held !== undefined) void this.#set(uid, undefined, held.number)
  }

  async close(): Promise<void> {
    this.#questions.close()
    await this.#client.close()
  }

  /** Sets who has a user, if the last entry is the expected one. Returns its number. */
  async #set(uid: string, name: ClaimName | undefined, expected: number): Promise<number | undefined> {
    const condition = headers()
    condition.set('Nats-Expected-Last-Subject-Sequence', `${expected}`)
    const text = name === undefined ? 'free' : formatClaimName(name)
    const answer = await this.#request(`${stream}.${tokenOf(uid)}`, text, condition)
    return answer?.error === undefined ? answer?.seq : undefined
  }

  async #get(uid: string): Promise<{ name: ClaimName | undefined; number: number } | undefined> {
    const asked = JSON.stringify({ last_by_subj: `${stream}.${tokenOf(uid)}` })
    const answer = await this.#request(`$JS.API.STREAM.MSG.GET.${stream}`, asked)
    const { seq, data } = answer?.message ?? {}
    if (seq === undefined) return answer?.error === undefined ? undefined : { name: undefined, number: 0 }
    return { name: parseClaimName(Buffer.from(data ?? '', 'base64').toString()), number: seq }
  }

  async #request(subject: string, text: string, condition = headers()): Promise<JetAnswer | undefined> {
    try {
      const answer = await this.#client.request(subject, text, { timeout: 1_000, headers: condition })
      return answer.json<JetAnswer>()
    } catch {
      return undefined
    }
  }
}

interface JetAnswer {
  readonly error?: unknown
  readonly seq?: number
  readonly message?: { readonly seq: number; readonly data: string }
}
