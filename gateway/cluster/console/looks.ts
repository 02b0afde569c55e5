/**
 * The texts in which the consoles of a cluster ask each other: JSON, on a subject of each gateway's start.
 *
 * Reading is the wall: what is no question, or no answer, is undefined. A gateway of another version may ask
 * for something that this one does not know, and gets no answer.
 */
import type { SessionDetail, SessionsPage, SessionsQuery } from '../../console/api/console-api.js'
import type { FarCall, FarOutcome } from '../../console/other-gateways.js'

/** A question of another gateway. */
export type Look =
  | { readonly kind: 'search'; readonly query: Required<Omit<SessionsQuery, 'gateways'>> }
  | { readonly kind: 'session'; readonly sid: number; readonly call: FarCall }

/** An answer about one session. */
export type SessionAnswer = Exclude<FarOutcome, { kind: 'absent' }> | { readonly kind: 'absent' }

const searchedBy = ['any', 'uid', 'sid', 'address'] as const

export function writeLook(look: Look): Buffer {
  return Buffer.from(JSON.stringify(look))
}

export function readLook(bytes: Buffer): Look | undefined {
  const { kind, query, sid, call } = readObject(bytes)
  if (kind === 'search') {
    const { query: text, by, after, limit } = asObject(query)
    const found = searchedBy.find(each => each === by)
    if (typeof text !== 'string' || text.length > 200 || found === undefined) return undefined
    if (!isCount(after) || !isCount(limit) || limit < 1 || limit > 200) return undefined
    return { kind, query: { query: text, by: found, after, limit } }
  }
  if (kind !== 'session' || !isCount(sid)) return undefined
  const { call: name, reason } = asObject(call)
  if (name === 'session' || name === 'unbind') return { kind, sid, call: { call: name } }
  const isReason = reason === null || (typeof reason === 'string' && reason.length <= 120)
  return name === 'kick' && isReason ? { kind, sid, call: { call: name, reason } } : undefined
}

export function readPage(bytes: Buffer): SessionsPage | undefined {
  const { total, sessions, next } = readObject(bytes)
  if (!isCount(total) || !(next === null || isCount(next)) || !Array.isArray(sessions)) return undefined
  if (!sessions.every(each => isCount(asObject(each)['sid']))) return undefined
  return { total, sessions, next, silent: [] }
}

export function readSessionAnswer(bytes: Buffer): SessionAnswer | undefined {
  const { kind, uid, detail, message } = readObject(bytes)
  if (kind === 'absent') return { kind }
  if (kind === 'refused') return typeof message === 'string' ? { kind, message } : undefined
  if (kind !== 'done' || !(uid === null || typeof uid === 'string')) return undefined
  if (detail === undefined) return { kind, uid }
  return isDetail(detail) ? { kind, uid, detail } : undefined
}

function isDetail(value: unknown): value is SessionDetail {
  const { sid, settings, channels, inFlight, address } = asObject(value)
  const hasLists = [settings, channels, inFlight].every(Array.isArray)
  return isCount(sid) && hasLists && typeof address === 'object' && address !== null
}

function readObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(bytes.toString()))
  } catch {
    return {}
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
