/** The other gateways of a cluster, as the console of this one describes and asks them. */
import type { ClusterDetail, LinkRow, MemberRow, MemberState } from '../../console/api/cluster-answers.js'
import type { SessionRow, SessionsPage, SessionsQuery } from '../../console/api/console-api.js'
import type { FarCall, FarOutcome, OtherGateways } from '../../console/other-gateways.js'
import type { Bus } from '../bus/bus.js'
import type { Link, Links } from '../link/links.js'
import type { Member, MemberLoad, Membership } from '../members/membership.js'
import { type Look, readPage, readSessionAnswer, type SessionAnswer, writeLook } from './looks.js'

/** Milliseconds that another gateway has to answer. */
const patience = 2_000

export interface FarGatewaysInit {
  /** The cluster's name. */
  readonly name: string
  /** The version of this package. */
  readonly version: string
  readonly bus: Bus
  readonly membership: Membership
  readonly links: Links
  /** Returns the subject on which a start is asked. */
  readonly subjectOf: (start: number) => string
  readonly readState: () => MemberState
  readonly readLoad: () => MemberLoad
}

export class FarGateways implements OtherGateways {
  readonly #init: FarGatewaysInit

  constructor(init: FarGatewaysInit) {
    this.#init = init
  }

  describe(): ClusterDetail {
    const { name, version, membership, links, readState, readLoad } = this.#init
    const { frontendId, start } = membership
    const state = readState()
    const own = { frontendId, start, version, state, load: readLoad(), silentFor: 0 }
    return {
      name,
      state,
      members: [
        describeMember(own, true),
        ...membership.others.map(each => describeMember(each, false))
      ].sort((a, b) => Number(b.own) - Number(a.own) || compare(a.frontendId, b.frontendId)),
      links: links.all.map(describeLink).sort((a, b) => compare(a.frontendId, b.frontendId))
    }
  }

  async search(asked: SessionsQuery, own: SessionsPage): Promise<SessionsPage> {
    const { query = '', by = 'any', after = 0, limit = 50 } = asked
    const look = { kind: 'search', query: { query, by, after, limit } } as const
    const { answers, silent } = await this.#askAll(look, readPage)
    return merge([own, ...answers], silent, limit)
  }

  async ask(sid: number, call: FarCall): Promise<FarOutcome> {
    const { answers, silent } = await this.#askAll({ kind: 'session', sid, call }, readSessionAnswer)
    const isThere = (answer: SessionAnswer) => answer.kind !== 'absent'
    return (answers.find(isThere) as FarOutcome | undefined) ?? { kind: 'absent', silent }
  }

  /** Asks all others at once. `silent`: those that have not answered in time, or not as expected. */
  async #askAll<Answer>(look: Look, read: (bytes: Buffer) => Answer | undefined) {
    const { bus, membership, subjectOf } = this.#init
    const bytes = writeLook(look)
    const asked = await Promise.all(
      membership.others.map(async ({ frontendId, start }) => {
        const answer = await bus.ask(subjectOf(start), bytes, patience)
        return { frontendId, answer: answer === undefined ? undefined : read(answer) }
      })
    )
    const answers = asked.flatMap(({ answer }) => (answer === undefined ? [] : [answer]))
    const silent = asked.flatMap(({ frontendId, answer }) => (answer === undefined ? [frontendId] : []))
    return { answers, silent: silent.sort(compare) }
  }
}

/** Makes one page of those of several gateways, each of which has the first sessions of its gateway. */
function merge(pages: readonly SessionsPage[], silent: readonly string[], limit: number): SessionsPage {
  const all: SessionRow[] = pages.flatMap(({ sessions }) => sessions).sort((a, b) => a.sid - b.sid)
  const sessions = all.slice(0, limit)
  const hasMore = all.length > limit || pages.some(({ next }) => next !== null)
  return {
    total: pages.reduce((sum, { total }) => sum + total, 0),
    sessions,
    next: hasMore ? (sessions.at(-1)?.sid ?? null) : null,
    silent
  }
}

function describeMember(
  { frontendId, start, version, state, load, silentFor }: Omit<Member, 'protocol'>,
  own: boolean
): MemberRow {
  const { connections, sessions, queueDelay, eventLoopDelay, heapUsed } = load
  const figures = { connections, sessions, queueDelay, eventLoopDelay, heapUsed }
  return { frontendId, start, version, state, own, silentFor: Math.round(silentFor), ...figures }
}

function describeLink(link: Link): LinkRow {
  const { frontendId, start, version, isOpen, hasRoom } = link
  const { lag, queueBytes, unackedBytes, batches, bytes, resent, gaps } = link.figures()
  const figures = { lag: Math.round(lag), queueBytes, unackedBytes, batches, bytes, resent, gaps }
  return { frontendId, start, protocol: version, open: isOpen, room: hasRoom, ...figures }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
