/**
 * Entries of the store: the claim of a gateway to a session, its record, the whole of it, or its release.
 *
 * Of a session's records that with the greatest generation counts, and of these the latest. A generation is
 * the number of the claim with which its gateway has got the session; 0: the session began there.
 */
import type { Entry } from '../../bus/bus.js'
import { type MovableSession, readSession, writeSession } from '../../items/movable.js'
import { encodeText, formatItems, readEncoded, UnreadableBatchError } from '../../link/batch-text.js'
import type { Item } from '../../link/links.js'

export interface ClaimEntry {
  readonly kind: 'claim'
  readonly number: number
  readonly start: number
}

/** Its start has given the session away: what it has written of it before this is no sign that it has it. */
export interface ReleaseEntry {
  readonly kind: 'release'
  readonly number: number
  readonly start: number
}

/** `record`: written while the session lived. `whole`: parked by a gateway that has given it up. */
export interface StateEntry {
  readonly kind: 'record' | 'whole'
  readonly number: number
  /** The start that wrote it. */
  readonly start: number
  readonly generation: number
  /** When it must not be restored any more, in milliseconds since 1970; 0: its age decides. */
  readonly endsAt: number
  readonly state: MovableSession
}

export type ParkedEntry = ClaimEntry | ReleaseEntry | StateEntry

/** A kick of a user, for those of their sessions whose entries come before it. */
export interface KickEntry {
  readonly reason: string | null
}

/** The version of the form. An entry of another version is left alone. */
const version = 1

const kinds = { claim: 0, record: 1, whole: 2, release: 3 } as const

export function formatClaim(start: number): Buffer {
  return encodeText(formatItems([version, kinds.claim, start]))
}

export function formatRelease(start: number): Buffer {
  return encodeText(formatItems([version, kinds.release, start]))
}

export function formatState({ kind, start, generation, endsAt, state }: Omit<StateEntry, 'number'>): Buffer {
  const items: Item[] = [version, kinds[kind], start, generation, endsAt]
  for (const item of writeSession(state)) items.push(item)
  return encodeText(formatItems(items))
}

export function formatKick(reason: string | null): Buffer {
  return encodeText(formatItems([version, reason]))
}

/** Reads what was found under the kicks of a user. Returns undefined for what no gateway has written. */
export function parseKick({ bytes }: Entry): KickEntry | undefined {
  try {
    const [form, reason] = readItems(bytes)
    if (form !== version || (reason !== null && typeof reason !== 'string')) return undefined
    return { reason }
  } catch (error) {
    return ignoreUnreadable(error)
  }
}

/**
 * Reads an entry that was found under a session's number. Returns undefined for what no gateway of this
 * version has written for this session.
 */
export function parseEntry({ number, bytes }: Entry, sid: number): ParkedEntry | undefined {
  try {
    const items = readItems(bytes)
    const [form, kind, start, generation, endsAt] = items
    if (form !== version || !isCount(start)) return undefined
    if (kind === kinds.claim) return { kind: 'claim', number, start }
    if (kind === kinds.release) return { kind: 'release', number, start }
    if (kind !== kinds.record && kind !== kinds.whole) return undefined
    if (!isCount(generation) || !isCount(endsAt)) return undefined
    const state = readSession(items.slice(5))
    if (state.session.sid !== sid || !isSound(state)) return undefined
    return {
      kind: kind === kinds.whole ? 'whole' : 'record',
      number,
      start,
      endsAt,
      state,
      // A claim comes before what is written by it: this one was in a log that is lost.
      generation: generation < number ? generation : 0
    }
  } catch (error) {
    return ignoreUnreadable(error)
  }
}

/** @throws UnreadableBatchError */
function readItems(bytes: Buffer): Item[] {
  const reader = readEncoded(bytes)
  const items: Item[] = []
  while (!reader.isAtEnd) items.push(reader.item())
  return items
}

/** Returns undefined for bytes that can't be read, and throws all other errors on. */
function ignoreUnreadable(error: unknown): undefined {
  if (!(error instanceof UnreadableBatchError)) throw error
}

function isCount(item: Item | undefined): item is number {
  return typeof item === 'number' && Number.isSafeInteger(item) && item >= 0
}

/** Whether the parts of a session are such as a gateway has, so that one can be made of them. */
function isSound({ session }: MovableSession): boolean {
  const { sid, uid, resumeWindow, settings, channels } = session
  if (sid === 0 || uid === '' || (resumeWindow !== null && !(resumeWindow >= 0))) return false
  return !channels.includes('') && settings.every(([, { text }]) => isJson(text))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Whether a session can be restored from an entry. */
export function isState(entry: ParkedEntry): entry is StateEntry {
  return entry.kind === 'record' || entry.kind === 'whole'
}

/** Returns the entry that counts; undefined: there is none. */
export function newestOf(entries: readonly ParkedEntry[]): StateEntry | undefined {
  let newest: StateEntry | undefined
  for (const entry of entries) {
    if (!isState(entry)) continue
    // Entries come in the order of their numbers.
    if (newest === undefined || entry.generation >= newest.generation) newest = entry
  }
  return newest
}
