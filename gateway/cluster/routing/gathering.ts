/**
 * One answer of all gateways to one operation: made from the answers of each, once all are there. A missing
 * one is an error, since a number that is not true would be worse.
 */
import { type ErrorData, errors } from '../../../shared/errors.js'
import { UnreadableError } from '../../../shared/link/outbox-fields.js'
import { showValue } from '../../../shared/text/shown.js'
import type { Asker, PeerRelay } from '../relays/peer-relay.js'

/** How the answers of several gateways become one. */
export interface Gather<Part> {
  /**
   * Reads the answer of one gateway. `from`: its name; undefined for the own one.
   *
   * @throws UnreadableError
   */
  read(value: string, from: string | undefined): Part
  /** `limit`: the number of items that are asked for at most. */
  join(parts: readonly Part[], limit: number): string
}

export interface GatheringInit {
  readonly operation: string
  readonly gather: Gather<unknown>
  readonly limit: number
  /** Number of gateways that answer. */
  readonly count: number
  /** Milliseconds that each may take, for the error. */
  readonly timeout: number
  readonly done: (value: string) => void
  readonly fail: (error: ErrorData) => void
}

export class Gathering implements Asker {
  readonly #init: GatheringInit
  readonly #parts: unknown[] = []
  #missing: number
  /** The first refusal, which is told when all have answered. */
  #refusal: ErrorData | undefined
  #isOver = false

  constructor(init: GatheringInit) {
    this.#init = init
    this.#missing = init.count
  }

  answered(_ack: number, value: string, from?: PeerRelay): void {
    if (this.#isOver) return
    const { gather, operation, fail } = this.#init
    try {
      this.#parts.push(gather.read(value, from?.frontendId))
    } catch (error) {
      // The link ends by this, and nothing waits for this answer any more.
      this.#isOver = true
      fail(errors.frontendLost(from?.frontendId ?? '', operation))
      throw error
    }
    this.#count()
  }

  failed(_ack: number, error: ErrorData, _value: string, from?: PeerRelay): void {
    if (this.#isOver) return
    if (!missing.has(error.code)) {
      this.#refusal ??= error
      return this.#count()
    }
    this.#isOver = true
    const { operation, timeout, fail } = this.#init
    // The others may have done it, so it is not true that nothing was done.
    const isUndone = error.code === errors.clusterUnavailable.code && from !== undefined
    fail(isUndone ? errors.clusterTimeout(operation, from.frontendId, timeout) : error)
  }

  #count(): void {
    if (--this.#missing > 0) return
    this.#isOver = true
    const { gather, limit, done, fail } = this.#init
    if (this.#refusal !== undefined) fail(this.#refusal)
    else done(gather.join(this.#parts, limit))
  }
}

/** Codes of errors by which the answer of a gateway is missing. */
const missing = new Set<string>([
  errors.clusterUnavailable.code,
  errors.clusterTimeout.code,
  errors.clusterUnsupported.code,
  errors.frontendLost.code
])

type MemberRow = readonly [sid: number, uid: string | null, frontendId?: string]

/** A number of sessions, and the gateway in which they are; undefined: the own one. */
interface Located {
  readonly count: number
  readonly from: string | undefined
}

const sum: Gather<number> = {
  read: readCount,
  join: counts => String(counts.reduce((all, count) => all + count, 0))
}

const nothing: Gather<string> = { read: value => value, join: () => '' }

/** Sessions, one behind the other. */
const sessions: Gather<string> = { read: value => value, join: texts => texts.join('') }

/** One page of members, by their numbers, which are unique in the cluster. */
const members: Gather<readonly MemberRow[]> = {
  read: (value, from) => {
    const rows = parse(value)
    if (!Array.isArray(rows) || !rows.every(isMember)) throw unreadable('a list of members', value)
    return from === undefined ? rows : rows.map(([sid, uid]) => [sid, uid, from] as const)
  },
  join: (pages, limit) => {
    const all = pages.flat().sort(([a], [b]) => a - b)
    return JSON.stringify(all.slice(0, limit))
  }
}

/** The users that no gateway has reached. */
const missed: Gather<readonly string[]> = {
  read: value => {
    const uids = parse(value)
    if (!Array.isArray(uids) || !uids.every(uid => typeof uid === 'string'))
      throw unreadable('a list of users', value)
    return uids
  },
  join: ([first = [], ...others]) => {
    const sets = others.map(uids => new Set(uids))
    return JSON.stringify(first.filter(uid => sets.every(set => set.has(uid))))
  }
}

/** A number of sessions, with the name of one of their gateways behind it if none is in the own one. */
const located: Gather<Located> = {
  read: (value, from) => ({ count: readCount(value), from }),
  join: parts => {
    const count = parts.reduce((all, part) => all + part.count, 0)
    const found = parts.filter(part => part.count > 0).map(({ from }) => from)
    const [first] = found
    return first === undefined || found.includes(undefined) ? String(count) : `${count} ${first}`
  }
}

export const gathers = { sum, nothing, sessions, members, missed, located } as const

function readCount(value: string): number {
  const count = Number(value)
  if (value === '' || !Number.isSafeInteger(count) || count < 0) throw unreadable('a number', value)
  return count
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    throw unreadable('JSON', value)
  }
}

function isMember(row: unknown): row is MemberRow {
  if (!Array.isArray(row) || row.length !== 2) return false
  const [sid, uid] = row
  return Number.isSafeInteger(sid) && (uid === null || typeof uid === 'string')
}

function unreadable(expected: string, got: string): UnreadableError {
  return new UnreadableError(`an answer with ${showValue(got)} where ${expected} belongs`)
}
